"""A run as a whole: alone on its reports directory, on record, cancelled at once, and never into a frozen tag."""

import hashlib
import os
import shutil
import threading
from pathlib import Path

import pytest

from phase4_tui.artifacts.names import BadTag
from phase4_tui.errors import Refused
from phase4_tui.runbook.provenance import RunRecord, StepRecord, runs_of
from phase4_tui.runbook.run_holder import HOLDER_FILE, run_lock, running_tag
from phase4_tui.runbook.sequence import run_plan
from phase4_tui.runbook.settings import load_settings
from phase4_tui.runbook.steps import find_step
from tests.runbook import misbehaving
from tests.runbook.support import (
    ENVIRONMENT,
    STEP_NAMES,
    TAG,
    Recording,
    foreign,
    laid_out,
    listing,
    misled,
    phase4,
    pids_in,
    plan,
    run,
    running,
    states,
    step,
    until,
)

FIRST = find_step("pipeline")


def runs(work: Path, tag: str = TAG) -> list[RunRecord]:
    """Return the records on disk, the newest first."""
    return list(runs_of(work / "reports", tag))


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_run_is_on_record_with_who_ran_what_on_which_input(tmp_path: Path) -> None:
    work = foreign(tmp_path / "w")
    observer = Recording()
    record = run(work, observer=observer)
    (kept,) = runs(work)
    assert kept == record
    assert (record.operator, record.pid, record.state, record.kind) == ("ada", os.getpid(), "finished", "sequence")
    assert record.input.path == "sample_batch_input.json"
    assert record.input.sha256 == sha256(work / "sample_batch_input.json")
    assert record.rules.sha256 == sha256(work / "monitoring_rules.json")
    assert {"phase4_tui", "python", "system"} <= set(record.versions)
    assert (record.host, bool(record.ended_at)) == (os.uname().nodename, True)
    assert observer.records[0].state == "running"
    assert {step.state for step in observer.records[0].steps} == {"not_run"}


def test_each_step_is_on_record_with_its_command_line_its_files_and_its_transcript(tmp_path: Path) -> None:
    work = foreign(tmp_path / "w")
    record = run(work)
    for number, ended in enumerate(record.steps, 1):
        assert (ended.exit_code, ended.signal, ended.error) == (0, None, None)
        assert ended.seconds > 0
        assert ended.transcript is not None
        transcript = Path(ended.transcript)
        assert transcript.parent == work / "reports" / ".phase4" / "runs" / TAG
        assert f".{number}-{ended.name}" in transcript.name
        assert transcript.read_bytes().startswith(b"{")
        assert ended.produced == {name: sha256(work / "reports" / name) for name in ended.produced}
    assert step(record, "pipeline").argv[1:3] == ("pipeline_runner.py", "--input")
    assert [len(ended.produced) for ended in record.steps] == [3, 1, 1, 1, 2]


def test_the_transcript_of_a_crash_holds_the_whole_traceback(tmp_path: Path) -> None:
    record = run(misled(tmp_path / "w", "pipeline", misbehaving.CRASHES), only=FIRST)
    text = Path(step(record, "pipeline").transcript or "").read_text()
    assert text.startswith("reading sample_batch_input.json\nTraceback")
    assert "in load" in text


def test_the_transcripts_of_a_working_directory_that_was_moved_are_found_beside_their_records(tmp_path: Path) -> None:
    work = foreign(tmp_path / "w")
    run(work)
    moved = work.rename(tmp_path / "moved")
    (kept,) = runs(moved)
    for ended in kept.steps:
        transcript = Path(ended.transcript or "")
        assert transcript.parent == moved / "reports" / ".phase4" / "runs" / TAG
        assert transcript.read_bytes().startswith(b"{")


def test_every_run_leaves_a_record_of_its_own(tmp_path: Path) -> None:
    work = foreign(tmp_path / "w")
    ids = [run(work, only=FIRST).run_id for _ in range(3)]
    assert [kept.run_id for kept in runs(work)] == ids[::-1]
    assert len(set(ids)) == 3
    assert {kept.kind for kept in runs(work)} == {"step"}


def test_a_cancel_stops_the_running_step_and_what_is_left_is_not_run(tmp_path: Path) -> None:
    work = misled(tmp_path / "w", "release_check", misbehaving.HANGS)
    with running(work) as done:
        (pid,) = pids_in(work / "pids")
    (record,) = done
    expected = dict(zip(STEP_NAMES, ["passed", "cancelled", *["not_run"] * 3], strict=True))
    assert states(record) == expected
    assert not Path(f"/proc/{pid}").exists()
    assert states(runs(work)[0]) == expected
    assert running_tag(work / "reports") is None
    assert Path(step(record, "release_check").transcript or "").read_bytes() == b"connecting\n"


def test_what_a_step_says_when_it_is_asked_to_stop_is_in_its_transcript(tmp_path: Path) -> None:
    work = misled(tmp_path / "w", "pipeline", misbehaving.SAYS_GOODBYE)
    with running(work) as done:
        pids_in(work / "pids")
    text = Path(step(done[0], "pipeline").transcript or "").read_text()
    assert text == "connecting\nhalf of the batch is not decided\n"


def test_a_cancel_before_the_first_step_runs_nothing(tmp_path: Path) -> None:
    work = foreign(tmp_path / "w", pipeline="open('ran', 'w')")
    cancel = threading.Event()
    cancel.set()
    assert set(states(run(work, cancel=cancel)).values()) == {"not_run"}
    assert not (work / "ran").exists()


def test_a_second_process_is_refused_and_told_who_runs(tmp_path: Path) -> None:
    work = misled(tmp_path / "w", "pipeline", misbehaving.WAITS)
    with phase4(work, "run", "--tag", "first", PHASE4_OPERATOR="grace") as first:
        pids_in(work / "pids")
        before = listing(work / "reports")
        with pytest.raises(Refused, match=rf"grace@.* has been running first since .*pid {first.pid}"):
            run(work, tag="second")
        assert running_tag(work / "reports") == "first"
        assert listing(work / "reports") == before
        (work / "go").touch()
        out, err = first.communicate(timeout=30)
    assert (first.returncode, err) == (0, ""), out
    assert run(work, tag="second", only=FIRST).state == "finished"


def test_deleting_the_lock_file_lets_no_second_run_in(tmp_path: Path) -> None:
    work = misled(tmp_path / "w", "pipeline", misbehaving.HANGS)
    with running(work):
        pids_in(work / "pids")
        run_lock(work / "reports")._file.unlink()
        with pytest.raises(Refused, match=r"ada@"):
            run(work)
    assert len((work / "pids").read_text().split()) == 1


def test_runs_on_two_reports_directories_do_not_hinder_each_other(tmp_path: Path) -> None:
    work = misled(tmp_path / "w", "pipeline", misbehaving.HANGS)
    other = foreign(tmp_path / "other")
    with running(work):
        pids_in(work / "pids")
        assert step(run(other, only=FIRST), "pipeline").state == "passed"


def test_a_frozen_tag_is_refused_and_keeps_every_byte(tmp_path: Path) -> None:
    work = foreign(tmp_path / "w")
    run(work)
    (work / "reports" / ".phase4" / "frozen" / TAG).mkdir(parents=True)
    before = listing(work / "reports")
    for request in ({}, {"only": FIRST}, {"resume": True}, {"rehearsal": True, "tag": TAG}):
        with pytest.raises(Refused, match=r"frozen|nothing to resume"):
            run(work, **request)
    assert listing(work / "reports") == before
    assert step(run(work, tag=f"{TAG}_2", only=FIRST), "pipeline").state == "passed"


def test_a_tag_frozen_between_plan_and_run_is_refused(tmp_path: Path) -> None:
    work = foreign(tmp_path / "w", pipeline="open('ran', 'w')")
    planned = plan(work)
    (work / "reports" / ".phase4" / "frozen" / TAG).mkdir(parents=True)
    with pytest.raises(Refused, match="frozen"):
        run_plan(planned, load_settings(work, ENVIRONMENT), ENVIRONMENT, Recording(), threading.Event())
    assert not (work / "ran").exists()


@pytest.mark.parametrize("tag", ["v1.2-rc_3", "T" * 64, HOLDER_FILE, "run.lock", "lock", "state.json", "x_report.json"])
def test_every_name_that_is_a_tag_can_be_run(tmp_path: Path, tag: str) -> None:
    work = foreign(tmp_path / "w")
    assert states(run(work, tag=tag, only=FIRST)) == {"pipeline": "passed"}
    assert [record.tag for record in runs(work, tag)] == [tag]


@pytest.mark.parametrize("tag", ["../x", "a/b", "", ".hidden", "-x", "a..b", "a\n", "é", "T" * 65, "a\x00b"])
def test_no_other_name_can(tmp_path: Path, tag: str) -> None:
    work = foreign(tmp_path / "w")
    before = listing(tmp_path)
    with pytest.raises((BadTag, Refused)):
        plan(work, tag=tag)
    assert listing(tmp_path) == before


def test_planning_changes_nothing(tmp_path: Path) -> None:
    work = laid_out(tmp_path / "w")
    before = listing(work)
    planned = plan(work)
    assert [command.step.name for command in planned.to_run] == STEP_NAMES
    assert any(f"{TAG}_monitoring.md" in line for line in planned.describe())
    assert listing(work) == before


def test_a_run_that_ends_in_an_error_of_its_own_is_not_left_as_running_on_record(tmp_path: Path) -> None:
    class Gone(Recording):
        def step_ended(self, record: StepRecord) -> None:
            raise BrokenPipeError

    work = foreign(tmp_path / "w")
    with pytest.raises(BrokenPipeError):
        run(work, observer=Gone())
    run(work, only=FIRST)
    assert [kept.state for kept in runs(work) if kept.state == "running"] == []


def test_settings_may_replace_command_line_time_limit_and_expected_files_of_a_step(tmp_path: Path) -> None:
    work = foreign(tmp_path / "w")
    (work / "phase4.toml").write_text(
        "[steps.signoff]\n"
        'argv = ["sh", "-c", "echo signed $0 > {outdir}/{tag}_phase4_signoff.md; echo {input} > {outdir}/extra.txt",'
        ' "{tag}"]\n'
        'expects = ["{tag}_phase4_signoff.md", "extra.txt"]\n'
        "[steps.monitor]\ntimeout_seconds = 0.5\n"
        'argv = ["sleep", "60"]\n'
    )
    record = run(work, tag="t1", input="sample_batch_input.json")
    assert step(record, "signoff").state == "passed"
    assert step(record, "signoff").origin == "settings"
    assert set(step(record, "signoff").produced) == {"t1_phase4_signoff.md", "extra.txt"}
    assert (work / "reports" / "t1_phase4_signoff.md").read_text() == "signed t1\n"
    assert (work / "reports" / "extra.txt").read_text() == "sample_batch_input.json\n"
    assert step(record, "monitor").state == "timed_out"


def test_a_file_that_the_settings_expect_must_be_written(tmp_path: Path) -> None:
    work = foreign(tmp_path / "w")
    (work / "phase4.toml").write_text('[steps.pipeline]\nexpects = ["{tag}_report.json", "{tag}_trades.csv"]\n')
    record = run(work, only=FIRST)
    assert f"{TAG}_trades.csv was not written" in (step(record, "pipeline").error or "")


@pytest.mark.parametrize(("status", "state"), [(0, "passed"), (2, "failed_gate")])
def test_a_gate_whose_expected_files_are_replaced_is_not_judged_by_a_leftover(
    tmp_path: Path, status: int, state: str
) -> None:
    work = foreign(tmp_path / "w")
    (work / "reports" / f"{TAG}_release_check.json").write_text('{"passed": ' + str(status != 0).lower() + "}")
    argv = f'["sh", "-c", "echo checked > {{outdir}}/audit.txt; exit {status}"]'
    (work / "phase4.toml").write_text(f'[steps.release_check]\nargv = {argv}\nexpects = ["audit.txt"]\n')
    assert states(run(work, only=find_step("release_check"))) == {"release_check": state}


def test_leftovers_of_killed_writers_are_swept_before_a_run(tmp_path: Path) -> None:
    work = foreign(tmp_path / "w")
    left = work / "reports" / f".{TAG}_report.json.4194303.0123abcd.tmp"
    left.write_text("{")
    os.utime(left, (10**9, 10**9))
    run(work, only=FIRST)
    assert not left.exists()


def test_a_reports_directory_that_is_not_there_is_made(tmp_path: Path) -> None:
    work = foreign(tmp_path / "w")
    shutil.rmtree(work / "reports")
    assert states(run(work, only=FIRST)) == {"pipeline": "passed"}


def test_a_run_shows_as_running_while_it_runs_and_only_then(tmp_path: Path) -> None:
    work = misled(tmp_path / "w", "pipeline", misbehaving.WAITS)
    with running(work, only=FIRST) as done:
        assert until(lambda: running_tag(work / "reports")) == TAG
        pids_in(work / "pids")
        assert runs(work)[0].state == "running"
        assert step(runs(work)[0], "pipeline").state == "running"
        (work / "go").touch()
        until(lambda: done)
    assert running_tag(work / "reports") is None
