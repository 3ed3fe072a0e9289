"""Pipeline and quality gate against the straightforward version, and five steps against five bare imports.

Usage: python -m tests.benchmarks.pipeline [--records N] [--large N]. Whole processes are timed; each figure is the
median of the runs, the two sides taken in turn. Measure on a regular install: `pip install .`.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.benchmarks.records import write_batch

ROOT = Path(__file__).parents[2]
RUNS = 3


def measure(argv: Sequence[str], cwd: Path) -> tuple[float, float]:
    """Run a process to its end; return wall seconds and its peak memory in MB."""
    started = time.perf_counter()
    process = subprocess.Popen(argv, cwd=cwd, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - started
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(argv)} ended with status {process.returncode}")
    return seconds, usage.ru_maxrss / 1024


def compare(ours: Sequence[str], baseline: Sequence[str], cwd: Path) -> tuple[float, float, float, float]:
    """Return median seconds of both sides, the ratio (baseline / ours, pair by pair), and our peak memory in MB."""
    pairs = [(measure(ours, cwd), measure(baseline, cwd)) for _ in range(RUNS)]
    own = statistics.median(pair[0][0] for pair in pairs)
    other = statistics.median(pair[1][0] for pair in pairs)
    return own, other, statistics.median(b[0] / a[0] for a, b in pairs), max(pair[0][1] for pair in pairs)


def module(name: str, *flags: str) -> list[str]:
    """Return the command line of one of our steps."""
    return [sys.executable, "-m", f"phase4_tui.steps.{name}", *flags]


def baseline(*flags: str) -> list[str]:
    """Return the command line of the straightforward version."""
    return [sys.executable, str(Path(__file__).with_name("baseline.py")), *flags]


def pipeline_flags(batch: str, tag: str) -> list[str]:
    """Return the flags of a pipeline run."""
    return ["--input", batch, "--outdir", "reports", "--tag", tag]


def show(title: str, count: int, result: tuple[float, float, float, float]) -> None:
    """Print one comparison."""
    own, other, ratio, memory = result
    print(
        f"{title}: {ratio:.1f} x the straightforward version ({count / own:,.0f} against {count / other:,.0f} "
        f"records/s, {own:.2f} s against {other:.2f} s); peak {memory:.0f} MB"
    )


def five_steps(cwd: Path) -> None:
    """Print the time of five steps on the small sample against five processes that import pydantic."""
    tag = "small"
    base = f"reports/{tag}"
    report, release = f"{base}_report.json", f"{base}_release_check.json"
    quality = f"{base}_quality_check.json"
    steps = [
        module("pipeline_runner", *pipeline_flags(str(ROOT / "sample_batch_input.json"), tag)),
        module("phase4_release_check", "--tag", tag, "--outdir", "reports", "--out-json", release),
        module("phase4_quality_check", "--report-json", report, "--out-json", quality),
        module("phase4_signoff_generator", "--tag", tag, "--outdir", "reports"),
        module(
            "phase4_monitor_runner",
            *("--report-json", report, "--release-json", release, "--quality-json", quality),
            *("--rules-json", str(ROOT / "monitoring_rules.json"), "--out-json", f"{base}_monitoring.json"),
        ),
    ]
    bare = [sys.executable, "-c", "import pydantic; pydantic.BaseModel"]
    ratios = []
    for _ in range(2 * RUNS):
        own = sum(measure(step, cwd)[0] for step in steps)
        ratios.append(own / measure(bare, cwd)[0])
    ratio = statistics.median(ratios)
    print(f"five steps on the sample: {ratio:.2f} x one process that imports pydantic (at most {5 * 2.5})")


def main() -> None:
    """Run all comparisons."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--large", type=int, default=1_000_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="phase4-benchmark-") as directory:
        cwd = Path(directory)
        write_batch(cwd / "batch.json", arguments.records)
        show(
            f"pipeline, {arguments.records:,} records",
            arguments.records,
            compare(
                module("pipeline_runner", *pipeline_flags("batch.json", "ours")),
                baseline("pipeline", "batch.json", "reports", "plain"),
                cwd,
            ),
        )
        show(
            f"quality gate, {arguments.records:,} records",
            arguments.records,
            compare(
                module("phase4_quality_check", "--report-json", "reports/ours_report.json", "--out-json", "ours.json"),
                baseline("quality", "reports/ours_report.json", "plain.json"),
                cwd,
            ),
        )
        five_steps(cwd)
        write_batch(cwd / "large.json", arguments.large)
        large: list[tuple[str, Callable[[], list[str]]]] = [
            ("pipeline", lambda: module("pipeline_runner", *pipeline_flags("large.json", "large"))),
            ("release check", lambda: module("phase4_release_check", "--tag", "large", "--outdir", "reports")),
            ("quality gate", lambda: module("phase4_quality_check", "--report-json", "reports/large_report.json")),
        ]
        for title, argv in large:
            seconds, memory = measure(argv(), cwd)
            print(
                f"{title}, {arguments.large:,} records: {seconds:.2f} s, "
                f"{arguments.large / seconds:,.0f} records/s, peak {memory:.0f} MB (at most 150)"
            )


if __name__ == "__main__":
    main()
