"""Verifies the whole journal: every line's bytes, the chain, the anchor, and the state that follows."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from phase4_tui.artifacts.regular_files import Unreadable, open_regular
from phase4_tui.journal.chain import Place, anchor_fault, does_not_follow, follows, holds, is_left_behind
from phase4_tui.journal.events import MAX_LINE_BYTES, BadEvent, Event, decode_line
from phase4_tui.journal.log import HEAD_FILE, JOURNAL_FILE, Head, JournalDamaged, journal_path, lines_of, read_head
from phase4_tui.journal.state import STATE_FILE, OperationsState, StateUnreadable, fold, stored_state

DIGEST_BYTES = hashlib.sha256().digest_size


@dataclass(frozen=True)
class Problem:
    """One mismatch with what was written: its kind, its place and a description."""

    kind: str
    where: str
    detail: str


@dataclass
class JournalCheck:
    """The result of a check, up to the first damaged line; of each event only the hash is kept."""

    problems: list[Problem] = field(default_factory=list)
    count: int = 0
    first: Event | None = None
    state: OperationsState | None = None
    """The state that follows from the good events; None when none does."""
    whole: bool = True
    """Every line is an event that follows the one before."""
    _digests: bytearray = field(default_factory=bytearray)

    @property
    def head(self) -> Head:
        """The last good event."""
        return Head(seq=self.count, hash=self.hash_of(self.count)) if self.count else Head()

    def holds(self, known: Head) -> bool:
        """True when this journal holds the event `known`."""
        return holds(known, self.count, self.hash_of)

    def note(self, event: Event) -> None:
        """Record the next good event."""
        self.first = self.first or event
        self.count += 1
        self._digests += bytes.fromhex(event.hash)

    def hash_of(self, seq: int) -> str:
        """Return the hash of a good event by its number."""
        return self._digests[(seq - 1) * DIGEST_BYTES : seq * DIGEST_BYTES].hex()


def check_journal(reports: Path) -> JournalCheck:
    """Read the whole journal and compare it with its anchor and with the state.

    One event at a time, since loading all at once would stall the screen for tenths of a second. No lock is needed:
    state and anchor are read before the journal, which may only go on from there. What is left to mistake is a line
    that is just being written, the very first event, and a journal that is just being replaced.
    """
    check = JournalCheck()
    stored, wrong = _stored(reports)
    anchor = _anchor(reports)
    events = _good_events(reports, check)
    rebuilt: OperationsState | None = None
    try:
        rebuilt = fold(islice(events, max(stored.journal.seq, 0) if stored else 0))
        check.state = fold(events, rebuilt)
    except StateUnreadable as error:
        wrong = wrong or str(error)
        for _ in events:  # check the rest of the chain after an event whose changes are no state
            pass
    if check.whole:
        _check_anchor(reports, check, anchor)
        _check_state(check, stored, rebuilt, wrong)
    return check


def _stored(reports: Path) -> tuple[OperationsState | None, str | None]:
    """Return the stored state and None, or None and why it can't be read."""
    try:
        return stored_state(reports), None
    except StateUnreadable as error:
        return None, str(error)


def _good_events(reports: Path, check: JournalCheck) -> Iterator[Event]:
    """Yield the events up to the first damaged line, and record the problems in `check`."""
    try:
        file = open_regular(journal_path(reports))
    except FileNotFoundError:
        return
    except Unreadable as error:
        _stop(check, JOURNAL_FILE, str(error))
        return
    last: Place = Head()
    with file:
        for number, line in enumerate(lines_of(file), 1):
            where = f"{JOURNAL_FILE} line {number}"
            if len(line) > MAX_LINE_BYTES:
                _stop(check, where, f"is longer than {MAX_LINE_BYTES} bytes: no event is")
                return
            if not line.endswith(b"\n"):
                digest = hashlib.sha256(line).hexdigest()[:12]
                check.problems.append(Problem("torn", where, f"{len(line)} bytes that a crash left (sha256 {digest})"))
                return
            try:
                event = decode_line(line[:-1])
            except BadEvent as error:
                _stop(check, where, str(error))
                return
            if not follows(event, last):
                _stop(check, where, does_not_follow(event, last))
                return
            last = event
            check.note(event)
            yield event


def _stop(check: JournalCheck, where: str, detail: str) -> None:
    check.whole = False
    check.problems.append(Problem("journal", where, detail))


def _anchor(reports: Path) -> Head | JournalDamaged:
    try:
        return read_head(reports)
    except JournalDamaged as error:
        return error


def _check_anchor(reports: Path, check: JournalCheck, anchor: Head | JournalDamaged) -> None:
    """Compare the journal with the anchor that was read before it."""
    if isinstance(anchor, Head) and anchor_fault(anchor, check.count, check.hash_of) == "left behind":
        now = _anchor(reports)  # it has moved since, if events were added while the journal was read
        if isinstance(now, Head) and not is_left_behind(check.count, now):
            return
    if isinstance(anchor, JournalDamaged):
        check.problems.append(Problem("anchor", HEAD_FILE, str(anchor)))
        return
    fault = anchor_fault(anchor, check.count, check.hash_of)
    if fault in ("cut off", "rewritten"):
        detail = (
            f"names event {anchor.seq} ({anchor.hash[:12]}), which the journal of {check.head.seq} events does not "
            "hold: its tail was cut off or it was written anew"
        )
        check.problems.append(Problem("anchor", HEAD_FILE, detail))
    elif fault is not None:
        detail = f"names event {anchor.seq}, the journal goes on to {check.head.seq}: it was changed"
        check.problems.append(Problem("anchor", HEAD_FILE, detail))


def _check_state(
    check: JournalCheck, stored: OperationsState | None, rebuilt: OperationsState | None, wrong: str | None
) -> None:
    """Compare the stored state with the one rebuilt from its events; `wrong` says why either is missing."""
    detail = None
    if stored is None:
        detail = wrong or ("is missing" if check.count else None)
    elif not check.holds(stored.journal):
        detail = f"knows of event {stored.journal.seq} ({stored.journal.hash[:12]}), which the journal does not hold"
    elif rebuilt is None or check.state is None:
        detail = wrong
    else:
        names = [name for name in type(stored).model_fields if getattr(stored, name) != getattr(rebuilt, name)]
        detail = f"differs from what the journal makes of it in {', '.join(names)}" if names else None
    if detail is not None:
        check.problems.append(Problem("state", STATE_FILE, detail))
