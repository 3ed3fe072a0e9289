"""The lease of a rollback as a screen holds it: taken, kept by a heartbeat, given back, and who has it in words."""

import asyncio
import threading
from contextlib import suppress

from phase4_tui.journal.lease import Lease
from phase4_tui.journal.locks import Busy
from phase4_tui.rollback.guided import keep_leading, lead, stop_leading
from phase4_tui.runbook.site import Site
from phase4_tui.runbook.symbols import SYMBOLS
from phase4_tui.tui.text import Part, clip
from phase4_tui.tui.widgets.rollback_top import short


class Leading:
    """Whether this screen leads the rollback; what touches the disk runs in a thread."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._lock = threading.Lock()
        self._left = False
        self.held = False

    async def take(self) -> None:
        """Take the lease; raises Refused when another operator leads, and what the disk raises."""
        await asyncio.to_thread(self._take)

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
        """Return the lease when another operator who lives holds it."""
        if lease is None or self.held or lease.is_of(self._site.actor) or not lease.is_alive():
            return None
        return lease

    def told(self, lease: Lease | None, *, read_only: bool) -> Part:
        """Return in words who leads."""
        other = self.other(lease)
        if other is not None:
            who = f"{clip(other.operator, 24)}@{clip(other.host, 24)}"
            way = "" if read_only else "; T takes it over"
            return f"! {who} leads since {short(other.since)}{way}", "bold $warning"
        if read_only:
            return "read-only: this dashboard looks on", "$text-muted"
        if self.held:
            return f"{SYMBOLS['done']} you lead; other operators look on meanwhile", "$success"
        if lease is not None and lease.is_alive():
            return f"you lead from another session (pid {lease.pid})", "$warning"
        return "nobody leads", "$text-muted"
