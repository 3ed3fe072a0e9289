"""A program under strace, which kills it, or fails its call, at each single system call that changes a directory."""

import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
CALLS = "/^(write|pwrite64|fsync|ftruncate|rename.*|link.*|unlink.*|mkdir.*|rmdir|close|openat)$"
_LINE = re.compile(r"^(?P<pid>\d+) +(?P<call>\w+)\((?P<rest>.*)$")
SECONDS = 60
KILLED = 128 + signal.SIGKILL


@dataclass(frozen=True)
class Struck:
    """One run of the program: its place, the call at which it was struck, how it ended and what it said."""

    place: Path
    at: str
    status: int
    said: str


def at_every_call(
    prepare: Callable[[], Path], argv: Callable[[Path], Sequence[str]], strike: str, names: str = ""
) -> Iterator[Struck]:
    """Yield a run for each call that touches the prepared place, struck there.

    `strike` is what strace injects, `signal=KILL` or `error=ENOSPC`; `names` are the calls, all that change by default.
    """
    place = prepare()
    for call, number, about in _calls_of(place, argv(place)):
        if re.fullmatch(names or ".*", call):
            place = prepare()
            yield _struck(place, argv(place), ["-e", f"inject={call}:{strike}:when={number}"], f"{call} {about}")


def _calls_of(place: Path, argv: Sequence[str]) -> Iterator[tuple[str, int, str]]:
    """Yield each call that touches the place: name, how many of that name came before it and it, and its file."""
    log = place.with_name(f"{place.name}.calls")
    untouched = _struck(place, argv, ["-y", "-s", "0", "-o", str(log)], "nothing")
    assert untouched.status == 0, untouched.said
    counts = Counter[str]()
    lines = [found for line in log.read_text(errors="replace").splitlines() if (found := _LINE.match(line))]
    for line in lines:
        if line["pid"] == lines[0]["pid"]:
            counts[line["call"]] += 1
            reads = line["call"] == "openat" and "O_CREAT" not in line["rest"]
            if str(place) in line["rest"] and not reads:
                yield line["call"], counts[line["call"]], line["rest"].split(str(place))[-1].partition('"')[0]


def _struck(place: Path, argv: Sequence[str], options: Sequence[str], at: str) -> Struck:
    quiet = [] if "-o" in options else ["-o", os.devnull]
    command = ["strace", "-f", "-e", f"trace={CALLS}", "-e", "signal=none", *options, *quiet, *argv]
    environment = {"PATH": os.environ["PATH"], "HOME": str(place), "LANG": "C.UTF-8", "PHASE4_OPERATOR": "maria",
                   "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}  # fmt: skip
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=SECONDS)
    status = KILLED if done.returncode == -signal.SIGKILL else done.returncode
    return Struck(place, at, status, done.stderr)


def python(code: str, place: Path) -> list[str]:
    """Return the command line of Python code that works on a place."""
    return [sys.executable, "-c", code, str(place)]
