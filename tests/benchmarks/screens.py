"""Memory that opening and leaving each screen keeps: `python -m tests.benchmarks.screens [OPENINGS]`.

Beside each stands a bare Textual application that opens and leaves a screen of a text and a footer as often.
"""

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Footer, Header, Static

from phase4_tui.tui.app import Phase4App
from tests.tui.openings import open_and_leave, openings
from tests.tui.support import SIZE, lay_out, make_app, until
from tests.tui.view_support import decision, put_report

OPENINGS = 90
FLAT_FROM, FLAT_TO = 100, 200
PAGE = 4096
SETTLE_SECONDS = 2.0
"""The dashboard collects what refers to itself a moment after a screen was left."""
MIB = 1 << 20
KEYS: list[BindingType] = [Binding(letter, "app.bell", f"key {letter}") for letter in "abcdefgh"]


class BareScreen(Screen[None]):
    """A screen with nothing of ours: a title, a text, the keys."""

    BINDINGS = KEYS

    def compose(self) -> ComposeResult:
        """Return them."""
        yield Header()
        yield Static("\n".join(f"line {number} of a text" for number in range(SIZE[1])))
        yield Footer()


class Bare(App[None]):
    """An application of two such screens."""

    BINDINGS = KEYS

    def get_default_screen(self) -> Screen[Any]:
        """Return the one below."""
        return BareScreen()


def resident() -> float:
    """Return the memory of this process now, in MiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / MIB


async def growth(openings: int, once: Callable[[], Awaitable[None]]) -> tuple[float, float, float]:
    """Return what so many openings keep, what those after the first hundred do, in MiB, and seconds an opening."""
    await once()  # what is loaded at the first time is not kept by an opening
    before, begun = resident(), time.perf_counter()
    marks = {}
    for number in range(1, max(openings, FLAT_TO) + 1):
        await once()
        if number in (openings, FLAT_FROM, FLAT_TO):
            await asyncio.sleep(SETTLE_SECONDS)
            marks[number] = resident()
    seconds = (time.perf_counter() - begun) / max(openings, FLAT_TO)
    return marks[openings] - before, marks[FLAT_TO] - marks[FLAT_FROM], seconds


async def bare(openings: int) -> tuple[float, float, float]:
    """Measure the bare application."""
    app = Bare()
    async with app.run_test(size=SIZE) as pilot:
        return await growth(openings, lambda: open_and_leave(app, pilot, lambda: app.push_screen(BareScreen())))


@asynccontextmanager
async def dashboard() -> AsyncIterator[tuple[Phase4App, Pilot[Any], Path]]:
    """Run a dashboard over a tag with decisions, whose incident is not opened since nothing may be changed."""
    with tempfile.TemporaryDirectory() as directory:
        reports = lay_out(Path(directory))
        put_report(reports, [decision() for _ in range(100)])
        app = make_app(reports.parent, read_only=True)
        async with app.run_test(size=SIZE) as pilot:
            await until(pilot, lambda: app.snapshot and app.snapshot.focus and app.snapshot.rows)
            yield app, pilot, reports


async def one(name: str, openings_of_each: int) -> tuple[float, float, float]:
    """Measure one screen in an application of its own."""
    async with dashboard() as (app, pilot, reports):
        opens = openings(app, reports)[name]
        return await growth(openings_of_each, lambda: open_and_leave(app, pilot, opens))


async def names() -> list[str]:
    """Return the names of the screens."""
    async with dashboard() as (app, _, reports):
        return list(openings(app, reports))


def main() -> None:
    """Measure each screen in a process of its own, so that none pays for another's caches, and print the table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else OPENINGS
    if len(sys.argv) > 2:
        name = sys.argv[2]
        print(*asyncio.run(bare(count) if name == "bare" else one(name, count)))
        return
    measured = {}
    print(f"{'screen':14}{f'MiB for {count}':>12}{'x bare':>8}{'MiB 100-200':>13}{'ms each':>9}")
    for name in ["bare", *asyncio.run(names())]:
        argv = [sys.executable, "-m", "tests.benchmarks.screens", str(count), name]
        run = subprocess.run(argv, check=True, capture_output=True, text=True)
        kept, later, seconds = map(float, run.stdout.split())
        measured[name] = kept
        times = kept / measured["bare"]
        print(f"{name:14}{kept:>12.1f}{times:>8.2f}{later:>13.1f}{seconds * 1000:>9.0f}", flush=True)


if __name__ == "__main__":
    main()
