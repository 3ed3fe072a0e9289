"""Locks between processes, released by the kernel when their holder dies.

A lock is a lock file and its directory, both locked. With the file alone, deleting it would allow a second holder;
the directory alone can't be locked on some network file systems.
"""

import errno
import fcntl
import os
import time
from collections.abc import Set
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from phase4_tui.errors import Remedy, Unusable
from phase4_tui.journal.lock_holders import flock_holder, holder_words

RUNNING, ORDERS, JOURNAL_LOCK = "running", "orders", "journal.lock"
"""What is locked in the directory with the state of operations, besides that directory itself: see `LOCKED`."""
LOCKED = (RUNNING, ORDERS, JOURNAL_LOCK)
RETRY_SECONDS = 0.02
"""Between two tries: a lock that is waited for in the kernel can't be given up after a time."""
OPEN_TRIES = 20
_NOT_LOCKABLE = {errno.EBADF, errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL}


class Busy(Unusable):
    """Another process holds the lock; `pid` is None when it can't be known, `holder` is that process in words."""

    def __init__(self, file: Path, pid: int | None, uid: int | None = None) -> None:
        self.pid = pid
        self.holder = holder_words(pid, uid)
        again = Remedy(effect="wait for its end, then try again")
        super().__init__(f"{file} is locked by {self.holder}", remedy=again, file=str(file))


class Exchanged(Unusable):
    """The directory that is locked is no longer the one of that name."""


class DirectoryLock:
    """An exclusive lock on a directory; use it as a context manager, or with `acquire` and `release`."""

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
                self._held, self._descriptors = self._try()
                return
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise Busy(self._file, flock_holder(self._directory) or flock_holder(self._file)) from None
                time.sleep(RETRY_SECONDS)

    @property
    def descriptors(self) -> tuple[int, ...]:
        """The descriptors that hold the lock; a child process that inherits them holds it too."""
        return self._descriptors

    def release(self) -> None:
        """Release the lock."""
        if self._held is not None:
            self._held.close()
            self._held, self._descriptors = None, ()

    def is_in_place(self) -> bool:
        """True while the directory that this process has locked is still the one of that name."""
        try:
            return os.path.samestat(self._directory.stat(), os.fstat(self._descriptors[0]))
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            return True  # a file system that does not answer for a while

    def check_place(self) -> None:
        """Raise Exchanged when what was read under the lock belongs to a directory that is elsewhere by now."""
        if not self.is_in_place():
            told = f"{self._directory} was removed or exchanged meanwhile, and nothing was written"
            raise Exchanged(told, remedy=Remedy(effect="look again"), file=str(self._directory))

    def is_held(self) -> bool:
        """True when some process, this one included, holds the lock; only looks, so it needs no right to write."""
        if not self._directory.is_dir():
            return False
        return self._is_locked(self._directory, 0, _NOT_LOCKABLE) or self._is_locked(self._file, os.O_NOFOLLOW)

    def _is_locked(self, path: Path, flags: int, harmless: Set[int] = frozenset()) -> bool:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | flags)
        except FileNotFoundError:
            return False
        except OSError:
            return True  # a lock that can't be inspected counts as held
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as error:
            return error.errno not in harmless
        finally:
            os.close(descriptor)
        return False

    def _try(self) -> tuple[ExitStack, tuple[int, ...]]:
        with ExitStack() as stack:
            directory = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            stack.callback(os.close, directory)
            directory_holds = True
            try:
                _flock(directory, fcntl.LOCK_EX, self._directory)
            except OSError as error:
                if error.errno not in _NOT_LOCKABLE:
                    raise
                directory_holds = False
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            for _ in range(OPEN_TRIES):
                file = os.open(self._file, flags, 0o666)
                stack.callback(os.close, file)
                _flock(file, fcntl.LOCK_EX, self._file)
                if os.fstat(file).st_nlink:  # otherwise deleted between open and lock
                    return stack.pop_all(), (directory, file)
            if directory_holds:  # so deleting the file neither gives a second lock nor denies one
                return stack.pop_all(), (directory, file)
            raise BlockingIOError(errno.EAGAIN, "the lock file is deleted again and again")

    def __enter__(self) -> "DirectoryLock":
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _flock(descriptor: int, mode: int, path: Path) -> None:
    """Lock without waiting; an error names the path, which the system call does not know."""
    try:
        fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
