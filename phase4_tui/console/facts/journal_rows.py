"""The run log in compact form: a row for each operation, oldest first, and whether the chain holds."""

import sys
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import msgspec
from msgspec.structs import replace

from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.journal.chain import Place, anchor_fault, does_not_follow, follows, is_cut_off, is_same
from phase4_tui.journal.event_text import words_of
from phase4_tui.journal.events import GENESIS, Event
from phase4_tui.journal.log import HEAD_FILE, JournalDamaged, last_event, read_events, read_head

FIRST_EVENTS = 200
WHAT_CHARS = 240
LONGEST_OPERATION = 100
"""In how many of the last rows the beginning of an operation or run is looked for."""


class OperationRow(msgspec.Struct, frozen=True, gc=False):
    """An operation, a run, or an event by itself: `seq` and `at` are those of its last event, in UTC."""

    seq: int
    begun: int
    """`seq` of the event that it began with; that of the row itself for an event alone."""
    at: str
    operator: str
    host: str
    kind: str
    tag: str
    incident: str
    outcome: str
    """`done`, `failed` or `unfinished`; empty for an event that is no operation."""
    what: str
    """What was done and why, in words."""
    run: str = ""
    """The id of the run."""


@dataclass(frozen=True)
class More:
    """The rows of further events, and the end of the chain after them."""

    rows: list[OperationRow]
    seq: int
    hash: str


@dataclass
class Journal:
    """The rows shown, oldest first, and whether their chain holds."""

    rows: list[OperationRow] = field(default_factory=list)
    seq: int = 0
    hash: str = GENESIS
    problems: tuple[str, ...] = ()
    verified: bool = False
    """True when every event was read and follows the previous one."""

    def add(self, more: More) -> None:
        """Append further rows; the result of a known operation takes the place of its beginning."""
        for row in more.rows:
            fold(self.rows, row)
        self.seq, self.hash = more.seq, more.hash

    def choices(self, name: str) -> list[tuple[str, int]]:
        """Return the values of a field with their counts, most recent first."""
        counts = Counter(getattr(row, name) for row in reversed(self.rows))
        return [(value, count) for value, count in counts.items() if value]


def row_of(event: Event) -> OperationRow:
    """Return the row of an event."""
    detail = event.detail
    begins = event.outcome == "intent" or (event.kind == "run" and detail.get("state") == "running")
    run = str(detail.get("run", "")) if event.kind == "run" else ""
    outcome = "unfinished" if begins else event.outcome
    intent = detail.get("intent")
    begun = intent if type(intent) is int and 0 < intent < event.seq else event.seq
    short = [event.operator, event.host, event.kind, event.tag or "", event.incident or "", outcome]
    # Nearly all events share these words; separate copies would take most of the memory.
    operator, host, kind, tag, incident, outcome = (sys.intern(safe_line(value, 200)) for value in short)
    what = safe_line(words_of(event), WHAT_CHARS)
    return OperationRow(
        event.seq, begun, safe_line(event.at, 40), operator, host, kind, tag, incident, outcome, what, run
    )


def fold(rows: list[OperationRow], row: OperationRow) -> None:
    """Append a row; a result takes the place of its beginning, whose operator it keeps: another may have settled it."""
    ends = row.outcome != "unfinished" and (row.begun < row.seq or row.run)
    for at in range(len(rows) - 1, max(len(rows) - 1 - LONGEST_OPERATION, -1) if ends else len(rows) - 1, -1):
        known = rows[at]
        if known.outcome == "unfinished" and (known.seq == row.begun or (row.run and known.run == row.run)):
            del rows[at]
            row = replace(row, begun=known.seq, operator=known.operator, host=known.host)
            break
    rows.append(row)


def rows_of(events: Iterable[Event]) -> list[OperationRow]:
    """Return a row for each operation, by the order of the results."""
    rows: list[OperationRow] = []
    for event in events:
        fold(rows, row_of(event))
    return rows


def read_last(reports: Path) -> Journal:
    """Return the last events alone, which is fast; none of a damaged journal, which `read_all` reports."""
    try:
        last = last_event(reports)
        if last is None:
            return Journal()
        rows = rows_of(read_events(reports, after=max(last.seq - FIRST_EVENTS, 0)))
    except JournalDamaged:
        return Journal()
    return Journal(rows, last.seq, last.hash)


def read_all(reports: Path, stop: Callable[[], bool]) -> Journal:
    """Return every event up to the first that is damaged or breaks the chain, with what is wrong.

    One event at a time: holding all of them at once would block the screen for tenths of a second.
    """
    journal = Journal(verified=True)
    problems = []
    try:
        for event in read_events(reports):
            if not follows(event, journal):
                problems.append(does_not_follow(event, journal))
                break
            fold(journal.rows, row_of(event))
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
    # An operation given meanwhile has moved the anchor: its events follow those read here.
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
    """Return the events after the known ones, None when they break the chain; raises JournalDamaged."""
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


def events_of(reports: Path, row: OperationRow) -> list[Event]:
    """Return the whole events of a row, the last one first; raises JournalDamaged."""
    found = (event_at(reports, seq) for seq in dict.fromkeys((row.seq, row.begun)))
    return [event for event in found if event is not None]


def event_at(reports: Path, seq: int) -> Event | None:
    """Return one whole event; raises JournalDamaged."""
    return next(iter(read_events(reports, after=seq - 1)), None)


def _hash_at(reports: Path, seq: int) -> str | None:
    found = event_at(reports, seq)
    return found.hash if found is not None else None
