"""The evidence of an incident in plain words: value beside limit, problem beside record and file, never a raw key."""

from collections.abc import Iterator

import pytest

from phase4_tui.journal.incident import Breach, Finding, Incident
from phase4_tui.runbook.evidence_words import classification_words, evidence_words
from tests.runbook.classification_cases import CASES, POLICY, RELEASE, SCORING, Case, both, change, judged
from tests.runbook.documents import Tag
from tests.runbook.test_classification_table import case, classified

WORDS: dict[str, list[str]] = {
    "healthy": [],
    "policy violated": ["quality check failed: event and portfolio policy: traded, record 2"],
    "policy violated though the check says passed": [
        "quality check failed: event and portfolio policy: traded, record 2"
    ],
    "policy violated and release failed": [
        "quality check failed: event and portfolio policy: traded, record 2",
        "release check failed",
    ],
    "release failed": ["release check failed: t1_summary.json is missing"],
    "release failed without saying why": ["release check failed"],
    "release passed and the report gone": ["t1_report.json is missing"],
    "both gates failed": ["quality check failed", "release check failed"],
    "quality failed": ["quality check failed: score and sizing: 101, record 1"],
    "quality failed without sections": ["quality check failed: older schema: key `checks` is missing"],
    "schema broken": ["t1_monitoring.json: key `alerts` is missing"],
    "step broken without core checks": ["release check timed out: it broke"],
    "high alert": ["no_trade 95 > 70 HIGH"],
    "high alert of a gate's status alone": ["quality check did not pass HIGH"],
    "high alert of a gate's status and of a figure": ["release check did not pass HIGH", "no_trade 95 > 70 HIGH"],
    "step broken with core checks": ["sign-off crashed: it broke"],
    "Markdown missing": ["t1_report.md is missing or empty", "t1_phase4_signoff.md is missing"],
    "changed during the run": ["rules.json changed during the run (aaaaaaaa → bbbbbbbb), used by monitor"],
    "run in progress": ["t1_monitoring.json is missing"],
    "check missing": ["t1_release_check.json is missing"],
    "alert that is not high": ["no_trade 95 > 70 MEDIUM"],
    "alert of nothing": ["monitoring says ALERT without an alert"],
    "tampered, whatever its checks say": [
        "t1_release_check.json is not what was frozen: it has 134 bytes instead of 133"
    ],
    "run stopped": ["pipeline stopped: it broke"],
    "run record damaged": ["run record r.json is empty"],
    "note of NO-GO": ["the sign-off note says: do not proceed"],
}

__all__ = ["case"]


def test_each_case_of_the_classification_has_its_words() -> None:
    assert WORDS.keys() == CASES.keys()


@pytest.mark.parametrize(("case", "words"), WORDS.items(), indirect=["case"], ids=WORDS)
def test_evidence_is_told_in_words(tag: Tag, case: Case, words: list[str]) -> None:
    assert classification_words(classified(tag)) == words


def incident(*findings: Finding, rule: str = "monitoring_alert_high") -> Incident:
    values = {"id": "i", "class": "P1", "rule": rule, "tag": "t1", "owner": "risk"}
    moment = "2026-02-17T03:45:00.000000Z"
    return Incident.model_validate(values | {"opened_at": moment, "opened_by": "ada", "evidence": findings})


def alert(metric: str, value: object, breach: Breach | None = None) -> Finding:
    return Finding(file="/desk/reports/t1_monitoring.json", key=f"alerts.{metric}", value=value, breach=breach)


def high(threshold: float | str | None) -> Breach:
    return Breach(threshold=threshold, severity="HIGH")


OF_AN_INCIDENT: Iterator[tuple[Finding, str]] = iter(
    (
        (alert("event_block_pct", 100.0, high(50.0)), "event_block 100 > 50 HIGH"),
        (alert("directional_pct", 0, high(20)), "directional 0 < 20 HIGH"),
        (alert("no_trade_pct", 71.428571, high(70)), "no_trade 71.4286 > 70 HIGH"),
        (alert("event_block_pct", 100.0), "event_block 100 HIGH"),  # a journal from before limits were kept
        (alert("desk_latency", "slow", high("fast")), "desk_latency slow, not fast HIGH"),
        (alert("desk_latency", None, high(None)), "desk_latency null HIGH"),
        (
            Finding(
                file="t1_quality_check.json", key=f"checks.{POLICY}", value='["record 9: FED is active", "rec… (9 m'
            ),
            "quality check failed: event and portfolio policy: FED is active, record 9",
        ),
        (
            Finding(
                file="t1_release_check.json", key="issues", value="t1_report.json: record 9: key `sizing` is missing"
            ),
            "release check failed: key `sizing` is missing, record 9 of t1_report.json",
        ),
        (
            Finding(file="t1_release_check.json", key="issues", value="t1_summary.json: is empty"),
            "release check failed: t1_summary.json is empty",
        ),
        (Finding(file="t1_shadow.json", key="passed", value=False), "t1_shadow.json: passed is false"),
        (Finding(file="t1_shadow.json", key="limits", value=["a", True]), "t1_shadow.json: limits is a, true"),
        (Finding(file="t1_summary.json", key="t1_summary.json", value="stale"), "t1_summary.json is out of date"),
        (Finding(file="journal", key="reclassified by ada@desk", value="worse"), "reclassified by ada@desk: worse"),
        (Finding(file="r.json", key="steps.monitor", value="crashed: None"), "monitor crashed"),
    )
)


@pytest.mark.parametrize(("finding", "words"), OF_AN_INCIDENT)
def test_the_evidence_of_an_incident_is_told_whatever_its_journal_kept(finding: Finding, words: str) -> None:
    assert evidence_words(incident(finding))[0] == words


def test_what_is_left_out_is_counted() -> None:
    findings = [alert(name, 1.0, high(0.5)) for name in ("a_pct", "b_pct", "c_pct")]
    assert evidence_words(incident(*findings), limit=2) == ["a 1 > 0.5 HIGH", "b 1 > 0.5 HIGH", "… and 1 more"]
    assert evidence_words(incident(*findings), limit=3)[-1] == "c 1 > 0.5 HIGH"


def test_hostile_evidence_is_one_safe_line() -> None:
    (line,) = evidence_words(incident(Finding(file="\x1b[2J", key="a\nb", value={"x": "\x1b]52;"})))
    assert line.isprintable()


def test_both_gates_are_told_and_neither_twice(tag: Tag) -> None:
    both(judged(False, **{SCORING: ["record 1: 101"]}), change(RELEASE, passed=False, missing_files=["x.md"]))(tag)
    assert classification_words(classified(tag)) == ["release check failed: x.md is missing", "quality check failed"]
