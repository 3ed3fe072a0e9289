"""What an alert says: the figure, how far it is from its rule, on which side, and which gate is not OK."""

from phase4_tui.policy.monitoring import DEFAULT_RULES, raise_alerts
from tests.policy.test_monitoring import GOOD


def test_each_alert_names_figure_distance_side_and_rule() -> None:
    kpis = {**GOOD, "no_trade_pct": 90.1, "directional_pct": 9.9, "quality_check_status": "ALERT"}
    assert [alert.message for alert in raise_alerts(kpis, {**DEFAULT_RULES, "max_no_trade_pct": 70.1})] == [
        "no_trade_pct 90.1 is 20 points above max_no_trade_pct 70.1",
        "directional_pct 9.9 is 10.1 points below min_directional_pct 20.0",
        "quality_check_status is ALERT: the check did not pass or was not found",
    ]
