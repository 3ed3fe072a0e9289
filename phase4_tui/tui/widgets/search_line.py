"""The line at the foot of a screen to type what is searched for in, and to read what was found."""

import asyncio
from typing import Literal

from textual.binding import Binding
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static

from phase4_tui.console.symbols import SYMBOLS
from phase4_tui.tui.text import Part, content
from phase4_tui.tui.widgets.searchable import LONGEST_SEARCH


class SearchLine(Horizontal):
    """What is searched for, and which of how many matches the search is at; shown while a search lasts."""

    DEFAULT_CSS = """
    SearchLine { height: 1; padding: 0 1; background: $primary 30%; display: none; }
    SearchLine.-shown { display: block; }
    SearchLine Static { width: auto; }
    SearchLine Input { width: 1fr; background: $primary 30%; }
    """

    class Typed(Message):
        """Something else is searched for."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def begin(self) -> None:
        """Take the focus at once: keys sent right after the first are meant for here too."""
        if not self.query(SearchField):
            told = Static("", id="search-told", markup=False)
            self.mount(Static(content(("search ", "bold")), markup=False), SearchField(), told)
        self.add_class("-shown")
        field = self.query_one(SearchField)
        field.value = ""
        self.tell()
        self.screen.set_focus(field)

    def end(self) -> None:
        """Disappear."""
        self.remove_class("-shown")

    async def text(self) -> str:
        """Return what was typed, once the field has processed every key sent to it."""
        field, done = self.query_one(SearchField), asyncio.Event()
        if field.call_later(done.set):
            await done.wait()
        return field.value

    def tell(self, *parts: Part) -> None:
        """Say what was found."""
        self.query_one("#search-told", Static).update(content(*parts))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Search while it is typed."""
        event.stop()
        self.post_message(self.Typed(event.value))


class SearchField(Input):
    """The field of a search; keys sent right behind enter or escape are for the text again."""

    BINDINGS = [
        Binding("enter", "screen.search_typed", "search", show=True, priority=True),
        Binding("down", "screen.search_typed", show=False, priority=True),
        Binding("escape", "screen.back", "leave the search", show=True, priority=True),
    ]

    def __init__(self) -> None:
        super().__init__(placeholder="part of a line", compact=True, max_length=LONGEST_SEARCH)


def told_of(at: int | None, count: int, state: Literal["searching", "done"], keys: str) -> list[Part]:
    """Return what is said of a search: which of how many matches, that more are looked for, or that there is none."""
    if count == 0:
        return ["searching …"] if state == "searching" else [(f"{SYMBOLS['warning']} not found", "bold $warning")]
    if state == "searching":
        return [(f"{count:,} found, searching …", "")]
    return [(f"{at or 0:,} of {count:,}", "bold"), (f" · {keys}", "$text-muted")]
