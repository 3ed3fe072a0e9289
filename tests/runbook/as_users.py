"""Steps of several users, each with a state of operations, and everything that one could try on it."""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest

from phase4_tui.journal.locks import LOCKED
from phase4_tui.runbook import children
from phase4_tui.runbook.cage.spec import LAYERS, Cage
from phase4_tui.runbook.children import Barrier, ChildResult, ChildSpec, run_child

NOBODY = 65534
LIBC = "import ctypes, errno, os, platform, sys\nlibc = ctypes.CDLL(None, use_errno=True)\n"

# Each attempt would succeed and leaves the next one possible.
ATTEMPTS = """
import errno, os, sys
state, outside = sys.argv[1:3]
def put(path, mode, text="forged"):
    with open(path, mode) as file:
        file.write(text)
def away(path):
    os.rename(path, path + ".gone")
    os.rename(path + ".gone", path)
put(outside + "/mine", "w")
ways = {
    "make a file": lambda: put(state + "/frozen/t1/new", "x"),
    "make a directory": lambda: os.mkdir(state + "/frozen/t2"),
    "make a link": lambda: os.symlink("/", state + "/link"),
    "write": lambda: put(state + "/journal.jsonl", "r+"),
    "append": lambda: put(state + "/journal.jsonl", "a"),
    "truncate": lambda: os.truncate(state + "/state.json", 0),
    "chmod": lambda: os.chmod(state + "/frozen/t1/report.json", 0o666),
    "set the time": lambda: os.utime(state + "/frozen/t1/report.json", (1, 1)),
    "rename over": lambda: os.replace(outside + "/mine", state + "/journal.head"),
    "rename": lambda: away(state + "/frozen/t1"),
    "link out": lambda: os.link(state + "/journal.jsonl", outside + "/journal"),
    "unlink": lambda: os.unlink(state + "/frozen/t1/report.json"),
    "remove a directory": lambda: os.rmdir(state + "/empty"),
    "move the state": lambda: away(state),
    "write by way of the working directory": lambda: (os.chdir(state), put("relative", "w")),
    "write by way of a descriptor": lambda: os.close(os.open("state.json", os.O_RDWR, dir_fd=os.open(state, 0))),
    "write by way of our own root": lambda: put("/proc/self/root" + os.path.abspath(state) + "/mine", "w"),
}
for name, way in ways.items():
    try:
        way()
    except OSError as error:
        print(name, "=", errno.errorcode[error.errno])
    else:
        print(name, "= done")
"""
ORACLE = (
    LIBC
    + "made = libc.unshare(0x20000) == 0 or libc.unshare(0x10020000) == 0\n"
    + "sys.exit(not made or libc.mount(b'/', b'/', None, ctypes.c_ulong(0x44000), None))"
)


@dataclass(frozen=True)
class User:
    """Who runs a step, and with which interpreter, since not everyone may read ours."""

    name: str
    python: str
    number: int | None = None

    @property
    def options(self) -> dict[str, object]:
        """What makes a process this user's."""
        return {} if self.number is None else {"user": self.number, "group": self.number, "extra_groups": []}

    def runs(self, code: str) -> int:
        """Return the exit status of Python code outside every barrier."""
        argv = [self.python, "-I", "-S", "-c", code]
        return subprocess.run(argv, timeout=30, **self.options).returncode  # type: ignore[call-overload, no-any-return]


def _open_to_all(path: str) -> bool:
    found = Path(path)
    return found.is_file() and all(part.stat().st_mode & 0o001 for part in (found, *found.parents))


def users() -> list[User]:
    """Return this user and, where we are root, one without any rights."""
    found = [User("root" if os.geteuid() == 0 else "this user", sys.executable)]
    pythons = [path for path in (os.path.realpath(sys.executable), "/usr/bin/python3") if _open_to_all(path)]
    return found + [User("nobody", path, NOBODY) for path in pythons[:1] if os.geteuid() == 0]


USERS = users()
HELD_OFF = [user for user in USERS if user.runs(ORACLE) == 0]


def copy_launcher(place: Path) -> Path:
    """Copy the launcher with what it is made of, since not everyone may read ours; return its path."""
    cage = children.LAUNCHER.parent
    for part in (cage, cage.parent, cage.parent.parent):
        to = place / part.relative_to(cage.parents[2])
        to.mkdir(parents=True, exist_ok=True)
        for file in (part / "__init__.py", *(part.glob("*.py") if part == cage else ())):
            shutil.copy(file, to)
    return place / children.LAUNCHER.relative_to(cage.parents[2])


@contextmanager
def place_of(user: User) -> Iterator[Path]:
    """Yield a directory of the user's that holds the state of operations, and one beside it."""
    with tempfile.TemporaryDirectory(prefix="phase4-test-") as name:
        place = Path(name)
        state = place / "reports" / ".phase4"
        for directory in (state / "frozen" / "t1", state / "empty", place / "outside"):
            directory.mkdir(parents=True)
        for file in ("journal.jsonl", "journal.head", "state.json", "frozen/t1/report.json"):
            (state / file).write_text("{}")
        (place / "outside" / "mine").write_text("mine")
        place.chmod(0o755)
        copy_launcher(place)
        for path in (place, *place.rglob("*")):
            os.chown(path, -1 if user.number is None else user.number, -1)
        yield place


def behind(
    user: User,
    place: Path,
    argv: list[str],
    *,
    protected: bool,
    layers: tuple[str, ...] = LAYERS,
    barrier: Barrier = "seccomp",
    cwd: Path | None = None,
    timeout: float = 30,
) -> ChildResult:
    """Run a command line as a step of the user's, with or without the protection of the state."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(children, "LAUNCHER", place / children.LAUNCHER.relative_to(children.LAUNCHER.parents[3]))
        patch.setattr(sys, "executable", user.python)
        patch.setattr(subprocess, "Popen", partial(subprocess.Popen, **user.options))
        spec = ChildSpec(argv, cwd or place, {"PATH": os.defpath}, barrier, timeout, 0.5)
        return run_child(
            replace(spec, cage=replace(cage_at(place), layers=layers) if protected else None), threading.Event()
        )


def cage_at(place: Path) -> Cage:
    """Return the cage of a step that may write in the place, but not the state there."""
    state = place.resolve() / "reports" / ".phase4"
    return Cage(writable=(place.resolve(),), sealed=(state,), hidden={state: LOCKED})


def scripted(user: User, place: Path, code: str, *arguments: str) -> list[str]:
    """Return a command line that runs Python code, by default with the paths of the state and of what is beside it."""
    own = (str(place / "reports" / ".phase4"), str(place / "outside"))
    return [user.python, "-I", "-S", "-c", code, *(arguments or own)]


def outcomes(result: ChildResult) -> dict[str, str]:
    """Return what came of each attempt."""
    assert result.exit_code == 0, (result.failure, result.tail)
    return dict(line.split(" = ") for line in result.tail)


@contextmanager
def neighbour(user: User, preamble: str = "") -> Iterator[int]:
    """Yield the number of a process of the user's that has a secret, as the console may have."""
    argv = [user.python, "-I", "-S", "-c", preamble + "print('ready', flush=True)\ninput()"]
    process: subprocess.Popen[str] = subprocess.Popen(  # type: ignore[call-overload]
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={"TOKEN": "hunter2"}, text=True, **user.options
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process.pid
        process.communicate("\n", timeout=30)
