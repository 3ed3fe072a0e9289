"""The journal at 100,000 events against the journal at 10: appending, reading the state and its end; verifying all.

Usage: python -m tests.benchmarks.journal [--events N]. Both journals are measured in turn in one run; each figure is
the median of the repetitions. Verifying runs in a process of its own, whose peak memory is told.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from phase4_tui.journal.actor import Actor
from phase4_tui.journal.log import Draft, last_event, read_events
from phase4_tui.journal.state import read_state
from phase4_tui.journal.writer import record
from tests.journal.support import write_at_once

SMALL = 10
REPETITIONS = 200
ACTOR = Actor("maria", "desk")
VERIFY = """
import sys, time
from pathlib import Path
from phase4_tui.journal.journal_check import check_journal
started = time.perf_counter()
if check_journal(Path(sys.argv[1])).problems:
    raise SystemExit("the journal does not hold")
took = time.perf_counter() - started
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(took, int(peak.split()[1]) / 1024)
"""


def details(count: int) -> list[dict[str, Any]]:
    """Return what operations write: an intent and its end, which changes the state."""
    frozen = {f"tag_{one}": {"manifest_sha256": "0" * 64, "at": "", "by": "", "reason": ""} for one in range(20)}
    found: list[dict[str, Any]] = []
    for number in range(1, count + 1):
        if number % 2:
            found.append({"outcome": "intent", "plan": [f"Make tag_{number} active"], "reason": "the last good one"})
        else:
            changes: dict[str, Any] = {"active_tag": f"tag_{number}", "active_reason": "the last good one"}
            if number % 10 == 0:
                changes["frozen"] = frozen
            found.append({"outcome": "done", "intent": number - 1, "changes": changes})
    return found


def seconds(act: Callable[[], object]) -> float:
    """Return how long it took."""
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def compare(title: str, large: Path, small: Path, act: Callable[[Path], object]) -> None:
    """Print how much longer it takes on the large journal."""
    pairs = [(seconds(lambda: act(large)), seconds(lambda: act(small))) for _ in range(REPETITIONS)]
    own, other = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratio = statistics.median(first / second for first, second in pairs)
    print(f"{title}: {ratio:.2f} x the small journal ({own * 1000:.2f} ms against {other * 1000:.2f} ms)")


def append(reports: Path) -> None:
    """Add one event that changes the state."""
    record(reports, ACTOR, Draft("note", detail={"changes": {"active_tag": "t"}}))


def read_last_hundred(reports: Path) -> None:
    """Read the last hundred events, or all."""
    last = last_event(reports)
    if last is None or len(list(read_events(reports, after=last.seq - 100))) != min(100, last.seq):
        raise SystemExit("the end of the journal is not what was written")


def verify(reports: Path) -> tuple[float, float]:
    """Return the seconds and the peak memory in MB of verifying in a process of its own."""
    argv = [sys.executable, "-c", VERIFY, str(reports)]
    took, peak = subprocess.run(argv, stdout=subprocess.PIPE, check=True).stdout.split()
    return float(took), float(peak)


def main() -> None:
    """Run all comparisons."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=100_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="phase4-benchmark-") as directory:
        large, small, hundred = (Path(directory) / name for name in ("large", "small", "hundred"))
        write_at_once(large, details(arguments.events))
        write_at_once(small, details(SMALL))
        write_at_once(hundred, details(100))
        print(f"a journal of {arguments.events:,} events against one of {SMALL}")
        compare("read the state", large, small, read_state)
        compare("read the last 100 events (of 100)", large, hundred, read_last_hundred)
        compare("append with fsync", large, small, append)
        took, memory = verify(large)
        size = (large / ".phase4" / "journal.jsonl").stat().st_size / 1e6
        print(f"verify all: {took:.2f} s for {size:.0f} MB (at most 3); peak {memory:.0f} MB (at most 250)")
        print(f"verify {SMALL}: {verify(small)[0] * 1000:.1f} ms; peak {verify(small)[1]:.0f} MB")


if __name__ == "__main__":
    main()
