"""Finds and ends the processes below this one; standard library only."""

import os
import signal
import time

KILL_ROUND_SECONDS = 0.01
"""Between two looks at what is left: the kernel tells nobody that a tree is gone."""
KILL_LIMIT_SECONDS = 5.0

Outcome = dict[str, int | str | bool | dict[str, str]]


def descendants() -> list[int]:
    """Return the pids of all processes below this one, parents before their children."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    parent = file.read().rpartition(b")")[2].split()[1]
            except (OSError, ValueError):
                continue
            # A zombie counts until it is reaped: its other threads may still run.
            children.setdefault(int(parent), []).append(int(name))
    found, level = [], [os.getpid()]
    while level:
        level = [child for pid in level for child in children.get(pid, ())]
        found += level
    return found


def signal_all(pids: list[int], number: int) -> None:
    """Send a signal to each process that is still there."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def reap(step: int, outcome: Outcome) -> None:
    """Reap every dead child; record in `outcome` how the step itself ended."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        if pid == step:
            if os.WIFSIGNALED(status):
                outcome["signal"] = os.WTERMSIG(status)
            else:
                outcome["exit"] = os.WEXITSTATUS(status)


def take_down(keeper: int, grace: float) -> int:
    """Ask all descendants to stop, kill those left after `grace` seconds; return how many remain.

    The keeper lives until its descendants are gone, and takes those in its namespace along: to wait for it and to kill
    it needs no look at `/proc`, which takes long while a storm of forks has the processors.
    """
    if grace:
        signal_all(descendants(), signal.SIGTERM)
        limit = time.monotonic() + grace
        while _lives(keeper) and time.monotonic() < limit:
            time.sleep(KILL_ROUND_SECONDS)
    signal_all([keeper] if _lives(keeper) else [], signal.SIGKILL)
    ignored: Outcome = {}
    limit = time.monotonic() + KILL_LIMIT_SECONDS
    while True:
        left = descendants()
        signal_all(left, signal.SIGKILL)
        reap(0, ignored)
        if not left or time.monotonic() > limit:
            return len(left)
        time.sleep(KILL_ROUND_SECONDS)


def _lives(child: int) -> bool:
    """True while a child lives; it is reaped once it does not."""
    try:
        return os.waitpid(child, os.WNOHANG)[0] == 0
    except ChildProcessError:
        return False
