"""The application as screens know it: a protocol, so that screens do not import it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from textual.worker import Worker

from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.console.operations.asker import Severity
from phase4_tui.console.operations.session import Session
from phase4_tui.console.views import View
from phase4_tui.errors import Remedy
from phase4_tui.runbook.site import Site

T = TypeVar("T")


class ConsoleApp(Protocol):
    """What screens and notices need from the application."""

    site: Site
    keys: Mapping[str, str]
    """The key of each operation by its id, empty for one that is only in the palette."""
    read_only: bool
    snapshot: Snapshot | None

    @property
    def session(self) -> Session:
        """What dialogues do their work with."""

    def operate(self, dialogue: Callable[[Session], Awaitable[object]]) -> None:
        """Begin an operation unless a question is open."""

    def give(self, operation: str) -> None:
        """Give an operation of the registry by its id, as its key does."""

    def open(self, view: View, *tags: str) -> None:
        """Open the screen of a view."""

    async def write(self, work: Callable[[], T]) -> T:
        """Do work that writes into the journal in a thread; its events are not announced as another operator's."""

    def take_defect(self, error: BaseException, worker: Worker[Any] | None = None) -> bool:
        """Close the screen of an error that nobody foresaw and tell it; False when that is not done here."""

    def look_now(self) -> None:
        """Look at the disk again, soon."""

    def tell(
        self, text: str, *, title: str = "", severity: Severity = "information", remedies: Sequence[Remedy] = ()
    ) -> None:
        """Show a notice literally, after the open question if there is one."""
