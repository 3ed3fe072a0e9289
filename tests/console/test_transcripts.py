"""The output of the shown run is what stands in its transcripts, while it runs, after it, and after a restart."""

from pathlib import Path

import pytest

from phase4_tui.console.facts.events import FactEvent, OutputArrived
from phase4_tui.console.facts.transcripts import Transcripts
from phase4_tui.runbook.provenance import RunRecord, save_run
from phase4_tui.tui.screens.viewer import ViewerScreen
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
        await me.press("tab", "enter")
        await me.at(ViewerScreen)
        await me.sees("crash.log", "line 0")
        await me.press("end")
        await me.sees("KeyError: 'iv_percentile'")
