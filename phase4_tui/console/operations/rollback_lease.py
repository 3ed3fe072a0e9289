"""The lease of a rollback as a screen holds it: taken, kept by a heartbeat, given back, and who has it in words."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress

from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.journal.lease import Lease
from phase4_tui.journal.locks import Busy
from phase4_tui.rollback.guided import keep_leading, lead, stop_leading
from phase4_tui.runbook.site import Site


class RollbackLease:
    """Whether this screen leads the rollback; what touches the disk runs in a thread."""

    def __init__(self, site: Site, write: Callable[[Callable[[], None]], Awaitable[None]]) -> None:
        self._site = site
        self._write = write
        """Does work in a thread whose journal entries are not told as another's."""
        self._lock = threading.Lock()
        self._left = False
        self.held = False

    async def take(self) -> None:
        """Take the lease; raises Refused when another process leads, and what the disk raises."""
        await self._write(self._take)

    def _take(self) -> None:
        with self._lock:
            if not self._left:  # whoever leaves at once must not leave a lease behind
                lead(self._site)
                self.held = True

    async def keep(self) -> bool:
        """Write a heartbeat; False when the lease is no longer this session's."""
        try:
            kept = await asyncio.to_thread(keep_leading, self._site, self._site.actor)
        except (Busy, OSError):
            return True  # the next beat tries again, long before the lease counts as dead
        if not kept and self.held:
            self.held = False
            return False
        return True

    async def give_back(self) -> None:
        """Give the lease back; one that can't be given back counts as dead once this process has ended."""
        if self.held:
            await asyncio.to_thread(self._drop)

    async def leave(self) -> None:
        """Give the lease back, also one that is just being taken."""
        self._left = True
        await asyncio.to_thread(self._drop)

    def _drop(self) -> None:
        with self._lock, suppress(Busy, OSError):
            if self.held:
                self.held = False
                stop_leading(self._site)

    def other(self, lease: Lease | None) -> Lease | None:
        """Return the lease when another process that lives holds it."""
        if lease is None or self.held or lease.is_of_process(self._site.actor) or not lease.is_alive():
            return None
        return lease

    def is_lost(self, lease: Lease | None) -> bool:
        """True when the lease that this screen holds looks like another process's; `keep` then tells for sure."""
        return self.held and lease is not None and not lease.is_of_process(self._site.actor)

    def who(self, lease: Lease) -> str:
        """Return in words who holds a lease."""
        if lease.is_of(self._site.actor):
            return f"another session of yours (pid {lease.pid})"
        return f"{safe_line(lease.operator, 24)}@{safe_line(lease.host, 24)}"
