"""The base of every screen: header, alarms, status line, footer, and the last snapshot."""

from collections.abc import Callable, Coroutine, Iterable
from functools import cached_property, partial
from typing import Any, cast

from textual.app import ComposeResult
from textual.binding import Binding
from textual.geometry import Offset
from textual.reactive import var
from textual.screen import Screen
from textual.timer import Timer
from textual.widget import Widget
from textual.worker import Worker, WorkerState

from phase4_tui.console.facts.events import OutputArrived
from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.console.remedies import how
from phase4_tui.tui.messages import Notice
from phase4_tui.tui.screen_keys import own_key
from phase4_tui.tui.screens.console_app import ConsoleApp
from phase4_tui.tui.screens.leavable import Leavable
from phase4_tui.tui.screens.search import ScreenSearch
from phase4_tui.tui.widgets.alarm_lines import AlarmLines
from phase4_tui.tui.widgets.header_line import HeaderLine
from phase4_tui.tui.widgets.key_line import KeyPlace
from phase4_tui.tui.widgets.search_line import SearchLine
from phase4_tui.tui.widgets.selectable import place_in_lines
from phase4_tui.tui.widgets.status_line import StatusLine
from phase4_tui.tui.zoom import end_zoom


class FactsScreen(Leavable, Screen[None]):
    """A screen that the application gives each new snapshot."""

    IS_FORM = False
    """True where letters are typed: there no action's key acts."""

    snapshot: var[Snapshot | None] = var(None)
    notices: var[tuple[Notice, ...]] = var(())
    BINDINGS = [Binding("escape", "back", "back", show=True)]
    ALLOW_IN_MAXIMIZED_VIEW = "HeaderLine, AlarmLines, SearchLine, StatusLine, KeyPlace"
    ESCAPE_TO_MINIMIZE = False  # it leaves a search first: see `leave_inner`

    def __init__(self) -> None:
        super().__init__()
        self.timers: list[Timer] = []

    def on_screen_suspend(self) -> None:
        """Rest while another screen covers this one."""
        for timer in self.timers:
            timer.pause()

    def on_screen_resume(self) -> None:
        """Go on; what was due meanwhile comes at once."""
        for timer in self.timers:
            timer.resume()

    @property
    def is_current(self) -> bool:
        """True for the screen in front and those seen through it; none else is laid out or drawn.

        Textual draws the one right behind always, and sends the one in front whole for it.
        """
        stack = self.app.screen_stack
        above = stack[stack.index(self) + 1 :] if self in stack else []
        return super().is_current and all(screen.styles.background.a < 1 for screen in above)

    @property
    def console(self) -> ConsoleApp:
        """The application, as screens know it."""
        return cast("ConsoleApp", self.app)

    def how(self, operation: str) -> str:
        """Return what to press for an operation: its key as the settings have it, or its name in the palette."""
        return how(operation, self.console.keys)

    @classmethod
    def own_key(cls, action: str) -> str:
        """Return how the key of one of the screen's own bindings is written."""
        return own_key(cls, action)

    @property
    def is_open(self) -> bool:
        """True until the screen is left or the application ends; after that its widgets are removed."""
        return self.is_attached and self.display

    def compose(self) -> ComposeResult:
        """What every screen has around its own; laid out for the terminal's size before the first paint, not later."""
        width, height = self.app.size
        for length, breakpoints in ((width, self.HORIZONTAL_BREAKPOINTS), (height, self.VERTICAL_BREAKPOINTS)):
            self.add_class(*[name for least, name in breakpoints or () if length >= least][-1:])
        keys = self.console.keys
        yield HeaderLine().data_bind(FactsScreen.snapshot)
        yield AlarmLines(keys, banner=str(getattr(self.app, "banner", ""))).data_bind(FactsScreen.snapshot)
        yield from self.body()
        yield StatusLine(keys).data_bind(FactsScreen.notices)
        yield KeyPlace().data_bind(FactsScreen.snapshot)

    def take_output(self, output: OutputArrived) -> None:
        """Take what a step wrote; most screens show none of it."""

    def body(self) -> Iterable[Widget]:
        """Return what stands between header and footer."""
        return ()

    def begin(
        self, work: Callable[..., Coroutine[Any, Any, object]], *given: object, group: str, exclusive: bool = False
    ) -> None:
        """Begin a worker; it makes its coroutine itself, so that a replaced worker leaves none unawaited."""
        made: Any = partial(work, *given)
        self.run_worker(made, group=group, exclusive=exclusive, exit_on_error=False)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Show what went wrong in the background."""
        if event.state is WorkerState.ERROR and self.is_open:
            error = event.worker.error
            if error is not None and not self.console.take_defect(error, event.worker):
                self.failed(f"failed: {type(error).__name__}: {error}")

    def failed(self, message: str) -> None:
        """Show an error."""
        self.console.tell(message, severity="error")

    @cached_property
    def search(self) -> ScreenSearch:
        """The search on this screen."""
        return ScreenSearch(self)

    def on_search_line_typed(self, event: SearchLine.Typed) -> None:
        """Search while it is typed."""
        event.stop()
        self.search.typed(event.text)

    async def action_search_typed(self) -> None:
        """Go on with what was typed: from now on keys are for what is searched."""
        await self.search.accept()

    def get_widget_and_offset_at(self, x: int, y: int) -> tuple[Widget | None, Offset | None]:
        """Return the widget at a cell, and the place in its text, for selecting with the mouse."""
        return place_in_lines(self, x, y) or super().get_widget_and_offset_at(x, y)

    def action_copy_text(self) -> None:
        """Copy what was selected with the mouse, and say so."""
        super().action_copy_text()
        self.console.tell("copied what is selected")

    def leave_inner(self) -> bool:
        """Leave the search, else the zoom; False when there is neither."""
        return self.search.end() or end_zoom(self)

    def action_back(self) -> None:
        """Leave the search or the zoom, else return to the previous screen; a repeated key does nothing."""
        if not self.leave_inner() and self.is_current:
            self.app.pop_screen()
