"""The lease: who leads a rollback now. A dead holder is taken over at once, a live one only with a reason."""

from contextlib import suppress
from pathlib import Path

from phase4_tui.artifacts.clock import iso, now_ns
from phase4_tui.artifacts.models import Document
from phase4_tui.artifacts.names import state_dir
from phase4_tui.artifacts.reading import look
from phase4_tui.artifacts.writing import atomic_write, process_alive, to_json
from phase4_tui.journal.actor import Actor, host_name

LEASE_FILE = "lease.json"
HEARTBEAT_SECONDS = 5.0
DEAD_AFTER_SECONDS = 30.0
"""A holder on another host counts as dead after this long without a heartbeat; on this host its process tells."""


class Held(Exception):
    """Someone else who lives holds the lease."""


class Lease(Document):
    """`lease.json`; `started` tells a process from a later one of the same number."""

    operator: str
    host: str
    pid: int
    started: str | None
    since: str
    heartbeat: str
    heartbeat_ns: int

    def __str__(self) -> str:
        return f"{self.operator}@{self.host} (pid {self.pid}, since {self.since})"

    def is_alive(self) -> bool:
        """True while the holder lives, as far as this host can tell."""
        if self.host == host_name():
            return process_alive(self.pid) and self.started == _started(self.pid)
        return abs(now_ns() - self.heartbeat_ns) / 1e9 < DEAD_AFTER_SECONDS

    def is_of(self, actor: Actor) -> bool:
        """True when `actor` holds it, from whatever process."""
        return (self.operator, self.host) == (actor.name, actor.host)


def read_lease(reports: Path) -> Lease | None:
    """Return the lease as it is written, alive or not."""
    return look(state_dir(reports) / LEASE_FILE, Lease, patient=False).value


def other_holder(reports: Path, actor: Actor) -> Lease | None:
    """Return the lease that another operator holds and lives."""
    lease = read_lease(reports)
    return lease if lease is not None and not lease.is_of(actor) and lease.is_alive() else None


def take_lease(reports: Path, actor: Actor, *, by_force: bool = False) -> Lease | None:
    """Write the lease for `actor` and return the one that it replaces; call it while holding the orders' lock.

    Raises Held when another operator's is alive, unless `by_force`.
    """
    before = read_lease(reports)
    other = other_holder(reports, actor)
    if other is not None and not by_force:
        raise Held(str(other))
    since = before.since if before is not None and before.is_of(actor) else iso(now_ns())
    _write(reports, actor, since)
    return before


def keep_lease(reports: Path, actor: Actor) -> bool:
    """Write a heartbeat; return False when the lease is no longer this process's."""
    lease = read_lease(reports)
    if lease is None or (lease.operator, lease.host, lease.pid) != (actor.name, actor.host, actor.pid):
        return False
    _write(reports, actor, lease.since)
    return True


def drop_lease(reports: Path, actor: Actor) -> None:
    """Give the lease back, if it is this process's."""
    lease = read_lease(reports)
    if lease is not None and (lease.operator, lease.host, lease.pid) == (actor.name, actor.host, actor.pid):
        with suppress(FileNotFoundError):
            (state_dir(reports) / LEASE_FILE).unlink()


def _write(reports: Path, actor: Actor, since: str) -> None:
    lease = Lease(
        operator=actor.name,
        host=actor.host,
        pid=actor.pid,
        started=_started(actor.pid),
        since=since,
        heartbeat=iso(now_ns()),
        heartbeat_ns=now_ns(),
    )
    atomic_write(state_dir(reports) / LEASE_FILE, to_json(lease.model_dump()))


def _started(pid: int) -> str | None:
    """Return when a process of this host started, in the kernel's ticks; None where the kernel doesn't tell."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return stat.rpartition(")")[2].split()[19]
