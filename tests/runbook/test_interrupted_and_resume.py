"""After a crash of this program the next start shows where it stopped and goes on there, unless something changed."""

import json
import os
import shutil
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from phase4_tui.errors import Refused
from phase4_tui.runbook.provenance import runs_of
from phase4_tui.runbook.run_holder import HOLDER_FILE, run_lock, running_tag
from phase4_tui.runbook.sequence import run_plan
from phase4_tui.runbook.settings import load_settings
from phase4_tui.runbook.steps import find_step
from tests.runbook import misbehaving
from tests.runbook.support import (
    ENVIRONMENT,
    PATIENCE_SECONDS,
    STEP_NAMES,
    TAG,
    Recording,
    alive,
    foreign,
    misled,
    phase4,
    pids_in,
    plan,
    run,
    script_of,
    states,
    step,
    until,
    verdict,
)

REST = ["quality_check", "signoff", "monitor"]


def killed_in_release_check(directory: Path, code: str) -> tuple[Path, int]:
    """Kill `phase4 run` without a warning in its second step; return the working directory and the step's pid."""
    work = misled(directory, "release_check", code)
    with phase4(work, "run") as process:
        (pid,) = pids_in(work / "pids")
        process.send_signal(signal.SIGKILL)
    return work, pid


def test_a_killed_run_leaves_no_process_and_is_recognised_by_the_next_start_which_goes_on(tmp_path: Path) -> None:
    work, pid = killed_in_release_check(tmp_path / "w", misbehaving.WAITS)
    until(lambda: not alive(pid), 0.5 + 2)
    (killed,) = runs_of(work / "reports", TAG)
    assert killed.state == "running"
    until(lambda: running_tag(work / "reports") is None, 2)
    assert verdict(work)[1].level == "unknown"

    (work / "go").touch()
    observer = Recording()
    record = run(work, resume=True, observer=observer)
    assert observer.started == ["release_check", *REST]
    assert set(states(record).values()) == {"passed"}
    assert record.resumes == killed.run_id
    assert step(record, "pipeline") == step(killed, "pipeline")
    assert verdict(work)[1].level == "ok"

    resumed, closed = runs_of(work / "reports", TAG)
    assert resumed == record
    assert (closed.run_id, closed.state) == (killed.run_id, "interrupted")
    assert "interrupted" in (step(closed, "release_check").error or "")
    assert closed.ended_at is not None


def test_a_run_of_another_tag_marks_the_interrupted_one_too(tmp_path: Path) -> None:
    work, pid = killed_in_release_check(tmp_path / "w", misbehaving.WAITS)
    until(lambda: not alive(pid))
    run(work, tag="other", only=find_step("pipeline"))
    assert [record.state for record in runs_of(work / "reports", TAG)] == ["interrupted"]


def test_no_new_run_starts_while_a_step_of_the_killed_one_still_works(tmp_path: Path) -> None:
    # The step may take the grace period to die, and could write under the tag until then.
    work, pid = killed_in_release_check(tmp_path / "w", misbehaving.DEAF)
    lock, held_while_alive = run_lock(work / "reports"), []
    while alive(pid):
        held = lock.is_held()
        if alive(pid):
            held_while_alive.append(held)
    assert held_while_alive
    assert all(held_while_alive)
    until(lambda: not lock.is_held(), PATIENCE_SECONDS)


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working directory whose run crashed in its second step."""
    work = misled(tmp_path_factory.mktemp("stopped") / "w", "release_check", "import mend")
    record = run(work)
    assert list(states(record).values())[:3] == ["passed", "crashed", "not_run"]
    return work


@pytest.fixture
def work(stopped: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(stopped, tmp_path / "w"))


def touch_input(work: Path) -> None:
    path = work / "sample_batch_input.json"
    path.write_text(json.dumps(json.loads(path.read_text())[:5]))


def touch_rules(work: Path) -> None:
    (work / "monitoring_rules.json").write_text('{"max_no_trade_pct": 99}')


def touch_script(work: Path) -> None:
    with script_of(work, "monitor").open("a") as file:
        file.write("# one more line\n")


def touch_command(work: Path) -> None:
    (work / "phase4.toml").write_text('[steps.monitor]\nargv = ["true"]\n')


def touch_expects(work: Path) -> None:
    (work / "phase4.toml").write_text('[steps.monitor]\nexpects = ["{tag}_monitoring.json"]\n')


def touch_artifact(work: Path) -> None:
    with (work / "reports" / f"{TAG}_summary.json").open("a") as file:
        file.write("\n")


def remove_artifact(work: Path) -> None:
    (work / "reports" / f"{TAG}_report.md").unlink()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (touch_input, "input"),
        (touch_rules, "rules"),
        (touch_script, "definition"),
        (touch_command, "definition"),
        (touch_expects, "definition"),
        (touch_artifact, f"{TAG}_summary.json"),
        (remove_artifact, f"{TAG}_report.md"),
    ],
)
def test_resuming_is_refused_where_something_changed_and_says_what(
    work: Path, change: Callable[[Path], None], named: str
) -> None:
    change(work)
    with pytest.raises(Refused, match=f"changed.*{named}"):
        plan(work, resume=True)


def test_all_that_changed_is_named_at_once(work: Path) -> None:
    for change in (touch_input, touch_rules, touch_artifact):
        change(work)
    with pytest.raises(Refused, match=r"input.*rules.*summary"):
        plan(work, resume=True)


def test_resuming_where_nothing_changed_keeps_what_is_complete(work: Path) -> None:
    planned = plan(work, resume=True)
    assert [done.name for done in planned.done] == ["pipeline"]
    assert [command.step.name for command in planned.to_run] == STEP_NAMES[1:]
    assert planned.describe()[2].startswith("keep pipeline: passed")


def test_a_longer_time_limit_is_no_change_of_the_definition(work: Path) -> None:
    (work / "phase4.toml").write_text("timeout_seconds = 1000\n[steps.release_check]\ntimeout_seconds = 60\n")
    assert [done.name for done in plan(work, resume=True).done] == ["pipeline"]


def test_a_resumed_run_takes_the_input_that_the_first_one_was_given(tmp_path: Path) -> None:
    work = misled(tmp_path / "w", "release_check", "import mend")
    shutil.copy(work / "sample_batch_input.json", work / "monday.json")
    run(work, input="monday.json")
    assert plan(work, resume=True).input.path == "monday.json"


def test_a_failed_gate_is_complete_and_not_repeated(tmp_path: Path) -> None:
    work = foreign(tmp_path / "w", quality_check=misbehaving.gate(False, 2), signoff="import mend")
    run(work)
    assert [done.state for done in plan(work, resume=True).done] == ["passed", "passed", "failed_gate"]


def test_a_resumed_run_that_stops_again_can_be_resumed_again(work: Path) -> None:
    first = run(work, resume=True)
    assert list(states(first).values())[:3] == ["passed", "crashed", "not_run"]
    assert plan(work, resume=True).resumes == first.run_id


def test_a_resume_that_was_planned_before_another_run_ended_is_refused_and_runs_nothing(work: Path) -> None:
    stale = plan(work, resume=True)
    other = run(work, resume=True)
    environment = dict(ENVIRONMENT)
    watching = Recording()
    with pytest.raises(Refused, match="meanwhile"):
        run_plan(stale, load_settings(work, environment), environment, watching, threading.Event())
    assert watching.records == []
    assert next(iter(runs_of(work / "reports", TAG))).run_id == other.run_id
    assert running_tag(work / "reports") is None


def test_a_complete_run_and_a_tag_without_a_run_have_nothing_to_resume(tmp_path: Path) -> None:
    work = foreign(tmp_path / "w")
    with pytest.raises(Refused, match="nothing to resume"):
        plan(work, resume=True)
    run(work)
    with pytest.raises(Refused, match="nothing to resume"):
        plan(work, resume=True)


def test_a_torn_note_of_the_holder_does_not_stop_the_next_run(work: Path) -> None:
    note = run_lock(work / "reports")._directory / HOLDER_FILE
    note.write_text('{"tag": "phase4_')
    os.utime(note, (10**9, 10**9))
    record = run(work, only=find_step("pipeline"))
    assert states(record) == {"pipeline": "passed"}
