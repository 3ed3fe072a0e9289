"""Monitoring: KPIs of a run, the rules on them, and the alerts (policy.md, Monitoring)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Literal

from phase4_tui.policy.phase4.summary import Tally, share_pct
from phase4_tui.policy.values import is_number, show
from phase4_tui.policy.vocabulary import Level

HIGH_DISTANCE = 20.0
MEDIUM_DISTANCE = 10.0
FLOAT_NOISE_PLACES = 9
Status = Literal["OK", "ALERT"]


@dataclass(frozen=True)
class Rules:
    """Limits in percent; the defaults are policy.md's."""

    max_event_block_pct: float = 50.0
    max_portfolio_block_pct: float = 35.0
    max_no_trade_pct: float = 70.0
    min_directional_pct: float = 20.0


@dataclass(frozen=True)
class Kpis:
    """Shares in percent to 2 places, and the verdicts of the two gates."""

    directional_pct: float
    no_trade_pct: float
    event_block_pct: float
    portfolio_block_pct: float
    release_check_status: Status
    quality_check_status: Status


@dataclass(frozen=True)
class Alert:
    """One breached rule."""

    metric: str
    value: float | str
    threshold: float | str
    operator: Literal["GT", "LT", "EQ"]
    severity: Level
    message: str


def parse_rules(content: object) -> Rules:
    """Return the rules with any subset set; ValueError names the key that is unknown or no finite number."""
    if not isinstance(content, Mapping):
        raise ValueError(f"must be an object of rules, found {show(content)}")
    known = [field.name for field in fields(Rules)]
    values: dict[str, float] = {}
    for key, value in content.items():
        if key not in known:
            raise ValueError(f"key {show(key)} is unknown; known are {', '.join(known)}")
        if not is_number(value):
            raise ValueError(f"key `{key}` must be a finite number, found {show(value)}")
        values[key] = float(value)
    return Rules(**values)


def measure(tally: Tally, release_passed: bool, quality_passed: bool) -> Kpis:
    """Return the KPIs of a run; all shares are 0.0 for an empty batch."""
    directional = tally.actions["BUY_CALL"] + tally.actions["BUY_PUT"]
    return Kpis(
        directional_pct=share_pct(directional, tally.total),
        no_trade_pct=share_pct(tally.actions["NO_TRADE"], tally.total),
        event_block_pct=share_pct(tally.gates["EVENT_BLOCK"], tally.total),
        portfolio_block_pct=share_pct(tally.gates["PORTFOLIO_BLOCK"], tally.total),
        release_check_status="OK" if release_passed else "ALERT",
        quality_check_status="OK" if quality_passed else "ALERT",
    )


def grade_distance(distance: float) -> Level:
    """Return the severity of a breach by its distance from the rule, in percentage points."""
    if distance >= HIGH_DISTANCE:
        return "HIGH"
    return "MEDIUM" if distance >= MEDIUM_DISTANCE else "LOW"


def raise_alerts(kpis: Kpis, rules: Rules) -> list[Alert]:
    """Return the alerts in the order of the rules, the two gates last; none means status OK."""
    values = asdict(kpis)
    alerts = []
    for rule, limit in asdict(rules).items():
        kind, metric = rule.split("_", 1)
        value: float = values[metric]
        # Rounded, so that 90.1 against 70.1 is 20 points as on paper, not 19.999999999999986.
        distance = round(value - limit if kind == "max" else limit - value, FLOAT_NOISE_PLACES)
        breached = value > limit if kind == "max" else value < limit
        if breached:
            side = "above" if kind == "max" else "below"
            alerts.append(
                Alert(
                    metric=metric,
                    value=value,
                    threshold=limit,
                    operator="GT" if kind == "max" else "LT",
                    severity=grade_distance(distance),
                    message=f"{metric} {value} is {distance:g} points {side} {rule} {limit}",
                )
            )
    for metric in ("release_check_status", "quality_check_status"):
        if values[metric] != "OK":
            message = f"{metric} is {values[metric]}: the check did not pass or was not found"
            alerts.append(Alert(metric, values[metric], "OK", "EQ", "HIGH", message))
    return alerts
