"""A gate that contradicts itself, the tag's other files or the present rules is never green, and says by what."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from phase4_tui.artifacts.documents import look
from phase4_tui.artifacts.models import Summary
from phase4_tui.artifacts.names import Artifact
from phase4_tui.journal.state import OperationsState
from phase4_tui.runbook.health import Check
from phase4_tui.runbook.judging import judge_tag
from tests.runbook.documents import REPORT_AGE, Json, Tag, put, quality
from tests.runbook.support import named

RELEASE, QUALITY, MONITORING = Artifact.RELEASE_CHECK, Artifact.QUALITY_CHECK, Artifact.MONITORING
NAMES = {RELEASE: "release_check", QUALITY: "quality_check", MONITORING: "monitoring"}


def check(tag: Tag, artifact: Artifact) -> Check:
    return judge_tag(tag.site, tag.name, OperationsState(), patient=False).health[NAMES[artifact]]


def kpis(**values: object) -> Callable[[Json], object]:
    return lambda content: content["snapshot"]["kpis"].update(values)


def counts(content: Json) -> None:
    content["action_counts"]["NO_TRADE"] = 3


LIES: dict[str, tuple[Artifact, Artifact, Callable[[Json], object], str]] = {
    "issues in a section that passed": (
        QUALITY,
        QUALITY,
        lambda content: content["checks"]["output_schema_valid"].update(issues=["record 1: no action"]),
        "t1_quality_check.json: checks.output_schema_valid.passed is true, "
        "but checks.output_schema_valid.issues lists 1 issue",
    ),
    "a section is missing": (
        QUALITY,
        QUALITY,
        lambda content: content["checks"].pop("score_and_sizing_valid"),
        "t1_quality_check.json: passed is true, but checks.score_and_sizing_valid is missing",
    ),
    "a count of alerts": (
        MONITORING,
        MONITORING,
        lambda content: content.update(alert_count=5),
        "t1_monitoring.json: status is 'OK', but alert_count is 5",
    ),
    "a gate in alert": (
        MONITORING,
        MONITORING,
        kpis(quality_check_status="ALERT"),
        "t1_monitoring.json: status is 'OK', but snapshot.kpis.quality_check_status is 'ALERT'",
    ),
    "a negative share": (
        MONITORING,
        MONITORING,
        kpis(no_trade_pct=-1.0),
        "t1_monitoring.json: snapshot.kpis.no_trade_pct is -1.0, but a share is 0 to 100 percent",
    ),
    "a share past 100": (
        MONITORING,
        MONITORING,
        kpis(no_trade_pct=100.5),
        "t1_monitoring.json: snapshot.kpis.no_trade_pct is 100.5, but a share is 0 to 100 percent",
    ),
    "a share that is text": (
        MONITORING,
        MONITORING,
        kpis(directional_pct="40"),
        "t1_monitoring.json: snapshot.kpis.directional_pct is '40', but a share is 0 to 100 percent",
    ),
    "past the present rules": (
        MONITORING,
        MONITORING,
        kpis(no_trade_pct=70.5),
        "t1_monitoring.json: status is 'OK' and snapshot.kpis.no_trade_pct 70.5, "
        "but max_no_trade_pct is 70.0 in the present rules",
    ),
    "the records of the snapshot": (
        MONITORING,
        MONITORING,
        lambda content: content["snapshot"].update(records=7),
        "t1_monitoring.json: snapshot.records is 7, but t1_summary.json: total_records is 0",
    ),
    "the total of the summary": (
        Artifact.SUMMARY,
        RELEASE,
        lambda content: content.update(total_records=99_999),
        "t1_report.json: record_count is 0, but t1_summary.json: total_records is 99999",
    ),
    "the counts of the summary": (
        Artifact.SUMMARY,
        RELEASE,
        counts,
        "t1_summary.json: total_records is 0, but the decisions counted are 3",
    ),
    "a share of the summary": (
        Artifact.SUMMARY,
        RELEASE,
        lambda content: content.update(event_block_pct=12.5),
        "t1_report.json: summary.event_block_pct is 0.0, but t1_summary.json: event_block_pct is 12.5",
    ),
    "the count of the report": (
        Artifact.REPORT,
        RELEASE,
        lambda content: content.update(record_count=4),
        "t1_report.json: record_count is 4, but t1_summary.json: total_records is 0",
    ),
}


@pytest.mark.parametrize("name", LIES)
def test_a_contradiction_is_not_green_and_names_file_key_and_both_values(tag: Tag, name: str) -> None:
    artifact, about, change, expected = LIES[name]
    tag.change(artifact, change, age=REPORT_AGE if about is RELEASE else 50.0)
    found = check(tag, about)
    assert (found.state, found.ok) == ("alert" if about is MONITORING else "failed", False)
    assert expected in found.issues
    assert named(tag)[:2] == ("warning" if about is MONITORING else "P0", "engineering")


def test_an_alert_of_a_batch_that_is_not_the_summarys_keeps_its_class(tag: Tag) -> None:
    alert = {"metric": "no_trade_pct", "severity": "HIGH", "value": 95.0}
    tag.change(MONITORING, lambda content: content.update(status="ALERT", alerts=[alert], alert_count=2))
    tag.change(MONITORING, lambda content: content["snapshot"].update(records=7))
    assert check(tag, MONITORING).state == "alert"
    assert named(tag)[0] == "P1"


# Another directory


def outdir(tag: Tag, path: Path | str) -> Check:
    tag.change(RELEASE, lambda content: content.update(outdir=str(path)))
    return check(tag, RELEASE)


def test_a_release_check_of_another_directory_has_failed(tag: Tag) -> None:
    other = tag.reports.parent / "other" / "reports"
    other.mkdir(parents=True)
    for path in (other, "other/reports", "archive", "/nowhere/archive", "../reports/deeper", "\0"):
        found = outdir(tag, path)
        assert (found.state, found.found) == ("failed", "passed=true, but contradicted"), path
        assert found.issues[0].startswith("t1_release_check.json: outdir is ")
        assert found.issues[0].endswith(f"but the file is in {tag.reports}")
    assert named(tag)[:2] == ("P0", "engineering")


def test_the_reports_directory_under_any_of_its_names_or_as_it_was_called_before_a_move_is_the_same(tag: Tag) -> None:
    link = tag.reports.parent / "link"
    link.symlink_to(tag.reports)
    for path in ("reports", "./reports/", tag.reports, link, "link", "/moved/from/here/reports"):
        assert outdir(tag, path).state == "passed", path


def test_a_phase_3_tag_in_a_copy_of_its_working_directory_passes_although_the_original_is_still_there(
    tmp_path: Path,
) -> None:
    original = Tag(tmp_path / "desk" / "reports", "p3", phase=3)
    assert outdir(original, original.reports).state == "passed"
    shutil.copytree(tmp_path / "desk", tmp_path / "copy")
    copy = Tag(tmp_path / "copy" / "reports", "p3", phase=3)
    assert outdir(copy, original.reports).state == "passed"
    assert outdir(copy, original.reports.parent).state == "failed"


# What stays as it was


def test_while_a_run_replaces_the_files_one_by_one_a_check_of_before_is_stale_and_not_contradicted(tag: Tag) -> None:
    tag.change(Artifact.REPORT, lambda content: content.update(record_count=3), age=1)
    assert (check(tag, RELEASE).state, check(tag, MONITORING).state) == ("stale", "stale")
    tag.change(Artifact.SUMMARY, lambda content: content.update(total_records=3), age=1)
    assert (check(tag, RELEASE).state, check(tag, MONITORING).state) == ("stale", "stale")
    assert named(tag)[0] == "unknown"


def test_sections_of_an_older_schema_are_shown_as_before(tag: Tag) -> None:
    tag.put(QUALITY, {"passed": True, "checks": {"event_policy": {"passed": True, "issues": []}}})
    assert check(tag, QUALITY).state == "passed"
    tag.put(QUALITY, {"passed": True})
    assert check(tag, QUALITY).state == "passed"


def test_a_gate_that_did_not_pass_contradicts_nothing_by_its_issues(tag: Tag) -> None:
    tag.put(QUALITY, quality(False, {"output_schema_valid": ["record 1: no action"]}))
    assert check(tag, QUALITY).issues == ("output_schema_valid: record 1: no action",)


def test_without_usable_rules_no_share_is_past_them(tag: Tag) -> None:
    tag.change(MONITORING, kpis(no_trade_pct=95.0))
    rules = tag.reports.parent / "monitoring_rules.json"
    put(rules, "no rules")
    assert check(tag, MONITORING).state == "ok"
    rules.unlink()
    assert check(tag, MONITORING).state == "ok"
    put(rules, {"max_no_trade_pct": 90.0})
    assert check(tag, MONITORING).state == "alert"
    put(rules, {"max_no_trade_pct": 96.0})
    assert check(tag, MONITORING).state == "ok"


def test_rules_that_were_changed_count_though_their_size_and_time_are_those_of_before(tag: Tag) -> None:
    tag.change(MONITORING, kpis(no_trade_pct=60.0))
    rules = put(tag.reports.parent / "monitoring_rules.json", {"max_no_trade_pct": 70.0})
    assert check(tag, MONITORING).state == "ok"
    before = rules.stat()
    rules.write_text('{"max_no_trade_pct": 50.0}')
    os.utime(rules, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert rules.stat().st_size == before.st_size
    assert check(tag, MONITORING).state == "alert"


def five(tag: Tag) -> None:
    """Make it a tag of five decisions, one of them blocked by its event."""
    counts = {"BUY_CALL": 2, "BUY_PUT": 1, "NO_TRADE": 2}
    more = {"total_records": 5, "action_counts": counts, "event_block_count": 1, "event_block_pct": 20.0}
    tag.change(Artifact.REPORT, lambda content: content["summary"].update(more), age=REPORT_AGE)
    tag.change(Artifact.REPORT, lambda content: content.update(record_count=5), age=REPORT_AGE)
    tag.change(Artifact.SUMMARY, lambda content: content.update(more), age=REPORT_AGE)
    tag.change(MONITORING, lambda content: content["snapshot"].update(records=5))


UNSAID: dict[str, Callable[[Json], object]] = {
    "another share": kpis(event_block_pct=5.0),
    "no share": lambda content: None,
    "no snapshot": lambda content: content.pop("snapshot"),
}


@pytest.mark.parametrize("way", UNSAID)
def test_what_the_summary_counts_is_held_against_the_rules_whatever_the_monitoring_says(tag: Tag, way: str) -> None:
    rules = tag.reports.parent / "monitoring_rules.json"
    five(tag)
    tag.change(MONITORING, UNSAID[way])
    for most, state in ((20.0, "ok"), (19.0, "alert")):
        put(rules, {"max_event_block_pct": most})
        assert check(tag, MONITORING).state == state
    told = "t1_monitoring.json: status is 'OK' and event_block_pct by t1_summary.json 20.0, but"
    assert any(issue.startswith(told) for issue in check(tag, MONITORING).issues)
    assert named(tag)[0] == "warning"


@pytest.mark.parametrize("key", ["total_records", "event_block_count"])
@pytest.mark.parametrize("count", [1 << 53, int("9" * 400)])
def test_a_count_that_no_run_has_is_a_broken_schema(tmp_path: Path, key: str, count: int) -> None:
    tag = Tag(tmp_path / "reports", "t1")
    summary = json.loads(tag.path(Artifact.SUMMARY).read_bytes())
    put(tag.path(Artifact.SUMMARY), summary | {key: count}, REPORT_AGE)
    assert check(tag, MONITORING)
    (problem,) = look(tag.path(Artifact.SUMMARY), Summary).problems
    assert f"key `{key}`: must be less than or equal to" in problem
