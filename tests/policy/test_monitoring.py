"""KPIs, the rules on them and their alerts (policy.md, Monitoring), and the summary that they are measured from."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phase4_tui.policy.monitoring import DEFAULT_RULES, Alert, Kpis, grade_distance, measure, parse_rules, raise_alerts
from phase4_tui.policy.phase4.summary import Tally
from tests.policy.strategies import LARGEST, PROPERTY, above, below

GOOD: Kpis = {
    "directional_pct": 50.0,
    "no_trade_pct": 50.0,
    "event_block_pct": 10.0,
    "portfolio_block_pct": 10.0,
    "release_check_status": "OK",
    "quality_check_status": "OK",
}
DEFAULTS = {
    "max_event_block_pct": 50.0,
    "max_portfolio_block_pct": 35.0,
    "max_no_trade_pct": 70.0,
    "min_directional_pct": 20.0,
}
RULES = [  # KPI, rule key, operator, and which side of the limit breaches it
    ("event_block_pct", "max_event_block_pct", "GT", 1),
    ("portfolio_block_pct", "max_portfolio_block_pct", "GT", 1),
    ("no_trade_pct", "max_no_trade_pct", "GT", 1),
    ("directional_pct", "min_directional_pct", "LT", -1),
]


def tally_of(*decisions: tuple[object, object]) -> Tally:
    tally = Tally()
    for action, gate in decisions:
        tally.add(action, gate)
    return tally


def kpis_with(**changes: Any) -> Kpis:
    return {**GOOD, **changes}


def alert_for(metric: str, value: float, rule: str, limit: float) -> Alert | None:
    """The alert on one KPI against one limit, where everything else is in order."""
    alerts = raise_alerts(kpis_with(**{metric: value}), {**DEFAULT_RULES, rule: limit})
    assert [alert.metric for alert in alerts] in ([], [metric])
    return alerts[0] if alerts else None


def test_an_empty_batch_measures_0_everywhere() -> None:
    kpis = measure(Tally(), True, True)
    shares = ("directional_pct", "no_trade_pct", "event_block_pct", "portfolio_block_pct")
    assert [kpis[share] for share in shares] == [0, 0, 0, 0]


def test_kpis_are_shares_of_all_records_to_2_places() -> None:
    tally = tally_of(
        ("BUY_CALL", "PASS"),
        ("BUY_PUT", "PASS"),
        ("BUY_PUT", "PASS"),
        ("BUY_CALL", "PASS"),
        ("NO_TRADE", "PASS"),
        ("NO_TRADE", "EVENT_BLOCK"),
        ("NO_TRADE", "PORTFOLIO_BLOCK"),
    )
    kpis = measure(tally, True, True)
    assert (kpis["directional_pct"], kpis["no_trade_pct"]) == (57.14, 42.86)
    assert (kpis["event_block_pct"], kpis["portfolio_block_pct"]) == (14.29, 14.29)


def test_calls_and_puts_are_added_before_they_are_rounded() -> None:
    tally = tally_of(("BUY_CALL", "PASS"), ("BUY_PUT", "PASS"), ("NO_TRADE", "PASS"))
    assert measure(tally, True, True)["directional_pct"] == 66.67


@pytest.mark.parametrize(("release", "quality"), [(True, True), (True, False), (False, True), (False, False)])
def test_a_gate_is_ok_only_when_its_check_passed(release: bool, quality: bool) -> None:
    kpis = measure(Tally(), release, quality)
    assert kpis["release_check_status"] == ("OK" if release else "ALERT")
    assert kpis["quality_check_status"] == ("OK" if quality else "ALERT")


def test_the_summary_counts_actions_and_gates_with_their_shares() -> None:
    tally = tally_of(("BUY_CALL", "PASS"), ("NO_TRADE", "EVENT_BLOCK"), ("NO_TRADE", "PORTFOLIO_BLOCK"))
    assert tally.summary() == {
        "total_records": 3,
        "action_counts": {"BUY_CALL": 1, "BUY_PUT": 0, "NO_TRADE": 2},
        "event_block_count": 1,
        "event_block_pct": 33.33,
        "portfolio_block_count": 1,
        "portfolio_block_pct": 33.33,
    }


def test_the_summary_of_nothing_is_all_zeros() -> None:
    assert Tally().summary() == {
        "total_records": 0,
        "action_counts": {"BUY_CALL": 0, "BUY_PUT": 0, "NO_TRADE": 0},
        "event_block_count": 0,
        "event_block_pct": 0.0,
        "portfolio_block_count": 0,
        "portfolio_block_pct": 0.0,
    }


def test_a_decision_that_makes_no_sense_counts_towards_the_total_alone() -> None:
    tally = tally_of(("HOLD", "OPEN"), (None, None), (["BUY_CALL"], {}), ("BUY_CALL", "PASS"))
    assert tally.summary()["total_records"] == 4
    assert measure(tally, True, True)["directional_pct"] == 25.0


def test_a_healthy_run_raises_no_alert() -> None:
    assert raise_alerts(GOOD, DEFAULT_RULES) == []


@pytest.mark.parametrize(("metric", "rule", "operator", "side"), RULES)
def test_a_rule_is_kept_at_its_limit_and_broken_just_beyond_it(
    metric: str, rule: str, operator: str, side: int
) -> None:
    limit = DEFAULTS[rule]
    beyond, within = (above, below) if side > 0 else (below, above)
    assert alert_for(metric, limit, rule, limit) is None
    assert alert_for(metric, within(limit), rule, limit) is None
    alert = alert_for(metric, beyond(limit), rule, limit)
    assert alert is not None
    assert (alert.operator, alert.threshold, alert.value) == (operator, limit, beyond(limit))
    assert alert.severity == "LOW"
    assert metric in alert.message
    assert ("above" if side > 0 else "below") in alert.message


@pytest.mark.parametrize(("metric", "rule", "operator", "side"), RULES)
@pytest.mark.parametrize(
    ("distance", "severity"),
    [(0.01, "LOW"), (9.99, "LOW"), (10.0, "MEDIUM"), (10.01, "MEDIUM"), (19.99, "MEDIUM"), (20.0, "HIGH")],
)
def test_severity_grows_with_the_distance_at_10_and_at_20(
    metric: str, rule: str, operator: str, side: int, distance: float, severity: str
) -> None:
    alert = alert_for(metric, 50.0 + side * distance, rule, 50.0)
    assert alert is not None
    assert (alert.operator, alert.severity) == (operator, severity)


@pytest.mark.parametrize(
    ("metric", "rule", "value", "limit", "severity"),
    [
        ("no_trade_pct", "max_no_trade_pct", 90.1, 70.1, "HIGH"),  # 19.999999999999986 in floating point
        ("no_trade_pct", "max_no_trade_pct", 80.1, 70.1, "MEDIUM"),  # 9.999999999999986
        ("event_block_pct", "max_event_block_pct", 70.05, 50.05, "HIGH"),
        ("directional_pct", "min_directional_pct", 0.3, 20.3, "HIGH"),
        ("directional_pct", "min_directional_pct", 10.13, 20.13, "MEDIUM"),
        ("directional_pct", "min_directional_pct", 10.14, 20.13, "LOW"),
    ],
)
def test_floating_point_noise_does_not_lower_the_severity(
    metric: str, rule: str, value: float, limit: float, severity: str
) -> None:
    alert = alert_for(metric, value, rule, limit)
    assert alert is not None
    assert alert.severity == severity


@pytest.mark.parametrize(
    ("distance", "severity"),
    [(100.0, "HIGH"), (20.0, "HIGH"), (below(20.0), "MEDIUM"), (10.0, "MEDIUM"), (below(10.0), "LOW"), (0.0, "LOW")],
)
def test_the_distances_20_and_10_belong_to_the_graver_side(distance: float, severity: str) -> None:
    assert grade_distance(distance) == severity


@pytest.mark.parametrize("gate", ["release_check_status", "quality_check_status"])
def test_a_gate_that_is_not_ok_is_a_high_alert_against_ok(gate: str) -> None:
    (alert,) = raise_alerts(kpis_with(**{gate: "ALERT"}), DEFAULT_RULES)
    assert (alert.metric, alert.value, alert.threshold) == (gate, "ALERT", "OK")
    assert (alert.operator, alert.severity) == ("EQ", "HIGH")
    assert gate in alert.message


def test_an_empty_batch_trades_too_little() -> None:
    (alert,) = raise_alerts(measure(Tally(), True, True), DEFAULT_RULES)
    assert (alert.metric, alert.value, alert.severity) == ("directional_pct", 0.0, "HIGH")


def test_everything_that_is_wrong_is_an_alert_of_its_own() -> None:
    values: tuple[float | str, ...] = (0.0, 100.0, 100.0, 100.0, "ALERT", "ALERT")
    worst = dict(zip(GOOD, values, strict=True))
    metrics = [alert.metric for alert in raise_alerts(worst, DEFAULT_RULES)]
    assert sorted(metrics) == sorted(
        [*(metric for metric, *_ in RULES), "release_check_status", "quality_check_status"]
    )


CENTS = st.integers(0, 10_000).map(lambda cents: Decimal(cents) / 100)


def expected_alerts(values: Iterable[Decimal], limits: Iterable[Decimal]) -> dict[str, str]:
    """Metric to severity, in exact decimals."""
    severities = {}
    for (metric, _, _, side), value, limit in zip(RULES, values, limits, strict=True):
        distance = (value - limit) * side
        if distance > 0:
            severities[metric] = "HIGH" if distance >= 20 else "MEDIUM" if distance >= 10 else "LOW"
    return severities


@PROPERTY
@given(st.tuples(CENTS, CENTS, CENTS, CENTS), st.tuples(CENTS, CENTS, CENTS, CENTS))
def test_alerts_are_those_of_exact_arithmetic(values: tuple[Decimal, ...], limits: tuple[Decimal, ...]) -> None:
    kpis = kpis_with(**{rule[0]: float(value) for rule, value in zip(RULES, values, strict=True)})
    rules = parse_rules({rule[1]: float(limit) for rule, limit in zip(RULES, limits, strict=True)})
    alerts = raise_alerts(kpis, rules)
    assert {alert.metric: alert.severity for alert in alerts} == expected_alerts(values, limits)


def test_rules_that_are_not_set_keep_their_defaults() -> None:
    assert parse_rules({}) == DEFAULTS
    assert DEFAULT_RULES == DEFAULTS
    assert parse_rules({"max_no_trade_pct": 12.5}) == DEFAULTS | {"max_no_trade_pct": 12.5}


@pytest.mark.parametrize("key", DEFAULTS)
@pytest.mark.parametrize("value", [0, -1, 100, 12.25, 1000, LARGEST, -LARGEST])
def test_any_rule_may_be_set_to_any_finite_number(key: str, value: float) -> None:
    assert parse_rules({key: value}) == DEFAULTS | {key: value}


@pytest.mark.parametrize("key", ["max_no_trade", "MAX_NO_TRADE_PCT", "", "min_event_block_pct", "no_trade_pct"])
def test_an_unknown_rule_is_an_error_that_names_it(key: str) -> None:
    with pytest.raises(ValueError, match=f"'{key}'|`{key}`|\"{key}\""):
        parse_rules({"max_no_trade_pct": 50.0, key: 50.0})


@pytest.mark.parametrize("key", DEFAULTS)
@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        -float("inf"),
        True,
        False,
        "50",
        None,
        [50.0],
        {},
        pytest.param(10**400, id="an integer beyond any float"),
    ],
)
def test_a_rule_that_is_no_finite_number_is_an_error_that_names_it(key: str, value: object) -> None:
    with pytest.raises(ValueError, match=key):
        parse_rules({key: value})


@pytest.mark.parametrize("content", [None, [], "rules", 5, True, [["max_no_trade_pct", 5]]])
def test_rules_that_are_no_object_are_refused(content: object) -> None:
    with pytest.raises(ValueError, match="object"):
        parse_rules(content)
