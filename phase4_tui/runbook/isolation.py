"""Paper-mode isolation: the environment of a step, and the proof that it has no network.

The barrier is a kernel filter that refuses sockets to the whole process tree. Each run proves it: the same probe
that connects without the barrier must not connect behind it. A run without proof is refused.

The same probe proves that a step can't write the state of operations. Not every kernel grants that to every user, so
a run may go on without it, and its record says so; once proven, no step of the run starts without it.
"""

import errno
import json
import os
import secrets
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from phase4_tui.artifacts.models import Document
from phase4_tui.artifacts.progress import PROGRESS_ENV
from phase4_tui.runbook.children import Barrier, ChildResult, ChildSpec, run_child
from phase4_tui.runbook.settings import Settings, matches_any

PROBE = Path(__file__).with_name("cage") / "probe.py"
PROBE_TIMEOUT_SECONDS = 10.0
BLOCKED = "blocked"
READ_ONLY = "read-only mount"
NOT_TRIED = "none (not tried)"

# The only variables that a step gets, besides those in the settings. HOME is private: no netrc, no cloud credentials.
ALLOWED = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "VIRTUAL_ENV", "PYENV_VERSION")
FIXED = {
    "TERM": "dumb",
    "NO_COLOR": "1",
    "PYTHONUNBUFFERED": "1",
    PROGRESS_ENV: "1",
}

FALSE_WORDS = {"", "0", "false", "no", "off", "n", "f", "none", "disabled"}
TRUE_WORDS = {"1", "true", "yes", "on", "y", "t", "enabled"}


class Proof(Document):
    """The result of the probe; `ways` maps each way out to its outcome."""

    barrier: str
    proven: bool
    ways: dict[str, str]
    reached: int
    """The number of connections and datagrams that reached the listeners."""
    detail: str
    state_protection: str = NOT_TRIED
    """How the state of operations is protected from steps: `read-only mount`, or `none (why)`."""

    @property
    def protects_state(self) -> bool:
        """True when it is proven that a step can't write the state of operations."""
        return self.state_protection == READ_ONLY


def live_order_switches(settings: Settings, environment: Mapping[str, str]) -> list[str]:
    """Return each variable that enables live orders, as NAME=value; unclear values count against paper mode."""
    isolation = settings.isolation
    found = []
    for name, value in sorted(environment.items()):
        word = value.strip().lower()
        truthy_is_live = matches_any(name, isolation.live_when_truthy) and word not in FALSE_WORDS
        falsy_is_live = matches_any(name, isolation.live_when_falsy) and word not in TRUE_WORDS
        if truthy_is_live or falsy_is_live:
            found.append(f"{name}={value}")
    return found


def live_order_names(settings: Settings, environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the name of each variable that enables live orders."""
    return tuple(found.partition("=")[0] for found in live_order_switches(settings, environment))


def step_environment(settings: Settings, environment: Mapping[str, str], home: Path) -> dict[str, str]:
    """Return the whole environment of a step: an allow-list, and a private HOME."""
    allowed = set(ALLOWED) | set(settings.isolation.pass_environment)
    kept = {name: value for name, value in environment.items() if name in allowed}
    kept.setdefault("LANG", "C.UTF-8")
    kept.setdefault("PATH", os.defpath)
    own_home = environment.get("HOME")
    if own_home:
        # Packages installed for the user, and pyenv's shims, are found from HOME: name their places instead.
        kept.setdefault("PYTHONUSERBASE", environment.get("PYTHONUSERBASE", f"{own_home}/.local"))
        pyenv = environment.get("PYENV_ROOT", f"{own_home}/.pyenv")
        if Path(pyenv).is_dir():
            kept.setdefault("PYENV_ROOT", pyenv)
    home_kept = kept.get("HOME", str(home))
    return {**kept, **FIXED, "HOME": home_kept, "TMPDIR": str(home)}


@contextmanager
def private_home() -> Iterator[Path]:
    """Yield an empty directory that is HOME and TMPDIR of a run's steps."""
    with tempfile.TemporaryDirectory(prefix="phase4-home-", ignore_cleanup_errors=True) as directory:
        yield Path(directory)


def probe_barrier(barrier: Barrier, state: Path | None = None) -> Proof:
    """Run the probe behind `barrier` against our own listeners; proven when every way out was blocked.

    With `state`, a directory, also find out whether it can be protected from steps.
    """
    with ExitStack() as stack:
        directory = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="phase4-probe-", dir=_short_directory()))
        )
        try:
            listeners = _Listeners(stack, directory)
        except OSError as error:
            detail = f"no proof: this process itself can't listen ({error.strerror})"
            return Proof(barrier=barrier, proven=False, ways={}, reached=0, detail=detail)
        witness = None if state is None else state / f".probe-{secrets.token_hex(8)}"
        result = _probe(barrier, directory, listeners.targets, witness)
        protection = NOT_TRIED if witness is None else _state_protection(result, witness)
        if witness is not None and result.ending == "not_started":
            result = _probe(barrier, directory, listeners.targets, None)
        reached = listeners.reached()
    ways = _ways(result.tail)
    ways.pop("state", None)
    if not ways:
        why = result.failure or "; ".join(result.tail[-1:]) or "the probe said nothing"
        detail = f"no proof: {why}"
        return Proof(
            barrier=barrier, proven=False, ways={}, reached=reached, detail=detail, state_protection=protection
        )
    open_ways = [name for name, found in ways.items() if not found.startswith(BLOCKED)]
    proven = not open_ways and reached == 0 and set(ways) == {"tcp", "udp", "unix", "abstract", "libc"}
    detail = (
        f"kernel barrier ({barrier}) holds: {', '.join(ways)} blocked"
        if proven
        else f"no barrier: {', '.join(open_ways) or 'a listener'} was reached"
    )
    if state is not None:
        detail += f"; state directory: {protection}"
    return Proof(barrier=barrier, proven=proven, ways=ways, reached=reached, detail=detail, state_protection=protection)


def _probe(barrier: Barrier, directory: Path, targets: Mapping[str, Any], witness: Path | None) -> ChildResult:
    given = json.dumps({**targets, "state": None if witness is None else str(witness)})
    spec = ChildSpec(
        argv=[sys.executable, "-I", "-S", "-B", str(PROBE), given],
        cwd=directory,
        env={"PATH": os.defpath},
        barrier=barrier,
        timeout_seconds=PROBE_TIMEOUT_SECONDS,
        grace_seconds=1.0,
        protected=None if witness is None else witness.parent,
    )
    return run_child(spec, threading.Event())


def _state_protection(result: ChildResult, witness: Path) -> str:
    """Return the protection; proven only when the probe was stopped by the mount itself and its file does not exist."""
    if witness.exists():
        witness.unlink()
        return "none (the probe could write)"
    if result.ending == "not_started":
        return f"none ({result.failure})"
    said = _ways(result.tail).get("state", "nothing")
    return READ_ONLY if said == f"{BLOCKED}: {os.strerror(errno.EROFS)}" else f"none (the probe says: {said})"


def _short_directory() -> str | None:
    """Return `/tmp`, if there is one: the path of a socket has about 100 bytes at most, and TMPDIR may be longer."""
    return "/tmp" if Path("/tmp").is_dir() else None


def _ways(lines: tuple[str, ...]) -> dict[str, str]:
    try:
        found = json.loads(lines[-1])
    except (IndexError, ValueError):
        return {}
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}


class _Listeners:
    """Sockets on this machine that the probe tries to reach."""

    def __init__(self, stack: ExitStack, directory: Path) -> None:
        self._streams = [
            stack.enter_context(socket.socket(family)) for family in (socket.AF_INET, *[socket.AF_UNIX] * 2)
        ]
        self._datagrams = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        tcp, path, abstract = self._streams
        name = f"phase4-probe-{secrets.token_hex(8)}"
        tcp.bind(("127.0.0.1", 0))
        self._datagrams.bind(("127.0.0.1", 0))
        path.bind(str(directory / "socket"))
        abstract.bind("\0" + name)
        for stream in self._streams:
            stream.listen()
        for listener in (*self._streams, self._datagrams):
            listener.setblocking(False)
        self.targets: dict[str, Any] = {
            "tcp": tcp.getsockname()[1],
            "udp": self._datagrams.getsockname()[1],
            "unix": str(directory / "socket"),
            "abstract": name,
        }

    def reached(self) -> int:
        """Return the number of connections and datagrams that came in."""
        count = 0
        for stream in self._streams:
            count += _drain(lambda stream=stream: stream.accept()[0].close())
        return count + _drain(lambda: self._datagrams.recv(16))


def _drain(take: Any) -> int:
    count = 0
    while True:
        try:
            take()
        except BlockingIOError:
            return count
        count += 1
