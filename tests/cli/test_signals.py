"""Interrupted in the middle of a run: no process is left, the record says so, and the exit status is the signal's."""

import selectors
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from phase4_tui.runbook.provenance import runs_of
from phase4_tui.runbook.run_holder import run_lock
from tests.cli.support import ENVIRONMENT, ask, started
from tests.runbook import misbehaving
from tests.runbook.support import TAG, alive, misled, pids_in, states, until


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
    ids=str,
)
def test_a_signal_cancels_the_run_and_leaves_nothing(tmp_path: Path, number: signal.Signals, status: int) -> None:
    work = misled(tmp_path / "w", "release_check", misbehaving.HANGS)
    with started(work, "run") as process:
        (pid,) = pids_in(work / "pids")
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (status, "")
    assert "cancelled" in out
    assert "resume" in out
    assert not alive(pid)
    (record,) = runs_of(work / "reports", TAG)
    assert list(states(record).values())[:3] == ["passed", "cancelled", "not_run"]
    assert record.state == "finished"


def test_under_json_a_cancelled_run_still_prints_its_one_document(tmp_path: Path) -> None:
    work = misled(tmp_path / "w", "pipeline", misbehaving.HANGS)
    with started(work, "run", "--json") as process:
        pids_in(work / "pids")
        process.terminate()
        out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (143, "")
    assert out.startswith("{")
    assert out.rstrip().endswith("}")
    assert '"cancelled"' in out


def test_a_second_signal_does_not_leave_the_step_behind(tmp_path: Path) -> None:
    work = misled(tmp_path / "w", "pipeline", misbehaving.DEAF)
    with started(work, "run") as process:
        (pid,) = pids_in(work / "pids")
        for _ in range(3):
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert process.returncode == 130
    assert not alive(pid)


INTERRUPTED_WHILE_LOADING = """
import builtins, os, signal, sys
load = builtins.__import__
def interrupted(name, *more):
    if name == "phase4_tui.cli.app":
        os.kill(os.getpid(), signal.SIGINT)
    return load(name, *more)
from phase4_tui.__main__ import main
builtins.__import__ = interrupted
sys.argv = ["phase4", "status"]
main()
"""


def test_an_interrupt_while_it_still_loads_ends_it_without_a_word(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", INTERRUPTED_WHILE_LOADING]
    done = subprocess.run(argv, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_after_a_kill_status_says_interrupted_and_resume_goes_on(tmp_path: Path) -> None:
    work = misled(tmp_path / "w", "release_check", misbehaving.WAITS)
    with started(work, "run") as process:
        (pid,) = pids_in(work / "pids")
        process.kill()
    until(lambda: not alive(pid) and not run_lock(work / "reports").is_held())
    answer = ask(work, "status")
    assert answer.status == 14
    assert "interrupted" in answer.out
    assert "release_check" in answer.out
    assert "--resume" in answer.out
    (work / "go").touch()
    answer = ask(work, "run", "--resume")
    assert answer.status == 0
    assert "1 pipeline" not in answer.out
    assert "2 release_check" in answer.out


def test_while_a_run_is_under_way_status_says_so_and_another_run_is_refused(tmp_path: Path) -> None:
    work = misled(tmp_path / "w", "release_check", misbehaving.WAITS)
    with started(work, "run", PHASE4_OPERATOR="grace") as process:
        pids_in(work / "pids")
        shown = ask(work, "status")
        assert shown.status == 14
        assert "running" in shown.out
        assert "release_check" in shown.out
        assert "grace@" in ask(work, "doctor").out
        for arguments in (["run", "--tag", "other"], ["step", "1"]):
            answer = ask(work, *arguments)
            assert answer.status == 2
            assert f"grace@{socket.gethostname()} has been running phase4_demo since" in answer.complaint()
            assert f"(pid {process.pid})" in answer.complaint()
        (work / "go").touch()
        process.communicate(timeout=30)
    assert process.returncode == 0


def test_each_step_is_told_when_it_ends_though_stdout_is_a_pipe(tmp_path: Path) -> None:
    work = misled(tmp_path / "w", "release_check", misbehaving.WAITS)
    with started(work, "run") as process:
        pids_in(work / "pids")
        assert process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            told = bool(selector.select(5))
        (work / "go").touch()
        out, _ = process.communicate(timeout=30)
    assert told, "nothing was told while the second step ran"
    assert "1 pipeline" in out
