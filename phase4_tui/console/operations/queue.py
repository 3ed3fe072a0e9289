"""Operations of this dashboard, one at a time from key to result, and the telling of those that others give."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from phase4_tui.artifacts.counting import counted
from phase4_tui.console.facts.journal_news import OwnEvents
from phase4_tui.console.remedies import how
from phase4_tui.errors import FORESEEN
from phase4_tui.tui.messages import EventsSeen

if TYPE_CHECKING:
    from phase4_tui.console.operations.dialogues import Flows
    from phase4_tui.tui.app import Phase4App

T = TypeVar("T")
SHOWN_NEWS = 8
ASKING_SECONDS = 2.0
"""So long, until an operation asks its first question, the keys behind its own do nothing: they were meant for that."""


class OperationQueue:
    """The operation that is given now."""

    def __init__(self, app: "Phase4App") -> None:
        self._app = app
        self._carrying = self._writing = 0
        self._asking_until = 0.0
        self._held: list[EventsSeen] = []
        self.own = OwnEvents(app.site)
        self.leave_after = False
        """The dashboard is to end with the operation that is being carried out."""

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

    def begin(self, flow: "Callable[[Flows], Awaitable[object]]", twin: str | None) -> None:
        """Begin an operation; `twin` is its command until all of it was chosen."""
        if self.busy:  # a new worker would cancel the one that waits for the end of the operation before
            self._app.tell("an operation is being carried out; wait for its end", severity="warning")
            return
        self.asking = True
        work: Any = partial(self._guarded, flow, self._app.twin)  # begun by the worker: a replaced one leaves nothing
        self._app.twin = twin or self._app.twin
        self._app.run_worker(work, group="operations", exclusive=True, exit_on_error=False)

    async def _guarded(self, flow: "Callable[[Flows], Awaitable[object]]", before: str | None) -> None:
        try:
            await flow(self._app.flows)
        except FORESEEN as error:
            self._app.twin = before  # what was refused is not what was done last
            self._app.tell(str(error) or type(error).__name__, severity="error")
        finally:
            self.asking = False

    async def carry_out(self, work: Callable[[], T]) -> T:
        """Carry an operation out in a thread; another one waits for its end."""
        self._carrying += 1
        try:
            return await self.write(work)
        finally:
            self._carrying -= 1
            if self.leave_after and not self.busy:
                self._app.exit()

    async def write(self, work: Callable[[], T]) -> T:
        """Do in a thread what writes into the journal; it is not told as another's."""
        self._writing += 1
        try:
            return await asyncio.to_thread(self.own.during, work)
        finally:
            self._writing -= 1
            held, self._held = self._held, []
            for message in held:
                self._app.post_message(message)
            self._app.facts.look_now()

    def tell(self, message: EventsSeen) -> None:
        """Tell what others did, once it is known what was written here."""
        if self._writing:
            self._held.append(message)
            return
        news = self.own.news_of_others(message.events)
        if len(news) > SHOWN_NEWS:  # as after a stop: a notice for each would stop the screen
            more = counted(len(news) - SHOWN_NEWS, "event")
            self._app.tell(f"{more} before these: `{how('journal', self._app.keys)}` shows them")
        for line in news[-SHOWN_NEWS:]:
            self._app.tell(line)
