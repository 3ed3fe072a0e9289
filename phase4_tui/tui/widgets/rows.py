"""A list of any length that draws only the lines on screen: of tags, decisions, events."""

from collections.abc import Callable, Sequence

from textual import events
from textual.binding import Binding
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual

from phase4_tui.tui.text import Part, content

RowParts = Sequence[Part]


class Rows(ScrollView, can_focus=True):
    """Rows from a function that gives one by its index; the one with the cursor can be chosen."""

    BINDINGS = [
        Binding("up", "cursor(-1)", "up", show=False),
        Binding("down", "cursor(1)", "down", show=False),
        Binding("pageup", "page(-1)", "page up", show=False),
        Binding("pagedown", "page(1)", "page down", show=False),
        Binding("home", "jump(0)", "first", show=False),
        Binding("end", "jump(-1)", "last", show=False),
        Binding("enter", "choose", "choose", show=False),
    ]
    COMPONENT_CLASSES = {"rows--cursor"}
    DEFAULT_CSS = """
    Rows { height: 1fr; }
    Rows > .rows--cursor { background: $primary 30%; text-style: bold; }
    Rows:focus > .rows--cursor { background: $primary 50%; }
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

    class Chosen(Moved):
        """A row was chosen."""

    def __init__(self, row: Callable[[int], RowParts], *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._row = row
        self._count = 0
        self.cursor = 0

    @property
    def count(self) -> int:
        """How many rows there are."""
        return self._count

    def show(self, count: int, cursor: int | None = None) -> None:
        """Draw again, with so many rows."""
        self._count = count
        self.cursor = min(max(self.cursor if cursor is None else cursor, 0), max(count - 1, 0))
        self.virtual_size = Size(self.size.width, count)
        self.refresh()

    def on_resize(self) -> None:
        """Fit to the new width."""
        self.virtual_size = Size(self.size.width, self._count)

    def render_line(self, y: int) -> Strip:
        """Draw one line of the screen."""
        index = y + self.scroll_offset.y
        width = self.size.width
        if not 0 <= index < self._count:
            return Strip.blank(width, self.rich_style)
        style = self.get_visual_style("rows--cursor") if index == self.cursor else self.visual_style
        text = content(*self._row(index))
        text = text if text.cell_length <= width else text.truncate(width, ellipsis=True)
        strip = Visual.to_strips(self, text, width, 1, style, apply_selection=False)[0]
        return strip.adjust_cell_length(width, style.rich_style)

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
        """Move to the row that was clicked, and choose it at a second click."""
        index = event.y + self.scroll_offset.y
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
        top, height = self.scroll_offset.y, max(self.size.height, 1)
        if index < top:
            self.scroll_to(y=index, animate=False, immediate=True)
        elif index >= top + height:
            self.scroll_to(y=index - height + 1, animate=False, immediate=True)
        self.refresh()
        self.post_message(self.Moved(self, index))
