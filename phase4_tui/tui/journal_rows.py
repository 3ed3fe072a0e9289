"""The run log kept compactly: what is shown of each event, oldest first, and whether its chain holds."""

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.journal.events import GENESIS, Event
from phase4_tui.journal.log import JournalDamaged, last_event, read_events
from phase4_tui.journal.verifying import JournalCheck, check_journal

FIRST_EVENTS = 200
REASON_CHARS = 160
TRIES = 5
PAUSE_SECONDS = 0.1


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


@dataclass
class Journal:
    """The events that are shown, oldest first, and what is known of their chain."""

    rows: list[EventRow] = field(default_factory=list)
    seq: int = 0
    hash: str = GENESIS
    problems: tuple[str, ...] = ()
    verified: bool = False
    """Every line was read and follows the one before."""

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
    """Return the last events alone, which takes no time; raises JournalDamaged."""
    last = last_event(reports)
    if last is None:
        return Journal()
    rows = [row_of(event) for event in read_events(reports, after=max(last.seq - FIRST_EVENTS, 0))]
    return Journal(rows, last.seq, last.hash)


def read_all(reports: Path, stop: Callable[[], bool]) -> Journal:
    """Return every event up to the first that is damaged, with what is wrong."""
    check = check_journal(reports)
    for _ in range(TRIES):
        # Without the lock an order may add an event between two looks, which reads as damage.
        if not check.problems or stop() or _ends_at(reports, check):
            break
        time.sleep(PAUSE_SECONDS)
        check = check_journal(reports)
    problems = tuple(f"{safe_line(one.where)}: {safe_line(one.detail, 400)}" for one in check.problems)
    return Journal(_rows(check.events), check.head.seq, check.head.hash, problems, True)


def read_more(reports: Path, known: Journal) -> list[EventRow] | None:
    """Return the rows of the events behind the known ones; None when they do not follow.

    `known` is told the new end. Raises JournalDamaged.
    """
    last, rows = (known.seq, known.hash), []
    for event in read_events(reports, after=max(known.seq - 1, 0)):
        if event.seq == known.seq and event.hash == known.hash:
            continue
        if (event.seq - 1, event.prev) != last:
            return None
        last = (event.seq, event.hash)
        rows.append(row_of(event))
    known.seq, known.hash = last
    return rows


def event_at(reports: Path, seq: int) -> Event | None:
    """Return one whole event; raises JournalDamaged."""
    return next(iter(read_events(reports, after=seq - 1)), None)


def _rows(events: Iterable[Event]) -> list[EventRow]:
    return [row_of(event) for event in events]


def _ends_at(reports: Path, check: JournalCheck) -> bool:
    try:
        last = last_event(reports)
    except JournalDamaged:
        return True
    return last is None or (last.seq, last.hash) == (check.head.seq, check.head.hash)
