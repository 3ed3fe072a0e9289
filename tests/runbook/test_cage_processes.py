"""A step's processes end with it, all at once, and reach no other; the program's locks are not among what it sees."""

import os
import signal
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from phase4_tui.journal.locks import LOCKED, Busy, DirectoryLock
from phase4_tui.runbook.cage.spec import LAYERS, Cage, StepLimits
from phase4_tui.runbook.children import ChildResult, ChildSpec, run_child
from tests.runbook.as_users import HELD_OFF, USERS, neighbour
from tests.runbook.support import misled, run, step, until, working_in
from tests.runbook.test_children_trees import GRACE_SECONDS, PREAMBLE, SLACK_SECONDS, cancelled_when, spec_of

DEFAULTS = StepLimits()
HERE = LAYERS if USERS[0] in HELD_OFF else ("limits", "few rights", "own keyring")
"""What this kernel gives this user."""
LEAVES_THREE = (
    PREAMBLE
    + """
for number in range(3):
    if os.fork() == 0:
        os.setsid()
        linger()
while not os.path.exists("pids") or len(open("pids").readlines()) < 3:
    time.sleep(0.01)
"""
)
# Every process forks as fast as it can, until a limit or the killing stops it.
STORM = (
    PREAMBLE
    + """
note()
signal.signal(15, signal.SIG_IGN)
while time.monotonic() < END - 55:
    try:
        if os.fork() == 0:
            os.setsid()
    except OSError:
        time.sleep(0.001)
"""
)
HOLDS_LOCKS = """
import fcntl, os, sys, time
for path in sys.argv[1:]:
    held = os.open(path, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
open("held", "w").close()
while not os.path.exists("go"):
    time.sleep(0.01)
"""


def caged(code: str, cwd: Path, layers: tuple[str, ...] = HERE, limits: StepLimits = DEFAULTS) -> ChildSpec:
    """Return a child that runs Python code in a cage around its directory."""
    return replace(spec_of(code, cwd), cage=Cage(layers=layers, writable=(cwd.resolve(),), limits=limits))


def test_a_run_says_on_record_how_many_processes_a_step_left_and_none_of_them_lives_on(tmp_path: Path) -> None:
    code = LEAVES_THREE + "\nimport runpy\nrunpy.run_path('original.py', run_name='__main__')"
    work = misled(tmp_path / "w", "pipeline", code)
    record = run(work)
    assert [each.left_processes for each in record.steps] == [3, 0, 0, 0, 0]
    assert step(record, "pipeline").state == "passed"
    assert working_in(work) == []


@pytest.mark.parametrize("layers", [(), HERE], ids=["without a cage", "in the cage"])
def test_what_a_step_leaves_is_counted_with_and_without_a_namespace(tmp_path: Path, layers: tuple[str, ...]) -> None:
    result = run_child(caged(LEAVES_THREE, tmp_path, layers), threading.Event())
    assert (result.exit_code, result.left) == (0, 3), result.failure
    assert working_in(tmp_path) == []


def test_a_storm_of_forks_meets_its_limit_and_dies_at_once(tmp_path: Path) -> None:
    spec = caged(STORM, tmp_path, limits=StepLimits(processes=100))
    result, _, seconds = cancelled_when(spec, 1)
    assert result.ending == "cancelled", result
    assert seconds < GRACE_SECONDS + SLACK_SECONDS + 1
    assert working_in(tmp_path) == []


@pytest.mark.parametrize("layers", [(), HERE], ids=["without a cage", "in the cage"])
def test_what_a_step_has_started_may_clean_up_too_when_it_is_asked_to_stop(
    tmp_path: Path, layers: tuple[str, ...]
) -> None:
    code = PREAMBLE + (
        "if os.fork() == 0:\n"
        "    def bye(*_): time.sleep(0.3); open('bye', 'w').close(); os._exit(0)\n"
        "    signal.signal(15, bye)\n    linger()\n"
        "while not os.path.exists('pids'): time.sleep(0.01)\nlinger()"
    )
    spec = replace(caged(code, tmp_path, layers), grace_seconds=20)
    result, _, seconds = cancelled_when(spec, 2)
    assert result.ending == "cancelled"
    assert (tmp_path / "bye").exists()
    assert seconds < 20, "nobody waits longer than it takes"


def test_the_number_of_processes_ends_at_the_limit_of_the_step_and_not_without_it(tmp_path: Path) -> None:
    code = """
import os, time
made = 0
try:
    while made < 500:
        if os.fork() == 0:
            time.sleep(30)
            os._exit(0)
        made += 1
except BlockingIOError: pass
print(made)
"""
    limits = StepLimits(processes=100)
    free = run_child(caged(code, tmp_path, (), limits), threading.Event())
    assert free.tail == ("500",)
    if "process limit" in HERE:
        held = run_child(caged(code, tmp_path, HERE, limits), threading.Event())
        assert 90 < int(held.tail[0]) <= 400, "the kernel allows up to 300 more"


def test_when_the_launcher_is_killed_the_whole_tree_dies_with_it(tmp_path: Path) -> None:
    code = PREAMBLE + "escape()\nlinger()"
    results: list[ChildResult] = []
    thread = threading.Thread(target=lambda: results.append(run_child(caged(code, tmp_path), threading.Event())))
    thread.start()
    until(lambda: (tmp_path / "pids").exists() and len((tmp_path / "pids").read_text().splitlines()) == 2)
    for pid in children_of(os.getpid()):
        if b"launcher.py" in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(pid, signal.SIGKILL)
    until(lambda: working_in(tmp_path) == [], SLACK_SECONDS)
    thread.join(20)
    assert results[0].ending == "not_started"


def children_of(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    lists = (task / "children" for task in Path(f"/proc/{pid}/task").iterdir())
    return [int(child) for one in lists for child in one.read_text().split()]


def test_a_step_can_neither_see_nor_limit_nor_signal_others_nor_the_one_that_keeps_it(tmp_path: Path) -> None:
    code = """
import os, resource, sys
number = int(sys.argv[1])
ways = {
    "see": lambda: os.stat(f"/proc/{number}"),
    "limit": lambda: resource.prlimit(number, resource.RLIMIT_NOFILE, (1, 1)),
    "signal": lambda: os.kill(number, 0),
    "inspect its keeper": lambda: open("/proc/1/environ").read(),
    "enter its keeper's root": lambda: os.listdir("/proc/1/root"),
    "end its keeper": lambda: (os.kill(1, 9), os.kill(1, 15), 1 / 0),
}
for name, way in ways.items():
    try: way(); print(name)
    except (OSError, ZeroDivisionError): pass
print("end")
"""
    with neighbour(USERS[0]) as number:
        argv = [sys.executable, "-I", "-S", "-c", code, str(number)]
        held = run_child(replace(caged(code, tmp_path), argv=argv), threading.Event())
    if USERS[0] in HELD_OFF:
        assert (held.exit_code, held.tail) == (0, ("end",))


@pytest.mark.parametrize("layer", ["hidden locks", "nothing"])
def test_while_a_step_locks_all_it_can_find_the_program_locks_what_it_needs(tmp_path: Path, layer: str) -> None:
    state = tmp_path / "reports" / ".phase4"
    for name in ("running", "orders"):
        (state / name).mkdir(parents=True)
    (state / "journal.lock").touch()
    paths = [state, *map(state.joinpath, LOCKED)]
    layers = HERE if layer == "hidden locks" else tuple(each for each in HERE if each != "hidden locks")
    cage = Cage(layers=layers, writable=(tmp_path,), sealed=(state,), hidden={state: LOCKED})
    argv = [sys.executable, "-I", "-S", "-c", HOLDS_LOCKS, *map(str, paths)]
    spec = replace(spec_of("", tmp_path), argv=argv, cage=cage)
    thread = threading.Thread(target=run_child, args=(spec, threading.Event()))
    thread.start()
    try:
        until((tmp_path / "held").exists)
        running, orders = DirectoryLock(state / "running"), DirectoryLock(state / "orders")
        for lock in (running, orders, DirectoryLock(state, "journal.lock")):
            if layer == "nothing" or "hidden locks" not in HERE:
                with pytest.raises(Busy):
                    lock.acquire(0)
            else:
                lock.acquire(0)
                lock.release()
    finally:
        (tmp_path / "go").touch()
        thread.join(30)
