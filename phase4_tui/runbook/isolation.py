"""Paper-mode isolation: the environment of a step, and the proof that it has no network.

The barrier is a kernel filter that refuses sockets to the whole process tree. Each run proves it: the same probe
that connects without the barrier must not connect behind it. A run without proof is refused.

The same probe tries the rest of the cage: where a step may write, what it sees of other processes, what it may use
up. Not every kernel grants all of that to every user, so a run may go on without a layer, and its record says which
and what is therefore open; once proven, no step of the run starts without it.
"""

import errno
import json
import os
import secrets
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import Field

from phase4_tui.artifacts.models import Document
from phase4_tui.artifacts.progress import PROGRESS_ENV
from phase4_tui.runbook.cage.listeners import Listeners, a_terminal
from phase4_tui.runbook.cage.spec import Cage
from phase4_tui.runbook.cage_plan import lock_view
from phase4_tui.runbook.children import Barrier, ChildResult, ChildSpec, run_child
from phase4_tui.runbook.guards import BLOCKED, NETWORK, Guard, guards_of
from phase4_tui.runbook.settings import Settings, matches_any

PROBE = Path(__file__).with_name("cage") / "probe.py"
PROBE_TIMEOUT_SECONDS = 10.0
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
    """The result of the probe; `ways` maps each way to the network to its outcome."""

    barrier: str
    proven: bool
    ways: dict[str, str]
    reached: int
    """The number of connections and datagrams that reached the listeners."""
    detail: str
    state_protection: str = NOT_TRIED
    """How the state of operations is protected from steps: `read-only mount`, or `none (why)`."""
    guards: tuple[Guard, ...] = ()
    """What else was tried, as a table; empty when only the network was."""
    layers: tuple[str, ...] = ()
    """The layers of the cage that the kernel put up, without which no step starts."""
    limits: dict[str, int | None] = Field(default_factory=dict)
    """What a step may use up (cage/spec.py)."""
    elsewhere: tuple[str, ...] = ()
    """Other paths at which the state of operations is mounted."""

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


def probe_barrier(barrier: Barrier, state: Path | None = None, cage: Cage | None = None) -> Proof:
    """Run the probe behind `barrier` against our own listeners; proven when every way to the network was blocked.

    With `state`, a directory, also find out which layers of `cage` hold, by default of one that protects only that.
    """
    with ExitStack() as stack:
        directory = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="phase4-probe-", dir=_short_directory()))
        ).resolve()
        try:
            listeners = Listeners(stack, directory)
        except OSError as error:
            detail = f"no proof: this process itself can't listen ({error.strerror})"
            return Proof(barrier=barrier, proven=False, ways={}, reached=0, detail=detail)
        inside = directory / "inside"
        inside.mkdir()
        if state is None:
            tried, targets = None, None
        else:
            hidden = lock_view(state)
            chosen = cage or Cage(sealed=tuple(hidden), hidden=hidden)
            tried = replace(chosen, required=False, writable=(*chosen.writable, inside))
            targets = _targets(stack, directory, state, tried)
        result = _probe(barrier, inside, {**listeners.targets, "cage": targets}, tried)
        found = _ways(result.tail)
        protection = NOT_TRIED
        if targets is not None and state is not None:
            protection = _state_protection(result, found, Path(targets["state"]))
        reached = listeners.reached()
    ways = {name: found[name] for name in NETWORK if name in found}
    if not ways:
        why = result.failure or "; ".join(result.tail[-1:]) or "the probe said nothing"
        detail = f"no proof: {why}"
        return Proof(
            barrier=barrier, proven=False, ways={}, reached=reached, detail=detail, state_protection=protection
        )
    open_ways = [name for name, said in ways.items() if not said.startswith(BLOCKED)]
    proven = not open_ways and reached == 0 and len(ways) == len(NETWORK)
    detail = (
        f"kernel barrier ({barrier}) holds: {', '.join(ways)} blocked"
        if proven
        else f"no barrier: {', '.join(open_ways) or 'a listener'} was reached"
    )
    proof = Proof(barrier=barrier, proven=proven, ways=ways, reached=reached, detail=detail)
    return proof if tried is None or state is None else _with_cage(proof, tried, result, found, protection, state)


def _with_cage(
    proof: Proof, cage: Cage, result: ChildResult, found: Mapping[str, str], protection: str, state: Path
) -> Proof:
    others = tuple(str(path) for path in cage.hidden if path != state)
    guards = guards_of(found, cage.layers, result.refused)
    weak = [guard.name for guard in guards if not guard.holds or guard.open]
    told = f"; not wholly held: {', '.join(weak)}" if weak else ""
    mounted = f"; the state directory is also mounted at {', '.join(others)}" if others else ""
    return proof.model_copy(
        update={
            "detail": f"{proof.detail}; state directory: {protection}{mounted}{told}",
            "state_protection": protection,
            "guards": guards,
            "layers": tuple(layer for layer in cage.layers if layer not in result.refused),
            "limits": vars(cage.limits),
            "elsewhere": others,
        }
    )


def _targets(stack: ExitStack, directory: Path, state: Path, cage: Cage) -> dict[str, Any]:
    """Return what the probe tries on the cage (cage/probe.py)."""
    from phase4_tui.runbook.cage.limits import session_keyring  # noqa: PLC0415 - ctypes is slow to load

    outside = directory / "outside"
    outside.mkdir()
    (outside / "file").touch()
    return {
        "inside": str(directory / "inside"),
        "outside": str(outside),
        "state": str(state / f".probe-{secrets.token_hex(8)}"),
        "terminal": a_terminal(stack),
        "console": {"pid": os.getpid(), "namespace": str(Path("/proc/self/ns/pid").readlink())},
        "locks": _identities(cage.hidden),
        "keyring": session_keyring(),
        "limits": cage.as_json()["limits"],
    }


def _identities(hidden: Mapping[Path, tuple[str, ...]]) -> dict[str, list[int]]:
    """Return device and inode of each directory and of each hidden name in it, by path."""
    found = {}
    for path in (
        place for directory, names in hidden.items() for place in (directory, *map(directory.joinpath, names))
    ):
        if path.exists():
            status = path.stat()
            found[str(path)] = [status.st_dev, status.st_ino]
    return found


def _probe(barrier: Barrier, directory: Path, targets: Mapping[str, Any], cage: Cage | None) -> ChildResult:
    spec = ChildSpec(
        argv=[sys.executable, "-I", "-S", "-B", str(PROBE), json.dumps(targets)],
        cwd=directory,
        env={"PATH": os.defpath},
        barrier=barrier,
        timeout_seconds=PROBE_TIMEOUT_SECONDS,
        grace_seconds=1.0,
        cage=cage,
    )
    return run_child(spec, threading.Event())


def _state_protection(result: ChildResult, found: Mapping[str, str], witness: Path) -> str:
    """Return the protection; proven only when the probe was stopped by the mount itself and its file does not exist."""
    why = result.refused.get("read-only state")
    if witness.exists():
        witness.unlink()
    elif why is None:
        said = found.get("state", "nothing")
        return READ_ONLY if said == f"{BLOCKED}: {os.strerror(errno.EROFS)}" else f"none (the probe says: {said})"
    if why is None:
        return "none (the probe could write)"
    return f"none ({witness.parent} can't be made read-only: {why})"


def _short_directory() -> str | None:
    """Return `/tmp`, if there is one: the path of a socket has about 100 bytes at most, and TMPDIR may be longer."""
    return "/tmp" if Path("/tmp").is_dir() else None


def _ways(lines: tuple[str, ...]) -> dict[str, str]:
    try:
        found = json.loads(lines[-1])
    except (IndexError, ValueError):
        return {}
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}
