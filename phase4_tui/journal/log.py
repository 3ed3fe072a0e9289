"""Reads the journal's file from either end, and its anchor `journal.head`, which names the last event.

The anchor reveals a tail that was cut off. After a crash it may be one event behind, never more.
"""

import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from phase4_tui.artifacts.directories import obstacle
from phase4_tui.artifacts.documents import look
from phase4_tui.artifacts.models import Document, Seq
from phase4_tui.artifacts.names import state_dir
from phase4_tui.artifacts.regular_files import Unreadable, open_regular
from phase4_tui.errors import Remedy, Unusable, command_line
from phase4_tui.journal.events import GENESIS, MAX_LINE_BYTES, BadEvent, Event, decode_line

JOURNAL_FILE = "journal.jsonl"
HEAD_FILE = "journal.head"
READ_BYTES = 1 << 20
NEAR_BYTES = 64 << 10
WINDOWS = (8 << 10, 128 << 10, 2 * MAX_LINE_BYTES)
"""Bytes to read, in turn, to find one whole line: most are short, and twice the longest always holds one."""
REPAIR = (
    Remedy("verify", command_line("verify"), "tells what is wrong"),
    Remedy("", command_line("verify", "--repair", "--reason", "R"), "sets it aside and starts anew"),
)
"""The remedies for a journal, or a state that follows from it, that can't be used."""


class JournalDamaged(Unusable):
    """The journal is not as it was written; nothing can be appended."""

    def __init__(self, message: str, *, remedy: Remedy | Sequence[Remedy] = REPAIR, **context: object) -> None:
        super().__init__(message, remedy=remedy, **context)


class Head(Document):
    """Number and hash of the last event; `seq` 0 for an empty journal."""

    seq: Seq = 0
    hash: str = GENESIS


@dataclass(frozen=True)
class Draft:
    """The content of an event that is not yet in the chain."""

    kind: str
    tag: str | None = None
    incident: str | None = None
    detail: dict[str, Any] | None = None


def journal_path(reports: Path) -> Path:
    """Return the path of a reports directory's journal."""
    return state_dir(reports) / JOURNAL_FILE


def read_head(reports: Path) -> Head:
    """Return the anchor; raises JournalDamaged when it can't be read."""
    found = look(state_dir(reports) / HEAD_FILE, Head)
    if found.state == "absent":
        return Head()
    if found.value is None:
        raise JournalDamaged(f"{found.file}: {'; '.join(found.problems) or found.state}", file=found.file)
    return found.value


def read_events(reports: Path, after: int = 0) -> Iterator[Event]:
    """Yield the events with a `seq` above `after`, oldest first; a torn last line is left out.

    Raises JournalDamaged at a line that can't be used.
    """
    file = _opened(reports)
    if file is None:
        return
    with file:
        _skip_to(file.fileno(), after)
        for line in lines_of(file):
            if not line.endswith(b"\n"):
                if len(line) > MAX_LINE_BYTES:
                    raise JournalDamaged(f"{JOURNAL_FILE} holds what is no line", file=JOURNAL_FILE)
                return
            event = _decoded(line[:-1])
            if event.seq > after:
                yield event


def lines_of(file: BinaryIO) -> Iterator[bytes]:
    """Yield the lines from the file's position on; one that is too long comes in pieces of MAX_LINE_BYTES + 1."""
    reader = io.BufferedReader(io.FileIO(file.fileno(), closefd=False), READ_BYTES)
    while line := reader.readline(MAX_LINE_BYTES + 1):
        yield line


def _opened(reports: Path) -> BinaryIO | None:
    try:
        return open_regular(journal_path(reports))
    except (FileNotFoundError, Unreadable) as error:
        wrong = obstacle(state_dir(reports))
        if wrong is not None:
            raise JournalDamaged(wrong.message, remedy=wrong.remedies, **wrong.context) from None
        if isinstance(error, FileNotFoundError):
            return None
        path = journal_path(reports)
        raise JournalDamaged(f"{path} {error.message}", remedy=(*error.remedies, *REPAIR), file=str(path)) from None


def _skip_to(descriptor: int, after: int) -> None:
    """Seek to a line before the first event above `after`, by bisection over the sorted lines."""
    low, high = 0, os.fstat(descriptor).st_size
    while after and high - low > NEAR_BYTES:
        middle = (low + high) // 2
        found = _first_line_behind(descriptor, middle)
        if found is not None and _decoded(found[1]).seq <= after:
            low = found[0]
        else:
            high = middle
    os.lseek(descriptor, low, os.SEEK_SET)


def _first_line_behind(descriptor: int, position: int) -> tuple[int, bytes] | None:
    """Return the position and the bytes of the first whole line that begins after `position`; else None."""
    for window in WINDOWS:
        chunk = os.pread(descriptor, window, position)
        start = chunk.find(b"\n") + 1
        end = chunk.find(b"\n", start)
        if start > 0 and end >= 0:
            return position + start, chunk[start:end]
    return None


def _decoded(line: bytes) -> Event:
    try:
        return decode_line(line)
    except BadEvent as error:
        raise JournalDamaged(f"{JOURNAL_FILE}: {error.message}", file=JOURNAL_FILE) from None


def last_event(reports: Path) -> Event | None:
    """Return the last whole event, or None; raises JournalDamaged."""
    return read_end(reports)[0]


def read_end(reports: Path) -> tuple[Event | None, bytes]:
    """Return the last whole event, or None, and the torn bytes after it; raises JournalDamaged."""
    file = _opened(reports)
    if file is None:
        return None, b""
    with file:
        return _end(file.fileno())


def _end(descriptor: int) -> tuple[Event | None, bytes]:
    size = os.fstat(descriptor).st_size
    whole, newline, torn = b"", b"", b""
    for window in WINDOWS:
        start = max(0, size - window)
        whole, newline, torn = os.pread(descriptor, size - start, start).rpartition(b"\n")
        if b"\n" in whole:  # otherwise the last line may have begun before the window
            break
    if len(torn) > MAX_LINE_BYTES:
        raise JournalDamaged(f"{JOURNAL_FILE} ends in {len(torn)} bytes that are no line", file=JOURNAL_FILE)
    if not newline:
        return None, torn
    return _decoded(whole.rpartition(b"\n")[2]), torn
