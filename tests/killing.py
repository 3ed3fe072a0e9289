"""Kills a process, or fails its disk, at each single call that changes the disk, until it gets to its end untouched.

    for struck in at_every_call(prepare, act):                            # SIGKILL at the first call, the second, …
    for struck in at_every_call(prepare, act, error=errno.ENOSPC):        # that one call fails
    for struck in at_every_call(prepare, act, error=errno.ENOSPC, lasting=True):     # it and all later ones fail

`prepare` makes a fresh place, `act` works on it in a forked child; what it returns is the child's exit status.
"""

import builtins
import io
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

T = TypeVar("T")

KILLED = -signal.SIGKILL
SECONDS = 60
"""How long one child may take, so that one that hangs is an error and no hang."""
MOST_CALLS = 5000
CALLS = ("open", "write", "fsync", "ftruncate", "replace", "rename", "link", "unlink", "mkdir", "rmdir", "close")
FAILING = ("open", "write", "fsync", "replace", "rename", "link", "mkdir")
"""What a full or dying disk makes fail; it still removes."""


@dataclass(frozen=True)
class Struck(Generic[T]):
    """One child: where it worked, the call at which it was struck, and how it ended."""

    place: T
    number: int
    at: str | None
    """The call, e.g. `fsync of .state.json.tmp`; None for the child that got to its end."""
    status: int
    """Exit status; KILLED for who was killed."""
    output: str


def at_every_call(
    prepare: Callable[[], T],
    act: Callable[[T], object],
    *,
    error: int | None = None,
    lasting: bool = False,
    calls: Sequence[str] | None = None,
) -> Iterator[Struck[T]]:
    """Yield a child struck at its first call, one at its second and so on; the last got to its end untouched."""
    names = calls or (CALLS if error is None else FAILING)
    for number in range(1, MOST_CALLS):
        struck = _strike(prepare(), act, _Disk(number, names, error, lasting))
        yield struck
        if struck.at is None:
            return
    raise AssertionError(f"not at its end after {MOST_CALLS} calls")


def _strike(place: T, act: Callable[[T], object], disk: "_Disk") -> Struck[T]:
    output = os.memfd_create("output")
    reading, telling = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # about threads, of which the child starts none
        child = os.fork()
    if child == 0:
        _be_struck(lambda: act(place), disk, output, telling)
    os.close(telling)
    with open(reading, "rb") as pipe, open(output, "rb") as told:  # noqa: PTH123 - descriptors
        at = pipe.readline().decode().rstrip("\n") or None
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        told.seek(0)
        text = told.read().decode(errors="replace")
    if status == -signal.SIGALRM:
        raise AssertionError(f"hangs when struck at call {disk.number}, {at}:\n{text}")
    return Struck(place, disk.number, at, status, text)


def _be_struck(act: Callable[[], object], disk: "_Disk", output: int, telling: int) -> None:
    status = 70
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(SECONDS)
        os.dup2(output, 1)
        os.dup2(output, 2)
        sys.stdout = io.TextIOWrapper(io.FileIO(1, "w", closefd=False), write_through=True)
        sys.stderr = io.TextIOWrapper(io.FileIO(2, "w", closefd=False), write_through=True)
        disk.wrap(telling)
        returned = act()
        status = returned if isinstance(returned, int) else 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - whatever it is, its traceback is what the parent gets
        traceback.print_exc()
        status = 1
    finally:
        os._exit(status)


class _Disk:
    """Counts the calls of this process that change the disk and strikes at one of them."""

    def __init__(self, number: int, calls: Sequence[str], error: int | None, lasting: bool) -> None:
        self.number = number
        self._calls = calls
        self._error = error
        self._lasting = lasting
        self._count = 0
        self._tell: Callable[[bytes], object] = bytes

    def wrap(self, telling: int) -> None:
        """Put this disk under `os`, `open` and `Path.open` of this process."""
        write = os.write
        self._tell = lambda told: write(telling, told)
        for name in self._calls:
            if name != "write":
                setattr(os, name, self._counted(name, getattr(os, name)))
        if "write" in self._calls:
            os.write = lambda descriptor, data: self._written(lambda part: write(descriptor, part), data, descriptor)
        opened = self._opener(io.open)
        builtins.open = opened
        io.open = opened

    def _counted(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **kwargs: Any) -> Any:
            if name != "open" or args[1] & os.O_CREAT:  # to open for reading changes nothing
                self._point(name, args[0] if args else "")
            return call(*args, **kwargs)

        return counted

    def _written(self, write: Callable[[Any], int], data: Any, target: object) -> int:
        self._point("write", target)
        half = len(data) // 2
        if half:
            self._point("half of write", target, before=lambda: write(bytes(data[:half])))
        return write(data)

    def _point(self, name: str, target: object, before: Callable[[], object] | None = None) -> None:
        self._count += 1
        if self._count < self.number or (self._count > self.number and not self._lasting):
            return
        if before is not None and self._count == self.number:
            before()
        if self._count == self.number:
            self._tell(f"{name} of {_name(target)}\n".encode())
        if self._error is None:
            os.kill(os.getpid(), signal.SIGKILL)
        else:
            raise OSError(self._error, os.strerror(self._error), *([] if isinstance(target, int) else [str(target)]))

    def _opener(self, real: Callable[..., Any]) -> Any:
        disk = self

        class Raw(io.FileIO):
            def write(self, data: Any) -> int:
                return disk._written(lambda part: io.FileIO.write(self, part), data, self.name)

        def opened(file: Any, mode: str = "r", buffering: int = -1, *args: Any, **kwargs: Any) -> Any:
            if not set(mode) & set("wxa+"):
                return real(file, mode, buffering, *args, **kwargs)
            if "open" in disk._calls and not isinstance(file, int):
                disk._point("open", file)
            if "b" not in mode or "write" not in disk._calls:
                return real(file, mode, buffering, *args, **kwargs)
            raw = Raw(file, mode.replace("b", ""))
            if buffering == 0:
                return raw
            size = buffering if buffering > 1 else io.DEFAULT_BUFFER_SIZE
            return io.BufferedRandom(raw, size) if "+" in mode else io.BufferedWriter(raw, size)

        return opened


def _name(target: object) -> str:
    if isinstance(target, int):
        try:
            target = Path(f"/proc/self/fd/{target}").readlink()
        except OSError:
            return "a closed descriptor"
    return str(target).rpartition("/")[2]
