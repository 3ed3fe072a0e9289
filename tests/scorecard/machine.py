"""The machine that a scorecard was made on: what of it matters for the figures, and what can't be tried there."""

import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path


def facts() -> str:
    """Return kernel, file system, user and Python, without a name or a path of the machine."""
    release = ".".join(platform.release().split(".")[:2])
    user = "root" if os.geteuid() == 0 else "an ordinary user"
    processors = len(os.sched_getaffinity(0))
    return (
        f"{platform.system()} {release}, {platform.machine()} with {processors} processors, files on {file_system()}, "
        f"as {user}, Python {platform.python_version()}"
    )


def file_system() -> str:
    """Return the type of the file system on which the tests work."""
    here, best = Path(tempfile.gettempdir()).resolve(), ("", "an unknown file system")
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        point = before.split()[4]
        if here.is_relative_to(point) and len(point) >= len(best[0]):
            best = point, after.split()[0]
    return best[1]


def _fails(*argv: str) -> str:
    if shutil.which(argv[0]) is None:
        return f"{argv[0]} is not installed"
    done = subprocess.run(argv, capture_output=True, text=True, timeout=30)
    said = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
    return "" if done.returncode == 0 else f"{argv[0]} says: {said}"


def _no_tracing() -> str:
    return _fails("strace", "-f", "-o", os.devnull, "true")


def _no_limits() -> str:
    limit = "/proc/sys/user/max_inotify_instances"
    return _fails("unshare", "--user", "--map-root-user", "sh", "-c", f"echo 0 > {limit}")


def _no_small_disk() -> str:
    return _fails("unshare", "--user", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt")


def _no_tmux() -> str:
    return "" if shutil.which("tmux") else "tmux is not installed"


NEEDS: dict[str, Callable[[], str]] = {
    "tests/scorecard/by_strace.py": _no_tracing,
    "tests/scorecard/on_a_full_disk.py": _no_small_disk,
    "tests/scorecard/without_inotify.py": _no_limits,
    "tests/tui/test_hostile_tmux.py": _no_tmux,
}
"""Files of tests that need more than Python, and what says why they can't be tried; an empty text when they can."""


@cache
def why_not(file: str) -> str:
    """Return why the tests of a file can't be tried on this machine, or an empty text."""
    needs = NEEDS.get(file)
    return needs() if needs else ""
