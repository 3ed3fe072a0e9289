"""Comparing tags: what a naive pairing says, in any order, with duplicates and gaps, and what can't be compared."""

import json
import random
import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phase4_tui.artifacts.names import Artifact
from phase4_tui.errors import Refused
from phase4_tui.rollback import decision_pairs as decisions
from phase4_tui.rollback.comparison import compare
from phase4_tui.rollback.decision_pairs import compare_decisions
from tests.deadline import within
from tests.rollback.support import site_of
from tests.runbook.documents import ALERT, Tag

Row = dict[str, Any]
RTOL, ATOL = 0.01, 0.05
SIDES = ("bad", "known_good", "rerun")


def row(key: str, decision: object) -> Row:
    underlying, slot = key.split("/")
    return {
        "input": {"underlying": underlying, "timestamp": "2026-02-17T09:20:00+05:30", "session_slot": slot},
        "decision": decision,
    }


def close(left: float, right: float) -> bool:
    return abs(left - right) <= max(RTOL * max(abs(left), abs(right)), ATOL)


def written(directory: Path, reports: Mapping[str, Sequence[Row]]) -> dict[str, Path]:
    paths = {}
    for side, rows in reports.items():
        paths[side] = directory / f"{side}_report.json"
        paths[side].write_text(json.dumps({"run_tag": side, "results": rows}))
    return paths


def compared(reports: Mapping[str, Sequence[Row]], shown: int = 100) -> tuple[dict[str, int], list[dict[str, Any]]]:
    with tempfile.TemporaryDirectory() as directory:
        return compare_decisions(written(Path(directory), reports), close, shown)[:2]


def near(left: Any, right: Any) -> bool:
    """Say, as naively as possible, whether two decisions differ in no more than numbers within tolerance."""
    if type(left) is bool or type(right) is bool:
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        names = {name for name in (*left, *right) if name != "rationale"}
        return all(name in left and name in right and near(left[name], right[name]) for name in names)
    if isinstance(left, int | float) and isinstance(right, int | float):
        return close(left, right)
    return bool(left == right)


def oracle(reports: Mapping[str, Sequence[Row]]) -> dict[str, int]:
    """Pair the first record of a key with the first of the other reports, the second with the second, and so on."""
    keys = {(row["input"]["underlying"], row["input"]["session_slot"]) for rows in reports.values() for row in rows}
    counts: dict[str, int] = {}
    for key in keys:
        lists = [
            [row["decision"] for row in rows if (row["input"]["underlying"], row["input"]["session_slot"]) == key]
            for rows in reports.values()
        ]
        for group in zip_longest(*lists):
            label = expected(dict(zip(reports, group, strict=True)))
            counts[label] = counts.get(label, 0) + 1
    return counts


def expected(sides: Mapping[str, Any]) -> str:
    there = {side for side, decision in sides.items() if decision is not None}
    if there == {"bad"}:
        return "gone"
    if there == {"rerun"}:
        return "new"
    if there != set(sides):
        return "incomparable"
    texts = {json.dumps(decision, sort_keys=True) for decision in sides.values()}
    if len(texts) == 1:
        return "same"
    good = sides.get("known_good", sides["rerun"])
    wrong_before, wrong_now = not near(sides["bad"], good), not near(sides["rerun"], good)
    return {
        (False, False): "within tolerance",
        (True, False): "gone",
        (False, True): "new",
        (True, True): "still there",
    }[wrong_before, wrong_now]


DECISIONS = st.fixed_dictionaries(
    {
        "action": st.sampled_from(["BUY_CALL", "NO_TRADE"]),
        "confidence_score": st.sampled_from([50.0, 50.4, 52.0, 0.0, 0.04]),
        "policy_tags": st.fixed_dictionaries({"event_blocked": st.booleans()}),
    },
    optional={"rationale": st.sampled_from(["so", "because"])},
)
ROWS = st.lists(st.builds(row, st.sampled_from(["A/OPEN", "A/CLOSE", "B/OPEN", "B/"]), DECISIONS), max_size=6)


@settings(max_examples=250, deadline=None)
@given(bad=ROWS, good=ROWS, rerun=ROWS)
def test_three_reports_are_labelled_as_a_naive_pairing_labels_them(
    bad: list[Row], good: list[Row], rerun: list[Row]
) -> None:
    reports = {"bad": bad, "known_good": good, "rerun": rerun}
    assert compared(reports)[0] == oracle(reports)


@settings(max_examples=150, deadline=None)
@given(bad=ROWS, rerun=ROWS)
def test_two_reports_are_labelled_as_a_naive_pairing_labels_them(bad: list[Row], rerun: list[Row]) -> None:
    reports = {"bad": bad, "rerun": rerun}
    counts, told = compared(reports)
    assert counts == oracle(reports)
    assert len(told) == sum(count for label, count in counts.items() if label != "same")


@settings(max_examples=60, deadline=None)
@given(rows=st.permutations([row(f"{name}/{slot}", {"n": slot}) for name in "ABC" for slot in ("OPEN", "CLOSE")]))
def test_the_order_of_distinct_records_does_not_matter(rows: list[Row]) -> None:
    reports = {"bad": sorted(rows, key=str), "known_good": rows, "rerun": list(reversed(rows))}
    assert compared(reports)[0] == {"same": 6}


@pytest.mark.parametrize(
    ("bad", "good", "rerun", "label"),
    [
        ({"a": 1}, {"a": 2}, {"a": 2}, "gone"),
        ({"a": 1}, {"a": 2}, {"a": 1}, "still there"),
        ({"a": 1}, {"a": 2}, {"a": 3}, "still there"),
        ({"a": 2}, {"a": 2}, {"a": 1}, "new"),
        ({"a": 2.01}, {"a": 2}, {"a": 1}, "new"),
        ({"a": 2}, {"a": 2}, {"a": 2.01}, "within tolerance"),
        ({"a": 1}, {"a": 2}, {"a": 2.01}, "gone"),
        ({"a": 2.0}, {"a": 2}, {"a": 2}, "same"),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": 1, "b": 2}, "same"),
        ({"a": True}, {"a": 1}, {"a": 1}, "gone"),
        ({"a": 1, "rationale": "x"}, {"a": 1, "rationale": "y"}, {"a": 1, "rationale": "y"}, "within tolerance"),
        ("text", {"a": 1}, None, "still there"),
    ],
)
def test_each_label_of_a_decision(bad: object, good: object, rerun: object, label: str) -> None:
    reports = {"bad": [row("A/", bad)], "known_good": [row("A/", good)], "rerun": [row("A/", rerun)]}
    assert compared(reports)[0] == {label: 1}


def test_only_the_parts_that_differ_are_told() -> None:
    before = {"action": "BUY", "score": 1, "policy_tags": {"blocked": False, "size": 2}, "rationale": "a"}
    after = {"action": "BUY", "score": 9, "policy_tags": {"blocked": True, "size": 2}, "rationale": "b"}
    _, told = compared({"bad": [row("A/OPEN", before)], "rerun": [row("A/OPEN", after)]})
    assert told == [
        {
            "key": "A 2026-02-17T09:20:00+05:30 OPEN",
            "label": "gone",
            "bad": {"score": 1, "blocked": False},
            "known_good": None,
            "rerun": {"score": 9, "blocked": True},
        }
    ]


def test_of_very_many_differences_only_the_first_are_told_and_all_are_counted() -> None:
    many = [row(f"A{number}/", {"n": number}) for number in range(50)]
    other = [row(f"A{number}/", {"n": -number - 1}) for number in range(50)]
    counts, told = compared({"bad": many, "rerun": other}, shown=7)
    assert (counts, len(told)) == ({"gone": 50}, 7)


def test_records_too_far_apart_are_counted_as_out_of_order_and_nothing_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decisions, "WINDOW", 5)
    rows = [row(f"A{number}/", {"n": number}) for number in range(40)]
    counts, _ = compared({"bad": rows, "rerun": rows[::-1]})
    assert counts["out of order"] > 0
    judged = sum(count for label, count in counts.items() if label != "out of order")
    assert judged == 2 * 40 - counts.get("same", 0)
    assert compared({"bad": rows, "rerun": rows[1:] + rows[:1]})[0]["same"] >= 38


@pytest.mark.parametrize("order", ["the same record again and again", "shuffled"])
def test_no_report_makes_the_comparison_crawl(order: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decisions, "WINDOW", 2_000)
    rows = [row(f"A{number}/" if order == "shuffled" else "A/", {"n": number}) for number in range(20_000)]
    other = random.Random(1).sample(rows, len(rows)) if order == "shuffled" else rows[:1]
    with within(10):
        counts, _ = compared({"bad": rows, "rerun": other})
    assert counts["out of order"] > 10_000


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"results": [{"input": {"underlying": "A", "timestamp": "t"}, "decision": 1}, {"input": 7}]}', "record 2"),
        ('{"results": [{"input": {"underlying": "A", "timestamp": "t"}, "decision": 1}', ""),
        ('{"results": [{"decision": 1}]}', "record 1"),
        ('{"run_tag": "other", "results": []}', "other"),
        ("not JSON", ""),
        ("", ""),
    ],
)
def test_a_report_that_can_not_be_compared_is_named_with_its_record(tmp_path: Path, text: str, words: str) -> None:
    paths = written(tmp_path, {"bad": [row("A/", {})], "rerun": []})
    paths["rerun"].write_text(text)
    with pytest.raises(Refused, match=r"rerun_report\.json") as refused:
        compare_decisions(paths, close, 10)
    assert words in str(refused.value)


@pytest.mark.parametrize("good", [None, "good"])
def test_a_bad_tag_without_a_usable_report_is_incomparable_and_the_others_are_compared(
    tmp_path: Path, good: str | None
) -> None:
    reports = tmp_path / "reports"
    rows = [row(f"A{number}/", {"n": number}) for number in range(3)]
    for name, results in (("good", rows), ("new", [*rows[:2], row("A2/", {"n": 7})])):
        Tag(reports, name).change(Artifact.REPORT, partial(dict.update, results=results), age=100)
    Tag(reports, "bad").put(Artifact.REPORT, "not JSON")
    found = compare(site_of(tmp_path), "bad", "new", good)
    assert any("its report: is not JSON" in note for note in found.notes)
    assert found.recovered
    assert found.decision_counts == ({"same": 2, "incomparable": 1} if good else {"incomparable": 3})
    assert [(one.key.split()[0], one.bad, one.label) for one in found.decisions] == (
        [("A2", None, "incomparable")] if good else []
    )


def test_a_tag_of_phase_3_a_tag_without_a_report_and_the_tag_itself_can_not_be_compared(tmp_path: Path) -> None:
    Tag(tmp_path / "reports", "bad")
    Tag(tmp_path / "reports", "p3", phase=3)
    site = site_of(tmp_path)
    for bad, rerun, words in (
        ("bad", "p3", "Phase 3"),
        ("bad", "gone", "no report"),
        ("gone", "bad", "no report"),
        ("bad", "bad", "itself"),
    ):
        with pytest.raises(Refused, match=words):
            compare(site, bad, rerun, None)


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), -1e-9])
def test_a_tolerance_that_is_none_is_refused(tmp_path: Path, wrong: float) -> None:
    for name in ("bad", "new"):
        Tag(tmp_path / "reports", name)
    for tolerance in ({"rtol": wrong}, {"atol": wrong}):
        with pytest.raises(Refused, match="finite"):
            compare(site_of(tmp_path), "bad", "new", None, **tolerance)


def test_a_number_beyond_any_float_is_compared_too(tmp_path: Path) -> None:
    for name, number in (("bad", int("9" * 400)), ("new", 1.5)):
        tag = Tag(tmp_path / "reports", name)
        results = [row("A/", {"a": number})]
        tag.change(Artifact.REPORT, partial(dict.update, results=results))
    assert compare(site_of(tmp_path), "bad", "new", None).decision_counts == {"gone": 1}


def test_an_alert_without_a_figure_counts_all_the_same(tmp_path: Path) -> None:
    Tag(tmp_path / "reports", "bad")
    rerun = Tag(tmp_path / "reports", "new")
    alert = {"status": "ALERT", "alerts": [ALERT | {"metric": "of_their_own"}]}
    rerun.change(Artifact.MONITORING, lambda content: content.update(alert) or content.pop("snapshot"))
    found = compare(site_of(tmp_path), "bad", "new", None)
    assert ("of_their_own", "new") in [(one.key, one.label) for one in found.kpis]
    assert not found.recovered


def test_checks_and_figures_are_labelled_three_ways(tmp_path: Path) -> None:
    bad, good, rerun = (Tag(tmp_path / "reports", name) for name in ("bad", "good", "new"))
    alert = {"status": "ALERT", "alerts": [ALERT]}
    bad.change(Artifact.MONITORING, lambda content: content.update(alert))
    figures = {bad: 95.0, good: 10.0, rerun: 10.0 + 1e-12}
    for one, figure in figures.items():
        kpis = {"no_trade_pct": figure, "steady_pct": figure - (85.0 if one is bad else 0.0)}
        snapshot = {"run_tag": one.name, "records": 0, "kpis": kpis}
        one.change(Artifact.MONITORING, partial(dict.update, snapshot=snapshot))
    rerun.remove(Artifact.PHASE4_SIGNOFF)
    (tmp_path / "reports" / ".phase4").mkdir()
    found = compare(site_of(tmp_path), "bad", "new", "good")
    assert {one.key: one.label for one in found.checks} == {"monitoring": "gone", "signoff": "new"}
    assert {one.key: one.label for one in found.kpis} == {"no_trade_pct": "gone", "steady_pct": "within tolerance"}
    assert (found.recovered, found.same_input, found.same_rules) == (False, False, False)
    assert any("no run of the bad tag is on record" in note for note in found.notes)
