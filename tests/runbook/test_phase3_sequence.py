"""The fallback: the Phase 3 sequence, by the operator's own scaffold where there is one."""

import json
import shutil
from pathlib import Path

import pytest

from phase4_tui.errors import Refused
from tests.runbook.support import FOREIGN, foreign, plan, run, states, verdict

PHASE3_STEPS = ["pipeline", "release_check", "quality_check", "signoff"]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return foreign(tmp_path / "phase4_scaffold")


@pytest.fixture
def scaffold(work: Path) -> Path:
    """The operator's Phase 3 scripts beside the working directory, with a sample of three records."""
    directory = Path(shutil.copytree(FOREIGN / "phase3", work.parent / "phase3_scaffold"))
    (directory / "sample_batch_input.json").write_text(json.dumps([{"own": number} for number in range(3)]))
    return directory


def mode(work: Path, evaluation_mode: str) -> None:
    state = work / "reports" / ".phase4" / "state.json"
    state.parent.mkdir(parents=True, exist_ok=True)
    state.write_text(json.dumps({"evaluation_mode": evaluation_mode}))


def test_our_own_phase_3_runs_where_there_is_no_scaffold(work: Path) -> None:
    record = run(work, phase=3)
    assert states(record) == dict.fromkeys(PHASE3_STEPS, "passed")
    assert (record.phase, record.tag) == (3, "phase3_demo")
    assert {step.origin for step in record.steps} == {"built-in"}
    assert (work / "reports" / "phase3_demo_phase3_signoff.md").exists()
    health, classification = verdict(work, "phase3_demo")
    assert (health["monitoring"].state, health["monitoring"].ok) == ("not_applicable", True)
    assert classification.level == "ok"


@pytest.mark.usefixtures("scaffold")
def test_an_operators_scaffold_is_used_in_its_own_directory_with_its_own_sample(work: Path) -> None:
    record = run(work, phase=3)
    assert states(record) == dict.fromkeys(PHASE3_STEPS, "passed")
    assert {step.origin for step in record.steps} == {"working directory"}
    assert {Path(step.cwd).name for step in record.steps} == {"phase3_scaffold"}
    report = json.loads((work / "reports" / "phase3_demo_report.json").read_text())
    assert report["record_count"] == 3
    assert Path(report["input_file"]) == work.parent / "phase3_scaffold" / "sample_batch_input.json"
    assert verdict(work, "phase3_demo")[1].level == "ok"


@pytest.mark.usefixtures("scaffold")
def test_an_input_named_by_the_operator_is_found_from_the_working_directory(work: Path) -> None:
    (work / "monday.json").write_text("[{}]")
    planned = plan(work, phase=3, input="monday.json")
    argv = planned.commands[0].argv
    assert Path(argv[argv.index("--input") + 1]) == work / "monday.json"


def test_scripts_of_the_working_directory_are_not_taken_for_phase_3(work: Path) -> None:
    assert {command.origin for command in plan(work, phase=3).commands} == {"built-in"}


def test_the_directory_of_the_scaffold_is_a_setting(work: Path, scaffold: Path) -> None:
    scaffold.rename(work / "older")
    (work / "phase4.toml").write_text('[phase3]\ndirectory = "older"\ntag = "p3"\n')
    planned = plan(work, phase=3)
    assert planned.tag == "p3"
    assert {command.cwd for command in planned.commands} == {work / "older"}


def test_in_phase3_only_a_run_follows_the_mode_and_phase_4_is_refused_unless_it_is_a_rehearsal(work: Path) -> None:
    mode(work, "phase3_only")
    assert plan(work).phase == 3
    with pytest.raises(Refused, match="Phase 3 only"):
        plan(work, phase=4)
    rehearsal = plan(work, rehearsal=True)
    assert (rehearsal.phase, rehearsal.request.rehearsal) == (4, True)
    assert plan(work, phase=4, rehearsal=True).phase == 4


def test_in_phase4_mode_either_phase_may_run(work: Path) -> None:
    mode(work, "phase4")
    assert (plan(work).phase, plan(work, phase=3).phase, plan(work, phase=4).phase) == (4, 3, 4)
