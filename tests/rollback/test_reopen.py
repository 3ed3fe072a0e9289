"""Reopening Phase 4: each condition by itself, a change of input by name, and an override that is told for ever."""

import hashlib
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from phase4_tui.artifacts.clock import iso, now_ns
from phase4_tui.artifacts.names import Artifact
from phase4_tui.errors import Refused, as_commands
from phase4_tui.journal.log import read_events
from phase4_tui.rollback.comparison import ComparisonResult
from phase4_tui.rollback.fallback import plan_phase3_only
from phase4_tui.rollback.freeze import plan_freeze
from phase4_tui.rollback.guided import read_guided
from phase4_tui.rollback.incidents import look_for_incident
from phase4_tui.rollback.known_good import plan_switch
from phase4_tui.rollback.post_mortem import post_mortem
from phase4_tui.rollback.reopen import conditions, plan_compare, plan_reopen
from phase4_tui.rollback.root_cause import RootCause, plan_root_cause
from phase4_tui.rollback.verification import verify
from phase4_tui.runbook.provenance import RunRecord, Source, runs_dir, save_run
from tests.rollback.support import freeze, give, site_of, state_of
from tests.runbook.documents import ALERT, Tag, quality
from tests.runbook.support import STEP_NAMES

OLD = "2026-02-17T03:45:00.000000Z"


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def ran(tag: Tag, batch: str = "batch", rules: str = "rules", **changes: object) -> RunRecord:
    """Put a complete rehearsal on record that was made now, on these inputs."""
    found = tag.ran(**dict.fromkeys(STEP_NAMES, "passed"))  # type: ignore[arg-type]  # names of steps and their state
    values = {"rehearsal": True, "started_at": iso(now_ns())} | changes
    record = found.model_copy(
        update={
            "input": Source(path="in.json", sha256=digest(batch) if batch else None),
            "rules": Source(path="rules.json", sha256=digest(rules) if rules else None),
            **values,
        }
    )
    save_run(tag.reports, record)
    return record


def forget_runs(tag: Tag) -> None:
    for path in (runs_dir(tag.reports) / tag.name).iterdir():
        path.unlink()


def again(tag: Tag, batch: str = "batch", rules: str = "rules", **changes: object) -> None:
    """Replace what is on record of a tag's runs."""
    forget_runs(tag)
    ran(tag, batch, rules, **changes)


def compare(work: Path) -> None:
    site = site_of(work)
    give(site, plan_compare(site, "bad", "new", "good"))


def explain(work: Path) -> None:
    site = site_of(work)
    give(site, plan_root_cause(site, RootCause(cause="c", remediation="r", owner="risk")))


@pytest.fixture
def new(tmp_path: Path) -> Tag:
    """A healthy rehearsal on the incident's inputs; compared and explained."""
    reports = tmp_path / "reports"
    Tag(reports, "good")
    bad = Tag(reports, "bad")
    ran(bad, rehearsal=False, started_at=OLD)
    bad.change(Artifact.MONITORING, partial(dict.update, status="ALERT", alerts=[ALERT]), age=1)
    site = site_of(tmp_path)
    assert look_for_incident(site, "bad") is not None
    freeze(tmp_path, "bad")
    give(site, plan_switch(site, "good", "rollback"))
    give(site, plan_phase3_only(site, "rollback"))
    new = Tag(reports, "new")
    ran(new)
    explain(tmp_path)
    compare(tmp_path)
    return new


def unmet(work: Path, *, accept: bool = False) -> dict[str, str]:
    found = conditions(site_of(work), "new", accept_changed_input=accept)
    return {one.name: as_commands(one.detail, one.remedies) for one in found if not one.ok}


def reopen(work: Path, **options: object) -> None:
    site = site_of(work)
    give(site, plan_reopen(site, "new", **options))  # type: ignore[arg-type]  # of the options each test gives its own


def test_with_every_condition_met_it_closes_the_incident_and_ends_the_fallback(new: Tag, tmp_path: Path) -> None:
    assert unmet(tmp_path) == {}
    reopen(tmp_path)
    state = state_of(tmp_path)
    assert (state.incident, state.evaluation_mode, state.active_tag) == (None, "phase4", "new")
    assert "new" in state.frozen
    assert json.loads((tmp_path / "reports" / "ACTIVE.json").read_text())["tag"] == new.name
    last = list(read_events(tmp_path / "reports"))[-1]
    closed = last.detail["closed"]
    assert closed["opened_at"] < closed["contained_at"] < closed["recovered_at"]
    assert "override" not in last.detail
    assert "accepted_change" not in last.detail
    assert state.overrides == ()
    assert verify(site_of(tmp_path)).ok
    with pytest.raises(Refused, match="nothing to reopen"):
        reopen(tmp_path)


def _tamper(new: Tag) -> None:
    (new.reports / "good_report.md").write_text("# Another\n")


def _tamper_with_the_re_run(new: Tag) -> None:
    freeze(new.reports.parent, "new")
    new.path(Artifact.MONITORING_MD).write_text("# Another\n")


def _unhealthy(new: Tag) -> None:
    new.put(Artifact.QUALITY_CHECK, quality(False))


def _crashed(new: Tag) -> None:
    record = ran(new)
    steps = (*record.steps[:-1], record.steps[-1].model_copy(update={"state": "cancelled"}))
    save_run(new.reports, record.model_copy(update={"steps": steps}))


def _written_again(new: Tag) -> None:
    new.change(Artifact.REPORT, partial(dict.update, input_file="another.json"), age=100)


@pytest.mark.parametrize(
    ("spoil", "name", "words"),
    [
        (forget_runs, "re-run complete", "no run of new is on record"),
        (partial(again, started_at=OLD), "re-run complete", "older than the incident"),
        (partial(again, rehearsal=False), "re-run complete", "no rehearsal"),
        (partial(again, phase=3), "re-run complete", "not a complete Phase 4 sequence"),
        (_crashed, "re-run complete", "not a complete Phase 4 sequence"),
        (_unhealthy, "healthy", "gates passed"),
        (lambda new: again(new, "corrected"), "input and rules", "input sha256"),
        (lambda new: again(new, "batch", "loosened"), "input and rules", "rules sha256"),
        (lambda new: again(new, ""), "input and rules", "unknown"),
        (_written_again, "compared", "changed after the comparison"),
        (_tamper, "nothing tampered", "good_report.md has 10 bytes"),
        (_tamper, "nothing tampered", "`phase4 restore good`"),
        (_tamper_with_the_re_run, "nothing tampered", "`phase4 restore new`"),
    ],
)
def test_each_condition_by_itself_keeps_it_closed_and_is_named(
    new: Tag, tmp_path: Path, spoil: Callable[[Tag], None], name: str, words: str
) -> None:
    spoil(new)
    found = unmet(tmp_path)
    assert name in found
    assert words in found[name]
    assert set(found) - {name} <= {"input and rules", "healthy"}, "what has no run has no known input, either"
    before = state_of(tmp_path)
    with pytest.raises(Refused, match="unmet") as refused:
        reopen(tmp_path)
    for one in conditions(site_of(tmp_path), "new"):
        assert one.ok or f"{one.name}: {one.detail}" in refused.value.message
        assert set(one.remedies) <= set(refused.value.remedies)
    assert state_of(tmp_path) == before


def test_without_a_comparison_or_a_root_cause_both_are_named(tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    bad, new = Tag(reports, "bad"), Tag(reports, "new")
    ran(bad, rehearsal=False, started_at=OLD)
    bad.change(Artifact.MONITORING, partial(dict.update, status="ALERT", alerts=[ALERT]), age=1)
    look_for_incident(site_of(tmp_path), "bad")
    ran(new)
    assert set(unmet(tmp_path)) == {"compared", "root cause"}
    explain(tmp_path)
    assert set(unmet(tmp_path)) == {"compared"}
    site = site_of(tmp_path)
    give(site, plan_compare(site, "bad", "new", None))
    assert unmet(tmp_path) == {}


def test_a_corrected_input_is_accepted_by_name_and_the_acceptance_is_told(new: Tag, tmp_path: Path) -> None:
    again(new, "corrected", "loosened")
    assert set(unmet(tmp_path)) == {"input and rules"}
    assert unmet(tmp_path, accept=True) == {}
    plan = plan_reopen(site_of(tmp_path), "new", accept_changed_input=True)
    told = [digest(text) for text in ("batch", "corrected", "rules", "loosened")]
    assert all(one in " ".join(plan.details) for one in told)
    assert f"input {told[0][:8]} → {told[1][:8]}" in " ".join(plan.lines)
    give(site_of(tmp_path), plan)
    text = post_mortem(site_of(tmp_path))
    assert "## Accepted changes" in text
    assert all(one in text for one in told)


def test_a_rehearsal_on_yet_another_input_since_the_plan_is_not_what_was_accepted(new: Tag, tmp_path: Path) -> None:
    again(new, "corrected")
    plan = plan_reopen(site_of(tmp_path), "new", accept_changed_input=True)
    again(new, "something else")
    with pytest.raises(Refused, match="other input or rules since"):
        give(site_of(tmp_path), plan)
    assert state_of(tmp_path).incident is not None


def test_a_condition_that_fails_since_the_plan_stops_it(new: Tag, tmp_path: Path) -> None:
    plan = plan_reopen(site_of(tmp_path), "new")
    _unhealthy(new)
    with pytest.raises(Refused, match="gates passed"):
        give(site_of(tmp_path), plan)
    assert state_of(tmp_path).evaluation_mode == "phase3_only"


def test_an_override_needs_a_reason_and_is_told_for_ever(new: Tag, tmp_path: Path) -> None:
    _unhealthy(new)
    for reason in (None, " "):
        with pytest.raises(Refused, match="reason"):
            reopen(tmp_path, override=True, reason=reason)
    plan = plan_reopen(site_of(tmp_path), "new", override=True, reason="the desk\nneeds it")
    assert any("for ever" in warning for warning in plan.warnings)
    give(site_of(tmp_path), plan)
    state = state_of(tmp_path)
    assert (state.evaluation_mode, state.incident, state.active_tag) == ("phase4", None, "good")
    (line,) = state.overrides
    assert "healthy" in line
    assert "the desk" in line
    assert "\n" not in line
    text = post_mortem(site_of(tmp_path))
    assert "## Overridden conditions" in text
    assert "healthy overridden" in text
    new.put(Artifact.QUALITY_CHECK, quality(False), age=1)
    look_for_incident(site_of(tmp_path), "new")
    site = site_of(tmp_path)
    give(site, plan_reopen(site, "new", override=True, reason="again"))
    assert [line] == list(state_of(tmp_path).overrides)[:1]
    assert verify(site).ok


def test_of_very_many_overrides_the_state_keeps_the_last_in_short_and_the_journal_all_in_full(
    new: Tag, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("phase4_tui.rollback.reopen.KEPT_OVERRIDES", 3)
    site = site_of(tmp_path)
    _unhealthy(new)
    for number in range(5):
        give(site, plan_phase3_only(site, f"{number}"))
        give(site, plan_reopen(site, "new", override=True, reason=f"{number}: {'🔥' * 900}"))
    kept = state_of(tmp_path).overrides
    assert [line.partition("🔥")[0][-3:] for line in kept] == ["2: ", "3: ", "4: "]
    assert all(len(line) < 500 for line in kept)
    events = [event for event in read_events(tmp_path / "reports") if event.detail.get("override")]
    assert [event.detail["reason"].count("🔥") for event in events] == [900] * 5
    assert verify(site).ok


# A run that crashed before it wrote anything, or that left half a report


LEFT = {
    "nothing": None,
    "garbage": b"not JSON",
    "nothing in it": b"{}",
    "half a report": b'{"run_tag": "bad", "results": [{"input": {"underlying": "A", "timestamp": "t"}, "deci',
}


def crashed(work: Path, left: bytes | None) -> Tag:
    """Put an incident on record whose first step crashed; return the healthy re-run on the same sources."""
    reports = work / "reports"
    Tag(reports, "good")
    bad = Tag(reports, "bad")
    for path in reports.glob("bad_*"):
        path.unlink()
    if left is not None:
        bad.path(Artifact.REPORT).write_bytes(left)
    waiting = dict.fromkeys(STEP_NAMES[1:], "not_run")
    ran(bad, rehearsal=False, started_at=OLD, steps=bad.ran(pipeline="crashed", **waiting).steps)  # type: ignore[arg-type]  # as above
    assert look_for_incident(site_of(work), "bad") is not None
    new = Tag(reports, "new")
    ran(new)
    return new


@pytest.mark.parametrize("left", LEFT.values(), ids=LEFT)
def test_an_incident_whose_first_step_crashed_is_led_out_of(tmp_path: Path, left: bytes | None) -> None:
    crashed(tmp_path, left)
    site = site_of(tmp_path)
    if left is not None:
        freeze(tmp_path, "bad")
    else:
        plan = plan_freeze(site, "bad", "evidence")
        assert "nothing to freeze" in str(plan.nothing)
        assert give(site, plan).event is None
    give(site, plan_switch(site, "good", "rollback"))
    give(site, plan_phase3_only(site, "rollback"))
    Tag(tmp_path / "reports", "phase3_demo", phase=3).age(Artifact.SUMMARY, 0)
    incident = state_of(tmp_path).incident
    assert incident is not None
    assert incident.stage == "contained"
    explain(tmp_path)
    guided = read_guided(site)
    assert guided is not None
    assert [step.state for step in guided.steps] == ["done", "done", "done", "done", "next"]
    assert set(unmet(tmp_path)) == {"compared"}
    found = give(site, plan_compare(site, "bad", "new", "good")).result
    assert isinstance(found, ComparisonResult)
    assert found.recovered
    assert any("incomparable" in note and "its report" in note for note in found.notes)
    assert {one.bad for one in found.decisions} <= {None}
    reopen(tmp_path)
    assert state_of(tmp_path).incident is None
    assert verify(site).ok


def test_what_is_written_of_the_tag_later_is_to_be_frozen_after_all(tmp_path: Path) -> None:
    crashed(tmp_path, None)
    Tag(tmp_path / "reports", "bad")
    guided = read_guided(site_of(tmp_path))
    assert guided is not None
    assert guided.steps[0].state == "next"


def test_a_run_that_crashed_before_the_monitor_was_a_run_on_its_rules_all_the_same(tmp_path: Path) -> None:
    new = crashed(tmp_path, None)
    again(new, "batch", "loosened")
    told = unmet(tmp_path)["input and rules"]
    assert f"rules sha256 {digest('rules')} → {digest('loosened')}" in told
    forget_runs(Tag(tmp_path / "reports", "bad"))
    told = unmet(tmp_path)["input and rules"]
    assert "unknown (no run of bad has it on record)" in told
    assert "--accept-changed-input" in told
