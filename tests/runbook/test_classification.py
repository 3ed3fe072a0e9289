"""How bad it is and whose it is, from what is on disk: the rule that fired, its evidence, and the order of rules."""

import json
from pathlib import Path

import pytest

from phase4_tui.artifacts.names import Artifact
from phase4_tui.journal.state import OperationsState
from phase4_tui.runbook.audit import audit
from phase4_tui.runbook.judging import judge_tag
from tests.runbook.documents import ALERT, REPORT_AGE, Json, Tag, quality
from tests.runbook.support import found, named

RELEASE, QUALITY, MONITORING, SIGNOFF = (
    Artifact.RELEASE_CHECK,
    Artifact.QUALITY_CHECK,
    Artifact.MONITORING,
    Artifact.PHASE4_SIGNOFF,
)
POLICY = "event_and_portfolio_policy_enforced"
ISSUE = "record 2: traded in a high-risk event"


def violate(tag: Tag) -> None:
    tag.put(QUALITY, quality(False, {POLICY: [ISSUE]}))


def alert(tag: Tag, *severities: str) -> None:
    alerts = [ALERT | {"severity": severity} for severity in severities]
    tag.change(MONITORING, lambda content: content.update(status="ALERT", alerts=alerts))


def test_a_healthy_tag_has_no_class_and_no_owner(tag: Tag) -> None:
    assert named(tag) == ("ok", None, 0)
    assert found(tag).evidence == ()


def test_a_policy_violation_is_p0_and_the_risk_owners(tag: Tag) -> None:
    violate(tag)
    assert named(tag) == ("P0", "risk", 10)
    evidence = found(tag).evidence
    assert any(one.file == str(tag.path(QUALITY)) and POLICY in one.key and one.value == [ISSUE] for one in evidence)


@pytest.mark.parametrize("section", ["event_policy", "veto_rules", "portfolio_policy_ok"])
def test_a_policy_section_of_an_older_run_is_the_risk_owners_too(tag: Tag, section: str) -> None:
    tag.put(QUALITY, {"passed": False, "checks": {section: {"passed": False, "issues": [ISSUE]}}})
    assert named(tag) == ("P0", "risk", 10)


@pytest.mark.parametrize("section", ["output_schema_valid", "score_and_sizing_valid"])
def test_any_other_failure_of_the_quality_gate_is_p0_and_engineerings(tag: Tag, section: str) -> None:
    tag.put(QUALITY, quality(False, {section: ["record 1: score is 101"]}))
    assert named(tag) == ("P0", "engineering", 10)


def test_a_release_failure_is_p0_and_engineerings_with_its_issues_as_evidence(tag: Tag) -> None:
    tag.change(RELEASE, lambda content: content.update(passed=False, missing_files=["t1_report.md"]))
    assert named(tag) == ("P0", "engineering", 10)
    assert any("t1_report.md" in str(one.value) for one in found(tag).evidence)
    assert all(one.file == str(tag.path(RELEASE)) for one in found(tag).evidence)


@pytest.mark.parametrize(
    ("artifact", "content", "key"),
    [
        (RELEASE, {"tag": "t1"}, "passed"),
        (QUALITY, {"passed": "yes"}, "passed"),
        (MONITORING, {"alerts": []}, "status"),
        (MONITORING, {"status": "FINE", "alerts": []}, "status"),
        (MONITORING, {"status": "OK"}, "alerts"),
    ],
)
def test_a_broken_schema_is_p0_and_engineerings_and_names_the_key(
    tag: Tag, artifact: Artifact, content: Json, key: str
) -> None:
    tag.put(artifact, content)
    assert named(tag) == ("P0", "engineering", 10)
    (evidence,) = found(tag).evidence
    assert evidence.file == str(tag.path(artifact))
    assert f"`{key}`" in str(evidence.value)


@pytest.mark.parametrize("content", [{"run_tag": "t1"}, {"run_tag": "t1", "total_records": "many"}, "not json"])
def test_a_summary_that_lost_what_readers_need_is_never_healthy(tag: Tag, content: object) -> None:
    tag.put(Artifact.SUMMARY, content, age=REPORT_AGE)
    assert named(tag)[2] != 0


def test_a_summary_that_is_being_written_is_not_healthy_yet(tag: Tag) -> None:
    tag.put(Artifact.SUMMARY, tag.path(Artifact.SUMMARY).read_bytes()[:-9], age=0)
    assert named(tag)[2] != 0


def test_an_alert_with_high_is_p1_and_the_evidence_is_that_alert(tag: Tag) -> None:
    alert(tag, "LOW", "HIGH", "MEDIUM")
    assert named(tag) == ("P1", "risk", 11)
    (evidence,) = found(tag).evidence
    assert ("no_trade_pct" in evidence.key, evidence.value) == (True, 95.0)


def test_an_alert_about_a_gates_status_alone_is_engineerings(tag: Tag) -> None:
    about = [ALERT | {"metric": "release_check_status", "value": "ALERT", "threshold": "OK", "operator": "EQ"}]
    tag.change(MONITORING, lambda content: content.update(status="ALERT", alerts=about))
    assert named(tag) == ("P1", "engineering", 11)


@pytest.mark.parametrize("severities", [["LOW"], ["MEDIUM"], ["LOW", "MEDIUM"]])
def test_an_alert_without_high_is_a_warning_outside_the_classes(tag: Tag, severities: list[str]) -> None:
    alert(tag, *severities)
    assert named(tag)[::2] == ("warning", 13)
    assert len(found(tag).evidence) == len(severities)


def test_a_status_of_alert_without_any_alert_is_a_warning(tag: Tag) -> None:
    alert(tag)
    assert named(tag)[::2] == ("warning", 13)


@pytest.mark.parametrize("artifact", [SIGNOFF, Artifact.REPORT_MD, Artifact.MONITORING_MD])
def test_each_missing_or_empty_markdown_file_is_p2_and_named(tag: Tag, artifact: Artifact) -> None:
    tag.put(artifact, "")
    assert named(tag) == ("P2", "engineering", 12)
    tag.remove(artifact)
    assert named(tag) == ("P2", "engineering", 12)
    assert str(tag.path(artifact)) in {one.file for one in found(tag).evidence}


def test_a_missing_or_unreadable_summary_with_both_gates_passed_is_p2_and_named(tag: Tag) -> None:
    for change, word in (("not json", "unreadable"), (None, "absent or empty")):
        if change is None:
            tag.remove(Artifact.SUMMARY)
        else:
            tag.put(Artifact.SUMMARY, change, age=REPORT_AGE)
        assert named(tag) == ("P2", "engineering", 12)
        (evidence,) = found(tag).evidence
        path = tag.path(Artifact.SUMMARY)
        assert (evidence.file, evidence.key, evidence.value) == (str(path), path.name, word)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "absent"),
        (b"", "empty"),
        (b"garbage", "not JSON"),
        (b'{"run_tag": "t1", "results": [', "missing"),
        (b"{}", "`results` is missing"),
        (b'{"input_file": "i", "record_count": 0, "summary": {}, "results": {}}', "`results` is no array"),
        (b'{"input_file": "i", "record_count": "0", "summary": {}, "results": []}', "`record_count`"),
        (b'{"record_count": 0, "summary": {}, "results": []}', "`input_file` is missing"),
        (b'{"run_tag": 7, ' + b'"results": [' + b'{"a": 1},' * 10_000 + b"{}]}", "`run_tag`"),
        (b'{"results": [' + b'{"a": 1},' * 10_000, "does not end"),
    ],
)
def test_without_a_report_that_can_be_used_the_release_check_does_not_hold_and_it_is_p0(
    tag: Tag, content: bytes | None, words: str
) -> None:
    path = tag.path(Artifact.REPORT)
    if content is None:
        tag.remove(Artifact.REPORT)
    else:
        tag.put(Artifact.REPORT, content, age=REPORT_AGE)
    assert named(tag) == ("P0", "engineering", 10)
    first = found(tag).evidence[0]
    assert (first.file, first.key) == (str(path), path.name)
    assert words in str(first.value)


def test_a_report_that_is_a_link_out_of_the_reports_is_p0_and_never_read(tag: Tag, tmp_path: Path) -> None:
    outside = tmp_path / "outside.json"
    tag.path(Artifact.REPORT).rename(outside)
    tag.path(Artifact.REPORT).symlink_to(outside)
    assert named(tag) == ("P0", "engineering", 10)
    (entry, *_) = audit(tag.site, tag.name)
    assert (entry.present, entry.sha256) == (False, None)
    assert "link out of reports/" in str(entry.problem)


@pytest.mark.parametrize("rows", [0, 5_000])
@pytest.mark.parametrize("order", ["written", "sorted"])
def test_a_report_in_any_order_of_keys_and_of_any_size_is_used(tag: Tag, rows: int, order: str) -> None:
    content = json.loads(tag.path(Artifact.REPORT).read_bytes()) | {
        "results": [{"a": 1.5e300}] * rows,
        "more": "\u20ac",
    }
    tag.put(Artifact.REPORT, json.dumps(content, sort_keys=order == "sorted"), age=REPORT_AGE)
    assert named(tag) == ("ok", None, 0)


def test_a_report_that_is_being_written_is_not_healthy_yet(tag: Tag) -> None:
    tag.put(Artifact.REPORT, tag.path(Artifact.REPORT).read_bytes()[:-9], age=0)
    for artifact in (RELEASE, QUALITY, MONITORING, SIGNOFF):
        tag.age(artifact, 0)
    assert named(tag)[::2] == ("unknown", 14)
    assert {one.key for one in found(tag).evidence} == {"t1_report.json"}


@pytest.mark.parametrize("artifact", [RELEASE, QUALITY, MONITORING])
def test_an_absent_check_is_unknown(tag: Tag, artifact: Artifact) -> None:
    tag.remove(artifact)
    assert named(tag)[::2] == ("unknown", 14)
    assert {one.file for one in found(tag).evidence} == {str(tag.path(artifact))}


@pytest.mark.parametrize("artifact", [RELEASE, QUALITY, MONITORING])
def test_an_unreadable_or_stale_check_is_unknown(tag: Tag, artifact: Artifact) -> None:
    good = tag.path(artifact).read_bytes()
    tag.put(artifact, "not json")
    assert named(tag)[::2] == ("unknown", 14)
    tag.put(artifact, good[:-5], age=0)
    assert named(tag)[::2] == ("unknown", 14)
    tag.put(artifact, good, age=REPORT_AGE + 5)
    assert named(tag)[::2] == ("unknown", 14)


def test_a_tag_without_any_file_is_unknown(tmp_path: Path) -> None:
    tag = Tag(tmp_path / "reports")
    for artifact in Artifact:
        tag.path(artifact).unlink(missing_ok=True)
    assert named(tag)[::2] == ("unknown", 14)


def test_the_worst_rule_wins(tag: Tag) -> None:
    tag.remove(Artifact.REPORT_MD)
    alert(tag, "LOW")
    assert named(tag)[0] == "P2", "before a warning"
    alert(tag, "HIGH")
    assert named(tag)[0] == "P1", "before P2"
    tag.ran(signoff="crashed")
    assert named(tag)[0] == "P1", "before P2 by a crash"
    tag.change(RELEASE, lambda content: content.update(passed=False))
    assert named(tag) == ("P0", "engineering", 10), "before P1"
    violate(tag)
    assert named(tag) == ("P0", "risk", 10), "the policy before the release"


def test_unknown_comes_before_a_warning_and_after_p1(tag: Tag) -> None:
    tag.remove(QUALITY)
    alert(tag, "LOW")
    assert named(tag)[0] == "unknown"
    alert(tag, "HIGH")
    assert named(tag)[0] == "P1"


def test_a_failed_gate_is_p0_though_the_other_is_absent(tag: Tag) -> None:
    tag.remove(RELEASE)
    violate(tag)
    assert named(tag) == ("P0", "risk", 10)


def test_phase_3_is_judged_without_monitoring(tmp_path: Path) -> None:
    tag = Tag(tmp_path / "reports", "p3", phase=3)
    assert named(tag) == ("ok", None, 0)
    tag.put(QUALITY, quality(False, {"conflict_policy_enforced": ["record 1: a veto was not applied"]}, 3))
    assert named(tag) == ("P0", "risk", 10)
    tag.put(QUALITY, quality(False, {"memory_policy_valid": ["record 1: window_size is 21"]}, 3))
    assert named(tag) == ("P0", "engineering", 10)


@pytest.mark.parametrize("text", [Artifact.REPORT_MD, Artifact.MONITORING_MD])
def test_a_text_that_is_being_written_is_never_green(tag: Tag, text: Artifact) -> None:
    tag.put(text, "", age=0)
    judged = judge_tag(tag.site, tag.name, OperationsState(), patient=False)
    assert (judged.classification.level, judged.classification.rule) == ("unknown", "artifacts_not_usable")
    assert judged.classification.evidence[0].value == "writing"
    assert (judged.rung, judged.is_unsettled) == ("complete", True)
    tag.age(text, 30)
    assert (named(tag)[0], found(tag).rule) == ("P2", "report_generation")
