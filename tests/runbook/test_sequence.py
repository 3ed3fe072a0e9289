"""A step is green only if its exit status and its files say so; whatever a script does, the verdict tells it."""

import json
import os
import time
from pathlib import Path

import pytest

from phase4_tui.runbook.steps import find_step
from tests.runbook import misbehaving
from tests.runbook.documents import all_ok
from tests.runbook.support import (
    STEP_NAMES,
    TAG,
    Recording,
    fed,
    foreign,
    laid_out,
    misled,
    run,
    script_of,
    states,
    step,
    verdict,
    working_in,
)

NOT_RUN = dict.fromkeys(STEP_NAMES, "not_run")
PASSED = dict.fromkeys(STEP_NAMES, "passed")


def error(work: Path, name: str) -> str:
    """Run one step by itself, and return the error with which it must have crashed."""
    found = step(run(work, only=find_step(name)), name)
    assert found.state == "crashed"
    assert found.error is not None
    assert "\n" not in found.error
    return found.error


def test_our_own_steps_run_to_a_healthy_end_where_init_laid_them_out(tmp_path: Path) -> None:
    work = laid_out(tmp_path / "w")
    record = run(work)
    assert states(record) == PASSED
    assert {step.origin for step in record.steps} == {"built-in"}
    health, classification = verdict(work)
    assert all_ok(health)
    assert classification.level == "ok"


def test_an_operators_scripts_run_as_they_are_and_the_same_health_comes_out(tmp_path: Path) -> None:
    work = foreign(tmp_path / "w")
    observer = Recording()
    record = run(work, observer=observer)
    assert states(record) == PASSED
    assert {step.origin for step in record.steps} == {"working directory"}
    assert observer.started == STEP_NAMES == [ended.name for ended in observer.ended]
    assert "stand-in" in (work / "reports" / f"{TAG}_report.json").read_text()
    assert all_ok(verdict(work)[0])


def test_where_only_some_scripts_are_the_operators_the_rest_are_ours(tmp_path: Path) -> None:
    work = foreign(tmp_path / "w")
    for name in ("quality_check", "monitor"):
        script_of(work, name).unlink()
    record = run(work)
    assert states(record) == PASSED
    assert [step.origin for step in record.steps if step.name in ("quality_check", "monitor")] == ["built-in"] * 2
    assert "event_and_portfolio_policy_enforced" in (work / "reports" / f"{TAG}_quality_check.json").read_text()


def test_a_failed_gate_does_not_stop_the_sequence_so_that_the_evidence_is_complete(tmp_path: Path) -> None:
    work = foreign(tmp_path / "w", quality_check=misbehaving.gate(False, 2))
    record = run(work)
    assert states(record) == PASSED | {"quality_check": "failed_gate"}
    assert step(record, "quality_check").exit_code == 2
    assert set(step(record, "quality_check").produced) == {f"{TAG}_quality_check.json"}
    assert (work / "reports" / f"{TAG}_monitoring.json").exists()


def test_a_crash_stops_the_sequence_and_its_error_is_the_last_line_of_the_traceback(tmp_path: Path) -> None:
    record = run(misled(tmp_path / "w", "release_check", misbehaving.CRASHES))
    crashed = step(record, "release_check")
    assert states(record) == NOT_RUN | {"pipeline": "passed", "release_check": "crashed"}
    assert crashed.exit_code == 1
    assert crashed.error is not None
    assert "exit status 1" in crashed.error
    assert crashed.error.endswith("KeyError: 'session_slot'")
    assert crashed.produced == {}


def test_a_hanging_step_is_stopped_at_its_limit(tmp_path: Path) -> None:
    work = misled(tmp_path / "w", "release_check", misbehaving.HANGS)
    (work / "phase4.toml").write_text("[steps.release_check]\ntimeout_seconds = 0.6\n")
    record = run(work)
    ended = step(record, "release_check")
    assert ended.state == "timed_out"
    assert "0.6 s" in (ended.error or "")
    assert 0.6 <= ended.seconds < 0.6 + 0.5 + 2
    assert states(record)["quality_check"] == "not_run"
    assert (work / "pids").exists()
    assert working_in(work) == []


FLOOD = "import os\nfor _ in range(200): os.write(1, b'noise ' * 20000 + b'\\n')\n"


def test_a_step_that_floods_still_does_its_work(tmp_path: Path) -> None:
    work = misled(tmp_path / "w", "signoff", FLOOD + "import runpy; runpy.run_path('original.py', run_name='__main__')")
    assert states(run(work, only=find_step("signoff"))) == {"signoff": "passed"}


def test_a_step_that_floods_and_fails_is_told_by_its_last_line(tmp_path: Path) -> None:
    work = misled(tmp_path / "w", "signoff", FLOOD + "raise SystemExit('the template is gone')")
    (step,) = run(work, only=find_step("signoff")).steps
    assert (step.state, step.error) == ("crashed", "exit status 1: the template is gone")


def test_exit_status_0_without_the_file_is_no_success(tmp_path: Path) -> None:
    work = misled(tmp_path / "w", "pipeline", misbehaving.SILENT)
    found = error(work, "pipeline")
    for name in ("report.json", "summary.json", "report.md"):
        assert f"{TAG}_{name} was not written" in found


@pytest.mark.parametrize("age", [0, 86400, -3600])
def test_exit_status_0_with_an_earlier_file_is_no_success_whatever_its_time(tmp_path: Path, age: int) -> None:
    work = misled(tmp_path / "w", "signoff", misbehaving.SILENT)
    note = work / "reports" / f"{TAG}_phase4_signoff.md"
    note.write_text("# Sign-off\n")
    os.utime(note, (time.time() - age,) * 2)
    assert f"{note.name} was not written anew" in error(work, "signoff")


def test_a_file_made_to_look_old_is_no_success(tmp_path: Path) -> None:
    code = (
        "import os, runpy; runpy.run_path('original.py', run_name='__main__');"
        f"os.utime('reports/{TAG}_phase4_signoff.md', (10**9, 10**9))"
    )
    work = misled(tmp_path / "w", "signoff", code)
    assert "not written anew" in error(work, "signoff")


def test_writing_another_tags_files_is_named_as_such(tmp_path: Path) -> None:
    work = misled(tmp_path / "w", "pipeline", misbehaving.WRITES_ANOTHER_TAG)
    found = error(work, "pipeline")
    assert f"{TAG}_report.json was not written" in found
    assert "yesterday_report" in found


def test_a_file_that_names_another_tag_inside_is_no_success(tmp_path: Path) -> None:
    work = misled(tmp_path / "w", "pipeline", misbehaving.NAMES_ANOTHER_TAG)
    found = error(work, "pipeline")
    assert f"{TAG}_report.json" in found
    assert "'yesterday'" in found


@pytest.mark.parametrize(
    ("code", "name"),
    [(misbehaving.HALF_WRITTEN, f"{TAG}_summary.json"), (misbehaving.HALF_A_REPORT, f"{TAG}_report.json")],
)
def test_a_half_written_file_is_no_success_though_the_exit_status_is_0(tmp_path: Path, code: str, name: str) -> None:
    work = misled(tmp_path / "w", "pipeline", code)
    assert f"exit status 0, but {name}" in error(work, "pipeline")


def test_a_file_that_lacks_a_key_is_named_with_the_key(tmp_path: Path) -> None:
    code = "import sys\nwith open(sys.argv[sys.argv.index('--out-json') + 1], 'w') as f: f.write('{\"checks\": {}}')"
    work = misled(tmp_path / "w", "quality_check", code)
    assert "`passed`" in error(work, "quality_check")


def test_an_empty_note_is_no_success(tmp_path: Path) -> None:
    work = misled(tmp_path / "w", "signoff", f"open('reports/{TAG}_phase4_signoff.md', 'w').close()")
    assert f"{TAG}_phase4_signoff.md" in error(work, "signoff")


def test_exit_status_0_with_passed_false_is_a_failed_gate(tmp_path: Path) -> None:
    work = fed(foreign(tmp_path / "w", quality_check=misbehaving.gate(False, 0)))
    ended = step(run(work, only=find_step("quality_check")), "quality_check")
    assert (ended.state, ended.exit_code) == ("failed_gate", 0)
    assert "passed=false" in (ended.error or "")


def test_exit_status_2_with_passed_true_is_a_crash(tmp_path: Path) -> None:
    work = misled(tmp_path / "w", "quality_check", misbehaving.gate(True, 2))
    assert "exit status 2" in error(work, "quality_check")


def test_exit_status_2_without_a_check_is_a_crash(tmp_path: Path) -> None:
    work = misled(tmp_path / "w", "quality_check", misbehaving.gate(False, 2, write=False))
    found = error(work, "quality_check")
    assert "exit status 2" in found
    assert f"{TAG}_quality_check.json was not written" in found


def test_exit_status_2_with_yesterdays_failed_check_is_a_crash(tmp_path: Path) -> None:
    work = misled(tmp_path / "w", "quality_check", misbehaving.gate(False, 2, write=False))
    (work / "reports" / f"{TAG}_quality_check.json").write_text('{"passed": false, "checks": {}}')
    assert "not written anew" in error(work, "quality_check")


def test_exit_status_2_of_a_step_that_is_no_gate_is_a_crash(tmp_path: Path) -> None:
    code = "import runpy, sys; runpy.run_path('original.py', run_name='__main__'); sys.exit(2)"
    assert "exit status 2" in error(misled(tmp_path / "w", "signoff", code), "signoff")


@pytest.mark.parametrize("status", [1, 3, 127, 255])
def test_any_other_exit_status_of_a_gate_is_a_crash(tmp_path: Path, status: int) -> None:
    work = misled(tmp_path / "w", "quality_check", misbehaving.gate(True, status))
    assert f"exit status {status}" in error(work, "quality_check")


def test_a_step_killed_by_a_signal_says_which(tmp_path: Path) -> None:
    work = misled(tmp_path / "w", "release_check", misbehaving.KILLED)
    ended = step(run(work, only=find_step("release_check")), "release_check")
    assert (ended.state, ended.exit_code, ended.signal) == ("crashed", None, 9)
    assert "signal 9" in (ended.error or "")
    assert "about to allocate" in (ended.error or "")


def test_an_interpreter_that_can_not_be_started_is_a_crash_that_says_so(tmp_path: Path) -> None:
    work = foreign(tmp_path / "w")
    broken = tmp_path / "python"
    broken.write_text("#!/no/such/interpreter\n")
    broken.chmod(0o755)
    ended = step(run(work, {"PHASE4_PYTHON": str(broken)}), "pipeline")
    assert ended.state == "crashed"
    assert "did not start" in (ended.error or "")


def test_last_words_without_end_are_cut_in_the_record(tmp_path: Path) -> None:
    found = error(misled(tmp_path / "w", "pipeline", "raise SystemExit('long ' * 10000)"), "pipeline")
    assert "long long" in found
    assert len(found) < 600


def test_hostile_last_words_are_safe_in_the_record(tmp_path: Path) -> None:
    found = error(misled(tmp_path / "w", "pipeline", misbehaving.HOSTILE_WORDS), "pipeline")
    assert found.isprintable()
    assert "[b]boom[/nope]" in found


@pytest.mark.parametrize(
    "line",
    [
        "phase4-progress " + "[" * 5000,
        "phase4-progress {",
        'phase4-progress {"records": "many"}',
        'phase4-progress {"records": 1' + "0" * 400 + "}",
        'phase4-progress {"bytes": -1, "total_bytes": 0}',
    ],
)
def test_a_script_that_imitates_progress_lines_harms_nothing(tmp_path: Path, line: str) -> None:
    code = f"print({line!r}); import runpy; runpy.run_path('original.py', run_name='__main__')"
    work = misled(tmp_path / "w", "pipeline", code)
    assert states(run(work, only=find_step("pipeline"))) == {"pipeline": "passed"}


def test_our_own_pipeline_tells_how_far_it_is(tmp_path: Path) -> None:
    work = laid_out(tmp_path / "w")
    records = json.loads((work / "sample_batch_input.json").read_text()) * 1000
    (work / "sample_batch_input.json").write_text(json.dumps(records))
    observer = Recording()
    run(work, observer=observer, only=find_step("pipeline"))
    facts = [facts for name, facts in observer.facts if name == "pipeline"]
    assert facts
    assert facts[-1]["records"] <= len(records)
    assert facts == sorted(facts, key=lambda one: one["records"])
    assert facts[-1]["total_bytes"] == (work / "sample_batch_input.json").stat().st_size
