"""Nothing that a step starts outlives it: whatever it forks, ignores or holds, and however its parent ends."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from phase4_tui.runbook.children import ChildResult, ChildSpec, run_child
from tests.counts import tries
from tests.figures import Figures
from tests.runbook.support import alive, pids_in, until, working_in, zombies

GRACE_SECONDS = 0.5
SLACK_SECONDS = tries(2.0, 1.0)
PREAMBLE = """
import ctypes, os, signal, sys, threading, time

def note():
    with open("pids", "a") as file:
        file.write(f"{os.getpid()}\\n")

END = time.monotonic() + 60  # should the code under test fail to kill it

def linger():
    note()
    while time.monotonic() < END:
        time.sleep(0.05)

def escape():
    # A daemon by the book: forked twice, in a session of its own; deaf to SIGTERM, and the pipe stays open.
    if os.fork() == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        linger()
"""
STUBBORN_TREE = (
    PREAMBLE
    + """
escape()
if os.fork() == 0:
    linger()
signal.signal(signal.SIGTERM, signal.SIG_IGN)
linger()
"""
)


def spec_of(code: str, cwd: Path, *, timeout: float = 60, grace: float = GRACE_SECONDS) -> ChildSpec:
    """Return a child that runs Python code."""
    return ChildSpec([sys.executable, "-I", "-S", "-c", code], cwd, {"PATH": os.defpath}, "seccomp", timeout, grace)


def cancelled_when(spec: ChildSpec, processes: int) -> tuple[ChildResult, list[int], float]:
    """Run until so many processes have noted themselves, cancel; return the result, the pids, and how long it took."""
    cancel, moment = threading.Event(), [0.0]
    pids: list[int] = []

    def order() -> None:
        pids.extend(pids_in(spec.cwd / "pids", processes))
        moment[0] = time.monotonic()
        cancel.set()

    thread = threading.Thread(target=order)
    thread.start()
    result = run_child(spec, cancel)
    ended = time.monotonic()
    thread.join()
    return result, pids, ended - moment[0]


def test_a_cancel_takes_down_the_whole_tree_with_a_deaf_daemon_that_holds_the_pipe(
    tmp_path: Path, figures: Figures
) -> None:
    result, pids, seconds = cancelled_when(spec_of(STUBBORN_TREE, tmp_path), 3)
    assert result.ending == "cancelled"
    assert seconds < GRACE_SECONDS + SLACK_SECONDS
    assert [pid for pid in pids if Path(f"/proc/{pid}").exists()] == []
    assert zombies() == []
    figures.worst("gone {:.1f} s after the cancel, of which 0.5 s are grace", seconds)


def test_a_time_out_takes_down_the_whole_tree_with_a_deaf_daemon_that_holds_the_pipe(tmp_path: Path) -> None:
    started = time.monotonic()
    result = run_child(spec_of(STUBBORN_TREE, tmp_path, timeout=1.0), threading.Event())
    assert result.ending == "timed_out"
    assert time.monotonic() - started < 1.0 + GRACE_SECONDS + SLACK_SECONDS
    pids = pids_in(tmp_path / "pids", 3)
    assert [pid for pid in pids if Path(f"/proc/{pid}").exists()] == []
    assert zombies() == []


def test_a_time_out_stops_a_step_that_floods_and_never_pauses(tmp_path: Path) -> None:
    code = PREAMBLE + "signal.signal(15, signal.SIG_IGN)\nwhile time.monotonic() < END: os.write(1, b'noise\\n' * 9999)"
    started = time.monotonic()
    result = run_child(spec_of(code, tmp_path, timeout=1.0), threading.Event())
    assert result.ending == "timed_out"
    assert time.monotonic() - started < 1.0 + GRACE_SECONDS + SLACK_SECONDS


def test_a_step_that_is_asked_to_stop_may_clean_up_and_nobody_waits_longer_than_it_takes(tmp_path: Path) -> None:
    code = PREAMBLE + "def bye(*_):\n open('bye', 'w').close(); os._exit(0)\nsignal.signal(15, bye)\nlinger()"
    result, _, seconds = cancelled_when(spec_of(code, tmp_path, grace=60), 1)
    assert result.ending == "cancelled"
    assert (tmp_path / "bye").exists()
    assert seconds < SLACK_SECONDS


def test_a_stopped_step_is_killed_all_the_same(tmp_path: Path) -> None:
    code = PREAMBLE + "note()\nos.kill(os.getpid(), signal.SIGSTOP)"
    result, pids, seconds = cancelled_when(spec_of(code, tmp_path), 1)
    assert result.ending == "cancelled"
    assert seconds < GRACE_SECONDS + SLACK_SECONDS
    assert not Path(f"/proc/{pids[0]}").exists()


def test_a_daemon_that_a_step_leaves_behind_ends_with_the_step(tmp_path: Path) -> None:
    code = PREAMBLE + "escape()\nwhile not os.path.exists('pids') or not os.path.getsize('pids'): time.sleep(0.01)"
    result = run_child(spec_of(code, tmp_path), threading.Event())
    assert (result.ending, result.exit_code) == ("exited", 0)
    assert not Path(f"/proc/{pids_in(tmp_path / 'pids')[0]}").exists()
    assert zombies() == []


def test_a_process_whose_first_thread_has_ended_ends_with_the_step_too(tmp_path: Path) -> None:
    # In /proc such a process looks like a zombie, and goes on all the same.
    code = (
        PREAMBLE
        + """
if os.fork() == 0:
    os.setsid()
    threading.Thread(target=linger).start()
    while not os.path.exists('pids') or not os.path.getsize('pids'): time.sleep(0.01)
    ctypes.CDLL(None).pthread_exit(None)
def first_thread_ended():
    with open('pids') as file:
        number = file.read().strip()
    with open(f'/proc/{number}/stat') as file:
        return ') Z' in file.read()
while not os.path.exists('pids') or not os.path.getsize('pids') or not first_thread_ended(): time.sleep(0.01)
"""
    )
    result = run_child(spec_of(code, tmp_path), threading.Event())
    (pid,) = pids_in(tmp_path / "pids")
    survived = alive(pid)
    if survived:
        os.kill(pid, signal.SIGKILL)
    assert result.exit_code == 0, result.tail
    assert not survived


def test_a_fork_in_every_moment_does_not_outrun_the_killing(tmp_path: Path) -> None:
    code = PREAMBLE + (
        "note()\nsignal.signal(15, signal.SIG_IGN)\n"
        "while time.monotonic() < END - 57:\n  if os.fork() == 0: os.setsid()\n  else: time.sleep(0.002); os._exit(0)"
    )
    result, _, seconds = cancelled_when(spec_of(code, tmp_path), 1)
    assert seconds < GRACE_SECONDS + SLACK_SECONDS + 1
    assert result.ending in ("cancelled", "exited")
    assert working_in(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_tree_dies_with_the_process_that_ran_it(tmp_path: Path, number: signal.Signals) -> None:
    program = f"""
import threading
from pathlib import Path
from phase4_tui.runbook.children import ChildSpec, run_child
argv = [{sys.executable!r}, "-I", "-S", "-c", {STUBBORN_TREE!r}]
run_child(ChildSpec(argv, Path({str(tmp_path)!r}), {{}}, "none", 60, {GRACE_SECONDS}), threading.Event())
"""
    with subprocess.Popen([sys.executable, "-c", program]) as parent:
        pids = pids_in(tmp_path / "pids", 3)
        parent.send_signal(number)
    until(lambda: not any(alive(pid) for pid in pids), GRACE_SECONDS + SLACK_SECONDS)
