"""Decisions join on the instant, however it is written; and where nothing is comparable nothing is a success."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from phase4_tui.artifacts.names import Artifact
from phase4_tui.console.facts.builder import build_snapshot
from phase4_tui.console.facts.reading import Reader
from phase4_tui.console.operations.defaults import to_compare
from phase4_tui.errors import Refused
from phase4_tui.journal.incident import Comparison
from phase4_tui.rollback.comparison import compare
from phase4_tui.rollback.incidents import look_for_incident
from phase4_tui.rollback.known_good import plan_switch
from phase4_tui.rollback.next_move import move_of_step
from phase4_tui.rollback.read_situation import read_situation, with_rehearsal
from phase4_tui.rollback.reopen import COMPARED, conditions, plan_compare, plan_reopen
from phase4_tui.runbook.status import read_tags
from tests.cli.support import ask
from tests.rollback.support import freeze, give, site_of
from tests.rollback.test_comparison import compared
from tests.rollback.test_reopen import ran
from tests.runbook.documents import ALERT, Tag

ALERTED: dict[str, Any] = {"status": "ALERT", "alerts": [ALERT]}
WRITTEN = "2026-02-17T09:20:00+05:30"
SAME_INSTANT = [
    "2026-02-17T03:50:00Z",
    "2026-02-17T09:20:00+0530",
    "2026-02-17T09:20:00.000+05:30",
    "20260217T092000+0530",
    "2026-02-16T22:50-05:00",
]


def at(timestamp: str, action: str = "BUY_CALL", slot: str = "OPEN") -> dict[str, Any]:
    return {
        "input": {"underlying": "A", "timestamp": timestamp, "session_slot": slot},
        "decision": {"action": action},
    }


@pytest.mark.parametrize("timestamp", SAME_INSTANT)
def test_the_same_instant_is_the_same_decision_however_its_offset_is_written(timestamp: str) -> None:
    assert compared({"bad": [at(WRITTEN)], "rerun": [at(timestamp)]})[0] == {"same": 1}
    reports = {"bad": [at(WRITTEN)], "known_good": [at("2026-02-17T03:50:00Z")], "rerun": [at(timestamp)]}
    assert compared(reports)[0] == {"same": 1}


@pytest.mark.parametrize(
    "timestamp",
    ["2026-02-17T09:20:00Z", "2026-02-17T09:20:00", "2026-02-17T09:20:00.000001+05:30", "17 February, morning", ""],
)
def test_another_instant_and_a_text_that_names_none_are_other_decisions(timestamp: str) -> None:
    reports = {"bad": [at(WRITTEN)], "rerun": [at(timestamp)]}
    assert compared(reports)[0] == {"gone": 1, "new": 1}
    assert compared({"bad": [at(timestamp)], "rerun": [at(timestamp)]})[0] == {"same": 1}


def test_a_decision_that_differs_is_named_as_the_bad_report_writes_it() -> None:
    _, (told,) = compared({"rerun": [at("2026-02-17T03:50:00Z", "NO_TRADE")], "bad": [at(WRITTEN)]})
    assert (told["key"], told["label"]) == (f"A {WRITTEN} OPEN", "gone")


def put_decisions(work: Path, name: str, *rows: dict[str, Any]) -> Tag:
    tag = Tag(work / "reports", name)
    tag.change(Artifact.REPORT, partial(dict.update, results=rows), age=100)
    return tag


def test_two_healthy_tags_of_other_batches_are_incomparable_and_no_success(tmp_path: Path) -> None:
    put_decisions(tmp_path, "bad", at(WRITTEN))
    put_decisions(tmp_path, "new", at("2026-03-17T09:20:00+05:30"))
    found = compare(site_of(tmp_path), "bad", "new", None)
    assert (found.recovered, found.comparable) == (False, False)
    assert found.verdict.startswith("incomparable: ")
    answer = ask(tmp_path, "compare", "bad", "new")
    assert answer.status == 2
    assert "incomparable" in answer.out
    assert "recovered" not in answer.out


def test_a_trouble_that_is_gone_is_compared_though_the_batches_are_others(tmp_path: Path) -> None:
    put_decisions(tmp_path, "bad", at(WRITTEN)).change(Artifact.MONITORING, partial(dict.update, **ALERTED))
    put_decisions(tmp_path, "new", at("2026-03-17T09:20:00+05:30"))
    found = compare(site_of(tmp_path), "bad", "new", None)
    assert (found.recovered, found.comparable) == (True, True)
    assert found.verdict.endswith("its decisions have none of the bad tag's to compare with")


@pytest.mark.parametrize("tags", [("p3", "p4"), ("p4", "p3"), ("p3", "other3")])
def test_tags_of_phase_3_are_refused_on_either_side(tmp_path: Path, tags: tuple[str, str]) -> None:
    for name in ("p3", "other3"):
        Tag(tmp_path / "reports", name, phase=3)
    Tag(tmp_path / "reports", "p4")
    with pytest.raises(Refused, match="is of Phase 3: only Phase 4 tags can be compared"):
        compare(site_of(tmp_path), *tags, None)
    assert ask(tmp_path, "compare", *tags).complaint().startswith("error: ")


@pytest.fixture
def phase3_incident(tmp_path: Path) -> Path:
    """An incident of a Phase 3 tag, and a healthy rehearsal of Phase 4."""
    bad = Tag(tmp_path / "reports", "p3", phase=3)
    bad.change(Artifact.QUALITY_CHECK, partial(dict.update, passed=False), age=1)
    assert look_for_incident(site_of(tmp_path), "p3") is not None
    freeze(tmp_path, "p3")
    ran(Tag(tmp_path / "reports", "new"))
    return tmp_path


def test_the_incidents_tag_of_phase_3_is_said_to_be_incomparable_and_leaves_its_condition_unmet(
    phase3_incident: Path,
) -> None:
    answer = ask(phase3_incident, "compare", "p3", "new")
    assert answer.status == 2
    assert "incomparable: p3 is of Phase 3 and new of Phase 4" in answer.out
    assert "✔" not in answer.out
    assert "no difference" not in answer.out
    document = ask(phase3_incident, "compare", "p3", "new", "--json").document()
    assert (document["recovered"], document["checks"], document["kpis"]) == (False, [], [])
    (condition,) = [one for one in conditions(site_of(phase3_incident), "new") if one.name == COMPARED]
    assert (condition.ok, condition.detail) == (False, document["verdict"])
    with pytest.raises(Refused, match=r"unmet: .*compared: incomparable"):
        plan_reopen(site_of(phase3_incident), "new")


def test_after_an_incomparable_comparison_the_next_move_reopens_by_override(phase3_incident: Path) -> None:
    site = site_of(phase3_incident)

    def move() -> tuple[str, str]:
        situation = with_rehearsal(site, read_situation(site))
        assert situation.state.incident is not None
        found = move_of_step(situation, situation.state.incident, 5)
        return found.operation, found.command

    assert move() == ("compare", "phase4 compare p3 new")
    give(site, plan_compare(site, "p3", "new", None))
    assert move() == ("reopen", "phase4 reopen --tag new --override --reason R")


def test_a_comparison_on_record_of_an_older_journal_was_comparable() -> None:
    made = Comparison.model_validate({"rerun": "r", "report_sha256": None, "verdict": "v", "at": WRITTEN})
    assert made.comparable


def test_after_a_closed_incident_its_tag_and_its_rerun_are_proposed_and_not_the_newest(tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    Tag(reports, "good")
    bad = Tag(reports, "bad")
    bad.change(Artifact.MONITORING, partial(dict.update, **ALERTED), age=1)
    site = site_of(tmp_path)
    assert look_for_incident(site, "bad") is not None
    freeze(tmp_path, "bad")
    give(site, plan_switch(site, "good", "rollback"))
    ran(Tag(reports, "new"))
    give(site, plan_compare(site, "bad", "new", "good"))
    give(site, plan_reopen(site, "new", override=True, reason="all is well"))
    Tag(reports, "later").change(Artifact.MONITORING, partial(dict.update, **ALERTED), age=0)
    snapshot = build_snapshot(site, Reader(site).read("later"), rows=tuple(read_tags(site)), tags=4)
    assert to_compare(snapshot, None, {}) == {"bad": "bad", "rerun": "new", "known_good": "good"}


def test_no_tag_of_phase_3_is_proposed(tmp_path: Path) -> None:
    for name, phase in (("p4", 4), ("p3", 3), ("old", 4)):
        Tag(tmp_path / "reports", name, phase=phase).age(Artifact.SUMMARY, 0)
    site = site_of(tmp_path)
    snapshot = build_snapshot(site, Reader(site).read("p3"), rows=tuple(read_tags(site)), tags=3)
    assert "p3" not in to_compare(snapshot, None, {}).values()
