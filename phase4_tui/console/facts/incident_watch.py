"""Opens incidents for tags that changed, in a thread of its own, since another operation may hold the lock for long."""

import threading
from collections.abc import Iterable, Mapping

from phase4_tui.artifacts.counting import counted
from phase4_tui.console.facts.events import Troubles
from phase4_tui.errors import FORESEEN, Phase4Error
from phase4_tui.runbook.site import Site

SETTLE_SECONDS = 0.3
"""Delay before the first look, which the first paint does not need."""
AGAIN_SECONDS = 2.0
"""Delay before an incident that couldn't be written is tried again."""


class IncidentWatch:
    """Checks suspects until `stop` is set; sets `looked` afterwards, since an incident may be open then."""

    def __init__(self, site: Site, stop: threading.Event, looked: threading.Event, troubles: Troubles) -> None:
        self._site = site
        self._stop = stop
        self._looked = looked
        self._troubles = troubles
        self._lock = threading.Lock()
        self._suspects: set[str] = set()
        self._cleared: set[str] = set()
        """Suspects of the present round that another thread has judged meanwhile."""
        self._wake = threading.Event()
        self._defect: Exception | None = None

    def suspect(self, tags: Iterable[str]) -> None:
        """Queue tags as suspects."""
        more = set(tags)
        if more:
            with self._lock:
                self._suspects |= more
            self.wake()

    def clear(self, tags: Iterable[str]) -> None:
        """Take tags off the queue that were judged since they were suspected and need no incident."""
        judged = set(tags)
        if judged:
            with self._lock:
                self._cleared |= judged
                self._suspects -= judged

    def wake(self) -> None:
        """Wake `run`: there are suspects, or it must end."""
        self._wake.set()

    def check(self) -> None:
        """Raise the unexpected error of a look since the last call, so that it does not pass in silence."""
        defect, self._defect = self._defect, None
        if defect is not None:
            raise defect

    def run(self) -> None:
        """Look until stopped; what can't be written now is tried again later."""
        self._stop.wait(SETTLE_SECONDS)
        while not self._stop.is_set():
            self._wake.wait()
            self._wake.clear()
            with self._lock:
                tags, self._suspects = self._suspects, set()
                self._cleared = set()
            if not tags:
                continue
            failures = self._look_at(tags)
            self._note(failures)
            self._looked.set()
            if failures:  # last, so that a failure delays no other suspect
                self.suspect(failures)
                self._stop.wait(AGAIN_SECONDS)

    def _look_at(self, tags: Iterable[str]) -> dict[str, Phase4Error | OSError]:
        """Look at each tag; return by tag the error that kept its incident from being written."""
        from phase4_tui.rollback.incidents import look_for_incident  # noqa: PLC0415 - not for the first paint

        failures: dict[str, Phase4Error | OSError] = {}
        for tag in sorted(tags):
            if self._stop.is_set():
                break
            if tag in self._cleared:  # judged twice, a burst of files would take twice as long to show
                continue
            try:
                look_for_incident(self._site, tag)
            except FORESEEN as error:
                failures[tag] = error
            except Exception as error:  # noqa: BLE001 - `check` raises it where it is shown
                self._defect = error
        return failures

    def _note(self, failures: Mapping[str, Phase4Error | OSError]) -> None:
        """Report the first tag's failure and the number of further ones."""
        tag, error = next(iter(failures.items()), ("", None))
        more = f" (and {counted(len(failures) - 1, 'tag')} more)" if len(failures) > 1 else ""
        self._troubles.note_error("incident", error, f"{tag}{more}: ")
