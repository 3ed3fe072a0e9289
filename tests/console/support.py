"""What the tests of this room share: a clock that is set by hand, what was posted, and a look at a directory."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from phase4_tui.console.facts.events import EventsSeen, FactEvent, SnapshotReady
from phase4_tui.console.facts.schedule import Facts
from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.runbook.status import read_tags
from tests.rollback.support import site_of
from tests.runbook.documents import site_at

E = TypeVar("E", bound=FactEvent)
SOON = 3.0
PATIENCE = 20.0


class Clock:
    """A monotonic clock that only moves when a test moves it, in seconds."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def passes(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


class Posted(list[FactEvent]):
    """Everything that was posted."""

    def of(self, kind: type[E]) -> list[E]:
        """Return the events of one kind, oldest first."""
        return [event for event in self if isinstance(event, kind)]

    def taken(self) -> "Posted":
        """Return what was posted since the last call."""
        taken = Posted(self)
        self.clear()
        return taken


class Looking:
    """The facts of a working directory, without a screen."""

    def __init__(self, work: Path, *, read_only: bool = True) -> None:
        self.reports = work / "reports"
        self.seen: list[Snapshot] = []
        self.told: list[str] = []
        self._facts = Facts(site_of(work), self._post, read_only=read_only)
        self._facts.start()
        self.until(lambda: self.now.preconditions and self.is_true(), PATIENCE)

    def _post(self, event: FactEvent) -> None:
        if isinstance(event, SnapshotReady):
            self.seen.append(event.snapshot)
        elif isinstance(event, EventsSeen):
            self.told += [one.kind for one in event.events]

    @property
    def now(self) -> Snapshot:
        """The newest snapshot."""
        self.until(lambda: self.seen, PATIENCE)
        return self.seen[-1]

    def is_true(self) -> bool:
        """True when the rows are those of a fresh look at the disk."""
        return list(self.now.rows) == read_tags(site_at(self.reports)) and self.now.tags == len(self.now.rows)

    def until(self, condition: Callable[[], object], seconds: float = SOON) -> None:
        """Wait until a condition holds."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"not so: {self.seen[-1:]}"
            time.sleep(0.01)

    def choose(self, tag: str | None) -> None:
        """Show a tag."""
        self._facts.choose(tag)

    def stop(self) -> None:
        """End."""
        begun = time.monotonic()
        self._facts.stop()
        assert time.monotonic() - begun < SOON
        assert not [thread for thread in threading.enumerate() if thread.name in ("hints", "facts", "incidents")]


Look = Callable[..., Looking]
