"""A worse finding on another tag raises the open incident; what it was stays on record."""

from pathlib import Path

import pytest

from phase4_tui.artifacts.clock import iso, now_ns
from phase4_tui.artifacts.names import Artifact
from phase4_tui.rollback.fallback import plan_phase3_only
from phase4_tui.rollback.guided import read_guided
from phase4_tui.rollback.incidents import (
    plan_reclassify,
)
from phase4_tui.rollback.known_good import plan_switch
from phase4_tui.rollback.post_mortem import post_mortem
from phase4_tui.rollback.root_cause import RootCause, plan_root_cause
from phase4_tui.rollback.verification import verify
from phase4_tui.runbook.provenance import save_run
from tests.rollback.support import freeze, give, site_of, state_of
from tests.rollback.test_incidents import POLICY, alert, kinds, look
from tests.runbook.documents import Tag, quality


@pytest.fixture
def bad(tmp_path: Path) -> Tag:
    """Return a tag with a P1 alert."""
    tag = Tag(tmp_path / "reports", "bad")
    alert(tag)
    return tag


@pytest.mark.parametrize("how", ["no worse", "a rehearsal"])
def test_another_tag_that_is_no_worse_or_a_rehearsal_does_not_change_the_open_incident(
    bad: Tag, tmp_path: Path, how: str
) -> None:
    assert bad.name
    look(tmp_path)
    other = Tag(tmp_path / "reports", "other")
    if how == "no worse":
        alert(other)
    else:
        other.put(Artifact.QUALITY_CHECK, quality(False, POLICY))
        run = other.ran(quality_check="failed_gate")
        save_run(other.reports, run.model_copy(update={"rehearsal": True, "started_at": iso(now_ns())}))
    before = state_of(tmp_path).incident
    look(tmp_path, "other")
    assert state_of(tmp_path).incident == before
    assert look(tmp_path, "other") is None
    assert kinds(tmp_path) == ["incident", "evidence"]


def test_a_worse_finding_on_another_tag_raises_the_open_incident_and_what_it_was_stays_on_record(
    tmp_path: Path,
) -> None:
    lesser, worse = Tag(tmp_path / "reports", "lesser"), Tag(tmp_path / "reports", "worse")
    Tag(tmp_path / "reports", "good")
    lesser.remove(Artifact.REPORT_MD)
    before = look(tmp_path, "lesser")
    site = site_of(tmp_path)
    freeze(tmp_path, "lesser")
    give(site, plan_switch(site, "good", "rollback"))
    give(site, plan_phase3_only(site, "rollback"))
    give(site, plan_root_cause(site, RootCause(cause="c", remediation="r", owner="engineering")))
    worse.put(Artifact.QUALITY_CHECK, quality(False, POLICY))
    found = look(tmp_path, "worse")
    assert before is not None
    assert found is not None
    assert (found.id, found.opened_at, found.opened_by) == (before.id, before.opened_at, before.opened_by)
    assert (found.tag, found.severity_class, found.rule, found.owner) == ("worse", "P0", "policy_violated", "risk")
    assert all("worse_quality_check" in one.file for one in found.evidence)
    assert (found.stage, found.root_causes) == ("detected", ())
    (former,) = found.former
    assert (former.tag, former.severity_class, former.rule) == ("lesser", "P2", "report_generation")
    assert former.contained_at is not None
    assert kinds(tmp_path)[-1] == "raised"
    assert look(tmp_path, "worse") is None
    assert look(tmp_path, "lesser") is None
    guided = read_guided(site)
    assert guided is not None
    assert [step.state for step in guided.steps[:4]] == ["next", "done", "done", "open"]
    freeze(tmp_path, "worse")
    incident = state_of(tmp_path).incident
    assert incident is not None
    assert incident.stage == "contained"
    text = post_mortem(site)
    assert "Raised from: P2 report generation of lesser" in text
    assert "raised to P0 policy violated of worse" in text
    assert verify(site).ok


def test_reclassifying_another_tag_as_worse_raises_the_open_incident_too(bad: Tag, tmp_path: Path) -> None:
    assert bad.name
    before = look(tmp_path)
    Tag(tmp_path / "reports", "other")
    plan = plan_reclassify(site_of(tmp_path), "P0", "the desk says so", "other")
    assert any("raises" in line and "P1 of bad" in line for line in plan.lines)
    give(site_of(tmp_path), plan)
    after = state_of(tmp_path).incident
    assert before is not None
    assert after is not None
    assert (after.id, after.tag, after.severity_class, after.former[0].tag) == (before.id, "other", "P0", "bad")
    assert verify(site_of(tmp_path)).ok
