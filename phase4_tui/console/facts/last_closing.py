"""How the last incident ended, as long as that is news: read again only after the journal has grown."""

from phase4_tui.artifacts.clock import nanoseconds, now_ns
from phase4_tui.console.facts.timeline import KEPT
from phase4_tui.journal.events import Event
from phase4_tui.journal.log import JournalDamaged, read_events
from phase4_tui.journal.state import OperationsState
from phase4_tui.rollback.closing import Closing, read_closing
from phase4_tui.rollback.incidents import incidents_of
from phase4_tui.runbook.site import Site

NEWS_SECONDS = 1800
"""A closed incident is shown for half an hour, or until something is run."""


class LastClosing:
    """Belongs to the thread that makes the snapshots."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._seq = 0
        self._event: Event | None = None
        self._found: Closing | None = None

    def of(self, state: OperationsState) -> Closing | None:
        """Return how the last incident ended; None while one is open, and when that is no news any more."""
        if state.journal.seq != self._seq:
            self._seq = state.journal.seq
            self._look()
        event = self._event
        if state.incident is not None or event is None or now_ns() - nanoseconds(event.at) > NEWS_SECONDS * 10**9:
            return None
        return self._found

    def _look(self) -> None:
        before = self._event
        try:
            events = list(read_events(self._site.reports, after=max(self._seq - KEPT, 0)))
            ends = (one for one in reversed(events) if one.kind == "run" or _closes(one))
            last = next(ends, None)
            self._event = last if last is not None and _closes(last) else None
            if self._event is not None and (before is None or before.seq != self._event.seq):
                incident = incidents_of(read_events(self._site.reports)).get(self._event.incident or "")
                self._found = read_closing(self._site, incident) if incident is not None else None
        except (JournalDamaged, OSError):  # the state tells what is wrong with the journal
            self._event = None


def _closes(event: Event) -> bool:
    return event.kind == "reopen" and event.outcome == "done" and event.incident is not None
