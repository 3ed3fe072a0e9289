"""Verifies the whole journal: every line's bytes, the chain, the anchor, and the state that it must make."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from phase4_tui.artifacts.opening import Unreadable, open_regular
from phase4_tui.journal.events import MAX_LINE_BYTES, BadEvent, Event, decode_line
from phase4_tui.journal.log import HEAD_FILE, JOURNAL_FILE, Head, JournalDamaged, journal_path, lines_of, read_head
from phase4_tui.journal.state import STATE_FILE, StateUnreadable, fold, stored_state


@dataclass(frozen=True)
class Problem:
    """One thing that is not as it was written: what kind, where, and in words."""

    kind: str
    where: str
    detail: str


@dataclass
class JournalCheck:
    """What was found in a journal; `events` are those up to the first line that is damaged."""

    events: list[Event] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def head(self) -> Head:
        """The last good event."""
        return Head(seq=self.events[-1].seq, hash=self.events[-1].hash) if self.events else Head()

    def holds(self, known: Head) -> bool:
        """True when an event that was written down elsewhere is in this journal."""
        if known.seq == 0:
            return True
        return 0 < known.seq <= len(self.events) and self.events[known.seq - 1].hash == known.hash


def check_journal(reports: Path) -> JournalCheck:
    """Read the whole journal and compare it with its anchor and with the state."""
    check = JournalCheck()
    complete = _read_lines(reports, check)
    if complete:
        _check_anchor(reports, check)
        _check_state(reports, check)
    return check


def _read_lines(reports: Path, check: JournalCheck) -> bool:
    try:
        file = open_regular(journal_path(reports))
    except FileNotFoundError:
        return True
    except Unreadable as error:
        check.problems.append(Problem("journal", JOURNAL_FILE, str(error)))
        return False
    last = Head()
    with file:
        for number, line in enumerate(lines_of(file), 1):
            where = f"{JOURNAL_FILE} line {number}"
            if len(line) > MAX_LINE_BYTES:
                check.problems.append(Problem("journal", where, f"is longer than {MAX_LINE_BYTES} bytes: no event is"))
                return False
            if not line.endswith(b"\n"):
                digest = hashlib.sha256(line).hexdigest()[:12]
                detail = f"{len(line)} bytes that a crash left (sha256 {digest}); the next order sets them aside"
                check.problems.append(Problem("torn", where, detail))
                return True
            try:
                event = decode_line(line[:-1])
            except BadEvent as error:
                check.problems.append(Problem("journal", where, str(error)))
                return False
            if (event.seq, event.prev) != (last.seq + 1, last.hash):
                detail = f"event {event.seq} does not follow event {last.seq}: lines were removed, swapped or added"
                check.problems.append(Problem("journal", where, detail))
                return False
            last = Head(seq=event.seq, hash=event.hash)
            check.events.append(event)
    return True


def _check_anchor(reports: Path, check: JournalCheck) -> None:
    try:
        anchor = read_head(reports)
    except JournalDamaged as error:
        check.problems.append(Problem("anchor", HEAD_FILE, str(error)))
        return
    if not check.holds(anchor):
        detail = (
            f"names event {anchor.seq} ({anchor.hash[:12]}), which the journal of {check.head.seq} events does not "
            "hold: its tail was cut off or it was written anew"
        )
        check.problems.append(Problem("anchor", HEAD_FILE, detail))
    elif check.head.seq > anchor.seq + 1:
        detail = f"names event {anchor.seq}, the journal goes on to {check.head.seq}: it was changed"
        check.problems.append(Problem("anchor", HEAD_FILE, detail))


def _check_state(reports: Path, check: JournalCheck) -> None:
    try:
        stored = stored_state(reports)
        if stored is None:
            if check.events:
                detail = "is missing; the next order writes it anew from the journal"
                check.problems.append(Problem("state", STATE_FILE, detail))
            return
        if not check.holds(stored.journal):
            detail = (
                f"knows of event {stored.journal.seq} ({stored.journal.hash[:12]}), which the journal does not hold"
            )
            check.problems.append(Problem("state", STATE_FILE, detail))
            return
        rebuilt = fold(check.events[: stored.journal.seq])
    except StateUnreadable as error:
        check.problems.append(Problem("state", STATE_FILE, str(error)))
        return
    different = [name for name in type(stored).model_fields if getattr(stored, name) != getattr(rebuilt, name)]
    if different:
        detail = f"differs from what the journal makes of it in {', '.join(different)}"
        check.problems.append(Problem("state", STATE_FILE, detail))
