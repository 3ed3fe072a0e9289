"""Which events of the journal this dashboard wrote itself: their order tells of them, and no notice as of another's."""

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from phase4_tui.journal.actor import Actor
from phase4_tui.journal.events import Event
from phase4_tui.journal.log import JournalDamaged, read_events, read_head
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
        told = []
        for event in events:
            found = event.kind == "incident" and _by(event, self._site.actor)  # by looking, and the panel shows it
            if event.outcome == "intent" or event.kind in UNTOLD or event.seq in self._events or found:
                continue
            failed = f" failed: {event.detail.get('error')}" if event.outcome == "failed" else ""
            what = f"{event.kind.replace('_', ' ')} {event.tag or ''}".rstrip()
            told.append(f"{event.operator}@{event.host}: {what}{failed}")
        return told


def _by(event: Event, actor: Actor) -> bool:
    return (event.operator, event.host) == (actor.name, actor.host)
