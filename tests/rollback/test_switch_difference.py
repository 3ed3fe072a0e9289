"""The figures that are shown before a switch: every one that differs, as the tag left and the tag chosen have it."""

import re
from pathlib import Path
from typing import Any

import pytest

from phase4_tui.artifacts.names import Artifact
from phase4_tui.rollback.incidents import look_for_incident
from phase4_tui.rollback.known_good import difference, plan_switch
from tests.rollback.support import give, site_of, state_of
from tests.runbook.documents import ALERT, REPORT_AGE, Tag, decided, put, quality

BAD: dict[str, Any] = {
    "total_records": 4,
    "action_counts": {"BUY_CALL": 1, "BUY_PUT": 0, "NO_TRADE": 3},
    "event_block_count": 2,
    "event_block_pct": 50.0,
    "portfolio_block_count": 1,
    "portfolio_block_pct": 25.0,
}
GOOD: dict[str, Any] = {
    "total_records": 8,
    "action_counts": {"BUY_CALL": 5, "BUY_PUT": 1, "NO_TRADE": 2},
    "event_block_count": 1,
    "event_block_pct": 12.5,
    "portfolio_block_count": 1,
    "portfolio_block_pct": 12.5,
}
BAD_KPIS = {"no_trade_pct": 75.0, "directional_pct": 25.0, "steady_pct": 1.5}
GOOD_KPIS = {"no_trade_pct": 25.0, "directional_pct": 75.0, "steady_pct": 1.5}

ANEW = re.compile(r"release, quality and monitoring judged anew from the report in \d+\.\d s: the same result")


def with_figures(tag: Tag, summary: dict[str, Any], kpis: dict[str, float]) -> Tag:
    blocks = ["EVENT_BLOCK"] * summary["event_block_count"] + ["PORTFOLIO_BLOCK"] * summary["portfolio_block_count"]
    rows = [decided("NO_TRADE", gate) for gate in blocks]
    rows += [decided(name) for name in ("BUY_CALL", "BUY_PUT") for _ in range(summary["action_counts"][name])]
    head = {"record_count": len(rows), "summary": summary, "results": rows}
    tag.change(Artifact.REPORT, lambda content: content.update(head), age=REPORT_AGE)
    tag.put(Artifact.SUMMARY, {"run_tag": tag.name, **summary}, age=REPORT_AGE)
    put(tag.reports.parent / "monitoring_rules.json", {"max_no_trade_pct": 100.0})
    snapshot = {"run_tag": tag.name, "records": summary["total_records"], "kpis": kpis}
    tag.change(Artifact.MONITORING, lambda content: content.update(snapshot=snapshot))
    return tag


@pytest.fixture
def bad(tmp_path: Path) -> Tag:
    return with_figures(Tag(tmp_path / "reports", "bad"), BAD, BAD_KPIS)


@pytest.fixture
def good(tmp_path: Path) -> Tag:
    return with_figures(Tag(tmp_path / "reports", "good"), GOOD, GOOD_KPIS)


FIGURES = [
    "  total_records: 4 → 8",
    "  action_counts.BUY_CALL: 1 → 5",
    "  action_counts.BUY_PUT: 0 → 1",
    "  action_counts.NO_TRADE: 3 → 2",
    "  event_block_count: 2 → 1",
    "  event_block_pct: 50.0 → 12.5",
    "  portfolio_block_pct: 25.0 → 12.5",
    "  no_trade_pct: 75.0 → 25.0",
    "  directional_pct: 25.0 → 75.0",
]


def test_every_figure_that_differs_is_shown_as_each_tag_has_it_and_no_other(
    bad: Tag, good: Tag, tmp_path: Path
) -> None:
    assert difference(site_of(tmp_path), bad.name, good.name) == ["differs from bad:", *FIGURES]
    turned = []
    for line in FIGURES:
        key, _, values = line.rpartition(": ")
        left, _, right = values.partition(" → ")
        turned.append(f"{key}: {right} → {left}")
    assert difference(site_of(tmp_path), good.name, bad.name) == ["differs from good:", *turned]


def test_the_state_of_each_check_is_shown_where_it_differs(bad: Tag, good: Tag, tmp_path: Path) -> None:
    with_figures(bad, GOOD, GOOD_KPIS)
    assert difference(site_of(tmp_path), bad.name, good.name) == ["shows the same figures as bad"]
    bad.change(Artifact.RELEASE_CHECK, lambda content: content.update(passed=False))
    bad.put(Artifact.QUALITY_CHECK, quality(False))
    bad.change(Artifact.MONITORING, lambda content: content.update(status="ALERT", alerts=[ALERT]))
    bad.remove(Artifact.PHASE4_SIGNOFF)
    bad.ran(pipeline="passed")  # what tells that a tag without its note is of Phase 4
    assert difference(site_of(tmp_path), bad.name, good.name) == [
        "differs from bad:",
        "  release check: failed → passed",
        "  quality check: failed → passed",
        "  monitoring: alert → ok",
        "  sign-off: missing → present",
    ]


def test_a_figure_that_one_tag_lacks_is_missing_there(bad: Tag, good: Tag, tmp_path: Path) -> None:
    with_figures(bad, GOOD, {"only_here_pct": 3.0} | GOOD_KPIS)
    with_figures(good, GOOD, GOOD_KPIS | {"only_there_pct": 4.0})
    assert difference(site_of(tmp_path), bad.name, good.name) == [
        "differs from bad:",
        "  only_here_pct: 3.0 → missing",
        "  only_there_pct: missing → 4.0",
    ]


@pytest.mark.parametrize("artifact", [Artifact.SUMMARY, Artifact.MONITORING])
def test_of_a_file_that_can_not_be_read_every_figure_is_missing(
    bad: Tag, good: Tag, tmp_path: Path, artifact: Artifact
) -> None:
    with_figures(bad, GOOD, GOOD_KPIS)
    bad.put(artifact, "not JSON", age=REPORT_AGE if artifact is Artifact.SUMMARY else 50.0)
    told = difference(site_of(tmp_path), bad.name, good.name)
    if artifact is Artifact.SUMMARY:
        assert told[1:3] == ["  total_records: missing → 8", "  action_counts.BUY_CALL: missing → 5"]
        assert not any("no_trade_pct" in line for line in told)
    else:
        assert told[1:] == [
            "  monitoring: unreadable → ok",
            "  no_trade_pct: missing → 25.0",
            "  directional_pct: missing → 75.0",
            "  steady_pct: missing → 1.5",
        ]


def test_the_plan_shows_them_against_what_is_shown_now_and_nothing_against_the_same_tag(
    bad: Tag, good: Tag, tmp_path: Path
) -> None:
    bad.age(Artifact.REPORT_MD, 1)  # the newest tag is what is shown while none is active
    site = site_of(tmp_path)
    lines = plan_switch(site, good.name, "why").lines
    assert ANEW.fullmatch(lines[2])
    assert (*lines[:2], *lines[3:]) == (
        "active tag: none → good",
        "known-good tag: none → good",
        "freezes good first",
        "differs from bad:",
        *FIGURES,
    )
    first = plan_switch(site, "bad", "why").lines
    assert ANEW.fullmatch(first[2])
    assert (*first[:2], *first[3:]) == ("active tag: none → bad", "known-good tag: none → bad", "freezes bad first")
    give(site, plan_switch(site, good.name, "why"))
    other = with_figures(Tag(tmp_path / "reports", "other"), GOOD, GOOD_KPIS)
    assert plan_switch(site, other.name, "why").lines[-1] == "shows the same figures as good"
    last = plan_switch(site, "bad", "why").lines
    assert last[4] == "differs from good:"
    assert "  total_records: 8 → 4" in last


def test_the_plan_names_each_tag_that_it_leaves_behind_as_bad(bad: Tag, good: Tag, tmp_path: Path) -> None:
    site = site_of(tmp_path)
    other = with_figures(Tag(tmp_path / "reports", "other"), GOOD, GOOD_KPIS)
    give(site, plan_switch(site, other.name, "start"))
    (tmp_path / "reports" / "other_report.md").write_text("# tampered with\n")
    bad.put(Artifact.QUALITY_CHECK, quality(False), age=1)
    assert look_for_incident(site, "bad") is not None
    plan = plan_switch(site, good.name, "why")
    assert ANEW.fullmatch(plan.lines[2])
    assert (*plan.lines[:2], *plan.lines[3:6]) == (
        "active tag: other → good",
        "known-good tag: other → good",
        "freezes good first",
        "quarantines bad by the content of its report",
        "quarantines other by the content of its report",
    )
    assert plan.expects == ("ACTIVE.json names good", "good passes every check at that moment")
    done = give(site, plan)
    assert done.lines == ("good is the active tag", "bad is quarantined", "other is quarantined")
    assert [entry.tag for entry in state_of(tmp_path).quarantine] == ["bad", "other"]
    assert done.event is not None
    told = {key: done.event.detail[key] for key in ("from", "to", "quarantined", "reason")}
    assert told == {"from": "other", "to": "good", "quarantined": ["bad", "other"], "reason": "why"}


@pytest.mark.parametrize("report", ["gone", "a link elsewhere"])
def test_a_bad_tag_without_a_report_that_can_be_read_is_left_behind_by_its_name(
    bad: Tag, good: Tag, tmp_path: Path, report: str
) -> None:
    bad.path(Artifact.REPORT).rename(tmp_path / "elsewhere.json")
    if report == "a link elsewhere":
        bad.path(Artifact.REPORT).symlink_to(tmp_path / "elsewhere.json")
    assert look_for_incident(site_of(tmp_path), "bad") is not None
    site = site_of(tmp_path)
    give(site, plan_switch(site, good.name, "why"))
    (entry,) = state_of(tmp_path).quarantine
    assert (entry.tag, entry.report_sha256, entry.report_size, entry.reason) == ("bad", None, None, "why")
