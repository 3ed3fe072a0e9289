"""A rehearsal is judged anew before Phase 4 is reopened on it: a condition of its own, overridden like the others."""

import re
from pathlib import Path

import pytest

from phase4_tui.artifacts.names import Artifact
from phase4_tui.rollback.fallback import plan_phase3_only
from phase4_tui.rollback.operations import carry_out
from phase4_tui.rollback.reopen import HEALTHY, conditions, plan_reopen
from tests.rollback.lies import FEWER_ROWS, INVISIBLE, SAME, at, leave_one_out, lie, told
from tests.rollback.support import state_of
from tests.runbook.support import laid_out, run


@pytest.fixture
def fallen(tmp_path: Path) -> Path:
    """A fallback without an incident, and `tue` made as a rehearsal."""
    work = laid_out(tmp_path)
    carry_out(at(work), plan_phase3_only(at(work), "to be safe"))
    run(work, tag="tue", rehearsal=True)
    return work


def unmet(work: Path, *, hashes: bool = True) -> dict[str, str]:
    return {one.name: one.detail for one in conditions(at(work), "tue", hashes=hashes) if not one.ok}


def test_a_rehearsal_is_judged_anew_and_the_plan_says_so(fallen: Path) -> None:
    assert unmet(fallen) == {}
    plan = plan_reopen(at(fallen), "tue")
    assert [line for line in plan.lines if SAME.fullmatch(line)]
    carry_out(at(fallen), plan)
    assert state_of(fallen).active_tag == "tue"


@pytest.mark.parametrize("name", INVISIBLE)
def test_a_lying_rehearsal_does_not_reopen_phase_4(fallen: Path, name: str) -> None:
    artifact, change, expected = INVISIBLE[name]
    lie(fallen, artifact, change)
    assert re.search(expected, unmet(fallen)[HEALTHY])
    assert unmet(fallen, hashes=False) == {HEALTHY: "fails `parses`"}, "judged anew only at the moment of reopening"
    assert re.search(expected, told(lambda: plan_reopen(at(fallen), "tue")))


def test_a_rehearsal_that_lies_after_the_plan_does_not_reopen_phase_4(fallen: Path) -> None:
    plan = plan_reopen(at(fallen), "tue")
    lie(fallen, Artifact.REPORT, leave_one_out)
    assert re.search(FEWER_ROWS[2], told(lambda: carry_out(at(fallen), plan)))
    assert state_of(fallen).evaluation_mode == "phase3_only"


def test_an_override_reopens_on_record_and_does_not_make_the_lying_tag_active(fallen: Path) -> None:
    lie(fallen, Artifact.REPORT, leave_one_out)
    plan = plan_reopen(at(fallen), "tue", override=True, reason="the desk needs it")
    assert any(re.search(FEWER_ROWS[2], warning) for warning in plan.warnings)
    assert not any(line.startswith("active tag") for line in plan.lines)
    carry_out(at(fallen), plan)
    state = state_of(fallen)
    assert (state.evaluation_mode, state.active_tag) == ("phase4", None)
    assert "unmet: healthy" in state.overrides[-1]
