"""The known-good switch: only to a tag for which every rung of the ladder holds then, and for one of two operators."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from phase4_tui.artifacts.names import Artifact
from phase4_tui.journal.log import read_events
from phase4_tui.rollback.fallback import plan_phase3_only
from phase4_tui.rollback.freeze import freeze_now
from phase4_tui.rollback.incidents import plan_reclassify
from phase4_tui.rollback.known_good import candidates, failed_rung, plan_pin, plan_switch, plan_unpin
from phase4_tui.rollback.operations import Plan, carry_out
from phase4_tui.rollback.reopen import plan_reopen
from tests.rollback.hostile import (
    a_report,
    active_file,
    assert_on_record,
    copies,
    digest,
    do,
    manifest_of,
    old_bad_and_good,
    overwrite,
    own_report,
    plan_reopen_by_override,
    problems,
    refused,
    spoil,
    with_incident,
    write,
)
from tests.rollback.support import freeze, site_of, state_of
from tests.runbook.documents import ALERT, REPORT_AGE, SUMMARY, Tag, decided


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A place where `old` is active, `bad` is bad, and `good` could be switched to."""
    return old_bad_and_good(tmp_path)


def test_an_unfrozen_good_target_is_frozen_verified_and_published_in_one_operation(work: Path) -> None:
    done = do(work, plan_switch, "good", "because")
    state = state_of(work)
    told = json.loads(active_file(work) or b"")
    assert (state.active_tag, state.known_good_tag, state.active_reason) == ("good", "good", "because")
    assert state.active_by is not None
    assert state.active_by.startswith("maria@")
    assert (told["tag"], told["revision"], told["reason"]) == ("good", state.revision, "because")
    assert told["manifest_sha256"] == digest(copies(work, "good") / "manifest.json")
    assert told["artifacts"] == [file.name for file in manifest_of(work, "good").files]
    assert done.event is not None
    assert problems(work) == []
    assert_on_record(work)


def tampered(work: Path) -> None:
    freeze(work, "good")
    overwrite(work / "reports" / "good_report.md", b"# other\n")


def missing(work: Path) -> None:
    for path in (work / "reports").glob("good_*"):
        path.unlink()


def failing(work: Path) -> None:
    spoil(work, "good")


def alerting(work: Path) -> None:
    path = work / "reports" / "good_monitoring.json"
    write(work, "good", Artifact.MONITORING, json.loads(path.read_bytes()) | {"status": "ALERT", "alerts": [ALERT]})


def unsigned(work: Path) -> None:
    (work / "reports" / "good_phase4_signoff.md").unlink()


def disguised(work: Path) -> None:
    """Make a tag with an alert look like one of Phase 3, which has no monitoring."""
    alerting(work)
    reports = work / "reports"
    (reports / "good_phase4_signoff.md").rename(reports / "good_phase3_signoff.md")


def without_copies(work: Path) -> None:
    freeze(work, "good")
    shutil.rmtree(copies(work, "good"))


def overwrite_report(work: Path, content: bytes) -> None:
    write(work, "good", Artifact.REPORT, content, REPORT_AGE)


def linked(work: Path) -> None:
    report, elsewhere = work / "reports" / "good_report.json", work / "elsewhere.json"
    report.rename(elsewhere)
    report.symlink_to(elsewhere)


GOES_BAD: dict[str, tuple[Callable[[Path], None], str]] = {
    "tampered": (tampered, "matches its manifest"),
    "missing": (missing, "complete"),
    "failing a gate": (failing, "gates passed"),
    "in alert": (alerting, "monitoring OK"),
    "unsigned": (unsigned, "sign-off not NO-GO"),
    "disguised as Phase 3": (disguised, "parses"),
    "without any decision": (lambda work: overwrite_report(work, b"{}"), "parses"),
    "garbage": (lambda work: overwrite_report(work, b"garbage"), "parses"),
    "linked to a file elsewhere": (linked, "parses"),
    "robbed of its copies": (without_copies, "matches its manifest"),
}


@pytest.mark.parametrize("how", GOES_BAD)
@pytest.mark.parametrize("operation", [plan_switch, plan_pin])
def test_a_target_that_fails_a_rung_is_refused_and_nothing_changes(
    work: Path, how: str, operation: Callable[..., Plan]
) -> None:
    spoil, rung = GOES_BAD[how]
    spoil(work)
    before = state_of(work), active_file(work)
    told = refused(lambda: do(work, operation, "good", *(["why"] if operation is plan_switch else [])))
    assert f"fails `{rung}" in told
    assert (state_of(work), active_file(work)) == before
    row = next((row for row in candidates(site_of(work)) if row.tag == "good"), None)
    assert row is None or row.first_failed_rung == rung


def test_a_tag_of_phase_3_is_told_as_what_it_is(work: Path) -> None:
    Tag(work / "reports", "p3", phase=3)
    (row,) = [row for row in candidates(site_of(work)) if row.tag == "p3"]
    assert row.first_failed_rung == "monitoring OK"
    told = refused(lambda: do(work, plan_switch, "p3", "why"))
    assert "fails `monitoring OK: Phase 3 has none, it is the fallback`" in told


@pytest.mark.parametrize("operation", [plan_switch, plan_pin])
def test_a_report_that_is_broken_only_in_its_middle_is_found_at_the_last_moment(
    work: Path, operation: Callable[..., Plan]
) -> None:
    rows, counts = [decided("BUY_CALL")] * 200, {"BUY_CALL": 200, "BUY_PUT": 0, "NO_TRADE": 0}
    summary = SUMMARY | {"total_records": 200, "action_counts": counts}
    whole = a_report(run_tag="good", record_count=200, summary=summary, results=rows)
    overwrite_report(work, whole)
    write(work, "good", Artifact.SUMMARY, {"run_tag": "good", **summary}, REPORT_AGE)
    snapshot = {"run_tag": "good", "records": 200, "kpis": {}}
    write(work, "good", Artifact.MONITORING, {"status": "OK", "alerts": [], "alert_count": 0, "snapshot": snapshot})
    arguments = ["good", *(["why"] if operation is plan_switch else [])]
    plan = operation(site_of(work), *arguments)
    middle = whole.index(b'{"input"', len(whole) // 2)
    overwrite_report(work, whole[:middle] + b"]" + whole[middle + 1 :])
    (row,) = [row for row in candidates(site_of(work)) if row.tag == "good"]
    assert row.known_good, "an index reads no more than beginning and end"
    before = active_file(work)
    for late in (lambda: carry_out(site_of(work), plan), lambda: operation(site_of(work), *arguments)):
        assert "fails `parses: record 1" in refused(late)
    assert active_file(work) == before


@pytest.mark.parametrize("how", [how for how in GOES_BAD if how not in ("tampered", "robbed of its copies")])
@pytest.mark.parametrize("operation", [plan_switch, plan_pin])
def test_a_target_that_goes_bad_between_plan_and_carrying_out_is_refused(
    work: Path, how: str, operation: Callable[..., Plan]
) -> None:
    plan = operation(site_of(work), "good", *(["why"] if operation is plan_switch else []))
    before = state_of(work), active_file(work)
    GOES_BAD[how][0](work)
    told = refused(lambda: carry_out(site_of(work), plan))
    assert f"fails `{GOES_BAD[how][1]}" in told
    after = state_of(work)
    assert (after.active_tag, after.pinned, after.frozen, after.revision) == (
        before[0].active_tag,
        before[0].pinned,
        before[0].frozen,
        before[0].revision,
    )
    assert active_file(work) == before[1]
    assert [event.outcome for event in read_events(work / "reports")][-2:] == ["intent", "failed"]
    assert_on_record(work)


def test_a_frozen_target_that_is_tampered_with_after_the_plan_is_refused(work: Path) -> None:
    freeze(work, "good")
    plan = plan_switch(site_of(work), "good", "why")
    overwrite(work / "reports" / "good_report.md", b"# other\n")
    assert "matches its manifest" in refused(lambda: carry_out(site_of(work), plan))
    assert state_of(work).active_tag == "old"


def test_a_target_rewritten_between_the_look_and_the_freeze_is_judged_as_it_was_frozen(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rewritten_just_before(*arguments: object) -> object:
        failing(work)
        return freeze_now(*arguments)  # type: ignore[arg-type]

    before = active_file(work)
    monkeypatch.setattr("phase4_tui.rollback.known_good.freeze_now", rewritten_just_before)
    assert "fails `gates passed`" in refused(lambda: do(work, plan_switch, "good", "why"))
    state = state_of(work)
    assert state.active_tag == "old"
    assert set(state.frozen) == {"old", "good"}
    assert active_file(work) == before
    assert problems(work) == []
    assert_on_record(work)


def test_of_two_operators_with_the_same_view_the_second_is_told_who_was_first(work: Path) -> None:
    own_report(work, "other")
    plans = {name: plan_switch(site_of(work, name), tag, "mine") for name, tag in (("maria", "good"), ("tom", "other"))}
    carry_out(site_of(work, "maria"), plans["maria"])
    before = state_of(work), active_file(work)
    told = refused(lambda: carry_out(site_of(work, "tom"), plans["tom"]))
    assert "(switch by maria@" in told
    assert (state_of(work), active_file(work)) == before
    last = [(event.operator, event.kind, event.outcome) for event in read_events(work / "reports")][-2:]
    assert last == [("maria", "switch", "intent"), ("maria", "switch", "done")]
    do(work, plan_switch, "other", "after a second look", operator="tom")
    assert state_of(work).active_tag == "other"


def test_switching_to_what_is_active_does_nothing_unless_it_went_bad(work: Path) -> None:
    before = active_file(work)
    assert do(work, plan_switch, "old", "again").lines == ("old is already active",)
    assert active_file(work) == before
    overwrite(work / "reports" / "old_report.md", b"# other\n")
    assert "matches its manifest" in refused(lambda: do(work, plan_switch, "old", "again"))


def test_the_tag_of_the_open_incident_is_no_target_though_its_files_are_well(work: Path) -> None:
    do(work, plan_reclassify, "P1", "the figures are wrong", "good")
    assert state_of(work).incident is not None
    assert failed_rung(site_of(work), state_of(work), "good") is None
    assert "open incident" in refused(lambda: do(work, plan_switch, "good", "why"))
    assert "open incident" in refused(lambda: do(work, plan_pin, "good"))


def test_the_incident_is_contained_when_the_tag_is_frozen_left_and_phase_4_is_off(work: Path) -> None:
    with_incident(work)
    for operation, arguments in ((plan_switch, ("good", "r")), (plan_phase3_only, ("r",))):
        do(work, operation, *arguments)
        incident = state_of(work).incident
        assert incident is not None
        assert incident.stage == "detected"
    freeze(work, "bad")
    incident = state_of(work).incident
    assert incident is not None
    assert incident.stage == "contained"


def test_reopening_by_override_does_not_activate_what_was_tampered_with_unseen(work: Path) -> None:
    with_incident(work)
    freeze(work, "good")
    path = work / "reports" / "good_report.md"
    info = path.stat()
    overwrite(path, path.read_bytes().swapcase())
    os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))
    before = active_file(work)
    assert "phase4 restore good" in refused(lambda: do(work, plan_reopen_by_override, "good"))
    assert state_of(work).active_tag == "old"
    assert active_file(work) == before


def test_what_other_programs_read_holds_no_control_character_whoever_gave_the_reason(work: Path) -> None:
    with_incident(work)
    hostile = "so \x1b]52;c;evil\x07\u202e"
    do(work, lambda site: plan_reopen(site, "good", override=True, reason=hostile))
    told = json.loads(active_file(work) or b"")["reason"]
    assert told.isprintable()
    assert told == state_of(work).active_reason
    assert problems(work) == []


def test_a_pin_leads_the_candidates_and_an_unpin_takes_only_the_pin(work: Path) -> None:
    do(work, plan_pin, "good")
    assert (state_of(work).pinned, state_of(work).known_good_tag) == (("good",), "good")
    assert next(row.tag for row in candidates(site_of(work))) == "good"
    assert do(work, plan_pin, "good").lines == ("good is already pinned",)
    do(work, plan_unpin, "good")
    assert (state_of(work).pinned, state_of(work).active_tag) == ((), "old")
    assert do(work, plan_unpin, "good").lines == ("good is not pinned",)
    assert_on_record(work)
