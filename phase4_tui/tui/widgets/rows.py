"""A list of any length that draws only the lines on screen: of tags, decisions, events."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.style import Style
from textual.visual import Visual

from phase4_tui.tui.text import Part, content
from phase4_tui.tui.widgets.searchable import Pattern, Searchable
from phase4_tui.tui.widgets.selectable import SelectableLines

RowParts = Sequence[Part]
T = TypeVar("T")
_NOT_DRAWN = object()


class Rows(Searchable, SelectableLines, can_focus=True):
    """Rows from a function that returns a row by its index; the row with the cursor can be chosen.

    It keeps its own position: a scroll view would lay out the whole screen again whenever it grows.
    """

    BINDINGS = [
        Binding("up", "cursor(-1)", "up", show=False),
        Binding("down", "cursor(1)", "down", show=False),
        Binding("pageup", "page(-1)", "page up", show=False),
        Binding("pagedown", "page(1)", "page down", show=False),
        Binding("home", "jump(0)", "first", show=False),
        Binding("end", "jump(-1)", "last", show=False),
        Binding("enter", "choose", "choose", show=False),
    ]
    COMPONENT_CLASSES = {"rows--cursor", "rows--place"}
    DEFAULT_CSS = """
    Rows { height: 1fr; }
    Rows > .rows--cursor { background: $primary 18%; text-style: bold; }
    Rows:focus > .rows--cursor { background: $primary 30%; }
    Rows:nocolor > .rows--cursor { text-style: bold underline; }
    Rows > .rows--place { color: $primary 70%; }
    """

    class Moved(Message):
        """The cursor is on another row."""

        def __init__(self, rows: "Rows", index: int) -> None:
            super().__init__()
            self.rows = rows
            self.index = index

        @property
        def control(self) -> "Rows":
            """The list."""
            return self.rows

        def of(self, items: Sequence[T]) -> T | None:
            """Return what the row stands for; None without one, or when there are fewer by now."""
            return items[self.index] if 0 <= self.index < len(items) else None

    class Chosen(Moved):
        """A row was chosen."""

    def __init__(
        self,
        row: Callable[[int], RowParts],
        *,
        text: Callable[[int], str] | None = None,
        id: str | None = None,  # noqa: A002 - Textual's word
    ) -> None:
        """Draw rows; `text` returns what a search looks at in a row, where that is more than what is shown."""
        super().__init__(id=id)
        self._row = row
        self._searched = text
        self._count = 0
        self.cursor = 0
        self._top = 0
        self._drawn: dict[int, object] = {}

    @property
    def count(self) -> int:
        """The number of rows."""
        return self._count

    def show(self, count: int, cursor: int | None = None) -> None:
        """Draw again, with `count` rows."""
        self._count = count
        self.cursor = min(max(self.cursor if cursor is None else cursor, 0), max(count - 1, 0))
        self._keep_in_sight()
        self._refresh_changed()

    def _refresh_changed(self) -> None:
        """Redraw the lines whose row has changed."""
        changed = [y for y in range(self.size.height) if self._drawn.get(y, _NOT_DRAWN) != self._key(y)]
        if changed:
            self.refresh(*(Region(0, y, self.size.width, 1) for y in changed))

    def _key(self, y: int) -> object:
        """Return the content of a screen line, for comparison."""
        index = y + self._top
        row = tuple(self._row(index)) if 0 <= index < self._count else None
        return row, index == self.cursor, y == self._place(), self.pattern, index == self.match

    def on_resize(self) -> None:
        """Keep the cursor in sight."""
        self._keep_in_sight()
        self._refresh_changed()

    def render_line(self, y: int) -> Strip:
        """Draw one line of the screen."""
        self._drawn[y] = self._key(y)
        strip = self.with_selection(self.line_strip(y + self._top), y)
        if strip.cell_length >= self.size.width:
            return strip
        place = self.get_visual_style("rows--place").rich_style
        return Strip([*strip, Segment("┃" if y == self._place() else " ", place)])

    def line_strip(self, line: int) -> Strip:
        """Return a row as it is drawn, without the position mark beside it."""
        width = self.size.width - 1
        if not 0 <= line < self._count or width < 1:
            return Strip.blank(self.size.width, self.rich_style)
        style = self.visual_style
        if line == self.cursor:
            style = self.get_visual_style("rows--cursor")
            if self.app.no_color and self.has_focus:
                style += Style(reverse=True)  # which a component's style has not
        text = self.search_marked(line, content(*self._row(line)))
        text = text if text.cell_length <= width else text.truncate(width, ellipsis=True)
        strip = Visual.to_strips(self, text, width, 1, style, apply_selection=False)[0]
        return strip.adjust_cell_length(width, style.rich_style)

    @property
    def first_line(self) -> int:
        """The first row in sight."""
        return self._top

    @property
    def search_count(self) -> int:
        """The number of rows."""
        return self._count

    @property
    def search_from(self) -> int:
        """The row with the cursor."""
        return max(self.cursor, 0)

    @property
    def search_at(self) -> int:
        """The row with the cursor."""
        return self.cursor

    def search_text(self, line: int) -> str:
        """Return the text of a row."""
        if self._searched is not None:
            return self._searched(line)
        return "".join(part if isinstance(part, str) else part[0] for part in self._row(line))

    def search_show(self, pattern: Pattern | None, match: int) -> None:
        """Mark what matches, with the cursor on the row that the search is at."""
        self.pattern, self.match = pattern, match
        if match >= 0:
            self._go(match)
            self._keep_in_sight()
        self._refresh_changed()

    def _place(self) -> int | None:
        """Return the screen line of the position mark, None when the whole list is visible."""
        height = self.size.height
        if self._count <= height or height < 1:
            return None
        return min(self._top * height // max(self._count - height, 1), height - 1)

    def _keep_in_sight(self) -> None:
        height = self.size.height or max(self._count, 1)  # before the first layout everything counts as visible
        lowest = max(self._count - height, 0)
        self._top = min(max(self._top, self.cursor - height + 1), self.cursor, lowest)

    def action_cursor(self, by: int) -> None:
        """Move the cursor."""
        self._go(self.cursor + by)

    def action_page(self, by: int) -> None:
        """Move the cursor a page."""
        self._go(self.cursor + by * max(self.size.height - 1, 1))

    def action_jump(self, to: int) -> None:
        """Move the cursor to an end."""
        self._go(to if to >= 0 else self._count - 1)

    def action_choose(self) -> None:
        """Choose the row with the cursor."""
        if self._count:
            self.post_message(self.Chosen(self, self.cursor))

    def on_click(self, event: events.Click) -> None:
        """Move to the row that was clicked, and choose it at a second click; where text was selected, do nothing."""
        event.prevent_default()
        if self.text_selection is not None:
            return
        index = event.y + self._top
        if 0 <= index < self._count:
            again = index == self.cursor
            self._go(index)
            if again or event.chain > 1:
                self.action_choose()

    def _go(self, index: int) -> None:
        index = min(max(index, 0), max(self._count - 1, 0))
        if index == self.cursor:
            return
        self.cursor = index
        self._keep_in_sight()
        self._refresh_changed()
        self.post_message(self.Moved(self, index))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll."""
        self._scroll(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll."""
        self._scroll(-3)

    def _scroll(self, by: int) -> None:
        self._top = min(max(self._top + by, 0), max(self._count - self.size.height, 0))
        self.refresh()
