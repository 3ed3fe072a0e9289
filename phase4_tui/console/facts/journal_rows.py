"""The run log kept compactly: what is shown of each event, oldest first, and whether its chain holds."""

import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.journal.events import GENESIS, Event
from phase4_tui.journal.log import HEAD_FILE, JournalDamaged, last_event, read_events, read_head

FIRST_EVENTS = 200
REASON_CHARS = 160


class EventRow(msgspec.Struct, frozen=True, gc=False):
    """What the list shows of an event."""

    seq: int
    at: str
    operator: str
    host: str
    kind: str
    tag: str
    incident: str
    outcome: str
    told: str
    """Its reason, its error, or nothing."""


@dataclass(frozen=True)
class More:
    """The rows of the events behind those that are known, and the end of the chain with them."""

    rows: list[EventRow]
    seq: int
    hash: str


@dataclass
class Journal:
    """The events that are shown, oldest first, and what is known of their chain."""

    rows: list[EventRow] = field(default_factory=list)
    seq: int = 0
    hash: str = GENESIS
    problems: tuple[str, ...] = ()
    verified: bool = False
    """Every line was read and follows the one before."""

    def add(self, more: More) -> None:
        """Take the events behind the known ones."""
        self.rows += more.rows
        self.seq, self.hash = more.seq, more.hash

    def choices(self, name: str) -> list[tuple[str, int]]:
        """Return the values of a field with their counts, the last used first."""
        counts = Counter(getattr(row, name) for row in reversed(self.rows))
        return [(value, count) for value, count in counts.items() if value]


def row_of(event: Event) -> EventRow:
    """Return what is shown of an event."""
    told = event.detail.get("error") or event.detail.get("reason") or event.detail.get("state") or ""
    short = [event.operator, event.host, event.kind, event.tag or "", event.incident or "", event.outcome]
    # Nearly all events share these words; a copy for each would be most of the memory.
    operator, host, kind, tag, incident, outcome = (sys.intern(safe_line(value, 200)) for value in short)
    reason = safe_line(str(told), REASON_CHARS)
    return EventRow(event.seq, event.at, operator, host, kind, tag, incident, outcome, reason)


def read_last(reports: Path) -> Journal:
    """Return the last events alone, which takes no time; none of a damaged journal, which `read_all` tells."""
    try:
        last = last_event(reports)
        if last is None:
            return Journal()
        rows = [row_of(event) for event in read_events(reports, after=max(last.seq - FIRST_EVENTS, 0))]
    except JournalDamaged:
        return Journal()
    return Journal(rows, last.seq, last.hash)


def read_all(reports: Path, stop: Callable[[], bool]) -> Journal:
    """Return every event up to the first that is damaged or does not follow, with what is wrong.

    One event at a time: to hold all of them at once would stop the screen for tenths of a second.
    """
    journal = Journal(verified=True)
    problems = []
    try:
        for event in read_events(reports):
            if (event.seq - 1, event.prev) != (journal.seq, journal.hash):
                told = f"event {event.seq} does not follow event {journal.seq}: lines were removed, swapped or added"
                problems.append(told)
                break
            journal.rows.append(row_of(event))
            journal.seq, journal.hash = event.seq, event.hash
            if stop():
                break
        else:
            problems += _anchor_problems(reports, journal)
    except JournalDamaged as error:
        problems.append(str(error))
    journal.problems = tuple(safe_line(problem, 600) for problem in problems)
    return journal


def _anchor_problems(reports: Path, journal: Journal) -> list[str]:
    anchor = read_head(reports)
    # An operation that was given meanwhile has moved the anchor on: its events are behind those that were read.
    more = read_more(reports, journal) if anchor.seq > journal.seq else None
    if more is not None:
        journal.add(more)
    if anchor.seq > journal.seq:
        return [f"{HEAD_FILE} names event {anchor.seq}, the journal ends at event {journal.seq}: its tail was cut off"]
    found = next(iter(read_events(reports, after=anchor.seq - 1)), None) if anchor.seq else None
    if anchor.seq and (found is None or found.hash != anchor.hash):
        return [f"{HEAD_FILE} names another event {anchor.seq} than the journal holds: it was written anew"]
    if journal.seq > anchor.seq + 1 and read_head(reports) == anchor:
        return [f"{HEAD_FILE} names event {anchor.seq}, the journal goes on to {journal.seq}: it was changed"]
    return []


def read_more(reports: Path, known: Journal) -> More | None:
    """Return the events behind the known ones, None when they do not follow; raises JournalDamaged."""
    last, rows = (known.seq, known.hash), []
    for event in read_events(reports, after=max(known.seq - 1, 0)):
        if event.seq == known.seq and event.hash == known.hash:
            continue
        if (event.seq - 1, event.prev) != last:
            return None
        last = (event.seq, event.hash)
        rows.append(row_of(event))
    return More(rows, *last)


def event_at(reports: Path, seq: int) -> Event | None:
    """Return one whole event; raises JournalDamaged."""
    return next(iter(read_events(reports, after=seq - 1)), None)
