"""The output of a step as it is written: the last lines, followed until the operator scrolls back."""

from collections import deque
from collections.abc import Iterable

from textual import events
from textual.binding import Binding
from textual.content import Content
from textual.strip import Strip
from textual.visual import Visual

from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.tui.widgets.searchable import Pattern, Searchable
from phase4_tui.tui.widgets.selectable import SelectableLines

MAX_LINES = 5000
LINE_LIMIT = 2000


class Output(Searchable, SelectableLines, can_focus=True):
    """The last lines of output; the whole transcript is in a file."""

    BINDINGS = [
        Binding("up", "scroll_by(-1)", "up", show=False),
        Binding("down", "scroll_by(1)", "down", show=False),
        Binding("pageup", "scroll_by(-10)", "page up", show=False),
        Binding("pagedown", "scroll_by(10)", "page down", show=False),
        Binding("end", "follow", "follow", show=False),
        Binding("enter", "app.act('transcript')", "transcript", show=False),
    ]
    DEFAULT_CSS = "Output { height: 1fr; }"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._lines: deque[str] = deque(maxlen=MAX_LINES)
        self._frame: tuple[str, ...] = ()
        self._back = 0

    @property
    def text(self) -> str:
        """All lines that are kept."""
        return "\n".join((*self._lines, *self._frame))

    def clear(self) -> None:
        """Begin a new page."""
        self._lines.clear()
        self._frame = ()
        self.action_follow()

    def add(self, lines: Iterable[str], frame: str = "") -> None:
        """Add lines, and the one that is being written in the former one's place; lines scrolled back to stay."""
        before = self._count
        self._lines.extend(safe_line(line, LINE_LIMIT) for line in lines)
        self._frame = (safe_line(frame, LINE_LIMIT),) if frame else ()
        if self._back:
            self._back = min(self._back + self._count - before, self._most())
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw one line of the screen."""
        return self.with_selection(self.line_strip(y + self.first_line), y)

    def line_strip(self, line: int) -> Strip:
        """Return a line as it is drawn."""
        width = self.size.width
        if not 0 <= line < self._count:
            return Strip.blank(width, self.rich_style)
        text = self.search_marked(line, Content(self.search_text(line)))
        text = text if text.cell_length <= width else text.truncate(width, ellipsis=True)
        strip = Visual.to_strips(self, text, width, 1, self.visual_style, apply_selection=False)[0]
        return strip.adjust_cell_length(width, self.rich_style)

    @property
    def first_line(self) -> int:
        """The first line in sight."""
        return max(self._count - self.size.height - self._back, 0)

    @property
    def search_count(self) -> int:
        """The number of lines that are kept."""
        return self._count

    @property
    def search_from(self) -> int:
        """The line that the search is at while it is in sight, else the first in sight."""
        top = self.first_line
        return self.match if top <= self.match < top + self.size.height else top

    def search_text(self, line: int) -> str:
        """Return a line."""
        return self._lines[line] if line < len(self._lines) else self._frame[0]

    def search_show(self, pattern: Pattern | None, match: int) -> None:
        """Mark what matches, and scroll to the line that the search is at; from then on output is not followed."""
        self.pattern, self.match = pattern, match
        if match >= 0 and not self.first_line <= match < self.first_line + self.size.height:
            self._back = min(max(self._count - self.size.height * 2 // 3 - match, 0), self._most())
        self.refresh()

    @property
    def _count(self) -> int:
        return len(self._lines) + len(self._frame)

    def _most(self) -> int:
        return max(self._count - self.size.height, 0)

    def action_scroll_by(self, by: int) -> None:
        """Scroll back or forward."""
        self._back = min(max(self._back - by, 0), self._most())
        self.refresh()

    def action_follow(self) -> None:
        """Follow new output."""
        self._back = 0
        self.refresh()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll back."""
        self.action_scroll_by(-3)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll forward."""
        self.action_scroll_by(3)
