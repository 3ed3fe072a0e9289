"""Quarantine: what a switch leaves behind is known again by its content, under any name."""

import shutil
from pathlib import Path

import pytest

from phase4_tui.journal.state import read_state
from phase4_tui.rollback.freeze import plan_thaw
from phase4_tui.rollback.known_good import candidates, failed_rung, plan_pin, plan_switch
from phase4_tui.rollback.operations import carry_out
from tests.rollback.hostile import (
    a_report,
    copies,
    digest,
    do,
    old_bad_and_good,
    overwrite,
    own_report,
    plan_reopen_by_override,
    refused,
    spoil,
    with_incident,
)
from tests.rollback.support import freeze, site_of, state_of
from tests.runbook.documents import Tag


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A place where `old` is active, `bad` is bad, and `good` could be switched to."""
    return old_bad_and_good(tmp_path)


def healed_copy(work: Path, source: str, name: str) -> None:
    """Copy a tag under another name with checks that pass and name it; its report stays as it was."""
    Tag(work / "reports", name)
    shutil.copy2(work / "reports" / f"{source}_report.json", work / "reports" / f"{name}_report.json")


def test_what_is_left_behind_is_known_again_by_its_content_under_any_name(work: Path) -> None:
    with_incident(work)
    do(work, plan_switch, "good", "rollback")
    assert [entry.tag for entry in state_of(work).quarantine] == ["bad"]
    for path in (work / "reports").glob("bad_*"):
        shutil.copy2(path, work / "reports" / path.name.replace("bad", "plain"))
    healed_copy(work, "bad", "healed")
    state = state_of(work)
    assert "as bad, of which it is a copy, at " in (failed_rung(site_of(work), state, "plain") or "")
    told = failed_rung(site_of(work), state, "healed") or ""
    assert told.startswith("not quarantined: it was quarantined as bad, of which it is a copy, at ")
    assert "rollback" in told
    assert "as bad, of which it is a copy" in refused(lambda: do(work, plan_switch, "healed", "why"))
    rows = {row.tag: row for row in candidates(site_of(work))}
    assert rows["healed"].quarantined
    assert rows["plain"].quarantined
    assert not rows["good"].quarantined


def test_a_copy_of_what_a_switch_leaves_behind_is_no_target_of_that_switch(work: Path) -> None:
    healed_copy(work, "bad", "healed")
    plan = plan_switch(site_of(work), "good", "why")
    with_incident(work)
    for give in (plan_switch, plan_pin):
        told = refused(lambda give=give: do(work, give, "healed", *(["why"] if give is plan_switch else [])))  # type: ignore[misc]
        assert "healed has the very report of bad" in told
    assert "changed since" in refused(lambda: carry_out(site_of(work), plan))
    do(work, plan_reopen_by_override, "healed")  # judged anew it does not pass: it is not made active
    assert state_of(work).active_tag == "old"


def test_a_re_run_with_the_same_bytes_stays_quarantined_and_one_with_others_does_not(work: Path) -> None:
    with_incident(work)
    do(work, plan_switch, "good", "rollback")
    again = (work / "reports" / "bad_report.json").read_bytes()
    own_report(work, "bad", again)
    assert (failed_rung(site_of(work), state_of(work), "bad") or "").startswith("not quarantined")
    own_report(work, "bad", again.replace(b"bad", b"BAD"))
    assert failed_rung(site_of(work), state_of(work), "bad") is None


def test_a_quarantined_tag_that_is_bad_again_with_other_bytes_is_quarantined_again(work: Path) -> None:
    with_incident(work)
    do(work, plan_switch, "good", "rollback")
    do(work, plan_reopen_by_override, "good")
    other = a_report(run_tag="bad", of=2)
    own_report(work, "bad", other)
    assert failed_rung(site_of(work), state_of(work), "bad") is None
    spoil(work, "bad")
    with_incident(work)
    own_report(work, "third")
    do(work, plan_switch, "third", "rollback again")
    assert [entry.tag for entry in state_of(work).quarantine] == ["bad", "bad"]
    own_report(work, "bad", other)
    assert (failed_rung(site_of(work), state_of(work), "bad") or "").startswith("not quarantined")


def test_a_frozen_bad_tag_is_quarantined_as_it_was_frozen_whatever_was_written_since(work: Path) -> None:
    with_incident(work)
    freeze(work, "bad")
    original = (work / "reports" / "bad_report.json").read_bytes()
    overwrite(work / "reports" / "bad_report.json", b'{"covered": "up"}')
    do(work, plan_switch, "good", "rollback")
    (entry,) = state_of(work).quarantine
    assert entry.report_sha256 == digest(copies(work, "bad") / "bad_report.json")
    own_report(work, "back", original)
    assert "of which it is a copy" in (failed_rung(site_of(work), state_of(work), "back") or "")


def test_a_thawed_quarantined_tag_is_judged_by_its_content_and_a_frozen_one_by_its_name(work: Path) -> None:
    with_incident(work)
    freeze(work, "bad")
    do(work, plan_switch, "good", "rollback")
    assert [entry.tag for entry in read_state(work / "reports").quarantine] == ["bad"]
    do(work, plan_thaw, "bad", "to run it again")
    own_report(work, "bad", a_report(run_tag="bad", of=3))
    assert failed_rung(site_of(work), state_of(work), "bad") is None
