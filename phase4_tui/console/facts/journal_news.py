"""What is new in the journal, and which of it this session wrote itself: only the rest is told as another's."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from phase4_tui.journal.actor import Actor
from phase4_tui.journal.event_text import told
from phase4_tui.journal.events import Event
from phase4_tui.journal.log import JournalDamaged, last_event, read_events, read_head
from phase4_tui.runbook.site import Site

T = TypeVar("T")
SHOWN_ELSEWHERE = ("evidence", "recovered")
"""Kinds of events that the panels show by themselves, or that nobody caused."""
FOUND_BY_LOOKING = ("incident", "raised")
"""Kinds of events that any dashboard writes when it sees a bad tag; the incident panel shows them."""


class NewEvents:
    """The events behind those that were read before."""

    def __init__(self, reports: Path) -> None:
        self._reports = reports
        self._seen: int | None = None

    def begin(self) -> None:
        """Let what stands in the journal now count as read; raises JournalDamaged, OSError."""
        if self._seen is None:
            last = last_event(self._reports)
            self._seen = last.seq if last is not None else 0

    def read(self) -> Iterator[Event]:
        """Yield the events that were not read before, oldest first; raises JournalDamaged, OSError."""
        if self._seen is None:
            self.begin()
            return
        before = self._seen
        for event in read_events(self._reports, after=before):
            self._seen = event.seq
            yield event
        if self._seen == before:
            yield from self._begun_anew(before)

    def _begun_anew(self, before: int) -> Iterator[Event]:
        """Yield the last event of a journal that ends before what was read: a repair set the former one aside."""
        last = last_event(self._reports)
        if last is not None and last.seq < before:
            self._seen = last.seq
            yield last


class OwnEvents:
    """Remembers which events of the journal this session wrote."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._numbers: set[int] = set()
        self.runs: set[str] = set()
        """The tags of the runs that were started here and whose end was not seen yet."""

    def during(self, work: Callable[[], T]) -> T:
        """Do the work and remember what it wrote; it may take long, so call it in a thread."""
        before = self._last_number()
        try:
            return work()
        finally:
            actor = self._site.actor
            with suppress(JournalDamaged, OSError):
                events = read_events(self._site.reports, after=before)
                self._numbers |= {event.seq for event in events if _is_by(event, actor)}

    def news_of_others(self, events: Iterable[Event]) -> list[str]:
        """Return a line for each result of an operation or a run that was not given here."""
        lines = []
        for event in events:
            line = None if event.kind in SHOWN_ELSEWHERE or self._is_own(event) else told(event)
            if line is not None:
                lines.append(f"another session: {line}" if _is_by(event, self._site.actor) else line)
        return lines

    def _last_number(self) -> int:
        with suppress(JournalDamaged, OSError):
            return read_head(self._site.reports).seq
        return 0

    def _is_own(self, event: Event) -> bool:
        if not _is_by(event, self._site.actor):
            return False
        if event.kind == "run" and event.tag in self.runs:
            if event.detail.get("state") != "running":
                self.runs.discard(event.tag)
            return True
        return event.kind in FOUND_BY_LOOKING or event.seq in self._numbers


def _is_by(event: Event, actor: Actor) -> bool:
    return (event.operator, event.host) == (actor.name, actor.host)
