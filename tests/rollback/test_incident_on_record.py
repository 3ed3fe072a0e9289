"""What the journal holds of each operation on an incident, under the keys by which it is read later."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from phase4_tui.artifacts.names import Artifact
from phase4_tui.journal.events import Event
from phase4_tui.journal.log import read_events
from phase4_tui.rollback.fallback import plan_phase3_only
from phase4_tui.rollback.incidents import (
    look_for_incident,
    plan_acknowledge,
    plan_escalate,
    plan_no_good_tag,
    plan_reclassify,
)
from phase4_tui.rollback.known_good import plan_pin, plan_switch, plan_unpin
from phase4_tui.rollback.operations import Plan
from phase4_tui.rollback.reopen import plan_compare, plan_reopen
from phase4_tui.rollback.root_cause import RootCause, plan_root_cause
from tests.rollback.support import freeze, give, site_of, state_of
from tests.rollback.test_reopen import ran
from tests.runbook.documents import ALERT, Tag, quality

POLICY = {"event_and_portfolio_policy_enforced": ["record 2: traded in a high-risk event"]}


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A place with a P1 alert on `bad`, and with `good` and `new`."""
    for name in ("good", "new", "bad"):
        Tag(tmp_path / "reports", name)
    bad = Tag(tmp_path / "reports", "bad")
    bad.change(Artifact.MONITORING, partial(dict.update, status="ALERT", alerts=[ALERT]), age=1)
    assert look_for_incident(site_of(tmp_path), "bad") is not None
    return tmp_path


def last(work: Path) -> Event:
    return list(read_events(work / "reports"))[-1]


def told(work: Path, plan: Plan) -> dict[str, Any]:
    """Carry an operation out and return what its result says of it, but for the state."""
    give(site_of(work), plan)
    detail = last(work).detail
    return {key: value for key, value in detail.items() if key not in ("outcome", "intent", "changes")}


def test_each_operation_says_in_the_journal_what_was_decided(work: Path) -> None:
    site = site_of(work)
    assert told(work, plan_reclassify(site, "P2", "a glitch")) == {"from": "P1", "to": "P2", "reason": "a glitch"}
    assert told(work, plan_reclassify(site, "P1", "no")) == {"from": "P2", "to": "P1", "reason": "no"}
    assert told(work, plan_escalate(site, "risk", "please look")) == {"owner": "risk", "note": "please look"}
    assert told(work, plan_acknowledge(site, "risk")) == {"owner": "risk"}
    assert told(work, plan_no_good_tag(site, "none is left")) == {"reason": "none is left"}
    incident = state_of(work).incident
    assert incident is not None
    assert incident.no_good_tag
    (call,) = incident.escalations
    assert (call.owner, call.note, call.acknowledged_by) == ("risk", "please look", call.by)


def test_every_incident_on_record_has_its_class_under_the_key_class(work: Path) -> None:
    site = site_of(work)
    bad, new = Tag(work / "reports", "bad"), Tag(work / "reports", "new")
    bad.put(Artifact.QUALITY_CHECK, quality(False), age=1)
    look_for_incident(site, "bad")
    worse = Tag(work / "reports", "worse")
    worse.remove(Artifact.REPORT_MD)
    look_for_incident(site, "worse")
    give(site, plan_reclassify(site, "P1", "so it is"))
    worse.put(Artifact.QUALITY_CHECK, quality(False, POLICY), age=1)
    look_for_incident(site, "worse")
    give(site, plan_escalate(site, "risk", None))
    give(site, plan_acknowledge(site, "risk"))
    give(site, plan_root_cause(site, RootCause(cause="c", remediation="r", owner="risk")))
    give(site, plan_compare(site, "worse", "new", None))
    give(site, plan_no_good_tag(site, "for the test"))
    freeze(work, "worse")
    assert "worse" in state_of(work).frozen
    give(site, plan_switch(site, "good", "rollback"))
    give(site, plan_phase3_only(site, "rollback"))
    ran(new)
    give(site, plan_reopen(site, "new", override=True, reason="for the test"))
    seen = {}
    for event in read_events(work / "reports"):
        for content in ((event.detail.get("changes") or {}).get("incident"), event.detail.get("closed")):
            if content is not None:
                assert "class" in content, event.kind
                assert "severity_class" not in content, event.kind
                assert all("class" in former and "severity_class" not in former for former in content["former"])
                seen[event.kind] = content["class"]
    assert list(seen) == [
        "incident",
        "evidence",
        "reclassify",
        "raised",
        "escalate",
        "acknowledge",
        "root_cause",
        "compare",
        "no_good_tag",
        "mode",
        "reopen",
    ]


def test_a_comparison_is_planned_with_what_it_does(work: Path) -> None:
    plan = plan_compare(site_of(work), "bad", "new", "good")
    assert plan.describe() == ["compare bad with new against good", "  notes the result in the journal"]
    assert plan_compare(site_of(work), "bad", "new", None).title == "compare bad with new"


def test_what_was_switched_to_stays_known_good_without_its_pin_and_what_was_only_pinned_does_not(work: Path) -> None:
    site = site_of(work)
    give(site, plan_pin(site, "good"))
    assert state_of(work).known_good_tag == "good"
    give(site, plan_unpin(site, "good"))
    assert state_of(work).known_good_tag is None
    give(site, plan_switch(site, "good", "rollback"))
    for name in ("good", "new"):
        give(site, plan_pin(site, name))
    give(site, plan_unpin(site, "new"))
    assert (state_of(work).pinned, state_of(work).known_good_tag) == (("good",), "good")
    give(site, plan_pin(site, "new"))
    give(site, plan_unpin(site, "good"))
    assert (state_of(work).pinned, state_of(work).known_good_tag) == (("new",), "new")
    give(site, plan_switch(site, "new", "another"))
    give(site, plan_unpin(site, "new"))
    assert (state_of(work).active_tag, state_of(work).known_good_tag) == ("new", "new")
