"""Says when to scan a directory again: at a hint from the kernel, and at regular intervals anyway.

Hints are never relied on: events are lost when the process was stopped, when the directory is replaced, and when a
name is not UTF-8. So `wait` returns at a hint or after `interval_seconds`, whichever is first, and its caller scans
the directory.
"""

import threading
import time
from collections.abc import Generator, Set
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import watchfiles

INTERVAL_SECONDS = 2.0
RETRY_SECONDS = 10.0
DEBOUNCE_MS = 50
STEP_MS = 20
UNEXPLAINED_SECONDS = 0.5


class MissedHints:
    """Detects that a directory was replaced, or that names in it came or went, without a hint."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._known = self._unexplained = _moment(directory)
        self._since = 0.0

    def any(self, hinted: Set[str]) -> bool:
        """True when a change has gone without a hint for half a second; call it regularly."""
        now = _moment(self._directory)
        if now == self._known or (hinted and now[:2] == self._known[:2]):
            self._known = self._unexplained = now
            return False
        if now[:2] == self._known[:2] and now != self._unexplained:
            self._unexplained, self._since = now, time.monotonic()
        if now[:2] == self._known[:2] and time.monotonic() - self._since < UNEXPLAINED_SECONDS:
            return False
        self._known = self._unexplained = now
        return True


class Watcher:
    """Waits for changes of one directory; `trouble` says why there are no hints, or is None."""

    def __init__(self, directory: Path, stop: threading.Event, interval_seconds: float = INTERVAL_SECONDS) -> None:
        self._directory = directory
        self._stop = stop
        self._interval = interval_seconds
        self._hints: Generator[set[watchfiles.main.FileChange], None, None] | None = None
        self._root: tuple[int, int] | None = None
        self._waited = RETRY_SECONDS
        self.hinted: frozenset[str] = frozenset()
        """Names in the hints of the last `wait`; empty when it returned after its interval."""
        self.trouble: str | None = None

    def wait(self) -> bool:
        """Return True when it is time to look again, False once `stop` is set."""
        from watchfiles._rust_notify import WatchfilesRustInternalError  # noqa: PLC0415 - as below

        self.hinted = frozenset()
        if self._stop.is_set():
            return False
        hints = self._watch()
        if hints is None:
            self._waited += self._interval
            return not self._stop.wait(self._interval)
        try:
            batch = next(hints, None)
            if batch is None:
                self._fail("the stream of hints ended")
            else:
                self.hinted = frozenset(Path(path).name for _, path in batch)
        except (OSError, RuntimeError, WatchfilesRustInternalError) as error:
            self._fail(str(error))
        return not self._stop.is_set()

    def _watch(self) -> "Generator[set[watchfiles.main.FileChange], None, None] | None":
        """Return the stream of hints, restarted when the directory has been replaced; None without hints."""
        import watchfiles  # noqa: PLC0415 - the first paint of the dashboard does not wait for it

        root = _identity(self._directory)
        if root is None:
            self._drop()
            self._root = None
            self.trouble = "the directory does not exist"
            return None
        if self._hints is not None and root == self._root:
            return self._hints
        if self._hints is None and self._root == root and self._waited < RETRY_SECONDS:
            return None
        self._drop()
        self._waited = 0.0
        self._root = root
        self._hints = watchfiles.watch(
            self._directory,
            stop_event=self._stop,
            step=STEP_MS,
            debounce=DEBOUNCE_MS,
            rust_timeout=int(self._interval * 1000),
            yield_on_timeout=True,
            recursive=False,
            raise_interrupt=True,
        )
        self.trouble = None
        return self._hints

    def _drop(self) -> None:
        if self._hints is not None:
            self._hints.close()
            self._hints = None

    def _fail(self, why: str) -> None:
        self._drop()
        self._waited = 0.0
        self.trouble = f"polling: {why}"


def _moment(directory: Path) -> tuple[int, int, int]:
    """Return the directory's identity, and when a name in it last came or went."""
    try:
        info = directory.stat()
    except OSError:
        return 0, 0, 0
    return info.st_dev, info.st_ino, info.st_mtime_ns


def _identity(directory: Path) -> tuple[int, int] | None:
    try:
        info = directory.stat()
    except OSError:
        return None
    return info.st_dev, info.st_ino
