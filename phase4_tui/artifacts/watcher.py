"""Tells when to look at a directory again: hints from the kernel where they come, a regular look all the same.

A hint is never believed: events are lost when the process was stopped, when the directory is replaced, and when
a name is no UTF-8. So `wait` returns at a hint or after `interval_seconds`, whichever is first, and its caller
scans the directory.
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
    """Notices that a directory was replaced, or that names came or went in it, without a hint of it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._known = self._unexplained = _moment(directory)
        self._since = 0.0

    def any(self, hinted: Set[str]) -> bool:
        """True when there is a change that no hint has told of for half a second; ask regularly."""
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
    """Waits for changes of one directory; `trouble` says why there are no hints, when there are none."""

    def __init__(self, directory: Path, stop: threading.Event, interval_seconds: float = INTERVAL_SECONDS) -> None:
        self._directory = directory
        self._stop = stop
        self._interval = interval_seconds
        self._hints: Generator[set[watchfiles.main.FileChange], None, None] | None = None
        self._root: tuple[int, int] | None = None
        self._waited = RETRY_SECONDS
        self.hinted: frozenset[str] = frozenset()
        """Names that the last `wait` was told of; none when it returned for its interval."""
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
        """Return the stream of hints, begun anew when the directory is another one than before."""
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
    """Return which directory it is, and when a name last came or went in it."""
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
