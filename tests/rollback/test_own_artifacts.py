"""The files of the desk's own steps and checks in a rollback: frozen, restored, compared, asked for by reopening."""

import json
import os
from pathlib import Path

import pytest

from phase4_tui.artifacts.manifest import read_manifest
from phase4_tui.errors import Refused
from phase4_tui.rollback.comparison import compare
from phase4_tui.rollback.freeze import plan_freeze, plan_restore, plan_thaw
from phase4_tui.rollback.incidents import look_for_incident
from phase4_tui.rollback.known_good import candidates, difference, failed_rung, left_behind, plan_switch
from phase4_tui.rollback.next_move import next_move
from phase4_tui.rollback.read_situation import read_situation
from phase4_tui.rollback.reopen import HEALTHY, conditions
from phase4_tui.rollback.verification import verify
from phase4_tui.runbook.provenance import save_run
from phase4_tui.runbook.site import Site
from tests.rollback.support import freeze, frozen_state, give, site_of, state_of
from tests.runbook.documents import Tag
from tests.runbook.own_desk import FILE, SETTINGS, SHADOW, own_tag, put

NOTE = "_desk_note.md"


def tampered(site: Site, tag: str) -> bool:
    return frozen_state(site.workdir, tag) == "tampered"


def test_they_are_frozen_with_the_tag_and_put_back_when_someone_changes_them(tmp_path: Path) -> None:
    tag = own_tag(tmp_path)
    before = (tag.reports / f"t1{FILE}").read_bytes()
    freeze(tmp_path, "t1")
    manifest = read_manifest(tag.reports, "t1")
    assert manifest is not None
    assert {f"t1{FILE}", f"t1{NOTE}"} <= {file.name for file in manifest.files}
    assert not tampered(site_of(tmp_path), "t1")
    put(tag, FILE, SHADOW | {"passed": False})
    assert tampered(site_of(tmp_path), "t1")
    assert [problem.kind for problem in verify(site_of(tmp_path)).problems] == ["changed"]
    assert failed_rung(site_of(tmp_path), state_of(tmp_path), "t1") == "Shadow duration"
    give(site_of(tmp_path), plan_restore(site_of(tmp_path), "t1"))
    assert (tag.reports / f"t1{FILE}").read_bytes() == before
    assert verify(site_of(tmp_path)).ok
    give(site_of(tmp_path), plan_thaw(site_of(tmp_path), "t1", "again"))
    assert frozen_state(tmp_path, "t1") == "no"


def test_a_freeze_says_which_of_them_is_missing(tmp_path: Path) -> None:
    tag = own_tag(tmp_path)
    (tag.reports / f"t1{NOTE}").unlink()
    (warning,) = plan_freeze(site_of(tmp_path), "t1", "evidence").warnings
    assert warning == f"it is incomplete, without t1{NOTE}; what is there is frozen"
    Tag(tag.reports, "p3", phase=3)
    assert plan_freeze(site_of(tmp_path), "p3", "evidence").warnings == ()


def test_one_that_comes_after_the_freeze_was_not_frozen(tmp_path: Path) -> None:
    tag = own_tag(tmp_path)
    (tag.reports / f"t1{NOTE}").unlink()
    freeze(tmp_path, "t1")
    assert not tampered(site_of(tmp_path), "t1")
    path = put(tag, NOTE, "# A note\n")
    os.utime(path, (10**9, 10**9))  # a time that anyone can set proves nothing
    assert tampered(site_of(tmp_path), "t1")
    assert [problem.detail for problem in verify(site_of(tmp_path)).problems] == [
        "was not there when the tag was frozen"
    ]


def test_what_lay_there_before_the_desk_had_a_check_of_it_is_no_tampering(tmp_path: Path) -> None:
    (tmp_path / "phase4.toml").write_text("")
    tag = own_tag(tmp_path)
    freeze(tmp_path, "t1")
    (tmp_path / "phase4.toml").write_text(SETTINGS)
    assert not tampered(site_of(tmp_path), "t1")
    assert verify(site_of(tmp_path)).ok
    put(tag, FILE, SHADOW)
    assert tampered(site_of(tmp_path), "t1")


def test_a_frozen_one_stays_frozen_when_the_desk_has_no_check_of_it_any_more(tmp_path: Path) -> None:
    tag = own_tag(tmp_path)
    freeze(tmp_path, "t1")
    (tmp_path / "phase4.toml").write_text("")
    assert not tampered(site_of(tmp_path), "t1")
    put(tag, FILE, {})
    assert tampered(site_of(tmp_path), "t1")


def test_other_programs_read_which_of_them_the_active_tag_has(tmp_path: Path) -> None:
    tag = own_tag(tmp_path)
    give(site_of(tmp_path), plan_switch(site_of(tmp_path), "t1", "start"))
    told = json.loads((tag.reports / "ACTIVE.json").read_text())
    assert told["artifacts"][-2:] == [f"t1{FILE}", f"t1{NOTE}"]


@pytest.fixture
def incident(tmp_path: Path) -> Path:
    """A good tag, and one whose own check of class P1 does not hold."""
    own_tag(tmp_path, "good")
    own_tag(tmp_path, "bad", passed=False, issues=["record 3"], shadow={"minutes": 300, "trades": 14})
    found = look_for_incident(site_of(tmp_path), "bad")
    assert found is not None
    return tmp_path


def test_one_that_does_not_hold_opens_an_incident_of_its_class(incident: Path) -> None:
    found = state_of(incident).incident
    assert found is not None
    assert (found.severity_class, found.rule, found.owner) == ("P1", "own_check_shadow_duration", "product")
    assert [(one.key, one.value) for one in found.evidence] == [("passed", False), ("issues", "record 3")]
    assert look_for_incident(site_of(incident), "bad") is None, "the same evidence opens one only once"


def test_the_next_move_of_a_failed_check_goes_by_its_class_and_that_of_a_stopped_step_has_no_key(
    tmp_path: Path,
) -> None:
    tag = own_tag(tmp_path, passed=False)
    move = next_move(read_situation(site_of(tmp_path)))
    assert move is not None
    assert (move.operation, move.command) == ("guided", "phase4 rollback")
    put(tag, FILE, SHADOW | {"shadow": {"minutes": 1}})
    move = next_move(read_situation(site_of(tmp_path)))
    assert move is not None
    assert (move.operation, move.text) == ("", "a value is off, without an incident: watch the next run")
    record = tag.ran(age=1, shadow_duration="crashed")
    save_run(tag.reports, record.model_copy(update={"kind": "step"}))
    move = next_move(read_situation(site_of(tmp_path)))
    assert move is not None
    assert (move.operation, move.command) == ("", "phase4 step shadow_duration --tag t1")


def test_a_tag_that_fails_one_is_not_offered_and_is_left_behind(incident: Path) -> None:
    rows = {row.tag: row.first_failed_rung for row in candidates(site_of(incident))}
    assert rows == {"good": None, "bad": "Shadow duration"}
    assert left_behind(site_of(incident), state_of(incident), "good") == ("bad",)
    own_tag(incident, "third", passed=False)
    with pytest.raises(Refused, match="it fails `Shadow duration`"):
        plan_switch(site_of(incident), "third", "because")


def test_before_a_switch_their_state_and_their_numbers_are_shown(incident: Path) -> None:
    assert difference(site_of(incident), "bad", "good") == [
        "differs from bad:",
        "  shadow duration: failed → passed",
        "  shadow_duration.shadow.trades: 14 → 10",
    ]


def test_they_are_compared_as_checks_and_by_their_numbers(incident: Path) -> None:
    own_tag(incident, "rerun")
    found = compare(site_of(incident), "bad", "rerun", "good")
    assert [(one.key, one.bad, one.known_good, one.rerun, one.label) for one in found.checks] == [
        ("shadow_duration", "failed", "passed", "passed", "gone")
    ]
    assert [(one.key, one.bad, one.rerun, one.label) for one in found.kpis] == [
        ("shadow_duration.shadow.trades", 14, 10, "gone")
    ]
    assert found.recovered


def test_a_re_run_that_fails_one_has_not_recovered_and_can_not_reopen(incident: Path) -> None:
    own_tag(incident, "rerun", passed=False)
    found = compare(site_of(incident), "bad", "rerun", None)
    assert [(one.key, one.label) for one in found.checks] == [("shadow_duration", "still there")]
    assert not found.recovered
    healthy = next(one for one in conditions(site_of(incident), "rerun") if one.name == HEALTHY)
    assert (healthy.ok, healthy.detail) == (False, "fails `Shadow duration`")
    own_tag(incident, "rerun")
    assert next(one for one in conditions(site_of(incident), "rerun") if one.name == HEALTHY).ok


def test_a_new_failure_is_told_as_new_and_an_absent_file_is_one(incident: Path) -> None:
    tag = own_tag(incident, "rerun")
    (tag.reports / f"rerun{NOTE}").unlink()
    found = compare(site_of(incident), "bad", "rerun", None)
    assert [(one.key, one.bad, one.rerun, one.label) for one in found.checks] == [
        ("shadow_duration", "failed", "passed", "gone"),
        ("desk_note", "present", "absent", "new"),
    ]
    assert not found.recovered
