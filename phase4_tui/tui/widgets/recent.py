"""What the room that is left shows: the KPIs of the last tags, and what happened last."""

from collections.abc import Callable

from textual.reactive import var

from phase4_tui.artifacts.clock import iso, now_ns
from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.policy.monitoring import KPIS
from phase4_tui.tui.text import Part
from phase4_tui.tui.widgets.kpi_rows import short, trend_of
from phase4_tui.tui.widgets.lines import Lines, Row
from phase4_tui.tui.widgets.sparkline import sparkline

TREND_TAGS = 24


class TrendLine(Lines):
    """Each KPI over the last tags in one line."""

    snapshot: var[Snapshot | None] = var(None)
    DEFAULT_CSS = "TrendLine { height: 1; }"

    def watch_snapshot(self) -> None:
        """Draw what is new."""
        self.show(_trends(self.snapshot, self.size.width or self.app.size.width) if self.snapshot else [])

    def on_resize(self) -> None:
        """Fit the number of tags to the new width."""
        self.watch_snapshot()


def _trends(snapshot: Snapshot, width: int) -> list[Row]:
    monitored = sum(bool(row.kpis) for row in snapshot.rows)
    names = sum(len(short(kpi)) + 3 for kpi in KPIS)
    last = min((width - len("TRENDS  ") - names) // len(KPIS), TREND_TAGS)
    if monitored < 2 or last < 2:
        return []
    parts: list[Part] = [("TRENDS  ", "bold")]
    for kpi in KPIS:
        parts += [
            f"{short(kpi)} ",
            *sparkline(trend_of(snapshot.rows, kpi, last), last, _is_breach(snapshot, kpi)),
            "  ",
        ]
    return [tuple(parts)]


def _is_breach(snapshot: Snapshot, kpi: str) -> Callable[[float], bool]:
    return lambda value: KPIS[kpi].is_breach(value, snapshot.rules[KPIS[kpi].rule])


class Today(Lines):
    """What happened last, newest first."""

    snapshot: var[Snapshot | None] = var(None)
    DEFAULT_CSS = "Today { height: 1fr; min-height: 0; }"

    def watch_snapshot(self) -> None:
        """Draw what is new."""
        self.show(_timeline(self.snapshot) if self.snapshot else [])


def _timeline(snapshot: Snapshot) -> list[Row]:
    today = iso(now_ns())[:10]
    rows: list[Row] = []
    for at, told in snapshot.happened:
        title = "TODAY" if at[:10] == today else f"ON {at[:10]}"
        if not rows or (title, "bold") not in {row[0] for row in rows}:
            rows.append(((title, "bold"),))
        rows.append(((f"{at[11:19]}  ", "$text-muted"), told))
    return rows
