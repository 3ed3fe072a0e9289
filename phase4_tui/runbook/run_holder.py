"""The run lock, and the note in which its holder says which sequence runs."""

import os
import time
from contextlib import suppress
from pathlib import Path

from phase4_tui.artifacts.atomic_files import atomic_write, to_json
from phase4_tui.artifacts.clock import iso, moment, now_ns
from phase4_tui.artifacts.documents import look
from phase4_tui.artifacts.models import Document
from phase4_tui.artifacts.names import state_dir
from phase4_tui.errors import Remedy, Unusable
from phase4_tui.journal.actor import host_name
from phase4_tui.journal.locks import RETRY_SECONDS, RUNNING, Busy, DirectoryLock
from phase4_tui.journal.name_lock import NameLock

HOLDER_FILE = "holder.json"


def _directory(reports: Path) -> Path:
    return state_dir(reports) / RUNNING


class Holder(Document):
    """Who runs which tag since when; valid only while the lock is held."""

    tag: str
    run_id: str
    operator: str
    host: str
    pid: int
    since: str

    def __str__(self) -> str:
        return f"{self.operator}@{self.host} has been running {self.tag} since {moment(self.since)}"


class ReportsGone(Unusable):
    """The reports directory of a run was removed or moved while it went on; `moved` is where it is now, if anywhere."""

    def __init__(self, reports: Path, moved: Path | None) -> None:
        if moved is not None and moved != reports:
            told = f"{reports} was moved to {moved} while the run went on"
            advice = f"move what is now in its place away, and {moved} back; then run it again"
        else:
            told = f"{state_dir(reports)} was removed while the run went on, and its record with it"
            advice = "put back what you need from a copy, then run it again"
        super().__init__(told, remedy=Remedy(effect=advice), file=str(reports))
        self.moved = moved


class RunLock(DirectoryLock):
    """The lock that only one run at a time holds per reports directory.

    It is a lock on the directory and one on its name, since a directory can be removed or moved away with its lock.
    """

    def __init__(self, reports: Path) -> None:
        super().__init__(_directory(reports))
        self._reports = reports
        named = Path(os.path.realpath(reports.parent)) / reports.name
        self._names = [NameLock(str(path)) for path in dict.fromkeys((named, Path(os.path.realpath(reports))))]
        self._can_tell = False

    def acquire(self, wait_seconds: float = 0.5) -> None:
        """Take the lock, waiting at most `wait_seconds`; raises Busy, OSError."""
        deadline = time.monotonic() + wait_seconds
        try:
            for name in self._names:
                while not name.acquire():
                    if time.monotonic() >= deadline:
                        raise Busy(self._reports, *(name.holder() or (None,)))
                    time.sleep(RETRY_SECONDS)
            super().acquire(max(0.0, deadline - time.monotonic()))
        except BaseException:
            self.release()
            raise
        self._can_tell = self.is_in_place()

    def release(self) -> None:
        """Release the lock."""
        super().release()
        for name in self._names:
            name.release()

    @property
    def descriptors(self) -> tuple[int, ...]:
        """The descriptors that hold the lock; a child process that inherits them holds it too."""
        return (*super().descriptors, *(one for name in self._names for one in name.descriptors))

    def is_held(self) -> bool:
        """True when some process, this one included, holds the lock; only looks, so it needs no right to write."""
        return super().is_held() or any(name.holder() is not None for name in self._names)

    @property
    def has_lost_its_place(self) -> bool:
        """True when the directory that is locked is no longer the one of that name."""
        return self._can_tell and not self.is_in_place()

    def lost(self) -> ReportsGone | None:
        """Return what has become of the directory that is locked, None while it is the one of that name."""
        return ReportsGone(self._reports, self._present()) if self.has_lost_its_place else None

    def check_place(self) -> None:
        """Raise ReportsGone when the directory that is locked is no longer the one of that name."""
        lost = self.lost()
        if lost is not None:
            raise lost

    def _present(self) -> Path | None:
        """Return the reports directory that is locked, wherever it is now."""
        locked = super().descriptors[0]
        with suppress(OSError):
            found = Path(f"/proc/self/fd/{locked}").readlink()
            if os.path.samestat(found.stat(), os.fstat(locked)):
                return found.parent.parent
        return None


def run_lock(reports: Path) -> RunLock:
    """Return the lock that only one run at a time holds per reports directory."""
    return RunLock(reports)


def announce(reports: Path, tag: str, run_id: str, operator: str) -> None:
    """Write the note; call it while holding the lock."""
    holder = Holder(tag=tag, run_id=run_id, operator=operator, host=host_name(), pid=os.getpid(), since=iso(now_ns()))
    atomic_write(_directory(reports) / HOLDER_FILE, to_json(holder.model_dump()))


def withdraw(reports: Path) -> None:
    """Remove the note."""
    with suppress(FileNotFoundError):
        (_directory(reports) / HOLDER_FILE).unlink()


def holder(reports: Path) -> Holder | None:
    """Return the last note, whether or not its writer still runs; None without one."""
    return look(_directory(reports) / HOLDER_FILE, Holder, patient=False).value


def running(reports: Path) -> Holder | None:
    """Return who runs a sequence now, or None."""
    noted = holder(reports)
    return noted if noted is not None and run_lock(reports).is_held() else None


def running_tag(reports: Path) -> str | None:
    """Return the tag that is being run now, or None."""
    noted = running(reports)
    return noted.tag if noted else None
