"""What does not satisfy a condition of reopening, however much it looks like it: another's comparison, two unknowns."""

import re
from functools import partial
from pathlib import Path

import pytest

from phase4_tui.artifacts.names import Artifact
from phase4_tui.errors import Refused, as_commands
from phase4_tui.journal.incident import Incident
from phase4_tui.journal.log import read_events
from phase4_tui.rollback.fallback import plan_phase3_only
from phase4_tui.rollback.incidents import look_for_incident, plan_reclassify
from phase4_tui.rollback.known_good import plan_switch
from phase4_tui.rollback.reopen import conditions, plan_compare, plan_reopen
from phase4_tui.rollback.root_cause import RootCause, plan_root_cause
from tests.rollback.support import freeze, give, site_of, state_of
from tests.rollback.test_reopen import OLD, again, digest, ran
from tests.runbook.documents import ALERT, Tag, quality

POLICY = {"event_and_portfolio_policy_enforced": ["record 2: traded in a high-risk event"]}


@pytest.fixture
def bad(tmp_path: Path) -> Tag:
    """The tag of an open P1 incident; `good` is known-good, and `new` a healthy rehearsal on the same sources."""
    reports = tmp_path / "reports"
    Tag(reports, "good")
    bad = Tag(reports, "bad")
    ran(bad, rehearsal=False, started_at=OLD)
    bad.change(Artifact.MONITORING, partial(dict.update, status="ALERT", alerts=[ALERT]), age=1)
    assert look_for_incident(site_of(tmp_path), "bad") is not None
    ran(Tag(reports, "new"))
    return bad


def contain(work: Path) -> None:
    """Freeze the bad tag, switch to the good one and fall back to Phase 3."""
    site = site_of(work)
    freeze(work, "bad")
    give(site, plan_switch(site, "good", "rollback"))
    give(site, plan_phase3_only(site, "rollback"))


def compare(work: Path, bad: str = "bad", rerun: str = "new", known_good: str | None = None) -> None:
    site = site_of(work)
    give(site, plan_compare(site, bad, rerun, known_good))


def explain(work: Path) -> None:
    site = site_of(work)
    give(site, plan_root_cause(site, RootCause(cause="c", remediation="r", owner="risk")))


def unmet(work: Path, tag: str = "new", *, accept: bool = False) -> dict[str, str]:
    found = conditions(site_of(work), tag, accept_changed_input=accept)
    return {one.name: as_commands(one.detail, one.remedies) for one in found if not one.ok}


def incident_of(work: Path) -> Incident:
    incident = state_of(work).incident
    assert incident is not None
    return incident


# Compared


def test_a_comparison_with_another_bad_tag_is_not_the_incidents(bad: Tag, tmp_path: Path) -> None:
    explain(tmp_path)
    other = Tag(tmp_path / "reports", "other")
    ran(other, rehearsal=False, started_at=OLD)
    compare(tmp_path, bad="other")
    assert incident_of(tmp_path).comparisons == ()
    assert unmet(tmp_path) == {"compared": "not with bad yet; `phase4 compare bad new` compares them"}
    with pytest.raises(Refused, match="unmet: compared"):
        plan_reopen(site_of(tmp_path), "new")
    compare(tmp_path, bad=bad.name)
    assert unmet(tmp_path) == {}


def test_a_comparison_of_another_re_run_is_not_the_one_that_is_reopened_on(bad: Tag, tmp_path: Path) -> None:
    explain(tmp_path)
    ran(Tag(bad.reports, "newer"))
    compare(tmp_path, rerun="new")
    assert set(unmet(tmp_path, "newer")) == {"compared"}
    compare(tmp_path, rerun="newer")
    assert unmet(tmp_path, "newer") == unmet(tmp_path, "new") == {}


@pytest.mark.parametrize("how", ["found", "said by the operator"])
def test_an_incident_raised_to_another_tag_wants_its_own_comparison_and_root_cause(
    bad: Tag, tmp_path: Path, how: str
) -> None:
    explain(tmp_path)
    compare(tmp_path)
    assert unmet(tmp_path) == {}
    site = site_of(tmp_path)
    worse = Tag(bad.reports, "worse")
    ran(worse, rehearsal=False, started_at=OLD)
    if how == "found":
        worse.put(Artifact.QUALITY_CHECK, quality(False, POLICY))
        look_for_incident(site, "worse")
    else:
        give(site, plan_reclassify(site, "P0", "the desk says so", "worse"))
    raised = incident_of(tmp_path)
    assert (raised.tag, raised.comparisons, raised.root_causes) == ("worse", (), ())
    assert unmet(tmp_path)["compared"] == "not with worse yet; `phase4 compare worse new` compares them"
    assert set(unmet(tmp_path)) == {"compared", "root cause"}


def test_a_comparison_without_an_incident_is_noted_in_the_journal_alone(tmp_path: Path) -> None:
    for name in ("bad", "new"):
        Tag(tmp_path / "reports", name)
    compare(tmp_path)
    assert state_of(tmp_path).incident is None
    done = list(read_events(tmp_path / "reports"))[-1]
    assert (done.kind, done.tag, done.incident, done.outcome) == ("compare", "new", None, "done")
    assert (done.detail["bad"], done.detail["known_good"], done.detail["changes"]) == ("bad", None, {})


def test_the_last_comparison_of_a_re_run_counts(bad: Tag, tmp_path: Path) -> None:
    assert bad.name
    explain(tmp_path)
    compare(tmp_path)
    compare(tmp_path, known_good="good")
    (kept,) = incident_of(tmp_path).comparisons
    assert kept.rerun == "new"
    (told,) = [one.detail for one in conditions(site_of(tmp_path), "new") if one.name == "compared"]
    assert told == kept.verdict


# Input and rules


@pytest.mark.parametrize("lost", ["input", "rules"])
def test_what_is_unknown_of_both_runs_is_not_the_same(bad: Tag, tmp_path: Path, lost: str) -> None:
    explain(tmp_path)
    compare(tmp_path)
    assert unmet(tmp_path) == {}
    batch, rules = ("", "rules") if lost == "input" else ("batch", "")
    again(bad, batch, rules, rehearsal=False, started_at=OLD)
    again(Tag(bad.reports, "new"), batch, rules)
    told = unmet(tmp_path)
    assert set(told) == {"input and rules"}
    both = f"{lost} sha256 unknown (no run of bad has it on record) → unknown (no run of new has it on record)"
    assert told["input and rules"] == f"{both}; `phase4 reopen --tag new --accept-changed-input` accepts the change"
    with pytest.raises(Refused, match="input and rules"):
        plan_reopen(site_of(tmp_path), "new")
    assert unmet(tmp_path, accept=True) == {}
    assert (
        f"accepts as the correction: {lost} not on record"
        in plan_reopen(site_of(tmp_path), "new", accept_changed_input=True).lines
    )


@pytest.mark.parametrize("flag", [False, True])
def test_where_nothing_changed_nothing_is_put_on_record_as_accepted(bad: Tag, tmp_path: Path, flag: bool) -> None:
    explain(tmp_path)
    compare(tmp_path)
    site = site_of(tmp_path)
    plan = plan_reopen(site, "new", accept_changed_input=flag)
    assert plan.lines[1].startswith("release, quality and monitoring judged anew from the report in ")
    assert (plan.lines[0], *plan.lines[2:]) == ("active tag: none → new", f"closes incident {incident_of(tmp_path).id}")
    (same,) = [one for one in conditions(site, "new", accept_changed_input=flag) if one.name == "input and rules"]
    assert (same.ok, same.detail) == (True, "those of the incident's run")
    give(site, plan)
    done = list(read_events(bad.reports))[-1]
    assert (done.kind, done.outcome, "accepted_change" in done.detail) == ("reopen", "done", False)


def test_a_change_that_was_accepted_is_on_record_with_what_changed_alone(bad: Tag, tmp_path: Path) -> None:
    explain(tmp_path)
    compare(tmp_path)
    again(Tag(bad.reports, "new"), "corrected")
    compare(tmp_path)
    site = site_of(tmp_path)
    give(site, plan_reopen(site, "new", accept_changed_input=True))
    done = list(read_events(bad.reports))[-1]
    told = f"accepted as changed: input sha256 {digest('batch')} → {digest('corrected')}"
    assert done.detail["accepted_change"] == told


def test_a_change_that_was_overridden_is_on_record_as_that_and_not_as_accepted(bad: Tag, tmp_path: Path) -> None:
    explain(tmp_path)
    compare(tmp_path)
    again(Tag(bad.reports, "new"), "corrected")
    site = site_of(tmp_path)
    plan = plan_reopen(site, "new", override=True, reason="the desk needs it")
    assert not any("accepted" in line for line in plan.lines)
    give(site, plan)
    done = list(read_events(bad.reports))[-1]
    assert "accepted_change" not in done.detail
    assert [one["name"] for one in done.detail["override"]] == ["input and rules"]


def test_without_an_open_incident_there_is_no_change_to_accept(tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    ran(Tag(reports, "new"))
    site = site_of(tmp_path)
    give(site, plan_phase3_only(site, "for the test"))
    again(Tag(reports, "new"))
    plan = plan_reopen(site, "new", accept_changed_input=True)
    assert plan.lines[:-1] == ("evaluation mode: Phase 3 only → Phase 4", "active tag: none → new")
    assert plan.lines[-1].endswith(" s: the same result")
    give(site, plan)
    assert "accepted_change" not in list(read_events(reports))[-1].detail


# A rehearsal


def test_under_the_fallback_only_a_rehearsal_is_the_re_run(bad: Tag, tmp_path: Path) -> None:
    contain(tmp_path)
    explain(tmp_path)
    compare(tmp_path)
    assert unmet(tmp_path) == {}
    ran(Tag(bad.reports, "new"), rehearsal=False)
    assert unmet(tmp_path) == {"re-run complete": "its run was no rehearsal"}
    with pytest.raises(Refused, match="was no rehearsal"):
        plan_reopen(site_of(tmp_path), "new")


def test_without_a_fallback_an_ordinary_run_is_the_re_run(bad: Tag, tmp_path: Path) -> None:
    explain(tmp_path)
    compare(tmp_path)
    ran(Tag(bad.reports, "new"), rehearsal=False)
    assert unmet(tmp_path) == {}
    (told,) = [one.detail for one in conditions(site_of(tmp_path), "new") if one.name == "re-run complete"]
    assert re.fullmatch(r"run by ada@h at \d\d:\d\d:\d\d UTC", told)


def test_a_step_by_itself_is_no_re_run(bad: Tag, tmp_path: Path) -> None:
    explain(tmp_path)
    compare(tmp_path)
    again(Tag(bad.reports, "new"), kind="step")
    assert unmet(tmp_path) == {
        "re-run complete": "no run of new is on record; `phase4 run --rehearsal --tag new` makes one",
    }


@pytest.mark.parametrize("how", ["an ordinary run", "a rehearsal of before"])
def test_a_worse_run_that_is_no_rehearsal_of_this_incident_raises_it(bad: Tag, tmp_path: Path, how: str) -> None:
    worse = Tag(bad.reports, "worse")
    if how == "an ordinary run":
        ran(worse, rehearsal=False)
    else:
        ran(worse, started_at=OLD)
    worse.put(Artifact.QUALITY_CHECK, quality(False, POLICY))
    look_for_incident(site_of(tmp_path), "worse")
    assert incident_of(tmp_path).tag == "worse"
