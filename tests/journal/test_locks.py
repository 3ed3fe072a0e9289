"""Locks: one holder across processes, released by the kernel, and not doubled by whoever deletes the lock file."""

import errno
import fcntl
import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from phase4_tui.journal import writer
from phase4_tui.journal.actor import Actor
from phase4_tui.journal.locks import Busy, DirectoryLock, Exchanged
from phase4_tui.journal.log import Draft
from phase4_tui.journal.state import OperationsState, read_state
from phase4_tui.journal.writer import record
from tests.figures import Figures
from tests.runbook.support import until

HOLD = """
import sys, time
from pathlib import Path
from phase4_tui.journal.locks import DirectoryLock
lock = DirectoryLock(Path(sys.argv[1]), "run.lock")
lock.acquire()
print("held", flush=True)
sys.stdin.read()
"""
COUNT = """
import sys
from pathlib import Path
from phase4_tui.journal.locks import DirectoryLock
directory, counter = Path(sys.argv[1]), Path(sys.argv[2])
for _ in range(40):
    lock = DirectoryLock(directory)
    lock.acquire(wait_seconds=60)
    value = int(counter.read_text())
    counter.write_text(str(value + 1))
    lock.release()
"""


def lock_of(directory: Path) -> DirectoryLock:
    return DirectoryLock(directory, "run.lock")


@contextmanager
def held_elsewhere(directory: Path) -> Iterator[subprocess.Popen[str]]:
    """Let another process hold the lock."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(directory)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_lock_held_by_another_process_is_busy_and_soon_said_so(tmp_path: Path) -> None:
    lock = lock_of(tmp_path)
    with held_elsewhere(tmp_path):
        assert lock.is_held()
        started = time.monotonic()
        with pytest.raises(Busy, match=str(tmp_path)):
            lock.acquire(wait_seconds=0.2)
        assert 0.2 <= time.monotonic() - started < 2


def test_a_killed_holder_frees_the_lock_at_once(tmp_path: Path, figures: Figures) -> None:
    lock = lock_of(tmp_path)
    with held_elsewhere(tmp_path) as process:
        process.kill()
        process.wait()
        assert not lock.is_held()
        started = time.monotonic()
        lock.acquire()
        seconds = time.monotonic() - started
        assert seconds < 1
        figures.worst("free after {:.3f} s", seconds)
        lock.release()
    assert (tmp_path / "run.lock").exists()


def test_a_waiter_gets_the_lock_as_soon_as_it_is_free(tmp_path: Path) -> None:
    first, second = lock_of(tmp_path), lock_of(tmp_path)
    first.acquire()
    waiting = threading.Thread(target=lambda: second.acquire(wait_seconds=20))
    waiting.start()
    first.release()
    waiting.join(5)
    assert not waiting.is_alive()
    assert second.is_held()
    second.release()


@pytest.mark.parametrize("again", ["deleted", "deleted and made anew", "replaced by rename"])
def test_deleting_the_lock_file_gives_no_second_holder(tmp_path: Path, again: str) -> None:
    with held_elsewhere(tmp_path):
        file = tmp_path / "run.lock"
        if again == "replaced by rename":
            (tmp_path / "new").touch()
            (tmp_path / "new").rename(file)
        else:
            file.unlink()
        if again == "deleted and made anew":
            file.touch()
        assert lock_of(tmp_path).is_held()
        with pytest.raises(Busy):
            lock_of(tmp_path).acquire(wait_seconds=0.1)
    assert not lock_of(tmp_path).is_held()


def test_two_locks_of_one_process_exclude_each_other_too(tmp_path: Path) -> None:
    with lock_of(tmp_path), pytest.raises(Busy):
        lock_of(tmp_path).acquire(wait_seconds=0)
    with lock_of(tmp_path):
        assert lock_of(tmp_path).is_held()


def test_a_lock_can_be_taken_again_after_its_release_and_after_an_error_inside(tmp_path: Path) -> None:
    lock = lock_of(tmp_path)
    with pytest.raises(ValueError, match="inside"), lock:
        raise ValueError("inside")
    with lock:
        pass
    lock.release()
    assert not lock.is_held()


def test_looking_takes_nothing_from_a_holder_and_keeps_nothing(tmp_path: Path) -> None:
    with lock_of(tmp_path) as lock:
        for _ in range(50):
            assert lock_of(tmp_path).is_held()
        assert lock.is_held()
    for _ in range(50):
        assert not lock_of(tmp_path).is_held()
    lock_of(tmp_path).acquire(wait_seconds=0)


def test_many_who_look_never_keep_the_lock_from_who_wants_it(tmp_path: Path) -> None:
    stop, errors = threading.Event(), list[Exception]()

    def look() -> None:
        while not stop.wait(0.002):
            lock_of(tmp_path).is_held()

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(30):
            lock = lock_of(tmp_path)
            lock.acquire(wait_seconds=2)
            lock.release()
    except Busy as error:
        errors.append(error)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert errors == []


def test_nothing_is_made_by_looking_where_nobody_ever_locked(tmp_path: Path) -> None:
    assert not lock_of(tmp_path / "never").is_held()
    assert list(tmp_path.iterdir()) == []


def test_the_directory_is_made_by_taking_the_lock(tmp_path: Path) -> None:
    with lock_of(tmp_path / "a" / "b"):
        assert (tmp_path / "a" / "b" / "run.lock").is_file()


def test_a_lock_file_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    (tmp_path / "locks").mkdir()
    (tmp_path / "locks" / "run.lock").symlink_to(target)
    with pytest.raises(OSError, match="symbolic"):
        lock_of(tmp_path / "locks").acquire()
    assert not target.exists()
    assert lock_of(tmp_path / "locks").is_held(), "what can't be looked at counts as held"


def test_a_child_does_not_inherit_the_lock(tmp_path: Path) -> None:
    lock = lock_of(tmp_path)
    lock.acquire()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, close_fds=False) as child:
        lock.release()
        until(lambda: not lock.is_held(), 2)
        assert child.poll() is None
        child.kill()


def test_processes_that_count_under_the_lock_lose_no_count(tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    counter.write_text("0")
    argv = [sys.executable, "-c", COUNT, str(tmp_path / "locks"), str(counter)]
    processes = [subprocess.Popen(argv) for _ in range(4)]
    assert [process.wait(timeout=60) for process in processes] == [0] * 4
    assert counter.read_text() == "160"


def test_a_lock_survives_the_deletion_of_its_file_by_who_waits_for_it(tmp_path: Path) -> None:
    # Whoever deletes the file between the open and the lock of another leaves that one with a file nobody sees.
    stop = threading.Event()

    def delete() -> None:
        while not stop.is_set():
            (tmp_path / "run.lock").unlink(missing_ok=True)

    thread = threading.Thread(target=delete)
    thread.start()
    try:
        for _ in range(30):
            with lock_of(tmp_path), pytest.raises(Busy):
                lock_of(tmp_path).acquire(wait_seconds=0)
    finally:
        stop.set()
        thread.join()
    until(lambda: not lock_of(tmp_path).is_held(), 2)


def delete_after_open(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    """Let someone delete the lock file each time between its open and its lock."""
    really_open = os.open

    def opened(path: Path, flags: int, mode: int = 0o777) -> int:
        descriptor = really_open(path, flags, mode)
        if path == file:
            file.unlink()
        return descriptor

    monkeypatch.setattr(os, "open", opened)


def test_who_always_deletes_the_file_keeps_nobody_from_the_lock_and_gives_it_to_no_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    delete_after_open(monkeypatch, tmp_path / "run.lock")
    lock = lock_of(tmp_path)
    lock.acquire(wait_seconds=0)
    with pytest.raises(Busy):
        lock_of(tmp_path).acquire(wait_seconds=0)
    assert lock_of(tmp_path).is_held()
    lock.release()
    assert not lock_of(tmp_path).is_held()


def test_where_only_the_file_can_be_locked_a_deleted_one_is_no_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    really_lock = fcntl.flock

    def lock_no_directory(descriptor: int, mode: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EBADF, "as network file systems say of a directory")
        really_lock(descriptor, mode)

    monkeypatch.setattr(fcntl, "flock", lock_no_directory)
    with lock_of(tmp_path), pytest.raises(Busy):
        lock_of(tmp_path).acquire(wait_seconds=0)
    delete_after_open(monkeypatch, tmp_path / "run.lock")
    with pytest.raises(Busy):
        lock_of(tmp_path).acquire(wait_seconds=0)


def test_an_event_for_a_directory_that_was_exchanged_meanwhile_is_written_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports, away = tmp_path / "reports", tmp_path / "away"
    for directory, operator in ((away, "ada"), (reports, "maria")):
        record(directory, Actor(operator), Draft("note"))
    record(away, Actor("ada"), Draft("note"))
    before = {path: path.read_bytes() for path in away.rglob("*") if path.is_file()}

    def exchanged(where: Path) -> OperationsState:
        found = read_state(where)
        reports.rename(tmp_path / "elsewhere")
        away.rename(reports)
        return found

    monkeypatch.setattr(writer, "read_state", exchanged)
    with pytest.raises(Exchanged, match=r"\.phase4 was removed or exchanged meanwhile, and nothing was written"):
        record(reports, Actor("maria"), Draft("note"))
    after = {away / path.relative_to(reports): path.read_bytes() for path in reports.rglob("*") if path.is_file()}
    assert after == before
