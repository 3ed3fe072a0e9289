"""Lines of text that redraw only what changed, since over a slow link each line counts."""

from collections.abc import Iterable, Sequence
from textwrap import wrap

from textual.geometry import Region
from textual.strip import Strip
from textual.visual import Visual

from phase4_tui.tui.text import LINE_LIMIT, Part, clip, content
from phase4_tui.tui.widgets.selectable import SelectableLines

Row = tuple[Part, ...]
CORNER = 12
"""Cells at the end of the first line for a value that counts up."""


class Lines(SelectableLines):
    """Rows of parts, each cut to one line; the first may have a corner at its right end."""

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
        return self.with_selection(self.line_strip(y), y)

    def line_strip(self, line: int) -> Strip:
        """Return one line as it is drawn."""
        width = self.content_size.width
        row = self._rows[line] if line < len(self._rows) else ()
        corner = content(*self._corner) if line == 0 and self._corner else None
        room = width - (corner.cell_length + 1 if corner else 0)
        if corner is None or not corner.cell_length or content(*row).cell_length > room:
            return self._strip(row, width)  # the state takes precedence over the corner
        return Strip([*self._strip(row, room), *self._strip((" ", *(self._corner or ())), width - room)])

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


def paragraphs(parts: Iterable[tuple[str, str]], width: int) -> list[tuple[str, str]]:
    """Return each text in as many lines as its words need, the further ones indented."""
    return [
        (line, style)
        for text, style in parts
        for line in wrap(clip(text, LINE_LIMIT), width, subsequent_indent="  ", break_on_hyphens=False)
    ]
