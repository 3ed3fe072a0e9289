"""Monitoring: KPIs of a run, the rules on them, and the alerts (policy.md, Monitoring)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from phase4_tui.policy.phase4.summary import Tally, share_pct
from phase4_tui.policy.values import is_number, show
from phase4_tui.policy.vocabulary import Action, Gate, Level

SEVERITIES: dict[Level, float] = {"HIGH": 20.0, "MEDIUM": 10.0, "LOW": 0.0}
"""Each severity, the worst first, with the least distance in percentage points between a KPI and its rule."""
FLOAT_NOISE_PLACES = 9
GATE_METRICS = ("release_check_status", "quality_check_status")
Rules = Mapping[str, float]
"""The limit of each rule in percent, by the rule's key."""
Kpis = Mapping[str, float | str]
"""Shares in percent to 2 places, and OK or ALERT for each of the two gates, by name."""


@dataclass(frozen=True)
class Kpi:
    """One KPI with its rule: the share of the decisions that have one of these actions or gates, and its limit.

    policy.md lists the KPIs and the rules each in an order of its own, in which files name them: `measured` and
    `ruled` are the places there.
    """

    name: str
    side: Literal["max", "min"]
    limit: float
    """In percent; a rules file may set another."""
    counts: tuple[Action | Gate, ...]
    measured: int
    ruled: int

    @property
    def rule(self) -> str:
        """The key of its rule."""
        return f"{self.side}_{self.name}"

    @property
    def is_most(self) -> bool:
        """True when the limit is the highest value that is allowed."""
        return self.side == "max"

    def excess(self, value: float, limit: float) -> float:
        """Return by how many percentage points a value is past a limit; nothing or less for one that is within."""
        # Rounded, so that 90.1 against 70.1 is 20 points as on paper, not 19.999999999999986.
        return round(value - limit if self.is_most else limit - value, FLOAT_NOISE_PLACES)

    def is_breach(self, value: float, limit: float) -> bool:
        """True for a value past its limit."""
        return value > limit if self.is_most else value < limit


KPIS = {
    kpi.name: kpi
    for kpi in (
        Kpi("no_trade_pct", "max", 70.0, ("NO_TRADE",), measured=2, ruled=3),
        Kpi("directional_pct", "min", 20.0, ("BUY_CALL", "BUY_PUT"), measured=1, ruled=4),
        Kpi("event_block_pct", "max", 50.0, ("EVENT_BLOCK",), measured=3, ruled=1),
        Kpi("portfolio_block_pct", "max", 35.0, ("PORTFOLIO_BLOCK",), measured=4, ruled=2),
    )
}
"""The table of KPIs and rules, in the order in which they are shown."""
_MEASURED = sorted(KPIS.values(), key=lambda kpi: kpi.measured)
_RULED = sorted(KPIS.values(), key=lambda kpi: kpi.ruled)
DEFAULT_RULES: Rules = {kpi.rule: kpi.limit for kpi in _RULED}


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
    values: dict[str, float] = {}
    for key, value in content.items():
        if key not in DEFAULT_RULES:
            raise ValueError(f"key {show(key)} is unknown; known are {', '.join(DEFAULT_RULES)}")
        if not is_number(value):
            raise ValueError(f"key `{key}` must be a finite number, found {show(value)}")
        values[key] = float(value)
    return {**DEFAULT_RULES, **values}


def measure(tally: Tally, release_passed: bool, quality_passed: bool) -> Kpis:
    """Return the KPIs of a run; all shares are 0.0 for an empty batch."""
    counted: Mapping[str, int] = {**tally.actions, **tally.gates}
    shares = {kpi.name: share_pct(sum(counted[word] for word in kpi.counts), tally.total) for kpi in _MEASURED}
    passed = zip(GATE_METRICS, (release_passed, quality_passed), strict=True)
    return {**shares, **{metric: "OK" if held else "ALERT" for metric, held in passed}}


def grade_distance(distance: float) -> Level:
    """Return the severity of a breach by its distance from the rule, in percentage points."""
    return next((severity for severity, least in SEVERITIES.items() if distance >= least), "LOW")


def raise_alerts(kpis: Kpis, rules: Rules) -> list[Alert]:
    """Return the alerts in the order of the rules, the two gates last; none means status OK."""
    alerts = []
    for kpi in _RULED:
        value, limit = kpis[kpi.name], rules[kpi.rule]
        assert not isinstance(value, str), kpi.name
        if kpi.is_breach(value, limit):
            distance, side = kpi.excess(value, limit), "above" if kpi.is_most else "below"
            alerts.append(
                Alert(
                    metric=kpi.name,
                    value=value,
                    threshold=limit,
                    operator="GT" if kpi.is_most else "LT",
                    severity=grade_distance(distance),
                    message=f"{kpi.name} {value} is {distance:g} points {side} {kpi.rule} {limit}",
                )
            )
    for metric in GATE_METRICS:
        status = kpis[metric]
        if status != "OK":
            message = f"{metric} is {status}: the check did not pass or was not found"
            alerts.append(Alert(metric, status, "OK", "EQ", "HIGH", message))
    return alerts
