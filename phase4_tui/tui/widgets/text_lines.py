"""Lines to read: keys scroll them, there is no cursor, and only those on screen are drawn."""

from collections.abc import Callable

from textual import events

from phase4_tui.tui.widgets.rows import RowParts, Rows


class TextLines(Rows):
    """A list of any length without a cursor."""

    def __init__(self, line: Callable[[int], RowParts], *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(line, id=id)
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
