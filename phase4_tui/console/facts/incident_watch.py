"""Opens incidents for tags that changed, in a thread of its own: another's operation may hold the record long."""

import threading
from collections.abc import Iterable

from phase4_tui.errors import FORESEEN
from phase4_tui.runbook.site import Site

SETTLE_SECONDS = 0.3
AGAIN_SECONDS = 2.0


class Lookout:
    """Looks at suspects until `stop` is set; sets `seen` after them, since an incident may be open then."""

    def __init__(self, site: Site, stop: threading.Event, seen: threading.Event, *, read_only: bool) -> None:
        self._site = site
        self._stop = stop
        self._seen = seen
        self._read_only = read_only
        self._lock = threading.Lock()
        self._suspects: set[str] = set()
        self._wake = threading.Event()
        self._error: Exception | None = None

    def suspect(self, tags: Iterable[str]) -> None:
        """Have these looked at."""
        found = set(tags)
        if found and not self._read_only:
            with self._lock:
                self._suspects |= found
            self.wake()

    def wake(self) -> None:
        """Let `run` see that there are suspects, or that it is to end."""
        self._wake.set()

    def check(self) -> None:
        """Raise what a look at a suspect failed with since the last call: it must be seen, not end in silence."""
        error, self._error = self._error, None
        if error is not None:
            raise error

    def run(self) -> None:
        """Look until stopped; what can't be written now is tried again later."""
        self._stop.wait(SETTLE_SECONDS)  # the first paint does without
        while not self._stop.is_set():
            self._wake.wait()
            self._wake.clear()
            with self._lock:
                tags, self._suspects = self._suspects, set()
            left = {tag for tag in sorted(tags) if not self._is_settled(tag)}
            if tags:
                self._seen.set()
            if left:  # only then again, so that none of them holds up the others
                self.suspect(left)
                self._stop.wait(AGAIN_SECONDS)

    def _is_settled(self, tag: str) -> bool:
        """Look at a tag; False when what should be written can't be: the state itself shows why."""
        if self._stop.is_set():
            return True
        from phase4_tui.rollback.incidents import look_for_incident  # noqa: PLC0415 - the first paint does without

        try:
            look_for_incident(self._site, tag)
        except FORESEEN:
            return False
        except Exception as error:  # noqa: BLE001 - whatever it is, `check` tells it
            self._error = error
        return True
