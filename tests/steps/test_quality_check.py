"""The quality check: every violation of every row is listed, and nothing that a report may hold stops the gate."""

import json
from collections.abc import Callable

import pytest

from phase4_tui.artifacts.nesting import DEPTH_LIMIT, TOO_DEEP
from tests.steps.support import RECORD, Desk, Json, Ran

STEP = "phase4_quality_check"
SCHEMA, SCORING, POLICY = "output_schema_valid", "score_and_sizing_valid", "event_and_portfolio_policy_enforced"
REPORT = "reports/a_report.json"


def issues(ran: Ran) -> dict[str, list[str]]:
    """Return the issues of each section of a check, whose form must be as the formats say."""
    found = ran.document()
    assert list(found) == ["passed", "checks"]
    assert list(found["checks"]) == [SCHEMA, SCORING, POLICY]
    for section in found["checks"].values():
        assert list(section) == ["passed", "issues"]
        assert section["passed"] is (section["issues"] == [])
    passed = all(section["passed"] for section in found["checks"].values())
    assert found["passed"] is passed
    assert (ran.status, ran.err) == ((0 if passed else 2), "")
    return {name: section["issues"] for name, section in found["checks"].items()}


def judged(desk: Desk, change: Callable[[Json], object]) -> dict[str, list[str]]:
    """Return the issues of the sample's report after `change`."""
    desk.pipeline()
    desk.change("a_report.json", change)
    return issues(desk.run(STEP, "--report-json", REPORT))


def judged_row(desk: Desk, old: str, new: bytes) -> dict[str, list[str]]:
    """Return the issues of a report whose second row has the bytes `new` instead of the text `old`."""
    desk.pipeline("a", [RECORD, RECORD | {"event_name": "MARK"}, RECORD])
    lines = (desk.root / REPORT).read_bytes().split(b"\n")
    at = next(number for number, line in enumerate(lines) if b"MARK" in line)
    assert old.encode() in lines[at]
    lines[at] = lines[at].replace(old.encode(), new, 1)
    desk.put(REPORT, b"\n".join(lines))
    return issues(desk.run(STEP, "--report-json", REPORT))


def test_what_the_pipeline_wrote_passes_and_the_file_is_what_was_printed(desk: Desk) -> None:
    desk.pipeline()
    ran = desk.run(STEP, "--report-json", REPORT, "--out-json", "reports/a_quality_check.json")
    assert issues(ran) == {SCHEMA: [], SCORING: [], POLICY: []}
    assert (desk.reports / "a_quality_check.json").read_text() == ran.out


def test_a_report_without_records_passes(desk: Desk) -> None:
    desk.pipeline("a", [])
    assert issues(desk.run(STEP, "--report-json", REPORT)) == {SCHEMA: [], SCORING: [], POLICY: []}


def decision(**changed: object) -> Callable[[Json], object]:
    return lambda report: report["results"][4]["decision"].update(changed)


def tags(**changed: object) -> Callable[[Json], object]:
    return lambda report: report["results"][4]["decision"]["policy_tags"].update(changed)


def lacking(key: str) -> Callable[[Json], object]:
    return lambda report: report["results"][4]["decision"].pop(key)


MUTATIONS: dict[str, tuple[Callable[[Json], object], str, str]] = {
    **{
        f"no {key}": (lacking(key), SCHEMA, key)
        for key in (
            "action",
            "confidence",
            "confidence_score",
            "position_size_multiplier",
            "rationale",
            "policy_tags",
        )
    },
    "no decision": (lambda report: report["results"][4].pop("decision"), SCHEMA, "decision"),
    "no input": (lambda report: report["results"][4].pop("input"), SCHEMA, "input"),
    "a row that is no object": (lambda report: report["results"].__setitem__(4, "row"), SCHEMA, "input"),
    "an unknown action": (decision(action="SELL"), SCHEMA, "SELL"),
    "an unknown confidence": (decision(confidence="SURE"), SCHEMA, "SURE"),
    "a rationale that is no text": (decision(rationale=None), SCHEMA, "rationale"),
    "a score that is a text": (decision(confidence_score="72"), SCHEMA, "confidence_score"),
    "tags that are no object": (decision(policy_tags=[]), SCHEMA, "policy_tags"),
    "an unknown gate": (tags(gate="OPEN"), SCHEMA, "gate"),
    "a share that is no text": (tags(exposure_utilization_pct=60.0), SCHEMA, "exposure_utilization_pct"),
    "a score above 100": (decision(confidence_score=100.01), SCORING, "100.01"),
    "a score below 0": (decision(confidence_score=-0.01), SCORING, "-0.01"),
    "a size above 1.5": (decision(position_size_multiplier=1.51), SCORING, "1.51"),
    "a score that is true": (decision(confidence_score=True), SCORING, "true"),
    "a score that is NaN": (decision(confidence_score=float("nan")), SCORING, "nan"),
    "a size that is infinite": (decision(position_size_multiplier=float("inf")), SCORING, "inf"),
}


@pytest.mark.parametrize(("change", "section", "reason"), MUTATIONS.values(), ids=MUTATIONS.keys())
def test_a_broken_rule_is_listed_in_its_section_with_the_records_number(
    desk: Desk, change: Callable[[Json], object], section: str, reason: str
) -> None:
    found = judged(desk, change)[section]
    assert any("record 5:" in issue and reason in issue for issue in found)
    assert all("record 5:" in issue for issue in found)


def test_a_traded_event_and_a_traded_full_portfolio_are_policy_violations(desk: Desk) -> None:
    report = desk.pipeline()
    blocked = {row["decision"]["policy_tags"]["gate"]: row for row in report["results"]}
    for gate in ("EVENT_BLOCK", "PORTFOLIO_BLOCK"):
        blocked[gate]["decision"] |= {"action": "BUY_CALL"}
        blocked[gate]["decision"]["policy_tags"] |= {"gate": "PASS"}
    desk.put(REPORT, report)
    found = issues(desk.run(STEP, "--report-json", REPORT))
    numbers = {gate: report["results"].index(blocked[gate]) + 1 for gate in ("EVENT_BLOCK", "PORTFOLIO_BLOCK")}
    assert (found[SCHEMA], found[SCORING], len(found[POLICY])) == ([], [], 4)
    for gate, number in numbers.items():
        mine = [issue for issue in found[POLICY] if f"record {number}:" in issue]
        assert any("NO_TRADE" in issue for issue in mine)
        assert any(gate in issue for issue in mine)


def test_a_record_that_breaches_event_and_portfolio_carries_the_event_block(desk: Desk) -> None:
    both = RECORD | {"event_name": "fed", "event_window_active": True, "current_portfolio_exposure_pct": 99.0}
    desk.pipeline("a", [both])
    assert issues(desk.run(STEP, "--report-json", REPORT))[POLICY] == []
    row = desk.load("a_report.json")["results"][0]
    assert row["decision"]["policy_tags"]["gate"] == "EVENT_BLOCK"
    desk.change("a_report.json", lambda it: it["results"][0]["decision"]["policy_tags"].update(gate="PORTFOLIO_BLOCK"))
    (issue,) = issues(desk.run(STEP, "--report-json", REPORT))[POLICY]
    assert "EVENT_BLOCK" in issue


@pytest.mark.parametrize("valid_rows_before", [0, 1])
def test_twenty_thousand_violations_are_each_listed_once_and_in_order(desk: Desk, valid_rows_before: int) -> None:
    report = desk.pipeline("a", [RECORD])
    good = json.dumps(report["results"][0])
    report["results"][0]["decision"]["confidence_score"] = 101
    bad = json.dumps(report["results"][0])
    rows = [good] * valid_rows_before + [bad] * 20_000
    desk.put(REPORT, '{"results": [' + ",\n".join(rows) + "]}")
    found = issues(desk.run(STEP, "--report-json", REPORT, "--out-json", "check.json"))
    assert len(found[SCORING]) == 20_000
    for number, issue in enumerate(found[SCORING], 1 + valid_rows_before):
        assert f"record {number}:" in issue
    assert found[SCHEMA] == found[POLICY] == []
    assert json.loads((desk.root / "check.json").read_bytes())["checks"][SCORING]["issues"] == found[SCORING]


SCORE = '"confidence_score":72.0'
EXPOSURE = '"current_portfolio_exposure_pct":21.0'
MAXIMUM = '"max_portfolio_exposure_pct":35.0'
ACTION = '"action":"BUY_CALL"'
HOSTILE_ROWS: dict[str, tuple[str, bytes]] = {
    "a score of NaN": (SCORE, b'"confidence_score":NaN'),
    "a score of 1e999": (SCORE, b'"confidence_score":1e999'),
    "a score of 400 digits": (SCORE, b'"confidence_score":' + b"9" * 400),
    "a score of 5,000 digits": (SCORE, b'"confidence_score":' + b"9" * 5000),
    "an exposure of 400 digits": (EXPOSURE, b'"current_portfolio_exposure_pct":' + b"9" * 400),
    "an exposure of NaN": (EXPOSURE, b'"current_portfolio_exposure_pct":NaN'),
    "an infinite maximum": (MAXIMUM, b'"max_portfolio_exposure_pct":1e999'),
    "an action in latin-1": (ACTION, b'"action":"BUY_C\xc4LL"'),
    "a rationale in latin-1": ('"rationale":"', b'"rationale":"caf\xe9 '),
    "an action that is a surrogate": (ACTION, b'"action":"\\ud800"'),
    "an action that is a list": (ACTION, b'"action":[{"x":1}]'),
    "an action 3,000 deep": (ACTION, b'"action":' + b"[" * 3000 + b"]" * 3000),
    "an action 600 deep": (ACTION, b'"action":' + b"[" * 600 + b"]" * 600),
    "a raw control character": (ACTION, b'"action":"\x1b[2J"'),
    "an escaped control character": (ACTION, b'"action":"\\u001b]52;c;RVZJTA==\\u0007"'),
    "a name that is no text": ('"event_name":"MARK"', b'"event_name":7'),
    "a window that is a text": ('"event_window_active":false', b'"event_window_active":"no"'),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new"), HOSTILE_ROWS.values(), ids=HOSTILE_ROWS.keys())
def test_a_hostile_row_fails_the_gate_by_name_and_does_not_stop_it(desk: Desk, old: str, new: bytes) -> None:
    found = [issue for section in judged_row(desk, old, new).values() for issue in section]
    assert found
    assert all("record 2" in issue for issue in found)
    assert all(issue.isprintable() for issue in found)


@pytest.mark.parametrize("old", [ACTION, '"input":{'])
def test_an_unknown_key_however_deep_does_not_stop_the_gate(desk: Desk, old: str) -> None:
    judged_row(desk, old, b'"unknown":' + b"[" * 3000 + b"]" * 3000 + b"," + old.encode())


def test_a_row_beyond_the_limit_of_nesting_is_named_with_the_limit(desk: Desk) -> None:
    for levels, passes in ((DEPTH_LIMIT, True), (DEPTH_LIMIT + 1, False)):
        more = "[" * (levels - 2) + "]" * (levels - 2)  # in the row, in its decision
        found = judged_row(desk, ACTION, f'"unknown":{more},{ACTION}'.encode())
        assert (found[SCHEMA] == []) is passes
        assert passes or all(issue.startswith("record 2: ") and TOO_DEEP in issue for issue in found[SCHEMA])


def test_no_depth_of_a_value_stops_the_gate(desk: Desk) -> None:
    desk.pipeline("a", [RECORD])
    text = (desk.root / REPORT).read_text()
    for depth in range(750, 1010):
        desk.put(REPORT, text.replace('"BUY_CALL"', "[" * depth + "]" * depth, 1))
        assert desk.run(STEP, "--report-json", REPORT).status == 2


BROKEN_REPORTS: dict[str, str | bytes] = {
    "nothing": "",
    "an array": "[]",
    "no rows": '{"run_tag": "a"}',
    "rows that are no array": '{"results": {}}',
    "cut short": '{"run_tag": "a", "results": [{"input": {',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"results": []}'.encode("utf-16"),
    "latin-1": '{"run_tag": "é", "results": []}'.encode("latin-1"),
    "a duplicate key": '{"results": [], "results": []}',
    "NaN at the top": '{"x": NaN, "results": []}',
    "100,000 brackets": "[" * 100_000,
    "100,000 brackets as rows": '{"results": ' + "[" * 100_000,
    "text behind": '{"results": []} x',
    "NULs": b"\x00" * 4096,
    "blanks of several windows": '{"run_tag": "a"' + " " * (3 << 20) + "}",
}


@pytest.mark.parametrize("content", BROKEN_REPORTS.values(), ids=BROKEN_REPORTS.keys())
def test_a_broken_report_fails_the_gate_and_leaves_the_evidence(desk: Desk, content: str | bytes) -> None:
    desk.put(REPORT, content)
    found = issues(desk.run(STEP, "--report-json", REPORT, "--out-json", "check.json"))
    assert "report" in found[SCHEMA][0]
    assert json.loads((desk.root / "check.json").read_bytes())["passed"] is False


def test_rows_of_others_in_any_order_with_more_keys_pass(desk: Desk) -> None:
    report = desk.pipeline()
    report["results"] = [dict(reversed(row.items())) | {"note": 1} for row in report["results"]]
    desk.put(REPORT, json.dumps(dict(reversed(report.items())), indent=2))
    assert issues(desk.run(STEP, "--report-json", REPORT)) == {SCHEMA: [], SCORING: [], POLICY: []}


def test_a_missing_report_is_no_verdict(desk: Desk) -> None:
    before = desk.files()
    ran = desk.run(STEP, "--report-json", REPORT, "--out-json", "reports/a_quality_check.json")
    assert ran.status == 2
    assert "not found" in ran.complaint()
    assert desk.files() == before


def test_the_check_of_a_frozen_tag_is_not_overwritten_and_nothing_is_printed(desk: Desk) -> None:
    desk.checked()
    desk.freeze("a")
    before = desk.files()
    ran = desk.run(STEP, "--report-json", REPORT, "--out-json", "reports/a_quality_check.json")
    assert ran.status == 1
    assert "tag a is frozen" in ran.complaint()
    assert desk.files() == before
