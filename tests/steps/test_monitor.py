"""The monitor: KPIs of a run, the rules on them, and alerts; its file carries the verdict, not its exit status."""

from collections.abc import Callable

import pytest

from tests.steps.support import RECORD, Desk, Json, Ran

STEP = "phase4_monitor_runner"
FILES = ("--report-json", "reports/a_report.json", "--out-json", "reports/a_monitoring.json")
GATES = ("--release-json", "reports/a_release_check.json", "--quality-json", "reports/a_quality_check.json")
KPIS = [
    "directional_pct",
    "no_trade_pct",
    "event_block_pct",
    "portfolio_block_pct",
    "release_check_status",
    "quality_check_status",
]
ALERT_KEYS = ["metric", "value", "threshold", "operator", "severity", "message"]

CALL = RECORD
QUIET = RECORD | {"options_bias": "NEUTRAL"}
EVENT = RECORD | {"event_name": "CPI", "event_window_active": True}
FULL = RECORD | {"current_portfolio_exposure_pct": 35.0}


def watch(desk: Desk, *arguments: str) -> Json:
    """Run the monitor and return its file, whose form must be as the formats say."""
    ran = desk.run(STEP, *FILES, *arguments)
    assert (ran.status, ran.err) == (0, "")
    found = desk.load("a_monitoring.json")
    assert list(found) == ["snapshot", "alerts", "alert_count", "status"]
    assert list(found["snapshot"]) == ["run_tag", "records", "kpis"]
    assert list(found["snapshot"]["kpis"]) == KPIS
    assert all(list(alert) == ALERT_KEYS for alert in found["alerts"])
    assert found["alert_count"] == len(found["alerts"])
    assert found["status"] == ("ALERT" if found["alerts"] else "OK")
    told = ran.document()
    assert (told["status"], told["alert_count"]) == (found["status"], found["alert_count"])
    assert told["monitoring_json"] == "reports/a_monitoring.json"
    return found


def alerts(desk: Desk, batch: list[Json], rules: Json | None = None) -> dict[str, Json]:
    """Return the alerts over a batch by metric, the two gates' left out."""
    desk.pipeline("a", batch)
    desk.put("rules.json", rules or {})
    found = watch(desk, "--rules-json", "rules.json")["alerts"]
    return {alert["metric"]: alert for alert in found if not alert["metric"].endswith("_status")}


def test_a_good_run_is_ok(desk: Desk) -> None:
    desk.checked()
    found = watch(desk, *GATES, "--out-md", "reports/a_monitoring.md")
    assert (found["status"], found["alerts"]) == ("OK", [])
    assert found["snapshot"] == {
        "run_tag": "a",
        "records": 14,
        "kpis": {
            "directional_pct": 71.43,
            "no_trade_pct": 28.57,
            "event_block_pct": 7.14,
            "portfolio_block_pct": 7.14,
            "release_check_status": "OK",
            "quality_check_status": "OK",
        },
    }
    markdown = (desk.reports / "a_monitoring.md").read_text()
    assert "Status: **OK** over 14 records" in markdown
    assert all(kpi in markdown for kpi in KPIS)


def test_without_the_gates_files_both_statuses_are_alerts(desk: Desk) -> None:
    desk.pipeline()
    for arguments in ((), ("--release-json", "nowhere.json", "--quality-json", "nowhere.json")):
        found = watch(desk, *arguments)
        assert [(alert["metric"], alert["value"]) for alert in found["alerts"]] == [
            ("release_check_status", "ALERT"),
            ("quality_check_status", "ALERT"),
        ]
        for alert in found["alerts"]:
            assert (alert["threshold"], alert["operator"], alert["severity"]) == ("OK", "EQ", "HIGH")


@pytest.mark.parametrize(
    "check", ['{"passed": false}', '{"passed": "true"}', "{", "[]", '{"passed": true, "passed": true}']
)
def test_a_gate_that_did_not_clearly_pass_is_an_alert(desk: Desk, check: str) -> None:
    desk.checked()
    desk.put("reports/a_quality_check.json", check)
    found = watch(desk, *GATES)
    assert found["snapshot"]["kpis"]["release_check_status"] == "OK"
    assert [alert["metric"] for alert in found["alerts"]] == ["quality_check_status"]


def test_an_empty_batch_has_kpis_of_zero(desk: Desk) -> None:
    desk.pipeline("a", [])
    found = watch(desk)
    assert found["snapshot"]["records"] == 0
    assert [found["snapshot"]["kpis"][kpi] for kpi in KPIS[:4]] == [0.0] * 4
    assert found["alerts"][0]["metric"] == "directional_pct"


LIMITS: dict[str, tuple[list[Json], str, float]] = {
    "events": ([EVENT, EVENT, EVENT, CALL], "event_block_pct", 75.0),
    "portfolio": ([FULL, FULL, CALL, CALL, CALL], "portfolio_block_pct", 40.0),
    "no trades": ([QUIET, QUIET, QUIET, QUIET, CALL], "no_trade_pct", 80.0),
    "direction": ([QUIET, QUIET, QUIET, CALL, CALL], "directional_pct", 40.0),
}


@pytest.mark.parametrize(("batch", "metric", "value"), LIMITS.values(), ids=LIMITS.keys())
@pytest.mark.parametrize(
    ("distance", "severity"), [(20.0, "HIGH"), (10.0, "MEDIUM"), (9.99, "LOW"), (0.0, None), (-1.0, None)]
)
def test_a_breach_is_graded_by_its_distance_and_the_limit_itself_is_no_breach(
    desk: Desk, batch: list[Json], metric: str, value: float, distance: float, severity: str | None
) -> None:
    side = 1 if metric == "directional_pct" else -1
    rule = f"{'min' if side > 0 else 'max'}_{metric}"
    limit = round(value + side * distance, 2)
    found = alerts(desk, batch, {rule: limit}).get(metric)
    if severity is None:
        assert found is None
        return
    assert found is not None
    assert (found["value"], found["threshold"], found["severity"]) == (value, limit, severity)
    assert found["operator"] == ("LT" if side > 0 else "GT")
    assert metric in found["message"]


@pytest.mark.parametrize(
    ("record", "at_the_limit", "metric", "threshold"),
    [
        (EVENT, 50, "event_block_pct", 50.0),
        (FULL, 35, "portfolio_block_pct", 35.0),
        (QUIET, 70, "no_trade_pct", 70.0),
        (QUIET, 80, "directional_pct", 20.0),
    ],
)
def test_the_default_limits_are_the_policys_and_are_no_breach_themselves(
    desk: Desk, record: Json, at_the_limit: int, metric: str, threshold: float
) -> None:
    assert metric not in alerts(desk, [record] * at_the_limit + [CALL] * (100 - at_the_limit))
    beyond = alerts(desk, [record] * (at_the_limit + 1) + [CALL] * (99 - at_the_limit))
    assert (beyond[metric]["threshold"], beyond[metric]["severity"]) == (threshold, "LOW")


BAD_RULES: dict[str, tuple[str | bytes, str]] = {
    "an unknown key": ('{"max_profit_pct": 1}', "max_profit_pct"),
    "a text": ('{"max_no_trade_pct": "70"}', "max_no_trade_pct"),
    "a boolean": ('{"max_no_trade_pct": true}', "max_no_trade_pct"),
    "null": ('{"min_directional_pct": null}', "min_directional_pct"),
    "NaN": ('{"max_event_block_pct": NaN}', "max_event_block_pct"),
    "Infinity": ('{"max_event_block_pct": Infinity}', "max_event_block_pct"),
    "1e999": ('{"max_event_block_pct": 1e999}', "max_event_block_pct"),
    "400 digits": ('{"max_event_block_pct": ' + "9" * 400 + "}", "max_event_block_pct"),
    "5,000 digits": ('{"max_event_block_pct": ' + "9" * 5000 + "}", "number"),
    "the same key twice": ('{"max_no_trade_pct": 1, "max_no_trade_pct": 99}', "max_no_trade_pct"),
    "an array": ("[]", "object"),
    "nothing": ("", "empty"),
    "cut short": ('{"max_no_trade_pct": 7', "not JSON"),
    "a byte order mark": (b"\xef\xbb\xbf{}", "byte order mark"),
}


@pytest.mark.parametrize(("rules", "reason"), BAD_RULES.values(), ids=BAD_RULES.keys())
def test_bad_rules_fail_by_file_and_key_and_nothing_is_written(desk: Desk, rules: str | bytes, reason: str) -> None:
    desk.pipeline()
    desk.put("rules.json", rules)
    before = desk.files()
    ran = desk.run(STEP, *FILES, "--rules-json", "rules.json", "--out-md", "reports/a_monitoring.md")
    assert ran.status == 1
    assert "rules.json" in ran.complaint()
    assert reason in ran.complaint()
    assert desk.files() == before


@pytest.mark.parametrize("arguments", [(), ("--rules-json", "nowhere.json")], ids=["report", "rules"])
def test_a_missing_report_or_rules_file_is_told_by_the_exit_status(desk: Desk, arguments: tuple[str, ...]) -> None:
    if arguments:
        desk.pipeline()
    before = desk.files()
    ran = desk.run(STEP, *FILES, *arguments)
    assert ran.status == 2
    assert "not found" in ran.complaint()
    assert desk.files() == before


BROKEN_REPORTS: dict[str, str | bytes] = {
    "nothing": "",
    "an array": "[]",
    "no rows": '{"run_tag": "a"}',
    "rows that are no array": '{"results": 1}',
    "cut short": '{"results": [{"input": {',
    "blanks of several windows": '{"run_tag": "a"' + " " * (3 << 20) + "}",
}


@pytest.mark.parametrize("content", BROKEN_REPORTS.values(), ids=BROKEN_REPORTS.keys())
def test_a_broken_report_fails_by_name_and_nothing_is_written(desk: Desk, content: str | bytes) -> None:
    desk.put("reports/a_report.json", content)
    before = desk.files()
    ran = desk.run(STEP, *FILES)
    assert ran.status == 1
    assert "a_report.json" in ran.complaint()
    assert desk.files() == before


def harmed(change: Callable[[Json], object]) -> Callable[[Json], object]:
    return lambda report: change(report["results"][0])


@pytest.mark.parametrize(
    "change",
    [
        lambda row: row.clear(),
        lambda row: row.update(decision=None),
        lambda row: row.update(decision={"action": ["BUY_CALL"], "policy_tags": {"gate": {}}}),
        lambda row: row["decision"].update(action="SELL", policy_tags=5),
        lambda row: row["decision"].update(confidence_score=float("nan"), action=None),
    ],
)
def test_a_row_of_any_shape_counts_as_a_record_and_for_no_kpi(desk: Desk, change: Callable[[Json], object]) -> None:
    desk.pipeline("a", [CALL, CALL])
    desk.change("a_report.json", harmed(change))
    found = watch(desk)["snapshot"]
    assert (found["records"], found["kpis"]["directional_pct"], found["kpis"]["no_trade_pct"]) == (2, 50.0, 0.0)


@pytest.mark.parametrize(
    "row",
    [
        '{"x": "é"}'.encode("latin-1"),
        b'{"x": ' + b"9" * 5000 + b"}",
        b'{"x": ' + b"[" * 3000 + b"]" * 3000 + b"}",
        b"null",
    ],
    ids=["latin-1", "5,000 digits", "3,000 deep", "null"],
)
def test_a_row_that_can_hardly_be_read_counts_as_a_record_and_for_no_kpi(desk: Desk, row: bytes) -> None:
    desk.put("reports/a_report.json", b'{"results": [' + row + b"]}")
    found = watch(desk)["snapshot"]
    assert (found["run_tag"], found["records"]) == ("a", 1)
    assert [found["kpis"][kpi] for kpi in KPIS[:4]] == [0.0] * 4


def test_a_report_without_a_tag_is_named_after_its_file(desk: Desk) -> None:
    desk.pipeline()
    desk.change("a_report.json", lambda report: report.pop("run_tag"))
    assert watch(desk)["snapshot"]["run_tag"] == "a"


def test_the_markdown_lists_the_alerts(desk: Desk) -> None:
    desk.pipeline("a", [EVENT])
    found = watch(desk, "--out-md", "reports/a_monitoring.md")
    markdown = (desk.reports / "a_monitoring.md").read_text()
    assert "Status: **ALERT** over 1 records" in markdown
    for alert in found["alerts"]:
        row = next(
            line for line in markdown.splitlines() if line.startswith(f"| {alert['severity']} | {alert['metric']}")
        )
        assert str(alert["threshold"]) in row
    assert not desk.run(STEP, *FILES[:3], "other.json").document().get("monitoring_md")


@pytest.mark.parametrize("out_md", [(), ("--out-md", "reports/a_monitoring.md")], ids=["json", "json and Markdown"])
def test_the_monitoring_of_a_frozen_tag_is_not_overwritten(desk: Desk, out_md: tuple[str, ...]) -> None:
    desk.pipeline()
    watch(desk, *out_md)
    desk.freeze("a")
    before = desk.files()
    ran: Ran = desk.run(STEP, *FILES, *out_md)
    assert ran.status == 1
    assert "tag a is frozen" in ran.complaint()
    assert desk.files() == before


def test_two_outputs_are_written_both_or_none(desk: Desk) -> None:
    desk.pipeline()
    (desk.reports / "a_monitoring.md").mkdir()
    before = desk.files()
    ran = desk.run(STEP, *FILES, "--out-md", "reports/a_monitoring.md")
    assert ran.status == 1
    ran.complaint()
    assert desk.files() == before
