"""The KPIs of a tag against their rules: a bar each where there is room, else what breaches, else all in a line."""

from phase4_tui.console.facts.snapshot import TagView
from phase4_tui.policy.monitoring import KPIS, SEVERITIES, Rules
from phase4_tui.runbook.rules import is_share

MOST_CELLS = 20
LEAST_CELLS = 5
NAME_CELLS, ALIGNED = 15, 36
STYLES: dict[str, str] = {severity: "$error" if severity == "HIGH" else "$warning" for severity in SEVERITIES}


def kpi_rows(rules: Rules, view: TagView, width: int, height: int) -> list[tuple[str, str]]:
    """Return rows of at most `width` cells; as many as there are KPIs where `height` has room for them."""
    told = [*((name, value) for name, value, _, _ in view.alerts), *view.kpis]
    values = {name: float(value) for name, value in told if is_share(value)}
    alerts = {metric: (threshold, severity) for metric, _, threshold, severity in view.alerts}
    shown = [kpi for kpi in KPIS if kpi in values]
    rows = [_row(kpi, values[kpi], *_limit(rules, kpi, alerts), width) for kpi in shown]
    others = [
        (f"{severity} {metric} {value}, limit {threshold}", STYLES[severity])
        for metric, value, threshold, severity in view.alerts
        if metric not in shown
    ]
    if len(shown) + len(others) <= height:
        return [*others, *rows]
    breached = [row for kpi, row in zip(shown, rows, strict=True) if kpi in alerts]
    if others or breached:
        return [*others, *breached]
    return [(" · ".join(f"{_short(kpi)} {values[kpi]:g}" for kpi in shown), "")] if shown else []


def _limit(rules: Rules, kpi: str, alerts: dict[str, tuple[object, str]]) -> tuple[float, bool, str]:
    """Return limit, whether it is the highest allowed, and severity: as the monitor judged, else as the rules are."""
    limit = rules[KPIS[kpi].rule]
    threshold, severity = alerts.get(kpi, (limit, ""))
    return (float(threshold) if is_share(threshold) else limit), KPIS[kpi].is_most, severity


def _row(kpi: str, value: float, limit: float, most: bool, severity: str, width: int) -> tuple[str, str]:
    roomy = width >= ALIGNED
    start = f"{_short(kpi):<{NAME_CELLS}} {value:5.1f}" if roomy else f"{_short(kpi)} {value:g}"
    past = f" {value - limit:+.{1 if roomy else 0}f} {severity}" if severity else ""
    end = f" {'≤' if most else '≥'}{limit:g}{past}"
    cells = min(MOST_CELLS, width - len(start) - len(end) - 1)
    bar = f" {_bar(value, limit, cells)}" if cells >= LEAST_CELLS else ""
    return f"{start}{bar}{end}", STYLES.get(severity, "")


def _bar(value: float, limit: float, cells: int) -> str:
    """Return a bar of 0 to 100 percent with a mark at the limit."""
    filled = min(max(round(cells * value / 100), 0), cells)
    mark = min(max(int(cells * limit / 100), 0), cells - 1)
    bar = "▇" * filled + "░" * (cells - filled)
    return f"{bar[:mark]}│{bar[mark + 1 :]}"


def _short(kpi: str) -> str:
    return kpi.removesuffix("_pct")
