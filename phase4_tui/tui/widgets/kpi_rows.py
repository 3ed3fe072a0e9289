"""The KPIs of a tag against their rules, as bars of one scale and one width; what is past a rule in its own column."""

from collections.abc import Sequence
from typing import NamedTuple

from phase4_tui.console.facts.snapshot import TagView
from phase4_tui.policy.monitoring import KPIS, SEVERITIES, Rules
from phase4_tui.runbook.rules import is_share
from phase4_tui.runbook.status import TagRow
from phase4_tui.tui.text import Part
from phase4_tui.tui.widgets.sparkline import sparkline

KpiRow = tuple[Part, ...]
MOST_CELLS, LEAST_CELLS = 40, 5
NAME_CELLS = 15
LAST_TAGS = 12
STYLES: dict[str, str] = {severity: "bold $error" if severity == "HIGH" else "bold $warning" for severity in SEVERITIES}
TRACK = "$foreground 35%"


class Reading(NamedTuple):
    """One KPI of a tag, its limit, and the severity of its alert, empty without one."""

    kpi: str
    value: float
    limit: float
    is_most: bool
    severity: str

    @property
    def name(self) -> str:
        """The KPI without its unit."""
        return short(self.kpi)

    @property
    def style(self) -> str:
        """The style of its severity."""
        return STYLES.get(self.severity, "")

    def is_breach(self, value: float) -> bool:
        """True for a value past the limit."""
        return value > self.limit if self.is_most else value < self.limit

    @property
    def breach(self) -> str:
        """What is wrong, in words: `event_block 100 > 50 HIGH`."""
        return f"{self.name} {self.value:g} {'>' if self.is_most else '<'} {self.limit:g} {self.severity}"


def readings(rules: Rules, view: TagView) -> list[Reading]:
    """Return the KPIs of a tag that can be read, in the order in which they are shown."""
    told = [*((name, value) for name, value, _, _ in view.alerts), *view.kpis]
    values = {name: float(value) for name, value in told if is_share(value)}
    alerts = {metric: (threshold, severity) for metric, _, threshold, severity in view.alerts}
    return [Reading(kpi, values[kpi], *_limit(rules, kpi, alerts)) for kpi in KPIS if kpi in values]


def other_alerts(view: TagView, shown: Sequence[Reading]) -> list[tuple[str, str]]:
    """Return a line for each alert that is not of a KPI shown."""
    names = {one.kpi for one in shown}
    return [
        (f"{metric} {value}, limit {threshold} {severity}", STYLES[severity])
        for metric, value, threshold, severity in view.alerts
        if metric not in names
    ]


def kpi_rows(rules: Rules, view: TagView, rows: Sequence[TagRow], width: int, height: int) -> list[KpiRow]:
    """Return rows of at most `width` cells: one for each KPI if `height` has room, else breaches, else one line."""
    shown = readings(rules, view)
    others: list[KpiRow] = [(line,) for line in other_alerts(view, shown)]
    if len(shown) + len(others) <= height:
        return [*others, *_bars(shown, rows, width)]
    breached = [one for one in shown if one.severity]
    if others or breached:
        worst = next((one.style for one in breached if one.severity == "HIGH"), STYLES["MEDIUM"])
        return [*others, ((" · ".join(one.breach for one in breached), worst),)] if breached else others
    return [(" · ".join(f"{one.name} {one.value:g}" for one in shown),)] if shown else []


def _limit(rules: Rules, kpi: str, alerts: dict[str, tuple[object, str]]) -> tuple[float, bool, str]:
    """Return limit, whether it is a maximum, and severity: from the monitor's alert, else from the rules."""
    limit = rules[KPIS[kpi].rule]
    threshold, severity = alerts.get(kpi, (limit, ""))
    return (float(threshold) if is_share(threshold) else limit), KPIS[kpi].is_most, severity


def _bars(shown: Sequence[Reading], rows: Sequence[TagRow], width: int) -> list[KpiRow]:
    """Return a bar each, all of the same width, with the trend of the last tags where there is room."""
    over = max((len(_over(one)) for one in shown), default=0)
    limit = max((len(f"{one.limit:g}") + 1 for one in shown), default=0)
    fixed = NAME_CELLS + 1 + 5 + 1 + limit + 2 + (over + 1 if over else 0)
    trend = LAST_TAGS + 2 if width - fixed >= LAST_TAGS + 2 + 2 * LEAST_CELLS else 0
    cells = min(width - fixed - trend, MOST_CELLS)
    return [_bar_row(one, trend_of(rows, one.kpi) if trend else [], cells, limit, over) for one in shown]


def _bar_row(one: Reading, trend: Sequence[float | None], cells: int, limit: int, over: int) -> KpiRow:
    value = f"{one.value:5.1f} "
    bound = f"{'≤' if one.is_most else '≥'}{one.limit:g}"
    return (
        (f"{one.name:<{NAME_CELLS}} ", one.style),
        (value, one.style),
        *(bar(one.value, one.limit, cells, one.style) if cells >= LEAST_CELLS else ()),
        (f"  {bound:>{limit}}", "$text-muted"),
        (f" {_over(one):<{over}}" if over else "", one.style),
        *(("  ", *sparkline(trend, LAST_TAGS, one.is_breach)) if trend else ()),
    )


def _over(one: Reading) -> str:
    return f"{one.value - one.limit:+.3g} {one.severity}" if one.severity else ""


def bar(value: float, limit: float, cells: int, style: str = "") -> tuple[Part, ...]:
    """Return a bar of 0 to 100 percent with a mark at the limit; its track is quieter than the value."""
    filled = min(max(round(cells * value / 100), 0), cells)
    mark = min(max(int(cells * limit / 100), 0), cells - 1)
    text = "█" * filled + "·" * (cells - filled)
    value_style = style or "$success"
    parts: list[Part] = []
    for begin, end in ((0, mark), (mark + 1, cells)):
        solid = max(min(filled, end) - begin, 0)
        parts += [(text[begin : begin + solid], value_style), (text[begin + solid : end], TRACK)]
        if end == mark:
            parts.append(("┆", "bold"))
    return tuple(part for part in parts if part[0])


def trend_of(rows: Sequence[TagRow], kpi: str, last: int = LAST_TAGS) -> list[float | None]:
    """Return a KPI of the last monitored tags, oldest first."""
    at = list(KPIS).index(kpi)
    found = [row.kpis[at] for row in rows if row.kpis][:last]
    return found[::-1]


def short(kpi: str) -> str:
    """Return the name of a KPI without its unit."""
    return kpi.removesuffix("_pct")
