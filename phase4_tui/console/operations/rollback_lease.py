"""The lease of a rollback as a screen holds it: taken, kept by a heartbeat, given back, its holder in words."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from phase4_tui.artifacts.clock import moment
from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.journal.lease import DEAD_AFTER_SECONDS, Lease
from phase4_tui.journal.locks import Busy
from phase4_tui.rollback.guided import keep_leading, lead, stop_leading
from phase4_tui.runbook.site import Site


class RollbackLease:
    """Whether this screen leads the rollback; what touches the disk runs in a thread."""

    def __init__(self, site: Site, write: Callable[[Callable[[], None]], Awaitable[None]]) -> None:
        self._site = site
        self._write = write
        """Does work in a thread; its journal events are not announced as another operator's."""
        self._lock = threading.Lock()
        self._left = False
        self._heard: tuple[str, int, float] = ("", 0, 0.0)
        """Host and last heartbeat of the holder as seen here, and when that was new, by this host's monotonic clock."""
        self.held = False

    async def take(self) -> None:
        """Take the lease; raises Refused when another process leads, and what the disk raises."""
        await self._write(self._take)

    def _take(self) -> None:
        with self._lock:
            if not self._left:  # the screen may be left before the lease is taken
                lead(self._site)
                self.held = True

    async def keep(self) -> bool:
        """Renew the lease; False when it is no longer this session's."""
        try:
            kept = await asyncio.to_thread(keep_leading, self._site, self._site.actor)
        except (Busy, OSError):
            return True  # the next heartbeat comes long before the lease counts as dead
        if not kept and self.held:
            self.held = False
            return False
        return True

    async def give_back(self) -> None:
        """Give the lease back; one that can't be given back counts as dead once this process has ended."""
        if self.held:
            await asyncio.to_thread(self._drop)

    async def leave(self) -> None:
        """Give the lease back, even if it is just being taken."""
        self._left = True
        await asyncio.to_thread(self._drop)

    def _drop(self) -> None:
        with self._lock, suppress(Busy, OSError):
            if self.held:
                self.held = False
                stop_leading(self._site)

    def other(self, lease: Lease | None) -> Lease | None:
        """Return the lease if another, living process holds it, else None."""
        if lease is None or self.held or lease.is_of_process(self._site.actor) or not lease.is_alive():
            return None
        return lease if lease.host == self._site.actor.host or self._is_heard(lease) else None

    def _is_heard(self, lease: Lease) -> bool:
        """True while the heartbeat of a holder on another host goes on; who only looks can but watch it."""
        now = time.monotonic()
        if self._heard[:2] != (lease.host, lease.heartbeat_ns):
            self._heard = (lease.host, lease.heartbeat_ns, now)
        return now - self._heard[2] < DEAD_AFTER_SECONDS

    def is_lost(self, lease: Lease | None) -> bool:
        """True when the lease seems to have been taken from this screen; only `keep` is certain."""
        return self.held and lease is not None and not lease.is_of_process(self._site.actor)

    def who(self, lease: Lease) -> str:
        """Return the holder of a lease in words."""
        if lease.is_of(self._site.actor):
            return f"another session of yours (since {moment(lease.since)})"
        return f"{safe_line(lease.operator, 24)}@{safe_line(lease.host, 24)}"
