"""The preconditions of a run: what is missing is said with its remedy, before anything is written."""

import os
import shutil
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest

from phase4_tui.artifacts.names import Artifact
from phase4_tui.errors import Refused, error_as_commands
from phase4_tui.runbook.isolation import Proof
from phase4_tui.runbook.preconditions import (
    Precondition,
    check_artifacts,
    check_environment,
    check_isolation,
    check_not_frozen,
    check_room,
    check_workdir,
)
from phase4_tui.runbook.provenance import save_run
from phase4_tui.runbook.settings import Settings
from phase4_tui.runbook.steps import Phase, find_step, place_of
from tests.runbook.documents import Tag
from tests.runbook.support import TAG, fed, foreign, laid_out, listing, plan, script_of

Usage = namedtuple("Usage", "total used free")


def workdir_check(
    work: Path, phase: Phase = 4, input_file: str | None = None, rules: str | None = None
) -> Precondition:
    settings = Settings()
    return check_workdir(settings, place_of(settings, work, phase, input_file, rules), phase)


def test_a_laid_out_directory_is_complete_and_says_whose_steps_it_runs(tmp_path: Path) -> None:
    found = workdir_check(laid_out(tmp_path / "ours"))
    assert (found.name, found.ok) == ("working_directory", True)
    assert "this program" in found.detail
    theirs = workdir_check(foreign(tmp_path / "theirs"))
    assert theirs.ok
    assert str(tmp_path / "theirs") in theirs.detail


def test_a_directory_with_some_scripts_names_those_that_are_missing(tmp_path: Path) -> None:
    work = foreign(tmp_path / "w")
    script_of(work, "monitor").unlink()
    found = workdir_check(work)
    assert found.ok
    assert "phase4_monitor_runner.py" in found.detail


def test_a_missing_input_and_missing_rules_are_both_named(tmp_path: Path) -> None:
    work = foreign(tmp_path / "w")
    (work / "sample_batch_input.json").unlink()
    (work / "monitoring_rules.json").unlink()
    found = workdir_check(work)
    assert not found.ok
    assert "sample_batch_input.json" in found.detail
    assert "monitoring_rules.json" in found.detail


@pytest.mark.parametrize("request_", [{"input": "gone.json"}, {"rules": "gone.json"}, {"input": "."}])
def test_a_run_on_what_is_not_there_is_refused_and_nothing_is_written(tmp_path: Path, request_: dict[str, Any]) -> None:
    work = laid_out(tmp_path / "w")
    before = listing(work)
    with pytest.raises(Refused, match="working_directory"):
        plan(work, **request_)
    assert listing(work) == before


def test_a_rehearsal_without_a_tag_gets_one_of_its_own(tmp_path: Path) -> None:
    work = laid_out(tmp_path / "w")
    assert plan(work, rehearsal=True).tag == f"{TAG}_rerun"
    fed(work, f"{TAG}_rerun")
    other = Tag(tmp_path / "elsewhere", f"{TAG}_rerun2").ran(pipeline="crashed")
    save_run(work / "reports", other)
    assert plan(work, rehearsal=True).tag == f"{TAG}_rerun3"
    assert plan(work, rehearsal=True, tag="mine").tag == "mine"
    assert plan(work).tag == TAG


def test_a_phase_3_run_on_the_sample_of_this_program_says_so(tmp_path: Path) -> None:
    work = laid_out(tmp_path / "w")
    made = plan(work, phase=3)
    assert any("this program's sample" in line for line in made.describe())
    shutil.copy(made.input.path, work / "own.json")
    assert not any("this program's sample" in line for line in plan(work, phase=3, input="own.json").describe())


def test_phase_3_needs_no_rules(tmp_path: Path) -> None:
    work = laid_out(tmp_path / "w")
    (work / "monitoring_rules.json").unlink()
    assert workdir_check(work, 3).ok


@pytest.mark.parametrize("name", ["release_check", "quality_check", "signoff", "monitor"])
def test_a_single_step_that_does_not_read_the_batch_needs_no_batch(tmp_path: Path, name: str) -> None:
    work = laid_out(tmp_path / "w")
    (work / "sample_batch_input.json").unlink()
    assert plan(fed(work), only=find_step(name)).commands[0].step.name == name


@pytest.mark.parametrize(
    ("name", "missing", "makes"),
    [
        ("release_check", "t2_report.json", "step 1 pipeline makes it"),
        ("quality_check", "t2_report.json", "`phase4 step pipeline --tag t2` runs it"),
        ("signoff", "t2_summary.json", "step 1 pipeline makes it"),
        ("monitor", "t2_report.json", "step 1 pipeline makes it"),
    ],
)
def test_a_single_step_without_what_it_reads_is_refused_and_told_which_step_makes_it(
    tmp_path: Path, name: str, missing: str, makes: str
) -> None:
    work = fed(laid_out(tmp_path / "w"))
    with pytest.raises(Refused) as refused:
        plan(work, tag="t2", only=find_step(name))
    assert missing in str(refused.value)
    assert makes in error_as_commands(refused.value)
    own = f'[steps.{name}]\nargv = ["true"]\n'
    (work / "phase4.toml").write_text(own)
    assert plan(work, tag="t2", only=find_step(name)).commands[0].origin == "settings"


@pytest.mark.parametrize(
    ("name", "file"), [("pipeline", "sample_batch_input.json"), ("monitor", "monitoring_rules.json")]
)
def test_a_single_step_needs_the_file_that_it_reads(tmp_path: Path, name: str, file: str) -> None:
    work = laid_out(tmp_path / "w")
    (work / file).unlink()
    with pytest.raises(Refused, match=file):
        plan(work, only=find_step(name))


def test_a_reports_directory_that_is_a_file_is_named(tmp_path: Path) -> None:
    work = laid_out(tmp_path / "w")
    (work / "reports").rmdir()
    (work / "reports").write_text("")
    found = workdir_check(work)
    assert not found.ok
    assert str(work / "reports") in found.detail


def test_rights_are_asked_of_the_directory_where_reports_would_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = laid_out(tmp_path / "w")
    (work / "reports").rmdir()
    asked = []

    def access(path: Path, mode: int) -> bool:
        asked.append(path)
        return False

    monkeypatch.setattr(os, "access", access)
    assert not workdir_check(work).ok
    assert asked == [work]


def test_the_latest_artifacts_must_be_present_for_the_tag(tmp_path: Path) -> None:
    work = laid_out(tmp_path / "w")
    tag = Tag(work / "reports", "t1")
    place = place_of(Settings(), work, 4, None, None)
    assert check_artifacts(place, "t1").ok
    assert not check_artifacts(place, "t2").ok
    tag.remove(Artifact.SUMMARY)
    found = check_artifacts(place, "t1")
    assert not found.ok
    assert "t1_summary.json" in found.detail
    assert "t1_report.json" not in found.detail


def test_live_orders_are_named_and_the_remedy_too() -> None:
    found = check_environment(Settings(), {"X_ALLOW_LIVE_ORDERS": "1", "Y_DRY_RUN": "off"})
    assert not found.ok
    assert "X_ALLOW_LIVE_ORDERS" in found.detail
    assert "Y_DRY_RUN" in found.detail
    assert [remedy.effect for remedy in found.remedies] == ["unset it"]
    assert check_environment(Settings(), {"X_DRY_RUN": "1"}).ok


@pytest.mark.parametrize("proven", [True, False])
def test_isolation_is_what_the_proof_says(proven: bool) -> None:
    proof = Proof(barrier="seccomp", proven=proven, ways={}, reached=0, detail="as the probe says")
    assert check_isolation(proof) == Precondition(name="isolation", ok=proven, detail="as the probe says")


def test_a_frozen_tag_may_not_be_written_and_its_neighbours_may(tmp_path: Path) -> None:
    work = laid_out(tmp_path / "w")
    (work / "reports" / ".phase4" / "frozen" / "t1").mkdir(parents=True)
    place = place_of(Settings(), work, 4, None, None)
    assert not check_not_frozen(place, "t1").ok
    assert check_not_frozen(place, "t").ok
    assert check_not_frozen(place, "t1_report").ok


def test_a_disk_without_room_for_the_artifacts_refuses_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = laid_out(tmp_path / "w")
    place = place_of(Settings(), work, 4, None, None)
    assert check_room(place).ok
    size = place.input_path.stat().st_size
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(1, 1, size))
    assert not check_room(place).ok
    with pytest.raises(Refused, match="disk"):
        plan(work)
    assert plan(fed(work), only=find_step("signoff")).tag, "a step that writes little is not refused"
