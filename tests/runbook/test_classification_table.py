"""Every rule in one table: how it is brought about, and the class, the owner and the evidence that follow.

The evidence is given as (file, key, value) in its order, with the files by their names.
"""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

from phase4_tui.artifacts.names import Artifact
from phase4_tui.runbook import classification
from phase4_tui.runbook.checks import judge
from phase4_tui.runbook.classification import Classification, classify
from phase4_tui.runbook.evidence import read_evidence
from phase4_tui.runbook.run_holder import announce, run_lock, withdraw
from tests.rollback.support import state_of
from tests.runbook.classification_cases import (
    CASES,
    MARKDOWN,
    MONITORING,
    QUALITY,
    RELEASE,
    SIGNOFF,
    Case,
    Found,
)
from tests.runbook.documents import ALERT, CHECK_AGE, REPORT_AGE, Tag, all_ok


def classified(tag: Tag) -> Classification:
    evidence = read_evidence(tag.site, tag.name, state_of(tag.reports.parent), patient=False)
    return classify(evidence, judge(evidence))


def findings(tag: Tag) -> list[Found]:
    return [(Path(one.file).name, one.key, one.value) for one in classified(tag).evidence]


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
        tag.age(gate, REPORT_AGE + 10)
    assert (classified(tag).severity_class, classified(tag).rule) == (None, "artifacts_not_usable")
    assert findings(tag) == [(tag.path(gate).name, tag.path(gate).name, state)]


@pytest.mark.parametrize("gate", [RELEASE, QUALITY])
def test_a_broken_step_is_p2_only_when_both_core_checks_pass(tag: Tag, gate: Artifact) -> None:
    tag.remove(SIGNOFF)
    tag.ran(signoff="crashed")
    assert classified(tag).severity_class == "P2"
    tag.age(gate, REPORT_AGE + 10)
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
    assert issue.startswith("older schema: sections output schema, ") and issue.endswith(" are missing")


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
