"""What is measured of the desk as it ages: the dashboard that never ends, and beside it the same on the young desk.

This machine is faster at one moment than at another: each time of the aged desk has that of the young one beside it,
taken in turns in the same seconds.
"""

import re
import statistics
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from phase4_tui.journal.state import read_state
from tests.cli.support import HEALTHY, call
from tests.terminal import Terminal

PANEL = "passed"
SHEET = "each has its command"
LOOKS = "gavjbdtck"
"""The keys of screens that are opened and left between measurements, as a desk does all year."""
QUIET_SECONDS = 0.15
SPARKS = "▁▂▃▄▅▆▇█"
MOST = 1.2
"""The largest ratio of the last measurements to the first ones."""
GROWTH_MIB = 0.2
"""The largest share of memory by which the dashboard may grow after the first measurement."""
FD_LOOKS = 10
"""Open files are counted so often: the least is what stays, the rest belongs to a look under way."""
POOL_THREADS = 2
"""Python's own pool for short work makes a thread more, up to a bound, when two things coincide for the first time."""


@dataclass(frozen=True)
class Sample:
    """One measurement; times in milliseconds, `*_ratio` against the young desk at the same moment."""

    runs: int
    incidents: int
    rss_mib: float
    descriptors: int
    threads: int
    status_ms: float
    status_ratio: float
    panel_ms: float
    panel_ratio: float
    key_ms: float
    key_ratio: float


class Watched:
    """A dashboard on a terminal of its own, which is read all the time, as a terminal does."""

    def __init__(self, work: Path, operator: str) -> None:
        self.terminal = Terminal([sys.executable, "-m", "phase4_tui", "--operator", operator], work)
        self.first_panel = self.terminal.wait_for(PANEL, 120)

    @contextmanager
    def being_read(self) -> Iterator[None]:
        """Read what it writes while something else is done."""
        done = threading.Event()

        def read() -> None:
            while not done.is_set():
                self.terminal.read(0.1)
                self.terminal.output.clear()

        thread = threading.Thread(target=read)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def settle(self) -> None:
        """Wait until it writes nothing for a while but its clocks."""
        while len(self.terminal.read(QUIET_SECONDS)) > 400:
            pass

    def key_ms(self) -> float:
        """Return the milliseconds from a key to the screen that it opens; the screen is left again."""
        self.settle()
        seconds = self.terminal.wait_for(SHEET, since=self.terminal.press("?"))
        self.terminal.press("\x1b")
        self.settle()
        return seconds * 1000

    def looks(self) -> None:
        """Open each screen once and leave it."""
        for key in LOOKS:
            self.terminal.press(key)
            self.settle()
            self.terminal.press("\x1b")
            self.settle()

    def freezes(self, tag: str, seconds: float = 60.0) -> None:
        """Freeze the tag of the open incident by key, as the incident's next move."""
        self.terminal.wait_for(f"freeze {tag}", seconds)
        before = self.terminal.press("f")
        self.terminal.wait_for(f"Reason to freeze {tag}", seconds, before)
        before = self.terminal.press("\r")
        self.terminal.wait_for("Do it (y)", seconds, before)
        self.terminal.press("y")
        end = time.monotonic() + seconds
        while tag not in read_state(self.work / "reports").frozen:
            self.terminal.read(0.1)
            if time.monotonic() > end:
                raise TimeoutError(f"{tag} was not frozen by key within {seconds} s")

    @property
    def work(self) -> Path:
        """The working directory."""
        return Path(f"/proc/{self.terminal.pid}/cwd").readlink()

    def resources(self) -> tuple[float, int, int]:
        """Return memory in MiB, open descriptors, threads."""
        process = Path(f"/proc/{self.terminal.pid}")
        status = (process / "status").read_text()
        numbers = {name: int(value) for name, value in re.findall(r"^(VmRSS|Threads):\s+(\d+)", status, re.M)}
        counts = []
        for _ in range(FD_LOOKS):
            counts.append(len(list((process / "fd").iterdir())))
            self.terminal.read(0.05)
        return numbers["VmRSS"] / 1024, min(counts), numbers["Threads"]


def status_ms(work: Path) -> float:
    """Return the milliseconds of a fresh `phase4 status`."""
    begun = time.perf_counter()
    answer = call(work, "status")
    assert answer.status == HEALTHY, answer
    return (time.perf_counter() - begun) * 1000


def panel_ms(work: Path) -> float:
    """Return the milliseconds from the start of a dashboard to its first panel."""
    watched = Watched(work, "passer_by")
    with watched.terminal:
        return watched.first_panel * 1000


def measure(aged: Watched, young: Path, runs: int, incidents: int, times: int) -> Sample:
    """Return a sample, each time the least of so many, young and aged in turns."""
    work = aged.work
    fresh = Watched(young, "young")
    found: dict[str, list[float]] = {name: [] for name in ("status", "panel", "key", "y_status", "y_panel", "y_key")}
    with fresh.terminal:
        fresh.looks()
        aged.looks()
        for _ in range(times):
            found["key"].append(aged.key_ms())
            found["y_key"].append(fresh.key_ms())
            found["status"].append(status_ms(work))
            found["y_status"].append(status_ms(young))
            found["panel"].append(panel_ms(work))
            found["y_panel"].append(panel_ms(young))
    aged.settle()
    rss, descriptors, threads = aged.resources()
    least = {name: min(values) for name, values in found.items()}
    ratios = {name: least[name] / least[f"y_{name}"] for name in ("status", "panel", "key")}
    return Sample(
        runs, incidents, rss, descriptors, threads,
        least["status"], ratios["status"], least["panel"], ratios["panel"], least["key"], ratios["key"],
    )  # fmt: skip


def broken_promises(samples: Sequence[Sample]) -> list[str]:
    """Return what does not hold: memory, files and threads flat, times as on the young desk."""
    first, last = samples[0], samples[-1]
    told = []
    if last.rss_mib > first.rss_mib * (1 + GROWTH_MIB):
        told.append(f"memory grew from {first.rss_mib:.0f} to {last.rss_mib:.0f} MiB")
    if last.descriptors > first.descriptors:
        told.append(f"open files grew from {first.descriptors} to {last.descriptors}")
    if last.threads > first.threads + POOL_THREADS:
        told.append(f"threads grew from {first.threads} to {last.threads}")
    for name in ("status", "panel", "key"):
        ratio = statistics.median(getattr(sample, f"{name}_ratio") for sample in samples[-3:])
        if ratio > MOST:
            told.append(f"{name} takes {ratio:.2f} x as long as on the young desk")
    return told


def table(samples: Sequence[Sample]) -> str:
    """Return the curve: a line a sample, and each column as a sparkline."""
    names = ("runs", "incidents", "rss_mib", "descriptors", "threads", "status_ms", "status_ratio", "panel_ms",
             "panel_ratio", "key_ms", "key_ratio")  # fmt: skip
    rows = [[getattr(sample, name) for name in names] for sample in samples]
    lines = ["".join(f"{name:>13}" for name in names)]
    lines += [
        "".join(f"{value:>13.2f}" if isinstance(value, float) else f"{value:>13}" for value in row) for row in rows
    ]
    lines += [f"{name:>13} {spark([row[at] for row in rows])}" for at, name in enumerate(names) if at > 1]
    return "\n".join(lines)


def spark(values: Sequence[float]) -> str:
    """Return values as bars from zero to the largest."""
    most = max(values) or 1
    return "".join(SPARKS[round(value / most * (len(SPARKS) - 1))] for value in values)
