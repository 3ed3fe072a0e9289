"""How long comparing large reports takes, and how much memory: in the same order, and shuffled.

Usage: python -m tests.benchmarks.comparison [--records N]. Whole processes are timed. Measure on a regular install.
"""

import argparse
import array
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.pipeline import measure, module, pipeline_flags
from tests.benchmarks.records import write_batch

LIMIT_MB = 150
COMPARE = """
import sys
from pathlib import Path
from phase4_tui.rollback.decision_pairs import compare_decisions

names = ("bad", "rerun", "known_good")
paths = {name: Path(path) for name, path in zip(names, sys.argv[1:])}
pairs = compare_decisions(paths, lambda left, right: abs(left - right) <= 1e-9, 1000)
print(pairs.counts)
"""


def change(source: Path, target: Path, every: int) -> None:
    """Write a report again with each `every`-th decision turned into another."""
    with source.open() as lines, target.open("w") as file:
        for number, line in enumerate(lines):
            if number % every == 0 and '"action":"' in line:
                head, _, rest = line.partition('"action":"')
                line = f'{head}"action":"HOLD_{rest}'  # noqa: PLW2901 - the same line, changed
            file.write(line.replace('"run_tag": "bad"', f'"run_tag": "{target.name.removesuffix("_report.json")}"'))


def reverse(source: Path, target: Path) -> None:
    """Write a report again with its records in the opposite order; in little memory, which a child would inherit."""
    starts = array.array("Q")
    with source.open("rb") as file:
        place = 0
        for line in file:
            if line.startswith(b'{"input"'):
                starts.append(place)
            place += len(line)
        with target.open("wb") as out:
            out.write(b'{"results": [')
            for number, start in enumerate(reversed(starts)):
                file.seek(start)
                out.write((b",\n" if number else b"\n") + file.readline().rstrip(b",\n"))
            out.write(b"]}")


def main() -> None:
    """Compare two and three reports, and two whose order has nothing in common."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=1_000_000)
    count = parser.parse_args().records
    with tempfile.TemporaryDirectory(prefix="phase4-benchmark-") as directory:
        cwd = Path(directory)
        write_batch(cwd / "batch.json", count)
        measure(module("pipeline_runner", *pipeline_flags("batch.json", "bad")), cwd)
        bad = cwd / "reports" / "bad_report.json"
        change(bad, bad.with_name("new_report.json"), every=1000)
        change(bad, bad.with_name("good_report.json"), every=500)
        reverse(bad, bad.with_name("back_report.json"))
        for title, others in (("two", ["new"]), ("three", ["new", "good"]), ("two, one backwards,", ["back"])):
            reports = [str(bad), *(str(bad.with_name(f"{name}_report.json")) for name in others)]
            seconds, memory = measure([sys.executable, "-c", COMPARE, *reports], cwd)
            print(f"{title} reports of {count:,} records: {seconds:.1f} s, peak {memory:.0f} MB (at most {LIMIT_MB})")


if __name__ == "__main__":
    main()
