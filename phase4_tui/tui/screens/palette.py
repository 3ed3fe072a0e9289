"""The command palette, whose list may be asked to turn a page before it has anything to show, or room for it."""

from collections.abc import Callable
from typing import Any

from textual.await_complete import AwaitComplete
from textual.binding import Binding
from textual.command import CommandList, CommandPalette


class Palette(CommandPalette):
    """Textual's palette, without its failures.

    There a page key before the first command was found is a KeyError, a list without room a ValueError, and a second
    click beside it closes the screen below it too.
    """

    DEFAULT_CSS = "Palette CommandList { min-width: 10; }"
    BINDINGS = [
        Binding("pagedown", "page(1)", "Next page", show=False),
        Binding("pageup", "page(-1)", "Previous page", show=False),
    ]

    def action_page(self, by: int) -> None:
        """Turn a page of the commands that are shown."""
        found = self.query_one(CommandList)
        if found.scrollable_content_region:
            found.scroll_to_highlight()  # which lays new options out first
            turn: Callable[[], None] = found.action_page_down if by > 0 else found.action_page_up
            turn()

    def dismiss(self, result: Any = None) -> AwaitComplete:
        """Close the palette, once."""
        return super().dismiss(result) if self.is_current else AwaitComplete()
