"""Adds events to the journal: the event first, with fsync, then the anchor and what goes with it.

Before that it mends what a crash left: an event without its anchor gets one, a line that was cut short is set
aside in a file of its own, with its sha256 in an event. Anything else that does not fit is damage and stays.
"""

import hashlib
import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from phase4_tui.artifacts.atomic_files import (
    atomic_file,
    atomic_files,
    atomic_write,
    sweep_leftovers,
    sync_directory,
    to_json,
)
from phase4_tui.artifacts.clock import iso, now_ns
from phase4_tui.artifacts.names import state_dir
from phase4_tui.artifacts.regular_files import open_regular
from phase4_tui.journal.actor import Actor
from phase4_tui.journal.chain import Place, follows, is_same
from phase4_tui.journal.events import GENESIS, Event, encode_line, seal
from phase4_tui.journal.log import (
    HEAD_FILE,
    JOURNAL_FILE,
    Draft,
    Head,
    JournalDamaged,
    journal_path,
    read_end,
    read_head,
)

Beside = Callable[[Event], Mapping[Path, bytes]]


def append(reports: Path, actor: Actor, draft: Draft, beside: Beside) -> Event:
    """Add an event and move the anchor; call it while holding the journal's lock.

    `beside` tells from the event which files are written with the anchor; what it raises keeps the event out.
    Raises JournalDamaged, BadEvent, OSError; on each of them the event was not added.
    """
    sweep_leftovers(state_dir(reports))
    last, torn = read_end(reports)
    _need_anchor(reports, last)
    if torn:
        last = _set_torn_aside(reports, torn, last, actor)
    event = _chained(last, actor, draft)
    line, files = encode_line(event), beside(event)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(journal_path(reports), flags, 0o666)
    try:
        _add(reports, descriptor, event, line, files)
    finally:
        os.close(descriptor)
    return event


def _need_anchor(reports: Path, last: Event | None) -> None:
    """Anchor the last event if a crash left it without; raises JournalDamaged when anything else is amiss.

    One that stays without an anchor would be the second with the next crash, and two are damage.
    """
    head = read_head(reports)
    end: Place = last or Head()
    if is_same(end, head):
        return
    if last is None or not follows(last, head):
        raise JournalDamaged(
            f"{JOURNAL_FILE} ends at event {end.seq}, {HEAD_FILE} names event {head.seq}", file=JOURNAL_FILE
        )
    _publish(reports, last, {})


def _set_torn_aside(reports: Path, torn: bytes, last: Event | None, actor: Actor) -> Event:
    """Keep the torn bytes under another name, and replace them by the event that says so: both or neither."""
    digest = hashlib.sha256(torn).hexdigest()
    aside = state_dir(reports) / f"journal.torn-{digest[:16]}"
    atomic_write(aside, torn)
    detail = {"torn_bytes": len(torn), "torn_sha256": digest, "kept_in": aside.name}
    event = _chained(last, actor, Draft("recovered", detail=detail))
    path = journal_path(reports)
    with open_regular(path) as old, atomic_file(path) as new:
        shutil.copyfileobj(old, new)
        new.seek(-len(torn), os.SEEK_END)
        new.truncate()
        new.write(encode_line(event))
    _publish(reports, event, {})
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


def _add(reports: Path, descriptor: int, event: Event, line: bytes, files: Mapping[Path, bytes]) -> None:
    before = os.fstat(descriptor).st_size
    try:
        written = 0
        while written < len(line):
            written += os.write(descriptor, line[written:])
        os.fsync(descriptor)
        if event.seq == 1:
            sync_directory(state_dir(reports))
        _publish(reports, event, files)
    except OSError:
        if read_head(reports).hash == event.hash:
            return  # it is on record; a state that could not be written is folded by whoever reads
        with suppress(OSError):  # what stays is a whole event, or a torn one that the next append sets aside
            os.ftruncate(descriptor, before)
        raise


def _publish(reports: Path, event: Event, files: Mapping[Path, bytes]) -> None:
    anchor = {state_dir(reports) / HEAD_FILE: to_json({"seq": event.seq, "hash": event.hash})}
    contents = anchor | dict(files)
    with atomic_files(*contents) as opened:
        for file, content in zip(opened, contents.values(), strict=True):
            file.write(content)
