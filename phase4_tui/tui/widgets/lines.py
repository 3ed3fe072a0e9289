"""Lines of text that draw again only what changed: over a slow link each line counts."""

from collections.abc import Sequence

from textual.geometry import Region
from textual.strip import Strip
from textual.visual import Visual
from textual.widget import Widget

from phase4_tui.tui.text import Part, content

Row = tuple[Part, ...]
CORNER = 10
"""Cells at the end of the first line for what counts up by itself."""


class Lines(Widget):
    """Rows of parts, each on one line and cut at its end; the first may have a corner of its own at the right."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id, classes=classes)
        self._rows: tuple[Row, ...] = ()
        self._corner: Row | None = None

    @property
    def text(self) -> str:
        """What is shown."""
        corner = [content(*self._corner).plain] if self._corner else []
        return "\n".join([*(content(*row).plain for row in self._rows), *corner])

    def show(self, rows: Sequence[Row]) -> None:
        """Show other rows."""
        before, self._rows = self._rows, tuple(rows)
        changed = [
            at
            for at in range(max(len(before), len(self._rows)))
            if (before[at] if at < len(before) else None) != (self._rows[at] if at < len(self._rows) else None)
        ]
        self._refresh_lines([at for at in changed if at < self.content_size.height])

    def show_corner(self, corner: Row) -> None:
        """Show something else in the corner."""
        if corner != self._corner:
            self._corner = corner
            left = self.content_size.width - CORNER
            if left > 0:
                self.refresh(Region(left, 0, CORNER, 1))

    def _refresh_lines(self, changed: Sequence[int]) -> None:
        if changed:
            self.refresh(*(Region(0, at, self.content_size.width, 1) for at in changed))

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        width = self.content_size.width
        corner = self._corner if y == 0 and width > 2 * CORNER else None
        if corner is None:
            return self._strip(self._rows[y] if y < len(self._rows) else (), width)
        rest = self._strip(self._rows[y] if y < len(self._rows) else (), width - CORNER)
        told = content(*corner)
        return Strip([*rest, *self._strip((" " * max(CORNER - told.cell_length, 0), *corner), CORNER)])

    def _strip(self, row: Row, width: int) -> Strip:
        if not row or width < 1:
            return Strip.blank(max(width, 0), self.rich_style)
        text = content(*row)
        text = text if text.cell_length <= width else text.truncate(width, ellipsis=True)
        strip = Visual.to_strips(self, text, width, 1, self.visual_style, apply_selection=False)[0]
        return strip.adjust_cell_length(width, self.rich_style)


def wrapped(parts: Sequence[tuple[str, str]], width: int, rows: int) -> list[Row]:
    """Return parts on as many rows as they need, at most `rows`; a part stays whole."""
    found: list[list[tuple[str, str]]] = [[]]
    left = width
    for text, style in parts:
        cells = content(text).cell_length
        if cells > left and found[-1]:
            found.append([])
            left = width
        found[-1].append((text, style))
        left -= cells
    return [tuple(row) for row in found[:rows]]
