"""Speed of the dashboard, as ratios and figures of one run: `python -m tests.benchmarks.dashboard [PYTHON]`.

Measure a regular install (`pip install .`): give the interpreter of its environment.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from phase4_tui.artifacts.names import Artifact, file_name
from tests.benchmarks.records import write_batch
from tests.runbook.documents import contents
from tests.terminal import Terminal

BARE = """
from textual.app import App
from textual.widgets import Footer, Header, Static

class Bare(App):
    def compose(self):
        yield Header()
        yield Static("PAINTED")
        yield Footer()

Bare().run()
"""
LAG = """
import asyncio, os, sys, time
from pathlib import Path
from phase4_tui.runbook.site import Site
from phase4_tui.runbook.settings import load_settings
from phase4_tui.tui.app import Phase4App

async def main():
    work = Path(sys.argv[1])
    app = Phase4App(Site(work, load_settings(work, dict(os.environ), {}), dict(os.environ)))
    worst = 0.0
    async with app.run_test(size=(120, 40)) as pilot:
        begun = last = time.perf_counter()
        while True:
            await asyncio.sleep(0.005)
            now = time.perf_counter()
            worst, last = max(worst, now - last - 0.005), now
            snapshot = app.snapshot
            if snapshot and snapshot.tags == len(snapshot.rows) == int(sys.argv[2]):
                break
        print(f"{now - begun} {worst}")

asyncio.run(main())
"""
RUNS = 5
SAMPLES = 60


def main() -> None:
    """Measure everything and print it."""
    python = sys.argv[1] if len(sys.argv) > 1 else sys.executable
    with tempfile.TemporaryDirectory() as directory:
        one = lay_out(Path(directory) / "one", 1)
        many = lay_out(Path(directory) / "many", 10_000)
        start(python, one, many)
        index(python, many)
        repaint(python, one)
        keys(python, Path(directory) / "busy")
        idle(python, one)


def lay_out(work: Path, tags: int) -> Path:
    """Return a working directory with so many tags of five files each."""
    reports = work / "reports"
    reports.mkdir(parents=True)
    left_out = {Artifact.SUMMARY, Artifact.REPORT_MD, Artifact.MONITORING_MD}  # five files a tag are left
    for number in range(tags):
        tag = f"tag_{number:05d}"
        for kind, content in contents(tag, 4).items():
            if kind not in left_out or tags == 1:
                data = content if isinstance(content, str) else json.dumps(content)
                (reports / file_name(tag, kind)).write_text(data)
    return work


def first_paint(argv: list[str], work: Path, marker: str) -> float:
    """Return the seconds from the start of a program to the moment a text is on its terminal."""
    with Terminal(argv, work) as terminal:
        terminal.wait_for(marker)
        return time.perf_counter() - terminal.begun


def start(python: str, one: Path, many: Path) -> None:
    """First painted health panel against a bare application, and with many tags against one."""
    bare, single, crowded = [], [], []
    for _ in range(RUNS):
        bare.append(first_paint([python, "-c", BARE], one, "PAINTED"))
        single.append(first_paint([python, "-m", "phase4_tui"], one, "passed"))
        crowded.append(first_paint([python, "-m", "phase4_tui"], many, "passed"))
    plain, ours, crowd = (statistics.median(times) for times in (bare, single, crowded))
    print(f"first panel: {ours:.2f} s, {ours / plain:.2f} x a bare application ({plain:.2f} s), at most 2 x")
    print(f"first panel with 10,000 tags: {crowd:.2f} s, {crowd / ours:.2f} x that with one, at most 1.5 x")


def index(python: str, many: Path) -> None:
    """The whole index in the background, how long the loop was blocked, and memory."""
    run = subprocess.run([python, "-c", LAG, str(many), "10000"], check=True, capture_output=True, text=True)
    seconds, worst = map(float, run.stdout.split())
    print(
        f"index of 10,000 tags: {seconds:.1f} s, at most 5 s; loop blocked {worst * 1000:.0f} ms at most, limit 100 ms"
    )
    with Terminal([python, "-m", "phase4_tui"], many) as terminal:
        terminal.wait_for("passed")
        terminal.read(seconds + 3)
        print(f"memory with 10,000 tags: {terminal.peak_mb():.0f} MB at the peak, at most 250 MB")


def repaint(python: str, work: Path) -> None:
    """From a rename into place to the repainted panel."""
    path = work / "reports" / file_name("tag_00000", Artifact.RELEASE_CHECK)
    good = path.read_bytes()
    bad = json.dumps(json.loads(good) | {"passed": False}).encode()
    times, sizes = [], []
    with Terminal([python, "-m", "phase4_tui", "--read-only"], work) as terminal:
        terminal.wait_for("passed")
        terminal.read(3)
        for number in range(SAMPLES):
            new = path.with_name("new")
            new.write_bytes(good if number % 2 else bad)
            before = len(terminal.output)
            new.replace(path)
            times.append(terminal.wait_for("✔ passed" if number % 2 else "✘ FAILED", since=before))
            terminal.read(0.3)
            sizes.append(len(terminal.output) - before)
    path.write_bytes(good)
    size = statistics.median(sizes)
    print(f"rename to repaint: p95 {p95(times) * 1000:.0f} ms, at most 100 ms; {size:.0f} bytes, under 4096")


def keys(python: str, work: Path) -> None:
    """From a key to the repaint, while a pipeline of a million records runs and a step floods its output."""
    subprocess.run([python, "-m", "phase4_tui", "init", str(work)], check=True, capture_output=True)
    write_batch(work / "big.json", 1_000_000)
    pipeline = "python pipeline_runner.py --input {input} --outdir {outdir} --tag {tag}"
    flood = ["bash", "-c", f"timeout 40 yes 'a flood of output, line after line' & {pipeline}; wait"]
    (work / "phase4.toml").write_text(f'input = "big.json"\n[steps.pipeline]\nargv = {json.dumps(flood)}\n')
    times: dict[str, list[float]] = {"key": [], "screen": []}
    with Terminal([python, "-m", "phase4_tui"], work) as terminal:
        terminal.wait_for("NO RUN YET")
        terminal.press("r")
        terminal.wait_for("Run tag of the")
        terminal.press("\r")
        terminal.wait_for("Input of phase4_demo?")
        terminal.press("\r")
        terminal.wait_for("Run (y)")
        terminal.press("y")
        terminal.wait_for("a flood of output")
        for number in range(SAMPLES):
            before = terminal.press(" ")
            if number % 2 == 0:
                times["key"].append(terminal.wait_for("paused", since=before))
            terminal.read(0.2)
        for _ in range(SAMPLES // 3):
            before = terminal.press("?")
            times["screen"].append(terminal.wait_for("each has its command", since=before))
            terminal.read(0.3)
            terminal.press("\x1b")
            terminal.read(0.5)
        terminal.press("x")
        terminal.read(1)
    for what, found in times.items():
        print(f"{what} to repaint under load: p95 {p95(found) * 1000:.0f} ms, at most 100 ms")


def idle(python: str, work: Path) -> None:
    """Processor time and bytes to the terminal when nothing happens."""
    for path in (work / "reports").iterdir():
        if path.is_file():
            os.utime(path, (time.time() - 7200, time.time() - 7200))
    with Terminal([python, "-m", "phase4_tui"], work) as terminal:
        terminal.wait_for("passed")
        terminal.read(6)
        cpu = terminal.cpu_seconds()
        written = len(terminal.read(20))
        share = (terminal.cpu_seconds() - cpu) / 20
    print(f"idle: {share * 100:.2f} % of a core, under 1 %; {written / 20:.0f} bytes/s, under 200")


def p95(values: list[float]) -> float:
    """Return the 95th percentile."""
    return sorted(values)[max(round(len(values) * 0.95) - 1, 0)]


if __name__ == "__main__":
    main()
