"""Gives mutated files to readers and judges each case: what was raised, how long it took, how much memory it held."""

import contextlib
import os
import random
import shutil
import signal
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from tests.fuzz.readers import READERS, STATE, Reader

SLOWEST_SECONDS = 3.0
"""Of this process's own time, so that a loaded machine changes no verdict."""
HUNG_SECONDS = 60
MOST_BYTES = 50 << 20
SETTLED_SECONDS = 3600
FRESH_SHARE = 0.02
"""Share of cases whose file counts as being written just now, for which a patient reader waits."""


@dataclass(frozen=True)
class Failure:
    """A case that a reader did not survive; `case` is the directory with the mutated file and the story."""

    reader: str
    why: str
    case: Path


@dataclass
class Tally:
    """What was tried: the cases of each reader, the slowest and the largest of them, and the failures."""

    cases: dict[str, int] = field(default_factory=dict)
    slowest: dict[str, float] = field(default_factory=dict)
    largest: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)


class Hung(BaseException):
    """A case took so long that it was broken off; no reader catches it."""


class Campaign:
    """Cases on one working directory; `keep` is where the failing ones are left."""

    def __init__(self, work: Path, keep: Path) -> None:
        self._work, self._keep = work, keep
        self.clean = work.parent / "clean"
        if not self.clean.exists():
            shutil.copytree(work, self.clean, symlinks=True)
        self.tally = Tally()

    def run(self, seed: int, seconds: float, names: Sequence[str] = ()) -> Tally:
        """Try cases of all these readers in turn, for so long; a case is the reader's name, the seed and its number."""
        begun, number = time.monotonic(), 0
        while time.monotonic() - begun < seconds:
            number += 1
            for name in names or READERS:
                self.case(name, f"{name} {seed} {number}")
        return self.tally

    def case(self, name: str, seed: str) -> None:
        """Try one case."""
        rng, reader = random.Random(seed), READERS[name]
        path = rng.choice(reader.files(self.clean))
        data = reader.mutate(path.read_bytes(), rng)
        place = self._work / path.relative_to(self.clean)
        with self._laid(place, data, fresh=rng.random() < FRESH_SHARE):
            why = self._tried(name, reader, place)
        if why is not None:
            self._keep_case(name, seed, place, data, why)

    def replay(self, case: Path) -> str | None:
        """Try a kept case again; return what is wrong with it."""
        name, place = (case / "reader").read_text().split("\n")[:2]
        with self._laid(self._work / place, (case / "file").read_bytes(), fresh=False):
            return self._tried(name, READERS[name], self._work / place)

    @contextlib.contextmanager
    def _laid(self, place: Path, data: bytes, *, fresh: bool) -> Iterator[None]:
        original = self.clean / place.relative_to(self._work)
        place.unlink(missing_ok=True)  # it may be protected, or linked to its frozen copy
        place.write_bytes(data)
        if not fresh:
            moment = time.time() - SETTLED_SECONDS
            os.utime(place, (moment, moment))
        try:
            yield
        finally:
            place.unlink(missing_ok=True)
            shutil.copy2(original, place)
            self._restore_state()

    def _restore_state(self) -> None:
        """Undo what a reader that also writes has written."""
        for name in ("lease.json", "running/holder.json", "journal.head", "state.json"):
            shutil.copy2(self.clean / STATE / name, self._work / STATE / name)

    def _tried(self, name: str, reader: Reader, place: Path) -> str | None:
        before, began = peak_since_now(), time.process_time()
        why = None
        previous = signal.signal(signal.SIGALRM, _hang)
        signal.alarm(HUNG_SECONDS)
        try:
            with _silent():
                reader.read(self._work, place)
        except reader.raises as error:
            self.tally.refused[name] = self.tally.refused.get(name, 0) + 1
            if not str(error).strip() or len(str(error)) > 20_000:
                why = f"a message of {len(str(error))} characters"
        except Hung:
            why = f"hangs: more than {HUNG_SECONDS} s"
        except Exception:  # noqa: BLE001 - any other is what is looked for
            why = traceback.format_exc()
        finally:
            signal.alarm(0)
            signal.signal(signal.SIGALRM, previous)
        seconds, grown = time.process_time() - began, peak() - before
        tally = self.tally
        tally.cases[name] = tally.cases.get(name, 0) + 1
        tally.slowest[name] = max(tally.slowest.get(name, 0.0), seconds)
        tally.largest[name] = max(tally.largest.get(name, 0), grown)
        if why is None and seconds > SLOWEST_SECONDS:
            why = f"took {seconds:.1f} s"
        if why is None and grown > MOST_BYTES:
            why = f"held {grown >> 20} MiB more"
        return why

    def _keep_case(self, name: str, seed: str, place: Path, data: bytes, why: str) -> None:
        case = self._keep / seed.replace(" ", "-")
        case.mkdir(parents=True, exist_ok=True)
        (case / "file").write_bytes(data)
        (case / "reader").write_text(f"{name}\n{place.relative_to(self._work)}\n{seed}\n{why}\n")
        self.tally.failures.append(Failure(name, why, case))


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    with (
        Path(os.devnull).open("w") as nowhere,
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
    ):
        yield


def _hang(signum: int, frame: FrameType | None) -> None:
    raise Hung


def peak_since_now() -> int:
    """Begin to measure the peak of this process's memory, and return how much it holds now, in bytes."""
    Path("/proc/self/clear_refs").write_text("5")
    return _status(b"VmRSS:")


def peak() -> int:
    return _status(b"VmHWM:")


def _status(name: bytes) -> int:
    for line in Path("/proc/self/status").read_bytes().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) << 10
    raise AssertionError(name)
