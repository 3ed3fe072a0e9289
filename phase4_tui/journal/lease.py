"""The lease: which process leads a rollback now. A dead one is taken over at once, a live one only with a reason."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from pydantic import PositiveInt

from phase4_tui.artifacts.atomic_files import atomic_write, process_alive, to_json
from phase4_tui.artifacts.clock import iso, now_ns
from phase4_tui.artifacts.documents import look
from phase4_tui.artifacts.models import Document
from phase4_tui.artifacts.names import state_dir
from phase4_tui.errors import Refused
from phase4_tui.journal.actor import Actor, host_name
from phase4_tui.journal.writer import LOCK_SECONDS, journal_lock

LEASE_FILE = "lease.json"
HEARTBEAT_SECONDS = 5.0
DEAD_AFTER_SECONDS = 30.0
"""A holder on another host counts as dead after this long without a heartbeat; on this host its process tells."""


class Held(Refused):
    """Another process that lives holds the lease."""


class Lease(Document):
    """`lease.json`; `started` tells a process from a later one of the same number."""

    operator: str
    host: str
    pid: PositiveInt
    started: str | None
    since: str
    heartbeat: str
    heartbeat_ns: int

    def __str__(self) -> str:
        return f"{self.operator}@{self.host} (pid {self.pid}, since {self.since})"

    def is_alive(self) -> bool:
        """True while the holder lives, as far as this host can tell."""
        if self.host != host_name():
            return abs(now_ns() - self.heartbeat_ns) / 1e9 < DEAD_AFTER_SECONDS
        if not process_alive(self.pid):
            return False
        seen = _seen(self.pid)
        # What the kernel hides, because it is another user's, counts as alive: taking over needs a reason then.
        return seen is None or (seen.started == self.started and not seen.ended)

    def is_of(self, actor: Actor) -> bool:
        """True when `actor` holds it, from whatever process."""
        return (self.operator, self.host) == (actor.name, actor.host)

    def is_of_process(self, actor: Actor) -> bool:
        """True when the very process of `actor` holds it."""
        return self.is_of(actor) and self.pid == actor.pid


def read_lease(reports: Path) -> Lease | None:
    """Return the lease as it is written, alive or not."""
    return look(state_dir(reports) / LEASE_FILE, Lease, patient=False).value


def other_holder(reports: Path, actor: Actor) -> Lease | None:
    """Return the lease that another operator holds and lives; an operator's own sessions may all give operations."""
    lease = read_lease(reports)
    return lease if lease is not None and not lease.is_of(actor) and lease.is_alive() else None


def take_lease(reports: Path, actor: Actor, *, by_force: bool = False) -> Lease | None:
    """Write the lease for `actor` and return the one that it replaces.

    Raises Held when another process that lives holds it, unless `by_force`; Busy, OSError.
    """
    with _alone(reports):
        before = read_lease(reports)
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
    """Give the lease back, if it is this process's; raises Busy, OSError."""
    if read_lease(reports) is None:
        return
    with _alone(reports):
        lease = read_lease(reports)
        if lease is not None and lease.is_of_process(actor):
            (state_dir(reports) / LEASE_FILE).unlink()


@contextmanager
def _alone(reports: Path) -> Iterator[None]:
    """Keep others from changing the lease: who renews it would else take it back from who took it over meanwhile."""
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
    """Return when a process of this host started, in the kernel's ticks, and whether it is a zombie; None if hidden."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    fields = stat.rpartition(b")")[2].decode().split()
    return _Seen(started=fields[19], ended=fields[0] in "ZX")
