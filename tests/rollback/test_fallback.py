"""The fallback to Phase 3: what is refused, what is allowed, and a proof that no Phase 4 run can slip past."""

import os
import threading
import time
from pathlib import Path

import pytest

from phase4_tui.artifacts.names import Artifact
from phase4_tui.errors import as_commands
from phase4_tui.rollback.fallback import plan_phase3_only, plan_phase4_by_override, refuse_plain_phase4
from phase4_tui.runbook.fallback_proof import Fallback, read_fallback
from phase4_tui.runbook.run_holder import announce, run_lock
from phase4_tui.runbook.run_plan import Request, choose_phase
from phase4_tui.runbook.sequence import run_plan
from phase4_tui.runbook.settings import load_settings
from phase4_tui.runbook.steps import PHASE3_STEPS, find_step
from tests.rollback.hostile import do, refused, write
from tests.rollback.support import site_of, state_of
from tests.runbook.documents import Tag
from tests.runbook.support import ENVIRONMENT, Recording, foreign, plan, run

NEW = -5.0
"""An age that is after the mode was set, whatever this test took."""


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A working directory in phase3_only."""
    work = foreign(tmp_path / "w")
    do(work, plan_phase3_only, "the figures are wrong")
    return work


def proof(work: Path) -> Fallback:
    found = read_fallback(site_of(work), state_of(work))
    assert found is not None
    return found


def age(work: Path, name: str, seconds: float) -> None:
    moment = time.time() - seconds
    for path in (work / "reports").glob(f"{name}_*"):
        os.utime(path, (moment, moment))


def test_a_phase_4_run_is_refused_unless_it_is_a_rehearsal(work: Path) -> None:
    for number in range(1, 6):
        assert "--rehearsal" in refused(lambda number=number: plan(work, phase=4, only=find_step(str(number))))  # type: ignore[misc]
    assert "--rehearsal" in refused(lambda: plan(work, phase=4))
    assert "--rehearsal" in refused(lambda: plan(work, phase=4, resume=True))
    assert plan(work, phase=4, rehearsal=True).phase == 4
    assert plan(work, rehearsal=True).phase == 4
    assert plan(work, phase=4, rehearsal=True, only=find_step("1")).phase == 4
    assert plan(work).phase == 3
    assert plan(work, only=find_step("1", PHASE3_STEPS)).phase == 3


def test_who_falls_back_twice_is_told_that_it_is_so(work: Path) -> None:
    since = state_of(work).mode_since
    assert do(work, plan_phase3_only, "again").lines == ("evaluation mode is already Phase 3 only",)
    assert state_of(work).mode_since == since


def test_phase_4_does_not_come_back_by_itself(work: Path) -> None:
    assert "phase4 reopen" in refused(refuse_plain_phase4)
    assert "--reason" in refused(lambda: plan_phase4_by_override(site_of(work), " "))
    assert choose_phase(work / "reports", Request()) == 3
    do(work, plan_phase4_by_override, "by the desk")
    assert choose_phase(work / "reports", Request()) == 4
    assert read_fallback(site_of(work), state_of(work)) is None


def test_a_run_under_way_is_named_before_the_fallback(tmp_path: Path) -> None:
    work = foreign(tmp_path / "w")
    with run_lock(work / "reports"):
        announce(work / "reports", "t1", "r1", "tom")
        (warning,) = plan_phase3_only(site_of(work), "r").warnings
    assert "tom@" in warning


def test_nothing_is_proven_before_a_phase_3_run(work: Path) -> None:
    found = proof(work)
    assert (found.holds, found.phase3_tag, found.intruders) == (False, None, ())
    assert "`phase4 run` makes one" in as_commands(str(found), found.remedies)


def test_a_phase_3_run_proves_the_fallback_and_a_rehearsal_does_not_break_it(work: Path) -> None:
    run(work)
    found = proof(work)
    assert (found.holds, found.phase3_tag, found.intruders) == (True, "phase3_demo", ())
    run(work, phase=4, rehearsal=True, tag="trial")
    assert proof(work).holds
    # Someone runs the pipeline again, by hand, under the name of the rehearsal.
    age(work, "trial", NEW)
    assert (proof(work).holds, proof(work).intruders) == (False, ("trial",))


def test_foreign_phase_4_results_that_are_newer_than_the_mode_are_intruders(work: Path) -> None:
    Tag(work / "reports", "p3", phase=3)
    age(work, "p3", NEW)
    assert proof(work).holds
    for name in ("x", "y"):
        Tag(work / "reports", name)
        age(work, name, NEW)
    found = proof(work)
    assert (found.holds, set(found.intruders), found.phase3_tag) == (False, {"x", "y"}, "p3")
    assert "no rehearsal" in str(found)


def test_results_from_before_the_mode_are_none_though_other_artifacts_are_newer(work: Path) -> None:
    for phase, name in ((3, "p3"), (4, "p4")):
        Tag(work / "reports", name, phase=phase)
    for path in (work / "reports").glob("p?_*signoff.md"):
        os.utime(path, (time.time() + 5,) * 2)
    found = proof(work)
    assert (found.holds, found.phase3_tag, found.intruders) == (False, None, ())


def test_phase_4_results_beside_a_sign_off_note_of_phase_3_are_intruders_all_the_same(work: Path) -> None:
    Tag(work / "reports", "p3", phase=3)
    for artifact in (Artifact.REPORT, Artifact.SUMMARY):
        write(work, "p3", artifact, (Tag(work / "reports", "other").path(artifact)).read_bytes(), NEW)
    age(work, "p3", NEW)
    assert proof(work).intruders == ("p3",)
    assert not proof(work).holds


def test_a_step_of_a_rehearsal_does_not_cover_the_results_of_a_run_that_was_none(work: Path) -> None:
    tag = Tag(work / "reports", "x")
    age(work, "x", NEW)
    record = tag.ran(age=NEW, pipeline="passed")
    assert not record.rehearsal
    rehearsal = record.model_copy(
        update={"run_id": record.run_id + "z", "rehearsal": True, "steps": tag.ran(monitor="passed").steps}
    )
    from phase4_tui.runbook.provenance import save_run

    save_run(work / "reports", rehearsal)
    assert proof(work).intruders == ("x",)


def test_an_artifact_that_vanishes_while_the_proof_is_read_is_no_error(work: Path) -> None:
    tag = Tag(work / "reports", "x")
    age(work, "x", NEW)
    tag.remove(Artifact.REPORT)
    assert proof(work).intruders == ("x",)
    tag.remove(Artifact.SUMMARY)
    assert proof(work).intruders == ()


def test_a_phase_4_run_that_was_planned_before_the_fallback_does_not_start_after_it(tmp_path: Path) -> None:
    work = foreign(tmp_path / "before")
    planned = plan(work, tag="late")
    do(work, plan_phase3_only, "the figures are wrong")
    settings = load_settings(work, ENVIRONMENT)
    told = refused(lambda: run_plan(planned, settings, ENVIRONMENT, Recording(), threading.Event()))
    assert "evaluation mode" in told
    assert list((work / "reports").glob("late_*")) == []
