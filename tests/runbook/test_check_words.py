"""What each check says: what is expected of it, what was found, and the keys under which scripts read it."""

import os
from pathlib import Path

import pytest

from phase4_tui.artifacts.names import Artifact
from phase4_tui.journal.state import Reclassified
from phase4_tui.runbook.checks import judge
from phase4_tui.runbook.classification import as_reclassified, classify
from phase4_tui.runbook.evidence import read_evidence
from phase4_tui.runbook.health import Check, Health
from tests.runbook.documents import ALERT, CHECK_AGE, REPORT_AGE, Tag, all_ok, quality

RELEASE, QUALITY, MONITORING, SIGNOFF = (
    Artifact.RELEASE_CHECK,
    Artifact.QUALITY_CHECK,
    Artifact.MONITORING,
    Artifact.PHASE4_SIGNOFF,
)
NAMES = {RELEASE: "release_check", QUALITY: "quality_check", MONITORING: "monitoring", SIGNOFF: "signoff"}


def health(tag: Tag) -> Health:
    return judge(read_evidence(tag.site, tag.name, patient=False))


def check(tag: Tag, artifact: Artifact) -> Check:
    found = health(tag)[NAMES[artifact]]
    assert isinstance(found, Check)
    return found


def test_each_check_says_what_it_expects_in_either_phase(tag: Tag, tmp_path: Path) -> None:
    found = health(tag)
    assert {name: found[name].expected for name in NAMES.values()} == {
        "release_check": "passed=true",
        "quality_check": "passed=true",
        "monitoring": "status=OK",
        "signoff": "t1_phase4_signoff.md present",
    }
    before = Tag(tmp_path / "reports", "p3", phase=3)
    found = health(before)
    assert {name: (found[name].expected, found[name].found) for name in NAMES.values()} == {
        "release_check": ("passed=true", "passed=true"),
        "quality_check": ("passed=true", "passed=true"),
        "monitoring": ("no monitoring in Phase 3", "not applicable"),
        "signoff": ("p3_phase3_signoff.md present", "present"),
    }


@pytest.mark.parametrize("artifact", [RELEASE, QUALITY, MONITORING])
def test_what_can_not_be_used_is_found_as_what_it_is(tag: Tag, artifact: Artifact) -> None:
    tag.put(artifact, {})
    assert (check(tag, artifact).state, check(tag, artifact).found) == ("unreadable", "broken schema")
    tag.put(artifact, "not JSON")
    assert (check(tag, artifact).state, check(tag, artifact).found) == ("unreadable", "unreadable")
    tag.put(artifact, "{", age=0)
    assert (check(tag, artifact).state, check(tag, artifact).found) == ("writing", "writing")
    tag.remove(artifact)
    assert (check(tag, artifact).state, check(tag, artifact).found) == ("absent", "absent")


def test_a_stale_check_says_what_it_said_and_why_it_does_not_hold(tag: Tag) -> None:
    for artifact, word in ((RELEASE, "passed=true"), (MONITORING, "status=OK"), (SIGNOFF, "present")):
        tag.age(artifact, REPORT_AGE + 10)
        assert check(tag, artifact).found == f"stale ({word})"
        assert check(tag, artifact).issues == ("is older than the report; run its step, or the sequence, again",)


def test_a_check_exactly_as_old_as_the_report_is_fresh(tag: Tag) -> None:
    moment = tag.path(Artifact.REPORT).stat().st_mtime_ns
    for artifact in NAMES:
        os.utime(tag.path(artifact), ns=(moment, moment))
    assert all_ok(health(tag))


def test_a_gate_of_the_wrong_tag_or_with_a_contradiction_says_so(tag: Tag) -> None:
    tag.change(RELEASE, lambda content: content.update(tag="other"))
    assert check(tag, RELEASE).found == "passed=true for another tag"
    tag.change(RELEASE, lambda content: content.update(tag="t1", missing_files=["a", "b"]))
    assert check(tag, RELEASE).found == "passed=true, but it lists 2 problems"
    assert check(tag, RELEASE).issues == ("missing: a", "missing: b")
    tag.put(QUALITY, quality(True, {"output_schema_valid": []}))
    assert check(tag, QUALITY).found == "passed=true, but output_schema_valid did not pass"
    assert check(tag, QUALITY).issues == ("output_schema_valid: did not pass",)
    tag.change(MONITORING, lambda content: content.update(alerts=[ALERT, ALERT]))
    assert check(tag, MONITORING).found == "status=OK with 2 alerts"
    tag.change(MONITORING, lambda content: content["snapshot"].update(run_tag="other"))
    assert check(tag, MONITORING).found == "status=OK for another tag"


@pytest.mark.parametrize("artifact", [Artifact.REPORT, Artifact.SUMMARY])
def test_artifacts_that_name_another_tag_fail_the_release_check_though_it_passed(tag: Tag, artifact: Artifact) -> None:
    tag.change(artifact, lambda content: content.update(run_tag="other"), age=REPORT_AGE)
    found = check(tag, RELEASE)
    assert (found.state, found.found) == ("failed", "passed=true for another tag's artifacts")
    assert found.issues == (f"{tag.path(artifact).name} names run tag 'other': the file is another tag's",)


def test_an_alert_without_a_message_names_its_figure(tag: Tag) -> None:
    alert = {key: value for key, value in ALERT.items() if key != "message"}
    tag.change(MONITORING, lambda content: content.update(status="ALERT", alerts=[alert]))
    assert "HIGH no_trade_pct breached its rule" in check(tag, MONITORING).issues


def test_an_older_summary_is_said_with_the_release_check_and_harms_nothing(tag: Tag) -> None:
    tag.change(Artifact.SUMMARY, lambda content: content.pop("portfolio_block_count"), age=REPORT_AGE)
    found = check(tag, RELEASE)
    assert (found.state, found.issues) == (
        "passed",
        ("t1_summary.json: older schema: key `portfolio_block_count` is missing",),
    )


def test_scripts_read_a_check_and_a_class_under_their_documented_keys(tag: Tag) -> None:
    assert set(check(tag, RELEASE).model_dump(mode="json")) == {
        "state",
        "ok",
        "expected",
        "found",
        "issues",
        "file",
        "modified_at",
    }
    evidence = read_evidence(tag.site, tag.name, patient=False)
    found = classify(evidence, judge(evidence))
    assert found.model_dump(by_alias=True) == {
        "class": None,
        "level": "ok",
        "rule": "healthy",
        "evidence": (),
        "owner": None,
    }


def test_a_class_that_an_operator_gave_holds_while_its_rule_does_and_stands_with_the_evidence(tag: Tag) -> None:
    tag.put(SIGNOFF, "", age=CHECK_AGE)
    evidence = read_evidence(tag.site, tag.name, patient=False)
    found = classify(evidence, judge(evidence))
    given = Reclassified(rule="report_generation", severity_class="P0", reason="it matters", by="maria@desk", at="then")
    now = as_reclassified(found, given)
    assert (now.severity_class, now.level, now.rule, now.owner) == ("P0", "incident", found.rule, found.owner)
    assert now.evidence[:-1] == found.evidence
    note = now.evidence[-1]
    assert (note.file, note.key, note.value) == ("journal", "reclassified by maria@desk", "it matters")
    assert now.exit_status == 10
    other = given.model_copy(update={"rule": "schema_broken"})
    assert as_reclassified(found, other) == as_reclassified(found, None) == found
