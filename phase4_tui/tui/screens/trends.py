"""The KPIs of the last tags against their rules, as plots, and the breaches in words."""

from collections.abc import Iterable

from textual.binding import Binding
from textual.containers import Grid
from textual.widget import Widget
from textual.widgets import Static

from phase4_tui.artifacts.counting import counted
from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.console.symbols import SYMBOLS
from phase4_tui.policy.monitoring import KPIS
from phase4_tui.runbook.trends import Trends, read_trends
from phase4_tui.tui.screens.view import ViewScreen
from phase4_tui.tui.text import Part, clip, content, lines
from phase4_tui.tui.widgets.kpi_plot import KpiPlot

SHOWN_BREACHES = 5
NAMES = tuple(KPIS)


class TrendsScreen(ViewScreen):
    """Four plots, or one at a time on a small screen."""

    CSS_PATH = "trends.tcss"
    HINT = "tab ← → next KPI where one is shown · escape returns"
    BINDINGS = [
        Binding("tab,right", "turn(1)", "next", show=False, priority=False),
        Binding("shift+tab,left", "turn(-1)", "before", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._facts: object = None
        self._trends: Trends | None = None
        self._at = 0

    def main(self) -> Iterable[Widget]:
        """The plots, and what is breached."""
        plots = Grid(*(KpiPlot(kpi) for kpi in NAMES), id="plots")
        plots.can_focus = True
        yield plots
        yield Static("", id="breaches", markup=False)

    def on_mount(self) -> None:
        """Show the first where one is shown."""
        self.query_one("#plots").focus()
        self.action_turn(0)

    def look(self, snapshot: Snapshot) -> None:
        """Read again when a tag came, went or changed."""
        facts = tuple((row.tag, row.modified_ns) for row in snapshot.rows)
        if facts == self._facts:
            return
        self._facts = facts
        if self._trends is None:
            self.title_is(("TRENDS  ", "bold"), ("reading …", "$foreground 70%"))
        site = self.console.site
        self.in_background(lambda stop: read_trends(site, stop), self._take)

    def _take(self, trends: Trends) -> None:
        self._trends = trends
        for plot in self.query(KpiPlot):
            plot.plot(trends)
        told = f"{counted(len(trends.points), 'tag')}, oldest left" if trends.points else "no tag was monitored yet"
        parts: list[Part] = [("TRENDS  ", "bold"), told]
        if trends.unread:
            parts.append((f"  ! {trends.unread} without KPIs that can be read", "$warning"))
        if trends.trouble:
            parts.append((f"  {SYMBOLS['failed']} {trends.trouble}: the default rules are shown", "bold $error"))
        self.title_is(*parts)
        self._draw_breaches()

    def on_resize(self) -> None:
        """Fit the list of breaches."""
        self._draw_breaches()

    def action_turn(self, by: int) -> None:
        """Show the next KPI."""
        self._at = (self._at + by) % len(NAMES)
        for index, plot in enumerate(self.query(KpiPlot)):
            plot.set_class(index == self._at, "-shown")
        self._draw_breaches()

    def _draw_breaches(self) -> None:
        if self._trends is None:
            return
        one = not self.has_class("-wide") or not self.has_class("-tall")
        breaches = [breach for breach in self._trends.breaches() if not one or breach.kpi == NAMES[self._at]]
        count = 2 if one else SHOWN_BREACHES
        width = max(self.size.width - 4, 20)
        rows: list[list[Part]] = [
            [
                (f"{SYMBOLS['failed']} {breach.kpi:<20} ", "bold $error"),
                clip(
                    f"{breach.value:6.2f} limit {breach.limit:g} {breach.value - breach.limit:+.2f}  {breach.tag}",
                    width,
                ),
            ]
            for breach in breaches[:count]
        ]
        if not breaches:
            rows = [[self._no_breach(NAMES[self._at] if one else None)]]
        elif len(breaches) > count:
            more = len(breaches) - count
            rows.append([(f"… and {more} earlier breach{'' if more == 1 else 'es'}", "$foreground 70%")])
        if one:
            rows.insert(0, [(f"{self._at + 1} of {len(NAMES)}: {NAMES[self._at]}", "$foreground 70%")])
        self.query_one("#breaches", Static).update(lines(rows) if self._trends.points else content(""))

    def _no_breach(self, kpi: str | None) -> tuple[str, str]:
        assert self._trends is not None
        known = sum(bool(values) if kpi is None else kpi in values for _, values in self._trends.points)
        if not known:
            return f"{SYMBOLS['unknown']} {kpi or 'no KPI'} is {'not known of any tag' if kpi else 'known'}", "$warning"
        count = len(self._trends.points)
        where = "every tag shown" if known == count else f"the {known} of {count} tags where it can be read"
        return f"{SYMBOLS['ok']} {kpi or 'every KPI'} is within its rule on {where}", "$success"
