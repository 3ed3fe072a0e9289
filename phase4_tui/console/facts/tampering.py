"""Which frozen tags are not as they were frozen, compared again at intervals: no hint tells of their copies."""

import time
from collections.abc import Callable

from phase4_tui.journal.state import OperationsState
from phase4_tui.runbook.frozen_tags import tampered_tags
from phase4_tui.runbook.site import Site

TAMPER_SECONDS = 5.0
"""Interval between comparisons of all frozen tags with their manifests."""


class Tampering:
    """The tampered tags as of the last comparison; belongs to the thread that looks."""

    def __init__(self, site: Site, clock: Callable[[], float] = time.monotonic) -> None:
        self._site = site
        self._clock = clock
        self._compared: float | None = None
        self.tags: tuple[str, ...] = ()

    @property
    def is_due(self) -> bool:
        """True when the frozen tags are due for another comparison."""
        return self._compared is None or self._clock() - self._compared > TAMPER_SECONDS

    def compare_soon(self) -> None:
        """Make the next comparison due at once."""
        self._compared = None

    def compare(self, state: OperationsState) -> set[str]:
        """Compare the frozen tags; return those that were tampered with, or put back, since the last comparison."""
        before, self.tags = self.tags, tampered_tags(self._site, state)
        self._compared = self._clock()
        return set(before) ^ set(self.tags)
