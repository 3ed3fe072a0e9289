"""Whatever only looks writes nothing, and works for another user and on a read-only mount."""

import ctypes
import os
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from phase4_tui.artifacts.names import Artifact
from phase4_tui.rollback.verification import verify
from phase4_tui.runbook.provenance import save_run
from phase4_tui.runbook.run_holder import announce
from tests.cli.in_child import LOOKS, given
from tests.cli.support import FAILED, HEALTHY, UNKNOWN, Answer, ask
from tests.journal.support import ended, forked, note
from tests.rollback.support import site_of
from tests.runbook.documents import Tag

NOBODY = 65534
NEW_MOUNTS, NEW_USER = 0x00020000, 0x10000000
BIND, REMOUNT_READ_ONLY, PRIVATE = 0x1000, 0x1021, 0x44000
CAPABILITY_VERSION = 0x20080522
LIBC = ctypes.CDLL(None, use_errno=True)
First = Callable[[Path], object]


def mounted_read_only(work: Path) -> None:
    """See the working directory through a read-only mount of this process's own; raises OSError if that is refused."""
    if LIBC.unshare(NEW_MOUNTS) != 0 and LIBC.unshare(NEW_MOUNTS | NEW_USER) != 0:
        raise OSError(ctypes.get_errno(), "no mounts of its own")
    path = os.fsencode(work)
    for source, target, flags in ((b"none", b"/", PRIVATE), (path, path, BIND), (path, path, REMOUNT_READ_ONLY)):
        if LIBC.mount(source, target, None, ctypes.c_ulong(flags), None) != 0:
            raise OSError(ctypes.get_errno(), "no mount")


def without_rights(work: Path) -> None:
    """Give up every right of root, whose the files are not: see `as_anothers`."""
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0)
    if os.geteuid() == 0 and LIBC.capset(header, (ctypes.c_uint32 * 6)()) != 0:
        raise OSError(ctypes.get_errno(), "rights are kept")


def may_mount() -> bool:
    return ended(forked(lambda: mounted_read_only(Path("/tmp")))) == 0


def as_anothers(work: Path) -> None:
    """Make the files another user's, where we are root; else take away our own right to write."""
    for path in (work, *work.rglob("*")):
        if os.geteuid() == 0:
            os.lchown(path, NOBODY, NOBODY)
        elif not path.is_symlink():
            path.chmod(path.stat().st_mode & 0o555)


WAYS: dict[str, First] = {"another user": without_rights}
if may_mount():
    WAYS["read-only mount"] = mounted_read_only


@pytest.fixture
def foreign_desk(half_done: Path) -> Iterator[Path]:
    """An incident half-way on another user's desk, where a run of `new` died."""
    record = Tag(half_done / "reports", "new").ran(pipeline="running")
    save_run(half_done / "reports", record.model_copy(update={"state": "running"}))
    (half_done / "reports" / ".phase4" / "running").mkdir(exist_ok=True)
    announce(half_done / "reports", "new", record.run_id, "ada")
    as_anothers(half_done)
    yield half_done
    for path in (half_done, *half_done.rglob("*")):
        if path.is_dir():
            path.chmod(0o755)


def seen(directory: Path) -> dict[str, tuple[int, int, int]]:
    """Return every path below with its mode, size and time of change, directories included."""
    found = {path: path.lstat() for path in (directory, *directory.rglob("*"))}
    return {str(path): (info.st_mode, info.st_size, info.st_mtime_ns) for path, info in found.items()}


def look(way: str, work: Path, *arguments: str) -> Answer:
    """Give a command that looks in one of the ways, and see that nothing was written."""
    before = seen(work)
    answer = given(work, list(arguments), first=partial(WAYS[way], work))
    assert seen(work) == before
    return answer


@pytest.mark.parametrize("way", WAYS)
def test_nothing_can_be_written_in_these_ways(foreign_desk: Path, way: str) -> None:
    answer = look(way, foreign_desk, "freeze", "good", "--reason", "R", "--yes")
    assert answer.status == FAILED
    assert "Read-only file system" in answer.err or "Permission denied" in answer.err


@pytest.mark.parametrize("way", WAYS)
def test_every_look_says_there_what_it_says_at_home(foreign_desk: Path, way: str) -> None:
    for arguments, status in LOOKS:
        answer = look(way, foreign_desk, *arguments)
        assert answer.status == (FAILED if arguments == ["doctor"] else status), (arguments, answer.err)
        assert "Traceback" not in answer.err, arguments


@pytest.mark.parametrize("way", WAYS)
def test_a_run_that_died_does_not_go_on_there(foreign_desk: Path, way: str) -> None:
    answer = look(way, foreign_desk, "status", "--tag", "new")
    assert "was interrupted at pipeline" in answer.out


@pytest.mark.parametrize("way", WAYS)
def test_a_watch_that_opens_no_incident_works_there(foreign_desk: Path, way: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)  # it ends when it has something to say
    before = seen(foreign_desk)
    answer = given(foreign_desk, ["watch", "--read-only"], writing, partial(WAYS[way], foreign_desk))
    os.close(writing)
    assert (answer.status, answer.err) == (HEALTHY, "")
    assert seen(foreign_desk) == before


def test_every_look_writes_nothing_where_it_could(half_done: Path) -> None:
    before = seen(half_done)
    for arguments, _ in LOOKS:
        assert "Traceback" not in given(half_done, arguments).err
        assert seen(half_done) == before, arguments


@pytest.mark.parametrize("way", WAYS)
def test_verify_proves_an_intact_desk_there(tag: Tag, work: Path, way: str) -> None:
    assert ask(work, "freeze", tag.name, "--reason", "R", "--yes").status == HEALTHY
    as_anothers(work)
    assert look(way, work, "verify").status == HEALTHY
    tag.remove(Artifact.MONITORING)
    assert look(way, work, "verify").status == FAILED
    assert look(way, work, "status", "--tag", tag.name).status == UNKNOWN


def test_verify_takes_nothing_that_is_just_being_recorded_for_damage(tag: Tag, work: Path) -> None:
    assert ask(work, "freeze", tag.name, "--reason", "R", "--yes").status == HEALTHY
    end = threading.Event()

    def record() -> None:
        while not end.is_set():
            note(work / "reports", changes={})

    writer = threading.Thread(target=record)
    writer.start()
    try:
        found = [verify(site_of(work)).problems for _ in range(30)]
    finally:
        end.set()
        writer.join(20)
    assert found == [()] * 30
