"""Locks that hold across processes: taken by one, released by the kernel when its holder dies.

A lock is a lock file and the directory around it, both locked. The file alone would give a second holder when
someone deletes it; the directory alone can't be locked on some network file systems.
"""

import errno
import fcntl
import os
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from phase4_tui.errors import Unusable

RETRY_SECONDS = 0.02
OPEN_TRIES = 20
_NOT_LOCKABLE = {errno.EBADF, errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL}


class Busy(Unusable):
    """Someone else holds the lock."""


class DirectoryLock:
    """An exclusive lock on what a directory stands for; a context manager, or `acquire` and `release`."""

    def __init__(self, directory: Path, name: str = "lock") -> None:
        self._directory = directory
        self._file = directory / name
        self._held: ExitStack | None = None
        self._descriptors: tuple[int, ...] = ()

    def acquire(self, wait_seconds: float = 0.5) -> None:
        """Take the lock, waiting at most `wait_seconds`; raises Busy, OSError."""
        self._directory.mkdir(parents=True, exist_ok=True)
        deadline = time.monotonic() + wait_seconds
        while True:
            try:
                self._held, self._descriptors = self._try(fcntl.LOCK_EX)
                return
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise Busy(f"{self._directory} is locked by another process", file=str(self._file)) from None
                time.sleep(RETRY_SECONDS)

    @property
    def descriptors(self) -> tuple[int, ...]:
        """What holds the lock; a child process that inherits these holds it too."""
        return self._descriptors

    def release(self) -> None:
        """Give the lock back."""
        if self._held is not None:
            self._held.close()
            self._held, self._descriptors = None, ()

    def is_held(self) -> bool:
        """True when some process, this one included, holds the lock."""
        if not self._directory.is_dir():
            return False
        try:
            self._try(fcntl.LOCK_SH)[0].close()
        except BlockingIOError:
            return True
        except OSError:
            return True  # what can't be looked at counts as held
        return False

    def _try(self, mode: int) -> tuple[ExitStack, tuple[int, ...]]:
        with ExitStack() as stack:
            directory = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            stack.callback(os.close, directory)
            directory_holds = True
            try:
                fcntl.flock(directory, mode | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno not in _NOT_LOCKABLE:
                    raise
                directory_holds = False
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            for _ in range(OPEN_TRIES):
                file = os.open(self._file, flags, 0o666)
                stack.callback(os.close, file)
                fcntl.flock(file, mode | fcntl.LOCK_NB)
                if os.fstat(file).st_nlink:  # else deleted between open and lock
                    return stack.pop_all(), (directory, file)
            if directory_holds:  # then nobody gets a lock by deleting the file, nor keeps anyone from it
                return stack.pop_all(), (directory, file)
            raise BlockingIOError(errno.EAGAIN, "the lock file is deleted again and again")

    def __enter__(self) -> "DirectoryLock":
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
