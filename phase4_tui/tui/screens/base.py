"""What every screen has: the header line, the footer, and the facts of now."""

from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from typing import Any, cast

from textual.app import ComposeResult
from textual.binding import Binding
from textual.reactive import var
from textual.screen import Screen
from textual.widget import Widget
from textual.worker import Worker, WorkerState

from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.console.key_names import shown_key
from phase4_tui.console.remedies import how
from phase4_tui.tui.screens.console_app import ConsoleApp
from phase4_tui.tui.widgets.header_line import HeaderLine
from phase4_tui.tui.widgets.key_line import KeyPlace


class FactsScreen(Screen[None]):
    """A screen that the application tells each new snapshot."""

    IS_FORM = False
    """True where letters are typed: no key of an action acts there."""

    snapshot: var[Snapshot | None] = var(None)
    BINDINGS = [Binding("escape", "back", "back", show=True)]

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
        found = (one for one in cls.BINDINGS if isinstance(one, Binding) and one.action == action)
        return shown_key(next(found).key.partition(",")[0])

    @property
    def is_open(self) -> bool:
        """True until the screen is left or the application ends: from then on its widgets go away."""
        return self.is_attached and self.display

    def compose(self) -> ComposeResult:
        """Header, the screen's own, footer; laid out for the terminal's size before the first paint, not after it."""
        width, height = self.app.size
        for length, breakpoints in ((width, self.HORIZONTAL_BREAKPOINTS), (height, self.VERTICAL_BREAKPOINTS)):
            self.add_class(*[name for least, name in breakpoints or () if length >= least][-1:])
        yield HeaderLine(self.console.keys, banner=str(getattr(self.app, "banner", ""))).data_bind(FactsScreen.snapshot)
        yield from self.body()
        yield KeyPlace()

    def body(self) -> Iterable[Widget]:
        """Return what stands between header and footer."""
        return ()

    def begin(
        self, work: Callable[..., Coroutine[Any, Any, object]], *given: object, group: str, exclusive: bool = False
    ) -> None:
        """Begin a worker; it makes its coroutine itself, so that one which is replaced before leaves none behind."""
        made: Any = partial(work, *given)
        self.run_worker(made, group=group, exclusive=exclusive, exit_on_error=False)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Show what went wrong in the background."""
        if event.state is WorkerState.ERROR and self.is_open:
            error = event.worker.error
            self.failed(f"failed: {type(error).__name__}: {error}")

    def failed(self, message: str) -> None:
        """Tell what went wrong."""
        self.console.tell(message, severity="error")

    def action_back(self) -> None:
        """Return to the screen before; a second key in one go finds this one left already."""
        if self.is_current:
            self.app.pop_screen()
