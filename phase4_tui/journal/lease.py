"""The lease: which process leads a rollback. A dead holder is replaced at once, a live one only with a reason.

Whether a holder on another host lives is judged by its heartbeats, without either host's clock: who writes compares
the time of the lease with that of a file made just now, both given by the file system.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from pydantic import PositiveInt, PrivateAttr

from phase4_tui.artifacts.atomic_files import atomic_write, process_alive, to_json
from phase4_tui.artifacts.clock import iso, moment, now_ns
from phase4_tui.artifacts.documents import look
from phase4_tui.artifacts.models import Document
from phase4_tui.artifacts.names import state_dir
from phase4_tui.errors import Refused
from phase4_tui.journal.actor import Actor, host_name
from phase4_tui.journal.writer import LOCK_SECONDS, journal_lock

LEASE_FILE = "lease.json"
HEARTBEAT_SECONDS = 5.0
DEAD_AFTER_SECONDS = 30.0
"""A holder on another host counts as dead after this long without a heartbeat; on this host, when its process ended."""


class Held(Refused):
    """Another live process holds the lease."""


class Lease(Document):
    """`lease.json`; `started` distinguishes a process from a later one with the same number."""

    operator: str
    host: str
    pid: PositiveInt
    started: str | None
    since: str
    heartbeat: str
    heartbeat_ns: int
    _silent_seconds: float | None = PrivateAttr(default=None)
    """By the file system's clock, how long ago the last heartbeat was; None until someone who may write measures it."""

    def __str__(self) -> str:
        return f"{self.operator}@{self.host} (since {moment(self.since)})"

    def is_alive(self) -> bool:
        """True while the holder lives, as far as this host can tell; one elsewhere does unless its silence is known."""
        if self.host != host_name():
            return self._silent_seconds is None or abs(self._silent_seconds) < DEAD_AFTER_SECONDS
        if not process_alive(self.pid):
            return False
        seen = _seen(self.pid)
        # A process of another user, which the kernel may hide, counts as alive: taking over then needs a reason.
        return seen is None or (seen.started == self.started and not seen.ended)

    def is_of(self, actor: Actor) -> bool:
        """True when the operator `actor` holds it, in any process."""
        return (self.operator, self.host) == (actor.name, actor.host)

    def is_of_process(self, actor: Actor) -> bool:
        """True when exactly the process of `actor` holds it."""
        return self.is_of(actor) and self.pid == actor.pid


def read_lease(reports: Path) -> Lease | None:
    """Return the lease as written, whether or not its holder lives; None without one."""
    return look(state_dir(reports) / LEASE_FILE, Lease, patient=False).value


def other_holder(reports: Path, actor: Actor) -> Lease | None:
    """Return the lease if another operator, who lives, holds it; all sessions of one operator may give operations.

    For one who may write: it makes a nameless file to learn the file system's time. Raises OSError.
    """
    lease = _measured(reports)
    return lease if lease is not None and not lease.is_of(actor) and lease.is_alive() else None


def take_lease(reports: Path, actor: Actor, *, by_force: bool = False) -> Lease | None:
    """Write the lease for `actor` and return the lease that it replaces, or None.

    Raises Held when another live process holds it, unless `by_force`; Busy, OSError.
    """
    with _alone(reports):
        before = _measured(reports)
        if before is not None and not by_force and not before.is_of_process(actor) and before.is_alive():
            raise Held(str(before), operator=before.operator, host=before.host, pid=before.pid)
        since = before.since if before is not None and before.is_of(actor) else iso(now_ns())
        _write(reports, actor, since)
        return before


def keep_lease(reports: Path, actor: Actor) -> bool:
    """Write a heartbeat; return False when the lease is no longer this process's; raises Busy, OSError."""
    with _alone(reports):
        lease = read_lease(reports)
        if lease is None or not lease.is_of_process(actor):
            return False
        _write(reports, actor, lease.since)
        return True


def drop_lease(reports: Path, actor: Actor) -> None:
    """Release the lease if this process holds it; raises Busy, OSError."""
    if read_lease(reports) is None:
        return
    with _alone(reports):
        lease = read_lease(reports)
        if lease is not None and lease.is_of_process(actor):
            (state_dir(reports) / LEASE_FILE).unlink()


def _measured(reports: Path) -> Lease | None:
    """Return the lease, of a holder on another host with how long it has been silent."""
    lease, directory = read_lease(reports), state_dir(reports)
    if lease is None or lease.host == host_name():
        return lease
    with tempfile.TemporaryFile(dir=directory) as probe:
        now = os.fstat(probe.fileno()).st_mtime_ns
    try:
        written = (directory / LEASE_FILE).stat().st_mtime_ns
    except FileNotFoundError:  # given back meanwhile
        return None
    lease._silent_seconds = (now - written) / 1e9
    return lease


@contextmanager
def _alone(reports: Path) -> Iterator[None]:
    """Exclude other writers of the lease, so that a renewal can't undo a concurrent take-over."""
    lock = journal_lock(reports)
    lock.acquire(LOCK_SECONDS)
    try:
        yield
    finally:
        lock.release()


def _write(reports: Path, actor: Actor, since: str) -> None:
    seen = _seen(actor.pid)
    moment = now_ns()
    lease = Lease(
        operator=actor.name,
        host=actor.host,
        pid=actor.pid,
        started=seen.started if seen else None,
        since=since,
        heartbeat=iso(moment),
        heartbeat_ns=moment,
    )
    atomic_write(state_dir(reports) / LEASE_FILE, to_json(lease.model_dump()))


class _Seen(NamedTuple):
    started: str
    ended: bool


def _seen(pid: int) -> _Seen | None:
    """Return the start of a process of this host, in kernel ticks, and whether it is a zombie; None if hidden."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    fields = stat.rpartition(b")")[2].decode().split()
    return _Seen(started=fields[19], ended=fields[0] in "ZX")
