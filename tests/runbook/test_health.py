"""The four health checks: each state for what it is, and nothing that can't be trusted is ever ok."""

import os
from pathlib import Path

import pytest

from phase4_tui.artifacts.names import Artifact
from phase4_tui.journal.state import OperationsState
from phase4_tui.runbook.health import Check, Health
from phase4_tui.runbook.judging import judge_tag
from tests.runbook.documents import ALERT, CHECK_AGE, REPORT_AGE, Json, Tag, all_ok, quality

RELEASE, QUALITY, MONITORING, SIGNOFF = (
    Artifact.RELEASE_CHECK,
    Artifact.QUALITY_CHECK,
    Artifact.MONITORING,
    Artifact.PHASE4_SIGNOFF,
)
JSON_CHECKS = [("release_check", RELEASE), ("quality_check", QUALITY), ("monitoring", MONITORING)]
CHECKS = [*JSON_CHECKS, ("signoff", SIGNOFF)]
OLD = 60.0


def health(tag: Tag) -> Health:
    return judge_tag(tag.site, tag.name, OperationsState(), patient=False).health


def check(tag: Tag, name: str) -> Check:
    found = health(tag)[name]
    assert isinstance(found, Check)
    return found


def state(tag: Tag, name: str) -> tuple[str, bool]:
    found = check(tag, name)
    return found.state, found.ok


def test_a_healthy_tag_holds_all_four_and_says_on_what(tag: Tag) -> None:
    found = health(tag)
    assert all_ok(found)
    assert [found[name].state for name, _ in CHECKS] == ["passed", "passed", "ok", "present"]
    for name, artifact in CHECKS:
        one = found[name]
        assert one.file == str(tag.path(artifact))
        assert one.modified_at is not None
        assert one.modified_at.endswith("Z")
        assert one.issues == ()
    assert (found["release_check"].expected, found["release_check"].found) == ("passed=true", "passed=true")
    assert (found["monitoring"].expected, found["monitoring"].found) == ("status=OK", "status=OK")


@pytest.mark.parametrize(("name", "artifact"), CHECKS)
def test_an_absent_file_is_absent(tag: Tag, name: str, artifact: Artifact) -> None:
    tag.remove(artifact)
    assert state(tag, name) == ("absent", False)
    assert check(tag, name).modified_at is None
    assert not all_ok(health(tag))


@pytest.mark.parametrize(("name", "artifact"), JSON_CHECKS)
def test_a_file_cut_short_is_being_written_while_it_is_fresh_and_absent_later(
    tag: Tag, name: str, artifact: Artifact
) -> None:
    half = tag.path(artifact).read_bytes()[:-10]
    tag.put(artifact, half, age=0)
    assert state(tag, name) == ("writing", False)
    tag.put(artifact, half, age=OLD)
    assert state(tag, name) == ("unreadable", False)


def test_an_empty_note_is_being_written_while_it_is_fresh_and_unreadable_later(tag: Tag) -> None:
    tag.put(SIGNOFF, "", age=0)
    assert state(tag, "signoff") == ("writing", False)
    tag.put(SIGNOFF, " \n", age=OLD)
    assert state(tag, "signoff") == ("absent", False)


@pytest.mark.parametrize(("name", "artifact"), JSON_CHECKS)
@pytest.mark.parametrize("content", [b"[]", b"not json", b'{"passed": NaN, "status": NaN}', b"\xff\xfe{", b"null"])
def test_what_is_no_json_object_is_unreadable_however_fresh(
    tag: Tag, name: str, artifact: Artifact, content: bytes
) -> None:
    tag.put(artifact, content, age=0)
    assert state(tag, name) == ("unreadable", False)
    assert check(tag, name).issues


@pytest.mark.parametrize(("name", "artifact"), CHECKS)
def test_what_is_no_regular_file_or_lies_outside_is_unreadable_and_blocks_nobody(
    tag: Tag, name: str, artifact: Artifact
) -> None:
    path = tag.path(artifact)
    secret = tag.reports.parent / "secret"
    secret.write_bytes(path.read_bytes())
    path.unlink()
    os.mkfifo(path)
    assert state(tag, name) == ("unreadable", False)
    path.unlink()
    path.mkdir()
    assert state(tag, name) == ("unreadable", False)
    path.rmdir()
    path.symlink_to(secret)
    assert state(tag, name) == ("unreadable", False)


@pytest.mark.parametrize(
    ("name", "artifact", "key"),
    [("release_check", RELEASE, "passed"), ("quality_check", QUALITY, "passed"), ("monitoring", MONITORING, "status")],
)
@pytest.mark.parametrize("value", ["missing", "true", 1, None, "ok"])
def test_a_key_that_is_missing_or_of_another_type_is_named_and_never_ok(
    tag: Tag, name: str, artifact: Artifact, key: str, value: object
) -> None:
    tag.change(artifact, lambda found: found.pop(key) if value == "missing" else found.update({key: value}))
    found = check(tag, name)
    assert (found.state, found.ok) == ("unreadable", False)
    assert any(f"`{key}`" in issue for issue in found.issues)


@pytest.mark.parametrize(("name", "artifact"), [("release_check", RELEASE), ("quality_check", QUALITY)])
def test_a_gate_that_did_not_pass_is_failed(tag: Tag, name: str, artifact: Artifact) -> None:
    tag.change(artifact, lambda found: found.update(passed=False))
    found = check(tag, name)
    assert (found.state, found.ok, found.found) == ("failed", False, "passed=false")


def test_what_a_release_check_misses_is_listed(tag: Tag) -> None:
    more: Json = {"passed": False, "missing_files": ["t1_report.md"], "validation_errors": ["t1_summary.json: no"]}
    tag.change(RELEASE, lambda found: found.update(more))
    issues = " ".join(check(tag, "release_check").issues)
    assert "t1_report.md" in issues
    assert "t1_summary.json: no" in issues


@pytest.mark.parametrize(
    "problem", [{"missing_files": ["t1_report.md"]}, {"validation_errors": ["t1_report.json: no"]}]
)
def test_a_release_check_that_contradicts_itself_has_failed(tag: Tag, problem: Json) -> None:
    tag.change(RELEASE, lambda found: found.update({"passed": True, **problem}))
    found = check(tag, "release_check")
    assert (found.state, found.ok) == ("failed", False)


def test_each_issue_of_a_quality_check_names_its_section(tag: Tag) -> None:
    tag.put(QUALITY, quality(False, {"score_and_sizing_valid": ["record 3: score is 101"]}))
    assert check(tag, "quality_check").issues == ("score_and_sizing_valid: record 3: score is 101",)


def test_a_quality_check_that_contradicts_itself_has_failed(tag: Tag) -> None:
    tag.put(QUALITY, quality(True, {"output_schema_valid": ["record 1: no action"]}))
    assert state(tag, "quality_check") == ("failed", False)


def test_an_alert_is_shown_with_its_severity(tag: Tag) -> None:
    tag.change(MONITORING, lambda found: found.update(status="ALERT", alerts=[ALERT], alert_count=1))
    found = check(tag, "monitoring")
    assert (found.state, found.ok, found.found) == ("alert", False, "status=ALERT")
    assert found.issues == ("HIGH 95 of 70",)


def test_a_monitoring_that_says_ok_and_lists_alerts_is_an_alert(tag: Tag) -> None:
    tag.change(MONITORING, lambda found: found.update(alerts=[ALERT]))
    assert state(tag, "monitoring") == ("alert", False)


@pytest.mark.parametrize(
    ("name", "artifact", "change"),
    [
        ("release_check", RELEASE, {"tag": "other"}),
        ("monitoring", MONITORING, {"snapshot": {"run_tag": "other", "records": 1, "kpis": {}}}),
    ],
)
def test_a_file_that_names_another_tag_is_never_ok(tag: Tag, name: str, artifact: Artifact, change: Json) -> None:
    tag.change(artifact, lambda found: found.update(change))
    found = check(tag, name)
    assert not found.ok
    assert any("'other'" in issue for issue in found.issues)


@pytest.mark.parametrize(("name", "artifact"), CHECKS)
def test_a_check_older_than_the_report_is_stale(tag: Tag, name: str, artifact: Artifact) -> None:
    tag.age(artifact, REPORT_AGE + 10)
    assert state(tag, name) == ("stale", False)
    assert "older than the report" in check(tag, name).issues[0]
    others = {other for other, _ in CHECKS if getattr(health(tag), other).ok}
    assert others == {other for other, _ in CHECKS} - {name}


@pytest.mark.parametrize(("name", "artifact"), [("release_check", RELEASE), ("quality_check", QUALITY)])
def test_a_failed_gate_of_an_older_report_is_not_ok_either(tag: Tag, name: str, artifact: Artifact) -> None:
    tag.change(artifact, lambda found: found.update(passed=False), age=REPORT_AGE + 10)
    assert not check(tag, name).ok


def test_older_runs_are_shown_and_used_and_what_is_off_is_said(tag: Tag) -> None:
    tag.put(RELEASE, {"passed": True})
    tag.put(QUALITY, {"passed": True, "checks": {"event_policy": {"passed": True, "issues": []}}})
    tag.put(MONITORING, {"status": "OK", "alerts": [], "new_key_of_tomorrow": 1})
    found = health(tag)
    assert all_ok(found)
    assert any("`validation_errors`" in issue for issue in found["release_check"].issues)
    assert any("event_policy" in issue for issue in found["quality_check"].issues)
    assert any("`snapshot`" in issue for issue in found["monitoring"].issues)


def test_the_gate_of_an_older_run_can_fail_by_a_section_of_another_name(tag: Tag) -> None:
    section = {"passed": False, "issues": ["record 2"]}
    tag.put(QUALITY, {"passed": False, "checks": {"event_policy": section}})
    found = check(tag, "quality_check")
    assert found.state == "failed"
    assert any(issue.startswith("event_policy: record 2") for issue in found.issues)


def test_a_phase_3_tag_has_no_monitoring_and_its_own_note(tmp_path: Path) -> None:
    tag = Tag(tmp_path / "reports", "p3", phase=3)
    found = health(tag)
    assert all_ok(found)
    assert (found["monitoring"].state, found["monitoring"].ok) == ("not_applicable", True)
    assert found["signoff"].file.endswith("p3_phase3_signoff.md")
    tag.remove(Artifact.PHASE3_SIGNOFF)
    tag.ran(phase=3, pipeline="passed")
    assert state(tag, "signoff") == ("absent", False)
    assert state(tag, "monitoring") == ("not_applicable", True)


def test_a_phase_3_tag_is_known_by_its_summary_where_its_note_is_missing(tmp_path: Path) -> None:
    tag = Tag(tmp_path / "reports", "p3", phase=3)
    tag.remove(Artifact.PHASE3_SIGNOFF)
    assert state(tag, "monitoring") == ("not_applicable", True)
    assert check(tag, "signoff").file.endswith("p3_phase3_signoff.md")


def test_hostile_text_in_a_file_is_safe_in_every_issue(tag: Tag) -> None:
    evil = "\x1b]52;c;RVZJTA==\x07 \u202e \x9b2J \ud800"
    tag.put(QUALITY, quality(False, {"output_schema_valid": [evil]}))
    tag.change(RELEASE, lambda found: found.update(passed=False, validation_errors=[evil, "two\nlines"], tag=evil))
    alert = ALERT | {"metric": evil, "message": evil}
    tag.change(MONITORING, lambda found: found.update(status="ALERT", alerts=[alert]))
    for name, _ in JSON_CHECKS:
        found = check(tag, name)
        assert found.issues
        assert all(issue.isprintable() for issue in (*found.issues, found.found))


def test_a_time_in_the_future_proves_nothing(tag: Tag) -> None:
    tag.age(RELEASE, -3600)
    assert state(tag, "release_check") == ("stale", False)
    assert check(tag, "release_check").issues == (
        "is dated in the future, which does not prove that it is newer than the report; "
        "run its step, or the sequence, again",
    )
    assert CHECK_AGE < REPORT_AGE


@pytest.mark.parametrize(("name", "artifact"), CHECKS)
def test_a_check_two_seconds_older_than_the_report_counts_as_of_the_same_moment(
    tag: Tag, name: str, artifact: Artifact
) -> None:
    for every in (Artifact.REPORT, Artifact.SUMMARY, *(one for _, one in CHECKS)):
        tag.age(every, CHECK_AGE)
    tag.age(artifact, CHECK_AGE + 1.9)
    assert check(tag, name).ok
    tag.age(artifact, CHECK_AGE + 2.1)
    assert state(tag, name) == ("stale", False)
