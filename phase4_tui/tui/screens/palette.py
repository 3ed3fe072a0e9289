"""The command palette, whose list may be asked to turn a page before it has anything to show, or room for it."""

from collections.abc import Callable

from textual import on
from textual.await_complete import AwaitComplete
from textual.binding import Binding
from textual.command import CommandList, CommandPalette
from textual.message import Message
from textual.widgets import Button, Input, OptionList


class Palette(CommandPalette):
    """Textual's palette, without its failures: there keys and clicks that come at once end the application.

    A page key before the first command was found is a KeyError, a list without room a ValueError; Enter twice carries
    the command out twice; Enter or a click beside it, twice, closes the screen below too, or there is none; and a
    search that begins after the palette was left finds no list.
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

    @on(Input.Changed)
    @on(Input.Submitted)
    @on(Button.Pressed)
    @on(OptionList.OptionSelected)
    def left_already(self, event: Message) -> None:
        """Let nothing happen any more once the palette was left."""
        if not self.is_current:
            event.stop()
            event.prevent_default()

    def dismiss(self, result: None = None) -> AwaitComplete:
        """Leave the palette, once."""
        return super().dismiss(result) if self.is_current else AwaitComplete()
