"""Every rule in one table: how it is brought about, and the class, the owner and the evidence that follow.

The evidence is given as (file, key, value) in its order, with the files by their names.
"""

import ast
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from phase4_tui.artifacts.names import Artifact
from phase4_tui.runbook import classification
from phase4_tui.runbook.checks import judge
from phase4_tui.runbook.classification import Classification, classify
from phase4_tui.runbook.evidence import read_evidence
from phase4_tui.runbook.run_holder import announce, run_lock, withdraw
from tests.runbook.documents import ALERT, CHECK_AGE, REPORT_AGE, Tag, all_ok, quality

RELEASE, QUALITY, MONITORING, SIGNOFF, MARKDOWN = (
    Artifact.RELEASE_CHECK,
    Artifact.QUALITY_CHECK,
    Artifact.MONITORING,
    Artifact.PHASE4_SIGNOFF,
    Artifact.REPORT_MD,
)
POLICY = "event_and_portfolio_policy_enforced"
SCORING = "score_and_sizing_valid"
Found = tuple[str, str, object]
RELEASE_NOT_PASSED: Found = ("t1_release_check.json", "passed", False)
QUALITY_NOT_PASSED: Found = ("t1_quality_check.json", "passed", False)


def classified(tag: Tag) -> Classification:
    evidence = read_evidence(tag.site, tag.name, patient=False)
    return classify(evidence, judge(evidence))


def findings(tag: Tag) -> list[Found]:
    return [(Path(one.file).name, one.key, one.value) for one in classified(tag).evidence]


def change(artifact: Artifact, **values: object) -> Callable[[Tag], object]:
    return lambda tag: tag.change(artifact, partial(dict.update, **values))


def remove(*artifacts: Artifact) -> Callable[[Tag], object]:
    def spoil(tag: Tag) -> None:
        for artifact in artifacts:
            tag.remove(artifact)

    return spoil


def judged(passed: bool, **issues: list[str]) -> Callable[[Tag], object]:
    """Put a quality check there whose sections named have these issues."""
    return lambda tag: tag.put(QUALITY, quality(passed, issues))


def alerting(*alerts: dict[str, Any]) -> Callable[[Tag], object]:
    return change(MONITORING, status="ALERT", alerts=[ALERT | alert for alert in alerts])


def ran(**steps: str) -> Callable[[Tag], object]:
    return lambda tag: tag.ran(**steps)  # type: ignore[arg-type]  # names of steps and their states


def both(*changes: Callable[[Tag], object]) -> Callable[[Tag], object]:
    return lambda tag: [change(tag) for change in changes]


@dataclass(frozen=True)
class Case:
    """What is done to a healthy tag, and what is then said of it."""

    rule: str
    severity_class: str | None
    level: str
    owner: str | None
    spoil: Callable[[Tag], object]
    evidence: list[Found]
    under_way: bool = False


CASES = {
    "healthy": Case("healthy", None, "ok", None, lambda tag: None, []),
    "policy violated": Case(
        "policy_violated", "P0", "incident", "risk", judged(False, **{POLICY: ["record 2: traded"]}),
        [("t1_quality_check.json", f"checks.{POLICY}", ["record 2: traded"]), QUALITY_NOT_PASSED],
    ),
    "policy violated though the check says passed": Case(
        "policy_violated", "P0", "incident", "risk", judged(True, **{POLICY: ["record 2: traded"]}),
        [("t1_quality_check.json", f"checks.{POLICY}", ["record 2: traded"])],
    ),
    "policy violated and release failed": Case(
        "policy_violated", "P0", "incident", "risk",
        both(judged(False, **{POLICY: ["record 2: traded"]}), change(RELEASE, passed=False)),
        [
            ("t1_quality_check.json", f"checks.{POLICY}", ["record 2: traded"]),
            QUALITY_NOT_PASSED,
            RELEASE_NOT_PASSED,
        ],
    ),
    "release failed": Case(
        "release_gate_failed", "P0", "incident", "engineering",
        change(RELEASE, passed=False, missing_files=["t1_summary.json"]),
        [("t1_release_check.json", "issues", "missing: t1_summary.json"), RELEASE_NOT_PASSED],
    ),
    "release failed without saying why": Case(
        "release_gate_failed", "P0", "incident", "engineering", change(RELEASE, passed=False), [RELEASE_NOT_PASSED],
    ),
    "release passed and the report gone": Case(
        "release_gate_failed", "P0", "incident", "engineering", remove(Artifact.REPORT),
        [
            ("t1_report.json", "t1_report.json", "absent"),
            ("t1_release_check.json", "issues", "t1_report.json: is absent"),
        ],
    ),
    "both gates failed": Case(
        "release_gate_failed", "P0", "incident", "engineering",
        both(judged(False, **{SCORING: ["record 1: 101"]}), change(RELEASE, passed=False)),
        [QUALITY_NOT_PASSED, RELEASE_NOT_PASSED],
    ),
    "quality failed": Case(
        "quality_gate_failed", "P0", "incident", "engineering", judged(False, **{SCORING: ["record 1: 101"]}),
        [("t1_quality_check.json", "issues", f"{SCORING}: record 1: 101"), QUALITY_NOT_PASSED],
    ),
    "quality failed without sections": Case(
        "quality_gate_failed", "P0", "incident", "engineering", lambda tag: tag.put(QUALITY, {"passed": False}),
        [("t1_quality_check.json", "issues", "older schema: key `checks` is missing"), QUALITY_NOT_PASSED],
    ),
    "schema broken": Case(
        "schema_broken", "P0", "incident", "engineering", lambda tag: tag.put(MONITORING, {"status": "OK"}),
        [("t1_monitoring.json", "schema", "key `alerts` is missing")],
    ),
    "step broken without core checks": Case(
        "step_broken", "P0", "incident", "engineering", both(remove(RELEASE), ran(release_check="timed_out")),
        [("a.log", "steps.release_check", "timed_out: it broke")],
    ),
    "high alert": Case(
        "monitoring_alert_high", "P1", "incident", "risk", alerting({}, {"metric": "x_pct", "severity": "LOW"}),
        [("t1_monitoring.json", "alerts.no_trade_pct", 95.0)],
    ),
    "high alert of a gate's status alone": Case(
        "monitoring_alert_high", "P1", "incident", "engineering",
        alerting({"metric": "quality_check_status", "value": "ALERT"}),
        [("t1_monitoring.json", "alerts.quality_check_status", "ALERT")],
    ),
    "high alert of a gate's status and of a figure": Case(
        "monitoring_alert_high", "P1", "incident", "risk",
        alerting({"metric": "release_check_status", "value": "ALERT"}, {}),
        [
            ("t1_monitoring.json", "alerts.release_check_status", "ALERT"),
            ("t1_monitoring.json", "alerts.no_trade_pct", 95.0),
        ],
    ),
    "step broken with core checks": Case(
        "step_broken", "P2", "incident", "engineering", both(remove(SIGNOFF), ran(signoff="crashed")),
        [("a.log", "steps.signoff", "crashed: it broke")],
    ),
    "Markdown missing": Case(
        "report_generation", "P2", "incident", "engineering", remove(MARKDOWN, SIGNOFF),
        [
            ("t1_report.md", "t1_report.md", "absent or empty"),
            ("t1_phase4_signoff.md", "t1_phase4_signoff.md", "absent"),
        ],
    ),
    "run in progress": Case(
        "run_in_progress", None, "unknown", None, remove(MONITORING),
        [("t1_monitoring.json", "t1_monitoring.json", "absent")], under_way=True,
    ),
    "check missing": Case("artifacts_not_usable", None, "unknown", "engineering", remove(RELEASE),
                          [("t1_release_check.json", "t1_release_check.json", "absent")]),
    "alert that is not high": Case(
        "monitoring_alert", None, "warning", "risk", alerting({"severity": "MEDIUM"}),
        [("t1_monitoring.json", "alerts.no_trade_pct", 95.0)],
    ),
    "alert of nothing": Case("monitoring_alert", None, "warning", "risk", alerting(),
                             [("t1_monitoring.json", "status", "status=ALERT")]),
    "note of NO-GO": Case("no_go", None, "warning", "product", lambda t: t.put(SIGNOFF, "Verdict:\nDo not\nproceed"),
                          [("t1_phase4_signoff.md", "recommendation", "do not proceed")]),
}  # fmt: skip


@pytest.fixture
def case(request: pytest.FixtureRequest, tag: Tag) -> Iterator[Case]:
    """One row of the table, brought about."""
    found = CASES[request.param]
    assert isinstance(found, Case)
    found.spoil(tag)
    if not found.under_way:
        yield found
        return
    with run_lock(tag.reports):
        announce(tag.reports, tag.name, "r1", "ada")
        yield found
        withdraw(tag.reports)


@pytest.mark.parametrize("case", CASES, indirect=True)
def test_each_rule_has_its_class_its_owner_and_its_evidence(tag: Tag, case: Case) -> None:
    found = classified(tag)
    assert (found.rule, found.severity_class, found.level, found.owner) == (
        case.rule,
        case.severity_class,
        case.level,
        case.owner,
    )
    assert findings(tag) == case.evidence


def rules_in_the_code() -> set[str]:
    """Return every rule that the module names as a plain string; a desk's own are in tests/runbook/test_own_checks."""
    tree = ast.parse(inspect.getsource(classification))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "_made"]
    named = {ast.unparse(call.args[2]) for call in calls if isinstance(call.args[2], ast.Name)}
    values = [call.args[2] for call in calls]
    values += [
        node.value for node in ast.walk(tree) if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in named
    ]
    return {
        leaf.value
        for value in values
        for leaf in ast.walk(value)
        if isinstance(leaf, ast.Constant) and isinstance(leaf.value, str)
    }


def test_every_rule_stands_in_the_table() -> None:
    assert {case.rule for case in CASES.values()} == rules_in_the_code()


@pytest.mark.parametrize("gate", [RELEASE, QUALITY])
@pytest.mark.parametrize("state", ["absent", "unreadable", "stale"])
def test_a_missing_markdown_file_is_p2_only_when_both_core_checks_pass(tag: Tag, gate: Artifact, state: str) -> None:
    tag.remove(MARKDOWN)
    assert classified(tag).severity_class == "P2"
    if state == "absent":
        tag.remove(gate)
    elif state == "unreadable":
        tag.put(gate, "not JSON")
    else:
        tag.age(gate, REPORT_AGE + 1)
    assert (classified(tag).severity_class, classified(tag).rule) == (None, "artifacts_not_usable")
    assert findings(tag) == [(tag.path(gate).name, tag.path(gate).name, state)]


@pytest.mark.parametrize("gate", [RELEASE, QUALITY])
def test_a_broken_step_is_p2_only_when_both_core_checks_pass(tag: Tag, gate: Artifact) -> None:
    tag.remove(SIGNOFF)
    tag.ran(signoff="crashed")
    assert classified(tag).severity_class == "P2"
    tag.age(gate, REPORT_AGE + 1)
    assert (classified(tag).severity_class, classified(tag).rule) == ("P0", "step_broken")


# Which files count as missing, and how long is waited for them


def test_a_monitor_that_has_not_run_is_one_finding_and_its_markdown_none(tag: Tag) -> None:
    tag.remove(MONITORING)
    tag.remove(Artifact.MONITORING_MD)
    assert classified(tag).rule == "artifacts_not_usable"
    assert findings(tag) == [("t1_monitoring.json", "t1_monitoring.json", "absent")]
    tag.remove(MARKDOWN)
    assert classified(tag).rule == "report_generation"
    assert findings(tag) == [("t1_report.md", "t1_report.md", "absent or empty")]


def test_of_a_phase_3_tag_the_markdown_of_a_monitor_is_not_missing(tmp_path: Path) -> None:
    tag = Tag(tmp_path / "reports", "p3", phase=3)
    assert not tag.path(Artifact.MONITORING_MD).exists()
    assert read_evidence(tag.site, tag.name).missing_files == ()
    tag.remove(MARKDOWN)
    assert classified(tag).rule == "report_generation"
    assert findings(tag) == [("p3_report.md", "p3_report.md", "absent or empty")]


@pytest.mark.parametrize(
    ("phase", "artifact"),
    [
        *((phase, artifact) for phase in (3, 4) for artifact in (Artifact.REPORT, Artifact.SUMMARY, RELEASE, QUALITY)),
        (4, MONITORING),
    ],
)
def test_only_a_patient_look_waits_for_a_file_that_is_being_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, phase: int, artifact: Artifact
) -> None:
    tag = Tag(tmp_path / "reports", phase=phase)
    tag.put(artifact, "{", age=0)
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    read_evidence(tag.site, tag.name, patient=False)
    assert waited == []
    read_evidence(tag.site, tag.name)
    assert waited


# A quality check of an older schema, without `checks`


def test_a_quality_check_without_sections_that_passed_holds_and_says_what_it_lacks(tag: Tag) -> None:
    tag.put(QUALITY, {"passed": True})
    found = classified(tag)
    assert (found.level, found.rule) == ("ok", "healthy")
    check = judge(read_evidence(tag.site, tag.name, patient=False))["quality_check"]
    assert (check.state, check.found) == ("passed", "passed=true")
    assert check.issues == ("older schema: key `checks` is missing",)


def test_a_quality_check_with_no_section_at_all_is_said_to_be_of_an_older_schema(tag: Tag) -> None:
    tag.put(QUALITY, {"passed": True, "checks": {}})
    check = judge(read_evidence(tag.site, tag.name, patient=False))["quality_check"]
    assert check.state == "passed"
    (issue,) = check.issues
    assert "the sections are none, not output_schema_valid" in issue


def test_a_quality_check_without_sections_is_p0_of_engineering_not_of_risk(tag: Tag) -> None:
    tag.put(QUALITY, {"passed": False})
    assert (classified(tag).rule, classified(tag).owner) == ("quality_gate_failed", "engineering")


# Phase 3 has no monitoring, so a file of that name beside it is nobody's


@pytest.mark.parametrize(
    "content", [{"status": 5}, {"status": "OK"}, {"alerts": []}, {"status": "ALERT", "alerts": [ALERT]}, "not JSON", ""]
)
def test_a_monitoring_file_beside_a_phase_3_tag_changes_nothing_however_broken(tmp_path: Path, content: object) -> None:
    tag = Tag(tmp_path / "reports", "p3", phase=3)
    tag.put(MONITORING, content, age=CHECK_AGE)
    found = classified(tag)
    assert (found.level, found.rule, found.evidence) == ("ok", "healthy", ())
    health = judge(read_evidence(tag.site, tag.name, patient=False))
    assert (health["monitoring"].state, health["monitoring"].issues) == ("not_applicable", ())
    assert all_ok(health)


def test_what_is_broken_in_phase_3_is_still_p0_and_the_monitoring_no_part_of_it(tmp_path: Path) -> None:
    tag = Tag(tmp_path / "reports", "p3", phase=3)
    tag.put(MONITORING, {"status": 5})
    tag.put(RELEASE, {"tag": "p3"})
    assert classified(tag).rule == "schema_broken"
    assert findings(tag) == [("p3_release_check.json", "schema", "key `passed` is missing")]
