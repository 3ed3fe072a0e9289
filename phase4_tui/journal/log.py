"""The journal's file: appended under the lock with fsync, read from either end, mended when its last line is torn.

`journal.head` anchors the last event, so that a tail that was cut off is found. A write that a crash cut short
is set aside in a file of its own; anything else that does not fit is damage, which nothing here repairs.
"""

import hashlib
import io
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from phase4_tui.artifacts.clock import iso, now_ns
from phase4_tui.artifacts.models import Document
from phase4_tui.artifacts.names import state_dir
from phase4_tui.artifacts.opening import open_regular
from phase4_tui.artifacts.reading import look
from phase4_tui.artifacts.writing import atomic_write, sync_directory, to_json
from phase4_tui.journal.actor import Actor
from phase4_tui.journal.events import GENESIS, MAX_LINE_BYTES, BadEvent, Event, decode_line, encode_line, seal

JOURNAL_FILE = "journal.jsonl"
HEAD_FILE = "journal.head"
READ_BYTES = 1 << 20
REPAIR = "`phase4 verify` tells what is wrong, `phase4 verify --repair --reason R` sets it aside and starts anew"


class JournalDamaged(Exception):
    """The journal's end is not what was written there; nothing is added to it."""


class Head(Document):
    """The last event; `seq` 0 for a journal without any."""

    seq: int = 0
    hash: str = GENESIS


@dataclass(frozen=True)
class Draft:
    """An event before it has its place in the chain."""

    kind: str
    tag: str | None = None
    incident: str | None = None
    detail: dict[str, Any] | None = None


def journal_path(reports: Path) -> Path:
    """Return where the journal of a reports directory is."""
    return state_dir(reports) / JOURNAL_FILE


def read_head(reports: Path) -> Head:
    """Return the anchor; raises JournalDamaged when it can't be read."""
    found = look(state_dir(reports) / HEAD_FILE, Head)
    if found.state == "absent":
        return Head()
    if found.value is None:
        raise JournalDamaged(f"{found.path}: {'; '.join(found.problems) or found.state}; {REPAIR}")
    return found.value


def read_events(reports: Path, after: int = 0) -> Iterator[Event]:
    """Yield the events with a `seq` above `after`, oldest first; a torn last line is left out.

    Raises JournalDamaged at a line that can't be used.
    """
    path = journal_path(reports)
    try:
        file = open_regular(path)
    except FileNotFoundError:
        return
    with file:
        _skip_to(file.fileno(), after)
        for line in io.BufferedReader(io.FileIO(file.fileno(), closefd=False), READ_BYTES):
            if not line.endswith(b"\n"):
                return
            event = _decoded(line[:-1])
            if event.seq > after:
                yield event


def _skip_to(descriptor: int, after: int) -> None:
    """Set the position before the first event above `after`, by bisection over the sorted lines."""
    low, high = 0, os.fstat(descriptor).st_size
    while after and high - low > MAX_LINE_BYTES:
        middle = (low + high) // 2
        chunk = os.pread(descriptor, 2 * MAX_LINE_BYTES, middle)
        start = chunk.find(b"\n") + 1
        end = chunk.find(b"\n", start)
        if start == 0 or end < 0:
            break
        if _decoded(chunk[start:end]).seq <= after:
            low = middle + start
        else:
            high = middle
    os.lseek(descriptor, low, os.SEEK_SET)


def _decoded(line: bytes) -> Event:
    try:
        return decode_line(line)
    except BadEvent as error:
        raise JournalDamaged(f"{JOURNAL_FILE}: {error}; {REPAIR}") from None


def append(reports: Path, actor: Actor, draft: Draft) -> Event:
    """Add an event and move the anchor; call it while holding the journal's lock.

    Raises JournalDamaged, OSError; on either nothing was added.
    """
    path = journal_path(reports)
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(path, flags, 0o666)
    try:
        last, torn = _last(descriptor)
        _refuse_damage(reports, last)
        if torn:
            last = _set_torn_aside(reports, descriptor, torn, last, actor)
        event = _chained(last, actor, draft)
        _write(descriptor, encode_line(event))
    finally:
        os.close(descriptor)
    _anchor(reports, event)
    return event


def last_event(reports: Path) -> Event | None:
    """Return the last whole event; raises JournalDamaged."""
    try:
        with open_regular(journal_path(reports)) as file:
            return _last(file.fileno())[0]
    except FileNotFoundError:
        return None


def _last(descriptor: int) -> tuple[Event | None, bytes]:
    """Return the last whole event, and what stands behind it."""
    size = os.fstat(descriptor).st_size
    start = max(0, size - 2 * MAX_LINE_BYTES)
    chunk = os.pread(descriptor, size - start, start)
    whole, newline, torn = chunk.rpartition(b"\n")
    if len(torn) > MAX_LINE_BYTES:
        raise JournalDamaged(f"{JOURNAL_FILE} ends in {len(torn)} bytes that are no line; {REPAIR}")
    if not newline:
        return None, torn
    return _decoded(whole.rpartition(b"\n")[2]), torn


def _refuse_damage(reports: Path, last: Event | None) -> None:
    """Raise JournalDamaged unless the last event is the anchored one, or the one that a crash left unanchored."""
    head = read_head(reports)
    seq, digest, prev = (last.seq, last.hash, last.prev) if last else (0, GENESIS, "")
    anchored = (seq, digest) == (head.seq, head.hash)
    one_ahead = seq == head.seq + 1 and prev == head.hash
    if not (anchored or one_ahead):
        raise JournalDamaged(f"{JOURNAL_FILE} ends at event {seq}, {HEAD_FILE} names event {head.seq}; {REPAIR}")


def _set_torn_aside(reports: Path, descriptor: int, torn: bytes, last: Event | None, actor: Actor) -> Event:
    moment = iso(now_ns()).replace(":", "").replace("-", "")
    aside = state_dir(reports) / f"journal.torn-{moment}"
    atomic_write(aside, torn, overwrite=False)
    os.ftruncate(descriptor, os.fstat(descriptor).st_size - len(torn))
    os.fsync(descriptor)
    digest = hashlib.sha256(torn).hexdigest()
    detail = {"torn_bytes": len(torn), "torn_sha256": digest, "kept_in": aside.name}
    event = _chained(last, actor, Draft("recovered", detail=detail))
    _write(descriptor, encode_line(event))
    _anchor(reports, event)
    return event


def _chained(last: Event | None, actor: Actor, draft: Draft) -> Event:
    return seal(
        {
            "seq": last.seq + 1 if last else 1,
            "at": iso(now_ns()),
            "operator": actor.name,
            "host": actor.host,
            "kind": draft.kind,
            "tag": draft.tag,
            "incident": draft.incident,
            "detail": draft.detail or {},
            "prev": last.hash if last else GENESIS,
        }
    )


def _write(descriptor: int, line: bytes) -> None:
    before = os.fstat(descriptor).st_size
    try:
        written = 0
        while written < len(line):
            written += os.write(descriptor, line[written:])
        os.fsync(descriptor)
    except OSError:
        with suppress(OSError):  # what stays behind is a torn tail, which the next append sets aside
            os.ftruncate(descriptor, before)
        raise


def _anchor(reports: Path, event: Event) -> None:
    if event.seq == 1:
        sync_directory(state_dir(reports))
    atomic_write(state_dir(reports) / HEAD_FILE, to_json({"seq": event.seq, "hash": event.hash}))
