"""What a screen knows of the application: a protocol, so that screens do not import it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.console.operations.asker import Severity
from phase4_tui.console.operations.session import Session
from phase4_tui.console.views import View
from phase4_tui.errors import Remedy
from phase4_tui.runbook.site import Site

T = TypeVar("T")


class ConsoleApp(Protocol):
    """The application, as screens and notices see it."""

    site: Site
    keys: Mapping[str, str]
    """The key of each operation by its id, empty for those that are in the palette alone."""
    read_only: bool
    snapshot: Snapshot | None

    @property
    def session(self) -> Session:
        """What dialogues do their work with."""

    def operate(self, dialogue: Callable[[Session], Awaitable[object]], command: str | None = None) -> None:
        """Begin an operation, unless a question is open already."""

    def give(self, operation: str) -> None:
        """Give an operation of the registry by its id, as its key does."""

    def open(self, view: View, *tags: str) -> None:
        """Open the screen of a view."""

    async def write(self, work: Callable[[], T]) -> T:
        """Do in a thread what writes into the journal; it is not told as another operator's."""

    def look_now(self) -> None:
        """Look at the disk again, soon."""

    def tell(
        self, text: str, *, title: str = "", severity: Severity = "information", remedies: Sequence[Remedy] = ()
    ) -> None:
        """Show a notice, literally; after the question that is open, if one is."""
