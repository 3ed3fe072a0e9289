"""What the room that is left shows: the KPIs of the last tags, and what happened last."""

from collections.abc import Callable, Sequence

from textual.geometry import Size
from textual.reactive import var

from phase4_tui.artifacts.clock import iso, now_ns
from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.policy.monitoring import KPIS
from phase4_tui.runbook.status import TagRow
from phase4_tui.tui.text import Part, content
from phase4_tui.tui.widgets.kpi_plot import plot_rows
from phase4_tui.tui.widgets.kpi_rows import short, trend_of
from phase4_tui.tui.widgets.lines import Lines, Row
from phase4_tui.tui.widgets.sparkline import sparkline

LEAST_TAGS, TREND_TAGS = 2, 24
PLOT_ROWS, PLOT_CELLS = 10, 32
"""The size of a plot, at least, where there is room for all of them beside each other."""
ROOMY_ROWS = 50


class TrendPanel(Lines):
    """Each KPI over the last tags: in one line, or as plots side by side where there is much room."""

    snapshot: var[Snapshot | None] = var(None)
    DEFAULT_CSS = "TrendPanel { height: auto; }"

    def watch_snapshot(self) -> None:
        """Draw what is new."""
        if self.snapshot is None:
            return
        width, before = self.size.width or self.app.size.width, len(self._rows)
        roomy = self.app.size.height >= ROOMY_ROWS and width >= len(KPIS) * PLOT_CELLS
        monitored = [row for row in self.snapshot.rows if any(value is not None for value in row.kpis)][
            : TREND_TAGS * 2
        ]
        shown = [] if len(monitored) < LEAST_TAGS else (_plots if roomy else _line)(self.snapshot, monitored, width)
        self.show(shown)
        if len(shown) != before:
            self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the natural height."""
        return len(self._rows)

    def on_resize(self) -> None:
        """Fit to the new width."""
        self.watch_snapshot()


def _line(snapshot: Snapshot, monitored: Sequence[TagRow], width: int) -> list[Row]:
    names = sum(len(short(kpi)) + 3 for kpi in KPIS)
    last = min((width - len("TRENDS  ") - names) // len(KPIS), TREND_TAGS)
    if last < LEAST_TAGS:
        return []
    parts: list[Part] = [("TRENDS  ", "bold")]
    for kpi in KPIS:
        values = trend_of(monitored, kpi, last)
        parts += [f"{short(kpi)} ", *sparkline(values, last, _is_breach(snapshot, kpi)), "  "]
    return [tuple(parts)]


def _plots(snapshot: Snapshot, monitored: Sequence[TagRow], width: int) -> list[Row]:
    cells = width // len(KPIS)
    tags = [row.tag for row in reversed(monitored)]
    columns: list[list[Row]] = []
    for kpi in KPIS:
        limit, most = snapshot.rules[KPIS[kpi].rule], KPIS[kpi].is_most
        points = list(zip(tags, trend_of(monitored, kpi, len(tags)), strict=True))
        title: Row = ((short(kpi), "bold"), (f"  {'at most' if most else 'at least'} {limit:g}", "$text-muted"))
        columns.append([title, *plot_rows(points, limit, _is_breach(snapshot, kpi), cells - 2, PLOT_ROWS - 1)])
    return [tuple(part for row in rows for part in _padded(row, cells)) for rows in zip(*columns, strict=True)]


def _padded(row: Row, cells: int) -> Row:
    return (*row, " " * max(cells - content(*row).cell_length, 0))


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
