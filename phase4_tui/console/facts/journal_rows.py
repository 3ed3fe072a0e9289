"""The run log kept compactly: what is shown of each event, oldest first, and whether its chain holds."""

import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import msgspec

from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.journal.chain import Place, anchor_fault, does_not_follow, follows, is_cut_off, is_same
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
            if not follows(event, journal):
                problems.append(does_not_follow(event, journal))
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
    more = read_more(reports, journal) if is_cut_off(journal.seq, anchor) else None
    if more is not None:
        journal.add(more)
    fault = anchor_fault(anchor, journal.seq, partial(_hash_at, reports))
    if fault == "cut off":
        return [f"{HEAD_FILE} names event {anchor.seq}, the journal ends at event {journal.seq}: its tail was cut off"]
    if fault == "rewritten":
        return [f"{HEAD_FILE} names another event {anchor.seq} than the journal holds: it was written anew"]
    if fault == "left behind" and read_head(reports) == anchor:
        return [f"{HEAD_FILE} names event {anchor.seq}, the journal goes on to {journal.seq}: it was changed"]
    return []


def read_more(reports: Path, known: Journal) -> More | None:
    """Return the events behind the known ones, None when they do not follow; raises JournalDamaged."""
    last: Place = known
    rows = []
    for event in read_events(reports, after=max(known.seq - 1, 0)):
        if is_same(event, known):
            continue
        if not follows(event, last):
            return None
        last = event
        rows.append(row_of(event))
    return More(rows, last.seq, last.hash)


def event_at(reports: Path, seq: int) -> Event | None:
    """Return one whole event; raises JournalDamaged."""
    return next(iter(read_events(reports, after=seq - 1)), None)


def _hash_at(reports: Path, seq: int) -> str | None:
    found = event_at(reports, seq)
    return found.hash if found is not None else None
