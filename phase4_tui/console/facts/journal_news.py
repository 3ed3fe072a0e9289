"""Which events of the journal this dashboard wrote itself: they are not told as another's."""

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from phase4_tui.journal.actor import Actor
from phase4_tui.journal.event_text import told
from phase4_tui.journal.events import Event
from phase4_tui.journal.log import JournalDamaged, read_events, read_head
from phase4_tui.runbook.site import Site

T = TypeVar("T")
UNTOLD = ("evidence", "recovered")
"""What the panels show by themselves, or nobody did."""
FOUND = ("incident", "raised")
"""What a dashboard finds by looking, and its panel shows."""


class OwnOperations:
    """Does what writes into the journal and remembers what it wrote."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._events: set[int] = set()
        self.runs: set[str] = set()
        """The tags of the runs that were started here and whose end was not seen yet."""

    def carry(self, work: Callable[[], T]) -> T:
        """Do it; call it in a thread."""
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
        """Return what is to be told of events: each result of another's operation, and each of another's runs."""
        news = []
        for event in events:
            line = None if event.kind in UNTOLD or self._is_own(event) else told(event)
            if line is not None:
                news.append(f"another session: {line}" if _by(event, self._site.actor) else line)
        return news

    def _is_own(self, event: Event) -> bool:
        if not _by(event, self._site.actor):
            return False
        if event.kind == "run" and event.tag in self.runs:
            if event.detail.get("state") != "running":
                self.runs.discard(event.tag)
            return True
        return event.kind in FOUND or event.seq in self._events


def _by(event: Event, actor: Actor) -> bool:
    return (event.operator, event.host) == (actor.name, actor.host)
