"""One KPI over tags, with its limit as a line and its breaches marked by their own symbol."""

from textual.color import Color
from textual_plotext import PlotextPlot

from phase4_tui.runbook.trends import Trends

LABEL_CHARS = 10
"""The minimum of a tag to show, in characters; all of it where there is room."""
MARGIN = 10
PLAIN, BREACH, LIMIT, BETWEEN = "●", "✘", "─", "·"


class KpiPlot(PlotextPlot):
    """The plot of one KPI."""

    DEFAULT_CSS = "KpiPlot { width: 1fr; height: 1fr; }"

    def __init__(self, kpi: str) -> None:
        super().__init__(id=f"plot-{kpi}")
        self._kpi = kpi
        self._trends: Trends | None = None

    def show(self, trends: Trends) -> None:
        """Draw what was read."""
        self._trends = trends
        self._draw()

    def on_unmount(self) -> None:
        """Leave the signal that the plot waits for: it keeps those who do until the theme changes."""
        self.app.theme_changed_signal.unsubscribe(self)

    def on_resize(self) -> None:
        """Fit the tags on the axis."""
        self._draw()

    def _draw(self) -> None:
        trends = self._trends
        if trends is None or self.size.width < MARGIN:
            return
        limit, most = trends.limit(self._kpi)
        found = [(at, values.get(self._kpi)) for at, (_, values) in enumerate(trends.points, 1)]
        known = [(at, value) for at, value in found if value is not None]
        good = [(at, value) for at, value in known if not trends.is_breach(self._kpi, value)]
        bad = [(at, value) for at, value in known if trends.is_breach(self._kpi, value)]
        plt, theme = self.plt, self.app.theme_variables
        plt.clear_figure()
        plt.title(f"{self._kpi}  {'at most' if most else 'at least'} {limit:g}")
        plt.plot([0.5, len(found) + 0.5], [limit, limit], marker=LIMIT, color=_rgb(theme["accent"]))
        if known:
            plt.plot(*_columns(known), marker=BETWEEN, color=_rgb(theme["secondary"]))
        if good:
            plt.scatter(*_columns(good), marker=PLAIN, color=_rgb(theme["success"]))
        if bad:
            plt.scatter(*_columns(bad), marker=BREACH, color=_rgb(theme["error"]))
        plt.xlim(0.5, max(len(found), 1) + 0.5)
        values = [value for _, value in known] + [limit]
        low, high = min(0.0, *values), max(100.0, *values)
        plt.ylim(low, high)
        plt.yticks([low + (high - low) * part / 4 for part in range(5)])
        names = self._names([tag for tag, _ in trends.points])
        plt.xticks([float(at) for at in names], list(names.values()))
        self.refresh()

    def _names(self, tags: list[str]) -> dict[int, str]:
        """Return the axis labels by position: as many tags as fit, always including the newest."""
        width = self.size.width - MARGIN
        chars = max(width // max(len(tags), 1) - 2, LABEL_CHARS)
        step = max(-(-len(tags) // max(width // (LABEL_CHARS + 2), 1)), 1)
        return {at: _short(tags[at - 1], chars) for at in sorted(range(len(tags), 0, -step))}


def _columns(points: list[tuple[int, float]]) -> tuple[list[int], list[float]]:
    return [at for at, _ in points], [value for _, value in points]


def _short(tag: str, chars: int) -> str:
    """Return the end of a tag, which distinguishes it from others."""
    return tag if len(tag) <= chars else "…" + tag[1 - chars :]


def _rgb(colour: str) -> tuple[int, int, int]:
    return Color.parse(colour).rgb
