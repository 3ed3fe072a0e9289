"""The process between launcher and step: it puts the cage up, waits for the step, and counts what the step left.

The launcher's specification says what to put up, under `cage`: `layers` (names, in any order), `required` (false for
the probe, which goes on without a layer that the kernel refuses, and says so), `writable`, `sealed` and `hidden`
(cage/places.py), `limits` (`processes`, `open_files`, `file_bytes`, `memory_bytes`).
"""

from __future__ import annotations

import errno
import json
import os
import resource
import select
import signal

from phase4_tui.runbook.cage import landlock, limits, namespaces, places
from phase4_tui.runbook.cage.filters import deny_calls
from phase4_tui.runbook.cage.kernel import PR_SET_CHILD_SUBREAPER, PR_SET_PDEATHSIG, prctl
from phase4_tui.runbook.cage.tree import Outcome, descendants, reap

TYPE_CHECKING = False  # as `typing` has it, which is slow to load: the launcher starts with every step
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

EXEC_FAILED = 127
MOUNTED = ("read-only mounts", "read-only state", "hidden locks", "own /dev", "own /proc")
DEFAULTS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE, signal.SIGXFSZ)


class Keeper:
    """Puts up the layers of a specification, one by one."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self._spec = spec
        self._cage = spec["cage"] or {"layers": (), "required": True}
        self._refused: dict[str, str] = {}
        self._is_stopping = False

    def wants(self, layer: str) -> bool:
        """True when the specification asks for the layer."""
        return layer in self._cage["layers"]

    def put_up(self, layer: str, how: Callable[[], object]) -> bool:
        """Put up a layer, if wanted; return whether it stands."""
        if not self.wants(layer):
            return False
        try:
            how()
        except OSError as error:
            place = f"{error.filename}: " if error.filename else ""
            self._refused[layer] = f"{place}{error.strerror}"
            return False
        return True

    def keep(self, said: int, life: int) -> None:
        """Be the keeper: start the step, wait for it, say how it ended; `life` ends with the launcher."""
        prctl(PR_SET_CHILD_SUBREAPER, 1)
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if select.select([life], [], [], 0)[0]:
            return  # the launcher died before that held
        signal.signal(signal.SIGTERM, self._note_stop)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        outcome: Outcome = {}
        try:
            self._enclose()
            own = os.getpid()
            step = os.fork()
            if step == 0:
                self._become_step(said, own)
        except OSError as error:
            _say(said, {"failure": f"{error.strerror}: {error.filename or 'the keeper'}"})
            return
        while "exit" not in outcome and "signal" not in outcome:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
            reap(step, outcome)
        if not self._is_stopping and os.readlink("/proc/self") == str(os.getpid()):  # else it shows others' processes
            outcome["left"] = len(descendants())
        _say(said, outcome)
        while self._is_stopping:  # what the step has started may clean up too, until the launcher ends it
            try:
                os.wait()
            except ChildProcessError:
                return

    def _note_stop(self, number: int, frame: object) -> None:
        self._is_stopping = True

    def _enclose(self) -> None:
        """Put up what holds keeper and step alike."""
        cage = self._cage
        where = places.Places(*(cage.get(name, ()) for name in ("writable", "sealed", "hidden")))
        if any(self.wants(layer) for layer in MOUNTED) and self._own_mounts():
            self.put_up("read-only mounts", lambda: places.make_read_only(where))
            if self.put_up("read-only state", lambda: places.seal(where)):
                self.put_up("hidden locks", lambda: places.hide(where))
            self.put_up("own /dev", lambda: places.own_devices(where.writable))
            if self.wants("own /proc") and os.getpid() != 1:
                self._refused["own /proc"] = self._refused.get("own processes", "no processes of its own")
            elif self.put_up("own /proc", namespaces.own_proc):
                self.put_up("process limit", lambda: limits.limit_processes(cage["limits"]["processes"]))
                self.put_up("own /proc", namespaces.close_proc)
        for layer, stands_on in (("hidden locks", "read-only state"), ("process limit", "own /proc")):
            if self.wants(layer) and (stands_on in self._refused or not self.wants(stands_on)):
                self._refused[layer] = self._refused.get(stands_on, f"needs {stands_on}")
        self._require()

    def _own_mounts(self) -> bool:
        try:
            namespaces.separate_mounts()
        except OSError as error:
            for layer in MOUNTED:
                if self.wants(layer):
                    self._refused[layer] = f"no mounts of its own: {error.strerror}"
            return False
        return True

    def _require(self) -> None:
        if self._refused and self._cage["required"]:
            told = "; ".join(f"{layer} ({why})" for layer, why in self._refused.items())
            raise OSError(errno.EPERM, "what was proven to hold can't be put up", told)

    def _become_step(self, said: int, parent: int) -> None:
        """Put up what holds the step alone, and become it."""
        spec, given = self._spec, self._cage.get("limits") or {}
        try:
            os.setpgid(0, 0)
            self.put_up("own keyring", limits.own_keyring)
            self.put_up(
                "limits",
                lambda: limits.limit_files_and_memory(given["open_files"], given["file_bytes"], given["memory_bytes"]),
            )
            has_own_devices = self.wants("own /dev") and "own /dev" not in self._refused
            own = [landlock.SHARED_MEMORY] if has_own_devices else []  # else it would be the machine's
            self.put_up("Landlock", lambda: landlock.allow_writing([*self._cage["writable"], *own]))
            self.put_up("few rights", limits.drop_capabilities)
            # Only now: the kernel clears this setting when credentials change.
            prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:
                return
            self._require()
            for number in DEFAULTS:
                signal.signal(number, signal.SIG_DFL)
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            os.chdir(spec["cwd"])
            if spec["barrier"] == "seccomp":
                deny_calls()
            if self._is_stopping:  # asked before its own way of taking that stood
                return
            if self._refused:
                _say(said, {"refused": self._refused})
            os.execvpe(spec["argv"][0], spec["argv"], spec["env"])
        except OSError as error:
            _say(said, {"failure": f"{error.strerror}: {error.filename or spec['argv'][0]}"})
        finally:
            os._exit(EXEC_FAILED)


def _say(descriptor: int, facts: Outcome) -> None:
    os.write(descriptor, json.dumps(facts).encode() + b"\n")
