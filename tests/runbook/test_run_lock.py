"""One run at a time, also when its reports directory is removed or moved away under it; who is in the way is named."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from phase4_tui.errors import Refused
from phase4_tui.journal.lock_holders import flock_holder, holder_words
from phase4_tui.journal.locks import Busy, DirectoryLock
from phase4_tui.journal.name_lock import BACKLOG, NameLock
from phase4_tui.journal.writer import journal_lock
from phase4_tui.rollback.operations import one_at_a_time, operations_lock
from phase4_tui.runbook.provenance import runs_of
from phase4_tui.runbook.run_holder import run_lock, running
from tests.cli.support import ENVIRONMENT, command
from tests.runbook import misbehaving
from tests.runbook.support import TAG, alive, foreign, pids_in, run, until

GRACE = "20"
"""Seconds that a run waits for a deaf step, and holds its lock: long enough for what is tried meanwhile."""
AT_ONCE = {"PHASE4_TIMEOUT_SECONDS": "1"}
"""For the run that is to be refused, so that it ends soon if it is not."""
HOLDER = "import sys; sys.path[:0] = [{root!r}]\nfrom pathlib import Path\n{code}\nprint('held', flush=True)\ninput()"


def removed(reports: Path) -> None:
    shutil.rmtree(reports / ".phase4")


def removed_wholly(reports: Path) -> None:
    shutil.rmtree(reports)
    reports.mkdir()


def moved(reports: Path) -> None:
    reports.rename(reports.parent / "away")
    reports.mkdir()


def moved_behind_a_link(reports: Path) -> None:
    reports.rename(reports.parent / "away")
    (reports.parent / "other").mkdir()
    reports.symlink_to("other")


Away = Callable[[Path], None]
AWAY: dict[Away, str] = {removed: "removed", removed_wholly: "removed", moved: "moved", moved_behind_a_link: "moved"}


@contextmanager
def deaf_run(work: Path) -> Iterator["subprocess.Popen[str]"]:
    """A run, in a process of its own, of a step that does not stop when asked to."""
    foreign(work, pipeline=misbehaving.DEAF)
    environment = {**ENVIRONMENT, "PHASE4_GRACE_SECONDS": GRACE, "PHASE4_OPERATOR": "grace"}
    with subprocess.Popen(
        command("run"), cwd=work, env=environment, stdout=-1, stderr=-1, text=True, start_new_session=True
    ) as process:
        (pid,) = pids_in(work / "pids")
        try:
            yield process
        finally:
            process.kill()
            if alive(pid):
                os.kill(pid, 9)


@pytest.mark.parametrize("away", AWAY, ids=lambda away: away.__name__)
def test_no_second_run_starts_where_the_directory_of_the_first_was_taken_away_and_both_are_told_why(
    tmp_path: Path, away: Away
) -> None:
    work = tmp_path / "w"
    reports = work / "reports"
    with deaf_run(work) as first:
        away(reports)
        before = sorted(reports.iterdir())
        with pytest.raises(Refused, match=rf"process {first.pid} of \w+ \(.*phase4.*run.*: one run at a time"):
            run(work, AT_ONCE, tag="second")
        assert sorted(reports.iterdir()) == before, "what was refused left nothing"
        assert run_lock(reports).is_held()
        (step_pid,) = pids_in(work / "pids")
        os.kill(step_pid, 9)
        out, err = first.communicate(timeout=30)
    assert first.returncode == 1, out
    assert err.startswith("error: ")
    assert AWAY[away] in err
    assert "Traceback" not in out + err
    assert sorted(reports.iterdir()) == before, "the run that lost its place wrote nothing into the new one"
    if AWAY[away] == "moved":
        assert str(work / "away") in err
        (kept,) = runs_of(work / "away", TAG)
        assert (kept.state, kept.steps[0].state) == ("interrupted", "cancelled")
        assert "moved to" in (kept.error or "")
        journal = (work / "away" / ".phase4" / "journal.jsonl").read_text().splitlines()
        assert json.loads(journal[-1])["detail"]["state"] == "interrupted"
    shutil.copy(Path(__file__).parent.parent / "foreign" / "pipeline_runner.py", work)
    assert run(work, tag="second").state == "finished"


def test_a_killed_run_holds_the_name_until_its_last_step_is_gone(tmp_path: Path) -> None:
    work = tmp_path / "w"
    with deaf_run(work) as first:
        first.kill()
        first.wait()
        moved(work / "reports")
        with pytest.raises(Refused, match=f"what process {first.pid} started .*before it ended: one run at a time"):
            run(work, AT_ONCE, tag="second")
        (pid,) = pids_in(work / "pids")
        os.kill(pid, 9)
        until(lambda: not run_lock(work / "reports").is_held())


def test_where_there_are_no_such_sockets_the_lock_on_the_directory_stands_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> socket.socket:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(socket, "socket", refuse)
    with run_lock(tmp_path) as lock:
        assert len(lock.descriptors) == 2
        with pytest.raises(Busy):
            run_lock(tmp_path).acquire(0)


def test_a_directory_is_one_by_whatever_link_it_is_reached(tmp_path: Path) -> None:
    (tmp_path / "work" / "reports").mkdir(parents=True)
    (tmp_path / "link").symlink_to("work")
    with run_lock(tmp_path / "work" / "reports"):
        shutil.rmtree(tmp_path / "work" / "reports")
        with pytest.raises(Busy):
            run_lock(tmp_path / "link" / "reports").acquire(0)
        with run_lock(tmp_path / "other"):
            pass


def test_those_who_ask_again_and_again_never_wait_and_see_that_it_is_held(tmp_path: Path) -> None:
    lock = NameLock(str(tmp_path))
    assert lock.holder() is None
    assert lock.acquire()
    assert lock.holder() == (os.getpid(), os.getuid())
    for _ in range(BACKLOG + 10):
        found = lock.holder()
        assert found is not None
    assert found == (None, None), "nobody takes them off the queue"
    lock.release()
    assert lock.holder() is None
    assert lock.acquire()
    lock.release()


@contextmanager
def holding(code: str) -> Iterator["subprocess.Popen[str]"]:
    """Another process that runs this code, then waits."""
    root = str(Path(__file__).parent.parent.parent)
    argv = [sys.executable, "-c", HOLDER.format(root=root, code=code)]
    with subprocess.Popen(argv, stdin=-1, stdout=-1, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_whoever_holds_the_lock_of_the_journal_or_of_the_operations_is_named(tmp_path: Path) -> None:
    code = (
        "from phase4_tui.journal.writer import journal_lock\n"
        "from phase4_tui.rollback.operations import operations_lock\n"
        f"journal_lock(Path({str(tmp_path)!r})).acquire()\noperations_lock(Path({str(tmp_path)!r})).acquire()"
    )
    with holding(code) as other:
        named = rf"process {other.pid} of \w+ \(\S*python.*"
        with pytest.raises(Busy, match=rf"journal\.lock is locked by {named}"):
            journal_lock(tmp_path).acquire(0)
        with pytest.raises(Busy, match=named):
            operations_lock(tmp_path).acquire(0)
        told = rf"another operation is being carried out in .* by {named}"
        with pytest.raises(Refused, match=told), one_at_a_time(tmp_path):
            pass


def test_a_lock_held_with_flock_by_a_stranger_is_named_too(tmp_path: Path) -> None:
    code = f"import fcntl, os\nfile = os.open({str(tmp_path)!r}, os.O_RDONLY)\nfcntl.flock(file, fcntl.LOCK_EX)"
    with holding(code) as other:
        assert flock_holder(tmp_path) == other.pid
        with pytest.raises(Busy, match=rf"locked by process {other.pid} of"):
            DirectoryLock(tmp_path).acquire(0)
    assert flock_holder(tmp_path) is None


def test_a_holder_that_can_not_be_looked_up_is_told_as_far_as_it_is_known() -> None:
    assert holder_words(None) == "another process"
    assert holder_words(None, 0) == "a process of root"
    assert holder_words(None, 12345678) == "a process of user 12345678"
    assert holder_words(1 << 30, 0) == f"what process {1 << 30} started for root before it ended"
    assert flock_holder(Path("/nowhere")) is None


def test_a_note_of_another_run_is_not_taken_for_the_holder(tmp_path: Path) -> None:
    work = tmp_path / "w"
    with deaf_run(work) as first:
        note = (work / "reports" / ".phase4" / "running" / "holder.json").read_text()
        stale = json.loads(note) | {"pid": 1, "operator": "mallory"}
        moved(work / "reports")
        place = work / "reports" / ".phase4" / "running"
        place.mkdir(parents=True)
        (place / "holder.json").write_text(json.dumps(stale))
        with pytest.raises(Refused, match=f"process {first.pid} "):
            run(work, AT_ONCE, tag="second")
        assert running(work / "reports") is not None, "a run goes on, whoever it is"
