"""The processes of an episode: all that descend from this one, those adopted included, so that no orphan is missed."""

import ctypes
import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

PR_SET_CHILD_SUBREAPER = 36
POLL_SECONDS = 0.05


class Process(NamedTuple):
    """One process as `/proc` shows it."""

    pid: int
    parent: int
    state: str
    command: str

    def __str__(self) -> str:
        return f"{self.pid} (of {self.parent}, {self.state}) {self.command[:160]}"


def adopt_orphans() -> None:
    """Become the parent of every orphan among the descendants of this process."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "this process can't adopt orphans")


def look_at(pid: int) -> Process | None:
    """Return a process; None when it is gone."""
    try:
        name, _, rest = (Path("/proc") / str(pid) / "stat").read_bytes().rpartition(b")")
        command = (Path("/proc") / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, parent = rest.split()[:2]
    return Process(pid, int(parent), state.decode(), command or name.decode(errors="replace"))


def descendants() -> list[Process]:
    """Return every process below this one, parents first."""
    children: dict[int, list[Process]] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208 - called many times
        found = look_at(int(name)) if name.isdigit() else None
        if found is not None:
            children.setdefault(found.parent, []).append(found)
    below, level = [], [os.getpid()]
    while level:
        found_here = [child for pid in level for child in children.get(pid, ())]
        below += found_here
        level = [child.pid for child in found_here]
    return below


def reap_adopted(own: set[int]) -> None:
    """Collect the dead among the adopted children; `own` are those that others wait for."""
    for process in descendants():
        if process.parent == os.getpid() and process.state == "Z" and process.pid not in own:
            with suppress(ChildProcessError):
                os.waitpid(process.pid, os.WNOHANG)


def left_after(seconds: float, own: set[int]) -> list[Process]:
    """Return the descendants that are still there after a time, those of `own` and what is below them left out."""
    until = time.monotonic() + seconds
    while True:
        reap_adopted(own)
        left = below_others(own)
        if not left or time.monotonic() > until:
            return left
        time.sleep(POLL_SECONDS)


def below_others(own: set[int]) -> list[Process]:
    """Return the descendants that are neither of `own` nor below one of these."""
    spared, left = set(own), []
    for process in descendants():
        if process.pid in spared or process.parent in spared:
            spared.add(process.pid)
        else:
            left.append(process)
    return left


def kill_all(processes: list[Process]) -> None:
    """Kill processes that should not be there any more."""
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)


def launchers() -> list[Process]:
    """Return the processes below this one that hold a step of a run."""
    return [process for process in descendants() if "launcher.py" in process.command and _has_step(process)]


def _has_step(launcher: Process) -> bool:
    below = [one.command for one in descendants() if one.parent == launcher.pid and one.state != "Z"]
    return any("launcher.py" not in command and "probe.py" not in command for command in below)
