"""Opens incidents for tags that changed, in a thread of its own: another's operation may hold the record for long."""

import threading
from collections.abc import Iterable, Mapping

from phase4_tui.artifacts.counting import counted
from phase4_tui.console.facts.events import Troubles
from phase4_tui.errors import FORESEEN, Phase4Error
from phase4_tui.runbook.site import Site

SETTLE_SECONDS = 0.3
"""Delay before the first look, which the first paint does without."""
AGAIN_SECONDS = 2.0
"""Delay before an incident that couldn't be written is tried again."""


class IncidentWatch:
    """Looks at suspects until `stop` is set; sets `looked` after them, since an incident may be open then."""

    def __init__(self, site: Site, stop: threading.Event, looked: threading.Event, troubles: Troubles) -> None:
        self._site = site
        self._stop = stop
        self._looked = looked
        self._troubles = troubles
        self._lock = threading.Lock()
        self._suspects: set[str] = set()
        self._wake = threading.Event()
        self._defect: Exception | None = None

    def suspect(self, tags: Iterable[str]) -> None:
        """Have these looked at."""
        more = set(tags)
        if more:
            with self._lock:
                self._suspects |= more
            self.wake()

    def wake(self) -> None:
        """Let `run` see that there are suspects, or that it is to end."""
        self._wake.set()

    def check(self) -> None:
        """Raise what a look at a suspect failed with since the last call: it must be seen, not end in silence."""
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
            if not tags:
                continue
            failures = self._look_at(tags)
            self._note(failures)
            self._looked.set()
            if failures:  # only now again, so that none of them holds up the others
                self.suspect(failures)
                self._stop.wait(AGAIN_SECONDS)

    def _look_at(self, tags: Iterable[str]) -> dict[str, Phase4Error | OSError]:
        """Look at each tag; return why an incident that should be written can't be, by tag."""
        from phase4_tui.rollback.incidents import look_for_incident  # noqa: PLC0415 - the first paint does without

        failures: dict[str, Phase4Error | OSError] = {}
        for tag in sorted(tags):
            if self._stop.is_set():
                break
            try:
                look_for_incident(self._site, tag)
            except FORESEEN as error:
                failures[tag] = error
            except Exception as error:  # noqa: BLE001 - whatever it is, `check` raises it where it is shown
                self._defect = error
        return failures

    def _note(self, failures: Mapping[str, Phase4Error | OSError]) -> None:
        """Tell of the first tag's failure, and of how many more tags there are like it."""
        tag, error = next(iter(failures.items()), ("", None))
        more = f" (and {counted(len(failures) - 1, 'tag')} more)" if len(failures) > 1 else ""
        self._troubles.note_error("incident", error, f"{tag}{more}: ")
