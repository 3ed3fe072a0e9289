"""Lines to read: keys scroll them, there is no cursor, and only those on screen are drawn."""

from collections.abc import Callable

from textual import events

from phase4_tui.tui.widgets.rows import RowParts, Rows
from phase4_tui.tui.widgets.searchable import Pattern


class TextLines(Rows):
    """A list of any length without a cursor."""

    def __init__(
        self,
        line: Callable[[int], RowParts],
        *,
        text: Callable[[int], str] | None = None,
        id: str | None = None,  # noqa: A002 - Textual's word
    ) -> None:
        super().__init__(line, text=text, id=id)
        self.cursor = -1

    @property
    def top(self) -> int:
        """The first line in sight."""
        return self._top

    def show(self, count: int, cursor: int | None = None) -> None:
        """Draw again, with `count` lines; with `cursor` that line moves to the top."""
        self._count = count
        self._top = self._top if cursor is None else cursor
        self._keep_in_sight()
        self.refresh()

    def _keep_in_sight(self) -> None:
        self._top = min(max(self._top, 0), max(self._count - max(self.size.height, 1), 0))

    @property
    def search_from(self) -> int:
        """The line that the search is at while it is in sight, else the first in sight."""
        return self.match if self._top <= self.match < self._top + max(self.size.height, 1) else self._top

    @property
    def search_at(self) -> int:
        """The line that the search is at, since there is no cursor."""
        return self.match

    def search_matches(self, line: int, pattern: Pattern) -> bool:
        """Return whether a match begins in a line; it may go on in the next, where the text was wrapped."""
        text = self.search_text(line).rstrip()
        after = self.search_text(line + 1).strip() if line + 1 < self._count else ""
        found = pattern.search(f"{text} {after}")
        return found is not None and found.start() < len(text)

    def search_show(self, pattern: Pattern | None, match: int) -> None:
        """Mark what matches; the line that the search is at comes into sight with some before it."""
        self.pattern, self.match = pattern, match
        if match >= 0 and not self._top <= match < self._top + self.size.height:
            self._top = match - self.size.height // 3
            self._keep_in_sight()
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Do nothing: a line can't be chosen."""
        event.prevent_default()

    def action_choose(self) -> None:
        """Do nothing, as a click."""

    def action_cursor(self, by: int) -> None:
        """Scroll."""
        self._scroll(by)

    def action_page(self, by: int) -> None:
        """Scroll a page."""
        self._scroll(by * max(self.size.height - 1, 1))

    def action_jump(self, to: int) -> None:
        """Scroll to an end."""
        self._scroll(self._count if to < 0 else -self._count)
