"""The base of screens that only show something: sizes, a hint line, and work in the background."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from textual.widget import Widget
from textual.widgets import Static

from phase4_tui.console.background import Stop, in_background
from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.console.remedies import error_as_keys
from phase4_tui.console.symbols import SYMBOLS
from phase4_tui.errors import FORESEEN
from phase4_tui.tui.screens.base import FactsScreen
from phase4_tui.tui.text import Part, content

T = TypeVar("T")


class ViewScreen(FactsScreen):
    """A screen that changes nothing: a title, the content, and one line that says what to press."""

    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (60, "-narrow"), (100, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (20, "-low"), (30, "-tall")]
    HINT = "escape returns"
    DEFAULT_CSS = """
    ViewScreen { layout: vertical; background: $background; }
    ViewScreen .title { height: 1; padding: 0 1; background: $surface; }
    ViewScreen .title, ViewScreen .columns, ViewScreen .hint { text-wrap: nowrap; text-overflow: ellipsis; }
    ViewScreen .columns { height: 1; padding: 0 1; color: $text-muted; }
    ViewScreen .hint { height: 1; padding: 0 1; color: $text-muted; background: $surface; }
    ViewScreen Rows { margin: 0 1; }
    ViewScreen .problem { height: auto; padding: 0 1; }
    ViewScreen .detail { height: 4; padding: 0 1; border-top: solid $panel; }
    ViewScreen.-flat .columns, ViewScreen.-flat .detail { display: none; }
    """

    def body(self) -> Iterable[Widget]:
        """Title, content, hint."""
        yield Static("", classes="title", markup=False)
        yield from self.main()
        yield Static(content(self.hint()), classes="hint", markup=False)

    def hint(self) -> str:
        """Return the line that says what to press."""
        return self.HINT

    def main(self) -> Iterable[Widget]:
        """Return the content."""
        return ()

    def look(self, snapshot: Snapshot) -> None:
        """Take a new snapshot; also called when the screen opens."""

    def watch_snapshot(self) -> None:
        """Take a new snapshot."""
        if self.snapshot is not None and self.is_mounted:
            self.look(self.snapshot)

    def on_mount(self) -> None:
        """Take the present snapshot."""
        if self.snapshot is not None:
            self.look(self.snapshot)

    def title_is(self, *parts: Part) -> None:
        """Set the title."""
        self.query_one(".title", Static).update(content(*parts), layout=False)

    def failed(self, message: str) -> None:
        """Say why the content can't be shown."""
        self.title_is((f"{SYMBOLS['failed']} {message}", "bold $error"))

    def in_background(self, work: Callable[[Stop], T], then: Callable[[T], None], group: str = "load") -> None:
        """Do work in a thread and pass its result to `then`, unless the screen was left or the work began anew."""
        self.begin(self._carry, work, then, group=group, exclusive=True)

    async def _carry(self, work: Callable[[Stop], T], then: Callable[[T], None]) -> None:
        try:
            result = await in_background(work)
        except FORESEEN as error:
            if self.is_open:
                self.failed(error_as_keys(error, self.console.keys))
            return
        if self.is_open:
            then(result)
