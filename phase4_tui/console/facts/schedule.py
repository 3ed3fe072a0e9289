"""The flow of facts from disk to a face: schedules looks in threads of its own and handles a look that fails.

A hint from the kernel only says where to look first; a regular look finds the rest. For a face with snapshots the tag
that it shows is judged and posted first, then the others, a little at a time, so that the screen never waits.
"""

import threading
import time
from collections.abc import Callable, Set

from phase4_tui.artifacts.watcher import Watcher
from phase4_tui.console.facts.change_detector import ChangeDetector
from phase4_tui.console.facts.events import Post, Troubles
from phase4_tui.console.facts.incident_watch import IncidentWatch
from phase4_tui.console.facts.publisher import SnapshotPublisher
from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.console.facts.tag_index import SCAN_SECONDS
from phase4_tui.runbook.site import Site

LOOK_SECONDS = 0.5
RUN_LOOK_SECONDS = 0.1
"""Interval between looks while a run is under way or a file is being written."""
HINT_SECONDS = 0.25
SETTLE_SECONDS = 0.3
"""Delay of work that the first paint does not need."""


class Facts:
    """Looks at a working directory until stopped; `post` is called from any thread.

    Without `snapshots` nothing is read that only a screen shows. `read_only` opens no incident.
    """

    def __init__(
        self,
        site: Site,
        post: Post,
        *,
        read_only: bool,
        snapshots: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._lock = threading.Lock()
        self._hinted: set[str] = set()
        self._troubles = Troubles(post)
        self._watcher = Watcher(site.reports, self._stop, HINT_SECONDS)
        self._detector = ChangeDetector(site, post, self._troubles, clock)
        index = self._detector.index
        self._publisher = (
            SnapshotPublisher(site, post, index, lambda: self._watcher.trouble, read_only=read_only, clock=clock)
            if snapshots
            else None
        )
        self._incidents = None if read_only else IncidentWatch(site, self._stop, self._wake, self._troubles)
        self._alive = clock()
        self._threads = [
            threading.Thread(target=self._take_hints, name="hints", daemon=True),
            threading.Thread(target=self._look_until_stopped, name="facts", daemon=True),
        ]
        if self._incidents is not None:
            self._threads.append(threading.Thread(target=self._incidents.run, name="incidents", daemon=True))

    def start(self) -> None:
        """Begin to look."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop looking; return once the threads have ended, within about a second."""
        self._stop.set()
        self._wake.set()
        if self._incidents is not None:
            self._incidents.wake()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(timeout=2.0)

    def first(self, seconds: float) -> Snapshot | None:
        """Return the first snapshot, None when there is none within `seconds`."""
        if self._publisher is None:
            return None
        self._publisher.published.wait(seconds)
        return self._publisher.snapshot

    def choose(self, tag: str | None) -> None:
        """Show another tag; None shows the one shown by default."""
        if self._publisher is not None:
            self._publisher.chosen = tag
            self._wake.set()

    def look_now(self) -> None:
        """Look at everything again."""
        self._detector.index.scan_soon()
        self._wake.set()

    def mark_stale(self, seconds: float) -> None:
        """Post the last snapshot again, marked as stale, if no look began for `seconds`; for regular calls."""
        silence = self._clock() - self._alive
        if silence > seconds and self._publisher is not None:
            self._publisher.post_stale(f"nothing was looked at for {silence:.0f} s: what is shown is old")

    def _take_hints(self) -> None:
        self._stop.wait(SETTLE_SECONDS)
        try:
            while self._watcher.wait():
                if self._watcher.hinted:
                    with self._lock:
                        self._hinted |= self._watcher.hinted
                    self._wake.set()
        except Exception as error:  # noqa: BLE001 - the regular looks go on, and report that there are no hints
            self._watcher.trouble = f"stopped: {type(error).__name__}: {error}"

    def _look_until_stopped(self) -> None:
        look = self._look_first
        while not self._stop.is_set():
            self._alive = self._clock()
            try:
                look()
            except Exception as error:  # noqa: BLE001 - a look that fails must be seen, not end in silence
                self._fail(error)
                self._stop.wait(SCAN_SECONDS)
            else:
                look = self._look
                self._wake.wait(rest_seconds(waiting=self._detector.index.waiting, busy=self._detector.busy))
                self._wake.clear()

    def _look_first(self) -> None:
        publisher, detector = self._publisher, self._detector
        if publisher is None:
            detector.begin()
            tags = detector.scan()
            self._suspect(tags & {detector.shown()})  # of the older tags only the shown one may open an incident
            return
        publisher.publish()
        detector.begin()
        self._stop.wait(SETTLE_SECONDS)
        tags = detector.scan()
        self._suspect(tags & {publisher.shown, detector.index.newest})
        publisher.prove_isolation()

    def _look(self) -> None:
        if self._incidents is not None:
            self._incidents.check()
        with self._lock:
            hinted, self._hinted = self._hinted, set()
        change = self._detector.look(hinted)
        self._suspect(change.suspects)
        if self._incidents is not None:
            self._incidents.clear(change.cleared)
        self._troubles.note("watch", self._watcher.trouble)
        if self._publisher is not None:
            self._publisher.after(change)

    def _suspect(self, tags: Set[str]) -> None:
        if self._incidents is not None:
            self._incidents.suspect(tags)

    def _fail(self, error: Exception) -> None:
        """Report that the last look failed; the next successful look clears it."""
        trouble = f"the last look failed ({type(error).__name__}: {error}); looking again"
        self._detector.index.scan_soon()  # the failed look had consumed its hints
        self._troubles.note("watch", trouble)
        if self._publisher is not None:
            self._publisher.post_failure(trouble)


def rest_seconds(*, waiting: bool, busy: bool) -> float:
    """Return the pause after a look: none while tags are queued, short while files change."""
    return 0.0 if waiting else RUN_LOOK_SECONDS if busy else LOOK_SECONDS
