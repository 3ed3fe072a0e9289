"""The run lock, and the note in which its holder says which sequence runs."""

import os
from contextlib import suppress
from pathlib import Path

from phase4_tui.artifacts.atomic_files import atomic_write, to_json
from phase4_tui.artifacts.clock import iso, now_ns
from phase4_tui.artifacts.documents import look
from phase4_tui.artifacts.models import Document
from phase4_tui.artifacts.names import state_dir
from phase4_tui.journal.actor import host_name
from phase4_tui.journal.locks import RUNNING, DirectoryLock

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
        return f"{self.operator}@{self.host} (pid {self.pid}) runs {self.tag} since {self.since}"


def run_lock(reports: Path) -> DirectoryLock:
    """Return the lock that only one run at a time holds per reports directory."""
    return DirectoryLock(_directory(reports))


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
