"""Bytes that each screen sends to the terminal: `python -m tests.benchmarks.wire [SECONDS]`.

For each screen what it takes to open it, and what it sends a second when nothing happens: on a calm directory, and on
one with an open incident and files that are seconds old, whose age each screen may tell.
"""

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from phase4_tui.console.operations.registry import OPERATIONS
from phase4_tui.console.views import View
from tests.runbook.documents import Tag, without_alerts
from tests.terminal import Terminal
from tests.tui.support import bad_tag, older

OPEN_BYTES, IDLE_BYTES = 40_000, 200
"""The most that a screen at 120×40 may send when it is opened, and each second after that."""
SIZES = ((120, 40), (80, 24))
SECONDS = 10.0
OPEN_SECONDS, LONGEST_SECONDS = 1.2, 15.0
"""The time in which a screen is opened and filled, and the most that is waited for it."""
ESCAPE = "\x1b"
SCREENS = {"dashboard": ""} | {
    operation.does.value: {"question_mark": "?"}.get(operation.key, operation.key)
    for operation in OPERATIONS
    if isinstance(operation.does, View) and operation.key and operation.does is not View.TRANSCRIPT
}
SCREENS |= {"freeze?": "f", "palette": "\x10"}


class Sent(NamedTuple):
    """What one screen sent."""

    to_open: int
    a_second: float


def lay_out(work: Path, *, incident: bool) -> Path:
    """Lay out a directory whose tags are good and two hours old, or of which the newest is P1 and was just written."""
    reports = work / "reports"
    work.mkdir(parents=True, exist_ok=True)
    without_alerts(work)
    for number in range(12):
        older(Tag(reports, f"phase4_{number:02}"), 7200 + 60 * (12 - number))
    if incident:
        bad_tag(reports)
    return work


def freshen(work: Path) -> None:
    """Let every file of the newest tag be of this moment, one as new as the other."""
    now = time.time_ns()
    for path in (work / "reports").glob("B_*"):
        os.utime(path, ns=(now, now))


def settle(terminal: Terminal) -> None:
    """Wait until a screen is open and filled: what it writes after that is little."""
    until = time.monotonic() + LONGEST_SECONDS
    while len(terminal.read(OPEN_SECONDS)) > OPEN_SECONDS * IDLE_BYTES and time.monotonic() < until:
        pass


def measured(terminal: Terminal, key: str, seconds: float) -> Sent:
    """Open a screen by its key, watch it do nothing for a while, and leave it."""
    before = terminal.press(key)
    settle(terminal)
    to_open = len(terminal.output) - before
    a_second = len(terminal.read(seconds)) / seconds
    if key:
        terminal.press(ESCAPE)
        settle(terminal)
    return Sent(to_open, a_second)


def screens(work: Path, size: tuple[int, int], seconds: float) -> Iterator[tuple[str, Sent]]:
    """Yield each screen of the dashboard of a directory with what it sent."""
    freshen(work)
    argv = [sys.executable, "-m", "phase4_tui", "--operator", "maria"]
    with Terminal(argv, work, *size) as terminal:
        terminal.wait_for("PAPER")
        settle(terminal)
        for name, key in SCREENS.items():
            freshen(work)
            yield name, measured(terminal, key, seconds)


def main() -> None:
    """Measure every screen and print the table."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    print(f"{'screen':14}{'size':>8}{'bytes to open':>16}{'bytes/s calm':>14}{'bytes/s incident':>18}")
    with tempfile.TemporaryDirectory() as directory:
        calm = lay_out(Path(directory) / "calm", incident=False)
        bad = lay_out(Path(directory) / "incident", incident=True)
        for size in SIZES:
            for (name, first), (_, second) in zip(
                screens(calm, size, seconds), screens(bad, size, seconds), strict=True
            ):
                cells = f"{size[0]}x{size[1]}"
                to_open = max(first.to_open, second.to_open)
                print(f"{name:14}{cells:>8}{to_open:>16,}{first.a_second:>14.0f}{second.a_second:>18.0f}", flush=True)
    print(f"limits: {OPEN_BYTES:,} bytes to open, {IDLE_BYTES} bytes/s; {time.strftime('%H:%M', time.gmtime())} UTC")


if __name__ == "__main__":
    main()
