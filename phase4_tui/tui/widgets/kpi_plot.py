"""One KPI over tags as a plot of text: a line between the values, the limit, and breaches marked by their own sign.

The line is drawn in braille, and every other mark is a sign with a form in ASCII, so that the plot reads there too.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

from phase4_tui.console.symbols import SYMBOLS
from phase4_tui.runbook.trends import Trends
from phase4_tui.tui.text import Part, clip
from phase4_tui.tui.widgets.lines import Lines, Row

LABEL_CHARS = 10
"""The minimum of a tag to show, in characters; all of it where there is room."""
AXIS_CELLS = 6
LEAST_CELLS, LEAST_ROWS = 4, 3
"""A smaller plot is its title alone."""
PLAIN, BREACH, LIMIT = "●", SYMBOLS["failed"], "─"
TICKS = 4
Point = tuple[str, float | None]
"""A tag with its value; None where that can't be read."""

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""The bit of each of the two by four dots of a braille character, row by row."""
_BRAILLE = 0x2800
_DOTS_ACROSS, _DOTS_DOWN = 2, 4


class KpiPlot(Lines):
    """The plot of one KPI."""

    DEFAULT_CSS = "KpiPlot { width: 1fr; height: 1fr; }"

    def __init__(self, kpi: str) -> None:
        super().__init__(id=f"plot-{kpi}")
        self._kpi = kpi
        self._trends: Trends | None = None

    def plot(self, trends: Trends) -> None:
        """Draw what was read."""
        self._trends = trends
        self._draw()

    def on_resize(self) -> None:
        """Fit the plot to the room there is."""
        self._draw()

    def _draw(self) -> None:
        trends, kpi = self._trends, self._kpi
        if trends is None:
            return
        limit, most = trends.limit(kpi)
        title: Row = ((kpi, "bold"), (f"  {'at most' if most else 'at least'} {limit:g}", "$accent"))
        points = [(tag, values.get(kpi)) for tag, values in trends.points]
        width, height = self.content_size
        self.show([title, *plot_rows(points, limit, lambda value: trends.is_breach(kpi, value), width, height - 1)])


def plot_rows(
    points: Sequence[Point], limit: float, is_breach: Callable[[float], bool], width: int, height: int
) -> list[Row]:
    """Return `height` rows of `width` cells at most: the plot with its axis, and under it the names of the tags.

    Tags are drawn in their order from the left; a value that is not known leaves a gap. No rows where there is no room.
    """
    cells, rows = width - AXIS_CELLS, height - 1
    if cells < LEAST_CELLS or rows < LEAST_ROWS:
        return []
    values = [value for _, value in points if value is not None]
    low, high = min(0.0, limit, *values), max(100.0, limit, *values)

    def row_of(value: float) -> int:
        return round((high - value) / (high - low) * (rows - 1))

    columns = [int((at + 0.5) * cells / len(points)) for at in range(len(points))]
    places = [(column, value) for column, (_, value) in zip(columns, points, strict=True)]
    grid: dict[tuple[int, int], Part] = {(row_of(limit), column): (LIMIT, "$accent") for column in range(cells)}
    for (column, value), (next_column, next_value) in pairwise(places):
        if value is not None and next_value is not None:
            line = _line(column, row_of(value), next_column, row_of(next_value))
            grid |= {place: (chr(_BRAILLE + dots), "$secondary") for place, dots in line.items()}
    known = [(column, value, is_breach(value)) for column, value in places if value is not None]
    for column, value, breach in sorted(known, key=lambda point: point[2]):  # a breach covers what shares its cell
        grid[row_of(value), column] = (BREACH, "bold $error") if breach else (PLAIN, "$success")
    ticks = {row_of(low + (high - low) * part / TICKS): low + (high - low) * part / TICKS for part in range(TICKS + 1)}
    axis: list[Part] = [
        (f"{_figure(ticks[row])}┤" if row in ticks else f"{'│':>{AXIS_CELLS}}", "$foreground 70%")
        for row in range(rows)
    ]
    axis[row_of(limit)] = (f"{_figure(limit)}┤", "bold $accent")
    drawn = [(axis[row], *_joined([grid.get((row, column), " ") for column in range(cells)])) for row in range(rows)]
    names = " " * AXIS_CELLS + axis_names([tag for tag, _ in points], columns, cells)
    return [*drawn, ((names.rstrip(), "$foreground 70%"),)]


def _figure(value: float) -> str:
    """Return a value in the room that the axis has for it."""
    figure = f"{value:.4g}"
    if len(figure) >= AXIS_CELLS:
        figure = f"{value:.0e}".replace("e+0", "e")
    return f"{figure:>{AXIS_CELLS - 1}}"


def _line(column: int, row: int, to_column: int, to_row: int) -> dict[tuple[int, int], int]:
    """Return the dots of a straight line between the middles of two cells, by cell: row and column."""
    left, top = (column + 0.5) * _DOTS_ACROSS, (row + 0.5) * _DOTS_DOWN
    right, bottom = (to_column + 0.5) * _DOTS_ACROSS, (to_row + 0.5) * _DOTS_DOWN
    steps = max(int(max(abs(right - left), abs(bottom - top))), 1)
    dots: dict[tuple[int, int], int] = {}
    for step in range(steps):
        x, y = int(left + (right - left) * step / steps), int(top + (bottom - top) * step / steps)
        cell = y // _DOTS_DOWN, x // _DOTS_ACROSS
        dots[cell] = dots.get(cell, 0) | _DOTS[y % _DOTS_DOWN][x % _DOTS_ACROSS]
    return dots


def _joined(cells: Sequence[Part]) -> list[Part]:
    """Return cells as parts, neighbours of one style as one of them."""
    parts: list[tuple[str, str]] = []
    for cell in cells:
        text, style = (cell, "") if isinstance(cell, str) else cell
        if parts and parts[-1][1] == style:
            parts[-1] = (parts[-1][0] + text, style)
        else:
            parts.append((text, style))
    return list(parts)


def axis_names(tags: Sequence[str], columns: Sequence[int], cells: int) -> str:
    """Return a line of `cells` with as many tags as fit, each under its column; the newest, the last, is always there.

    What is cut off of a tag is its beginning: its end distinguishes it from others.
    """
    if not tags:
        return ""
    step = -(-len(tags) // max(cells // (LABEL_CHARS + 2), 1))
    chars = max(cells * step // len(tags) - 2, min(LABEL_CHARS, cells))
    line, free = " " * cells, cells
    for at in range(len(tags) - 1, -1, -step):
        tag = clip(tags[at], 10**6)
        name = tag if len(tag) <= chars else f"…{tag[1 - chars :]}"
        start = min(columns[at] - len(name) // 2, free - len(name))
        if start < 0:
            start = 0
            if len(name) > free:
                break
        line = line[:start] + name + line[start + len(name) :]
        free = start - 1
    return line
