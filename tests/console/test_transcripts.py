"""The output of the shown run is what stands in its transcripts, while it runs, after it, and after a restart."""

import re
from pathlib import Path

import pytest

from phase4_tui.console.facts.events import FactEvent, OutputArrived
from phase4_tui.console.facts.transcripts import Transcripts
from phase4_tui.runbook.provenance import RunRecord, save_run
from phase4_tui.runbook.transcripts import TRANSCRIPT_LIMIT, StepOutput, find_gap
from phase4_tui.tui.screens.dashboard import DashboardScreen
from phase4_tui.tui.screens.viewer import TEXT_BYTES, ViewerScreen, read_ends
from phase4_tui.tui.widgets.output import Output
from phase4_tui.tui.widgets.sequence_panel import SequencePanel
from tests.runbook.documents import Tag
from tests.tui.operator import operator_at


@pytest.fixture
def posted() -> list[OutputArrived]:
    """Return where transcripts are posted."""
    return []


@pytest.fixture
def transcripts(posted: list[OutputArrived]) -> Transcripts:
    """Return a follower of transcripts."""

    def post(event: FactEvent) -> None:
        assert isinstance(event, OutputArrived)
        posted.append(event)

    return Transcripts(post)


def written(run: RunRecord, *logs: Path, state: str = "running", run_state: str = "running") -> RunRecord:
    """Return a run whose first steps have these transcripts, the last of them in a state."""
    steps = [
        step.model_copy(update={"transcript": str(log), "state": "passed" if log != logs[-1] else state})
        for step, log in zip(run.steps, logs, strict=False)
    ]
    return run.model_copy(update={"steps": (*steps, *run.steps[len(logs) :]), "state": run_state})


def told(posted: list[OutputArrived]) -> list[str]:
    return [line for output in posted for line in output.lines]


def test_the_output_of_a_run_is_shown_as_it_is_written_and_whole_when_it_has_ended(
    tmp_path: Path, transcripts: Transcripts, posted: list[OutputArrived]
) -> None:
    run = Tag(tmp_path, "A").ran(pipeline="running", monitor="not_run")
    early, late = tmp_path / "early.log", tmp_path / "late.log"
    early.write_text("first\nsec")
    transcripts.follow(written(run, early))
    assert told(posted) == ["first"]
    early.write_text("first\nsecond\n")
    late.write_text("a last line without an end")
    ended = written(run, early, late, state="passed", run_state="finished")
    transcripts.follow(ended)
    transcripts.follow(ended)
    assert told(posted) == ["first", "second", "a last line without an end"]


def test_another_run_begins_a_new_page_and_none_leaves_it_empty(
    tmp_path: Path, transcripts: Transcripts, posted: list[OutputArrived]
) -> None:
    log = tmp_path / "a.log"
    log.write_text("words\n")
    for tag in ("A", "B"):
        run = Tag(tmp_path, tag).ran(pipeline="passed")
        transcripts.follow(written(run, log, state="passed", run_state="finished"))
    transcripts.follow(None)
    transcripts.follow(None)
    assert [output.page for output in posted] == [True, False, True, False, True]
    assert told(posted) == ["words", "words"]


async def test_the_output_of_the_shown_tags_last_run_is_there_after_a_restart(tmp_path: Path) -> None:
    log = tmp_path / "crash.log"
    log.write_text("loading model\nKeyError: 'iv_percentile'\n")
    run = Tag(tmp_path / "reports", "A").ran(pipeline="crashed")
    save_run(tmp_path / "reports", written(run, log, state="crashed", run_state="finished"))
    async with operator_at(tmp_path) as me:
        await me.sees("KeyError: 'iv_percentile'")


async def test_the_whole_transcript_opens_from_the_output_and_from_the_palette(tmp_path: Path) -> None:
    log = tmp_path / "crash.log"
    log.write_text("".join(f"line {number}\n" for number in range(200)) + "KeyError: 'iv_percentile'\n")
    async with operator_at(tmp_path) as me:
        await me.press("ctrl+p")
        await me.press(*"transcript")
        await me.sees("not now: no step of this tag is on record")
    run = Tag(tmp_path / "reports", "A").ran(pipeline="crashed")
    save_run(tmp_path / "reports", written(run, log, state="crashed", run_state="finished"))
    async with operator_at(tmp_path) as me:
        await me.sees("KeyError: 'iv_percentile'")
        await me.press("shift+tab", "enter")
        await me.at(ViewerScreen)
        await me.sees("crash.log", "line 0")
        await me.press("end")
        await me.sees("KeyError: 'iv_percentile'")


def test_the_line_that_is_being_written_is_shown_live_by_its_last_frame(
    tmp_path: Path, transcripts: Transcripts, posted: list[OutputArrived]
) -> None:
    run = Tag(tmp_path, "A").ran(pipeline="running", monitor="not_run")
    log = tmp_path / "bar.log"
    for part in (b"loading\n 10%|#", b"\r 20%|##", b"\r 30%|###", b""):
        with log.open("ab") as file:
            file.write(part)
        transcripts.follow(written(run, log))
    assert [output.frame for output in posted[1:]] == [" 10%|#", " 20%|##", " 30%|###"]
    with log.open("ab") as file:
        file.write(b"\r100%|####\r\ndone")
    transcripts.follow(written(run, log))
    transcripts.follow(written(run, log, state="passed", run_state="finished"))
    assert told(posted) == ["loading", "100%|####", "done"]
    assert posted[-1].frame == ""


def test_a_character_that_is_half_written_is_awaited_and_an_invalid_byte_is_shown(
    tmp_path: Path, transcripts: Transcripts, posted: list[OutputArrived]
) -> None:
    run = Tag(tmp_path, "A").ran(pipeline="running", monitor="not_run")
    log = tmp_path / "a.log"
    for part in (b"caf\xc3", b"\xa9 \xff\xfe\n"):
        with log.open("ab") as file:
            file.write(part)
        transcripts.follow(written(run, log))
    assert told(posted) == [r"café \xff\xfe"]


def test_the_newest_output_is_shown_after_the_middle_was_cut_out_and_what_was_skipped_is_counted(
    tmp_path: Path, transcripts: Transcripts, posted: list[OutputArrived]
) -> None:
    run = Tag(tmp_path, "A").ran(pipeline="running", monitor="not_run")
    log = tmp_path / "flood.log"
    sizes = [12 << 20, 5 << 20, 1000, 5 << 20, 1000]
    number = total = 0
    with log.open("x+b") as file:
        output = StepOutput(file, TRANSCRIPT_LIMIT, None)
        for size in sizes:
            block = b"".join(b"line %011d\n" % one for one in range(number, number + size // 17))
            number += size // 17
            for at in range(0, len(block), 1 << 16):
                output.add(block[at : at + (1 << 16)])
            total += len(block)
            transcripts.follow(written(run, log))
            assert posted[-1].lines[-1] == f"line {number - 1:011}"
        assert find_gap(file) is not None
    lines = told(posted)
    skipped = [int(line.split()[1]) for line in lines if "skipped" in line]
    assert len(skipped) == 3, "what was written in small was followed line by line"
    halves = 3  # a line of which the first part was skipped
    assert -17 * halves < total - sum(skipped) - 17 * (len(lines) - len(skipped)) <= 0


async def test_a_bar_moves_in_place_in_the_dashboard(tmp_path: Path) -> None:
    async with operator_at(tmp_path) as me:
        screen = me.app.screen
        assert isinstance(screen, DashboardScreen)
        panel = screen.query_one(SequencePanel)
        await me.press("space")
        for share in (10, 20, 30):
            panel.take(OutputArrived("B pipeline", (), fresh=share == 10, frame=f"{share}%|###"))
            await me.sees(f"{share}%|###")
        assert panel.query_one(Output).text == "── B pipeline\n30%|###"
        panel.take(OutputArrived("B pipeline", ("100%|####", "done")))
        await me.sees("done")
        assert panel.query_one(Output).text == "── B pipeline\n100%|####\ndone"


async def test_the_end_of_a_long_transcript_is_in_the_viewer_with_its_odd_bytes_and_what_is_not_shown(
    tmp_path: Path,
) -> None:
    log = tmp_path / "crash.log"
    with log.open("x+b") as file:
        output = StepOutput(file, TRANSCRIPT_LIMIT, None)
        output.add(b"the beginning\n")
        for number in range(400):
            output.add((b"%05d " % number) * 9000 + b"\n")
        output.add(b" 1%\r 50%\r100%\nTraceback\nKeyError: \xff iv_percentile\n")
    assert b"KeyError" in log.read_bytes(), "a traceback after 16 MB"
    run = Tag(tmp_path / "reports", "A").ran(pipeline="crashed")
    save_run(tmp_path / "reports", written(run, log, state="crashed", run_state="finished"))
    async with operator_at(tmp_path) as me:
        await me.sees(r"KeyError: \xff iv_percentile")
        await me.press("shift+tab", "enter")
        await me.at(ViewerScreen)
        await me.sees("crash.log", "the beginning", "beginning and end, ", "the whole file is")
        await me.press("end")
        await me.sees("100%  [the last of 3 frames]", r"KeyError: \xff iv_percentile")
    shown = read_ends(log, TEXT_BYTES).text
    assert re.search(r"\[\d+ bytes of the file are not shown here; it has a gap, where \d+ bytes are missing\]", shown)
