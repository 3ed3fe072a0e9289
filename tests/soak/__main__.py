"""Soaks the desk: `python -m tests.soak [--runs 2000] [--incidents 300] [--operators 3] [--minutes N]`.

Exits with 1 when the dashboard's memory, open files or threads grow, or start-up or keys get slower than 1.2 times.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.soak.measuring import broken_promises, table
from tests.soak.year import soak


def main() -> int:
    """Soak, print the curve as it grows, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak")
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--incidents", type=int, default=300, help="each takes two of the runs")
    parser.add_argument("--operators", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after so many")
    parser.add_argument("--samples", type=int, default=10)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        samples = soak(
            Path(directory),
            given.runs,
            given.incidents,
            operators=given.operators,
            samples=given.samples,
            minutes=given.minutes,
            tell=lambda sample: print(sample, flush=True),
        )
    print(table(samples))
    broken = broken_promises(samples)
    print("\n".join(broken) or "everything holds")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
