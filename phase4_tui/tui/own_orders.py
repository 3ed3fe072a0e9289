"""Which events of the journal this dashboard wrote itself: their order tells of them, and no notice as of another's."""

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from phase4_tui.journal.actor import Actor
from phase4_tui.journal.events import Event
from phase4_tui.journal.log import JournalDamaged, read_events, read_head
from phase4_tui.journal.telling import told
from phase4_tui.runbook.site import Site

if TYPE_CHECKING:
    from phase4_tui.rollback.orders import Done

UNTOLD = ("run", "evidence")
"""What the panels show by themselves."""


class OwnOrders:
    """Carries orders out and remembers what they wrote."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._events: set[int] = set()

    def carry(self, work: "Callable[[], Done]") -> "Done":
        """Carry one out; call it in a thread."""
        before = self._head()
        try:
            return work()
        finally:
            actor = self._site.actor
            with suppress(JournalDamaged, OSError):
                events = read_events(self._site.reports, after=before)
                self._events |= {event.seq for event in events if _by(event, actor)}

    def _head(self) -> int:
        with suppress(JournalDamaged, OSError):
            return read_head(self._site.reports).seq
        return 0

    def news(self, events: list[Event]) -> list[str]:
        """Return what is to be told of events: each result of another's order, with the name."""
        news = []
        for event in events:
            # What this one found by looking, the panel shows.
            found = event.kind in ("incident", "raised") and _by(event, self._site.actor)
            if event.kind not in UNTOLD and event.seq not in self._events and not found:
                news.append(told(event))
        return [line for line in news if line is not None]


def _by(event: Event, actor: Actor) -> bool:
    return (event.operator, event.host) == (actor.name, actor.host)
