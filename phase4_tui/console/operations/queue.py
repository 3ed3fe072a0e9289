"""The operations of one dashboard, one at a time from key to result, and the news of other operators."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from phase4_tui.artifacts.counting import counted
from phase4_tui.console.facts.journal_news import OwnEvents
from phase4_tui.console.operations.asker import Declined, Left, Severity
from phase4_tui.console.remedies import parts_of
from phase4_tui.errors import FORESEEN, Remedy, command_line
from phase4_tui.journal.events import Event
from phase4_tui.runbook.site import Site

T = TypeVar("T")
SHOWN_NEWS = 8
ASKING_SECONDS = 2.0
"""Keys are ignored at most this long between the key of an operation and its first question."""
JOURNAL = Remedy("journal", command_line("journal"), "shows them")


class Owner(Protocol):
    """The application that a queue belongs to."""

    def begin_operation(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run `work` in the background, in place of an operation that still asks."""

    def look_now(self) -> None:
        """Look at the disk again, soon."""

    def leave_when_safe(self) -> None:
        """End the application; first ask whether to cancel a run under way."""

    def tell(self, text: str, *, severity: Severity = "information", remedies: Sequence[Remedy] = ()) -> None:
        """Show a notice."""


class OperationQueue:
    """Holds the operation that is given now, and the news that wait for its end."""

    def __init__(self, owner: Owner, site: Site) -> None:
        self._owner = owner
        self._carrying = self._writing = 0
        self._asking_until = 0.0
        self._held: list[Event] = []
        self.own = OwnEvents(site)
        self.leave_after = False
        """True when the dashboard ends once the operation being carried out has ended."""
        self.command: str | None = None
        """The command of the last operation that was done here."""

    @property
    def busy(self) -> bool:
        """True while an operation is being carried out."""
        return self._carrying > 0

    @property
    def asking(self) -> bool:
        """True from an operation's key to its first question."""
        return time.monotonic() < self._asking_until

    @asking.setter
    def asking(self, value: bool) -> None:
        self._asking_until = time.monotonic() + ASKING_SECONDS if value else 0.0

    def begin(self, dialogue: Callable[[], Awaitable[object]]) -> None:
        """Begin an operation."""
        if self.busy:  # a new worker would cancel the one that waits for the operation under way
            self._owner.tell("an operation is being carried out; wait for its end", severity="warning")
            return
        self.asking = True

        async def work() -> None:
            await self._guarded(dialogue)

        self._owner.begin_operation(work)

    async def _guarded(self, dialogue: Callable[[], Awaitable[object]]) -> None:
        try:
            await dialogue()
        except Declined as left:
            self._owner.tell(left.message)
        except Left as left:
            if left.message:
                self._owner.tell(left.message, remedies=left.remedies)
        except FORESEEN as error:
            message, remedies = parts_of(error)
            self._owner.tell(message, severity="error", remedies=remedies)
        finally:
            self.asking = False

    async def carry_out(self, work: Callable[[], T]) -> T:
        """Carry an operation out in a thread; no other begins before its end."""
        self._carrying += 1
        try:
            return await self.write(work)
        finally:
            self._carrying -= 1
            if self.leave_after and not self.busy:
                self.leave_after = False
                self._owner.leave_when_safe()

    async def write(self, work: Callable[[], T]) -> T:
        """Do work that writes into the journal in a thread; its events are not announced as another operator's."""
        self._writing += 1
        try:
            return await asyncio.to_thread(self.own.during, work)
        finally:
            self._writing -= 1
            held, self._held = self._held, []
            if held:
                self.take_news(held)
            self._owner.look_now()

    def take_news(self, events: Sequence[Event]) -> None:
        """Announce what others did, once it is known which events were written here."""
        if self._writing:
            self._held += events
            return
        news = self.own.news_of_others(events)
        if len(news) > SHOWN_NEWS:  # e.g. after a suspension: a notice for each would block the screen
            more = counted(len(news) - SHOWN_NEWS, "event")
            self._owner.tell(f"{more} before these", remedies=(JOURNAL,))
        for line in news[-SHOWN_NEWS:]:
            self._owner.tell(line)
