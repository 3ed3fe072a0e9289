"""Text that is drawn line by line, selected with the mouse and copied as it is seen."""

from typing import Any

from rich.segment import Segment
from textual.errors import NoWidget
from textual.geometry import Offset, Region
from textual.screen import Screen
from textual.selection import Selection
from textual.strip import Strip
from textual.widget import Widget


class SelectableLines(Widget):
    """A widget that draws with `render_line`: it answers for its text, which Textual can't know.

    Offsets in a selection are cells and lines of the content, so that what is selected stays so when it is scrolled.
    """

    _selected: Selection | None = None

    @property
    def first_line(self) -> int:
        """The line of the content at the top of the widget."""
        return 0

    def line_strip(self, line: int) -> Strip:
        """Return a line of the content as it is drawn, without a selection; empty where there is none."""
        raise NotImplementedError

    def offset_at(self, x: int, y: int) -> Offset:
        """Return the place in the content at a cell of the widget."""
        bottom = max(self.content_size.height - 1, 0)
        return Offset(max(x, 0), min(max(y, 0), bottom) + self.first_line)

    def with_selection(self, strip: Strip, y: int) -> Strip:
        """Return the strip of a line of the widget with its selected part marked."""
        span = self._span(self.text_selection, y)
        if span is None:
            return strip
        start, end = span
        style = self.screen.get_component_rich_style("screen--selection")
        marked = Strip(Segment.apply_style(strip.crop(start, end), post_style=style))
        return Strip.join([strip.crop(0, start), marked, strip.crop(end)])

    def _span(self, selection: Selection | None, y: int) -> tuple[int, int] | None:
        """Return the cells of a line of the widget that are selected."""
        span = selection.get_span(y + self.first_line) if selection is not None else None
        if span is None:
            return None
        start, end = span
        width = self.content_size.width
        end = width if end < 0 else min(end, width)
        return (start, end) if start < end else None

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """Return the selected text as it is seen; where the selection has no end, up to what is in sight."""
        last = self.first_line + max(self.content_size.height - 1, 0)
        first = selection.start.y if selection.start is not None else self.first_line
        last = selection.end.y if selection.end is not None else last
        texts = []
        for line in range(first, last + 1):
            span = selection.get_span(line)
            start, end = span or (0, 0)
            texts.append(self.line_strip(line).crop(start, None if end < 0 else end).text.rstrip())
        return "\n".join(texts).rstrip("\n"), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        """Draw the lines again whose selected part is another."""
        before, self._selected = self._selected, selection
        rows, width = range(self.content_size.height), self.content_size.width
        changed = [y for y in rows if self._span(before, y) != self._span(selection, y)]
        if changed:
            self.refresh(*(Region(0, y, width, 1) for y in changed))


def place_in_lines(screen: Screen[Any], x: int, y: int) -> tuple[Widget, Offset] | None:
    """Return the widget at a cell and the place in its content; None where it does not draw line by line."""
    try:
        widget, _ = screen.get_widget_at(x, y)
    except NoWidget:
        return None
    if not isinstance(widget, SelectableLines):
        return None
    region = widget.content_region
    return widget, widget.offset_at(x - region.x, y - region.y)
