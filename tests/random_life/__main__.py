"""`python -m tests.random_life`: plays episodes until the time is over; ends with 1 when something was found."""

import argparse
import secrets
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from tests.random_life.episode import Limits, play
from tests.random_life.processes import adopt_orphans


def main() -> int:
    """Play, print what was found and a summary, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.random_life", description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0, help="begin no episode after that time")
    parser.add_argument("--seed", type=int, help="of all choices; a fresh one when it is not given")
    parser.add_argument("--episode", type=int, help="play this one alone")
    parser.add_argument("--actions", type=int, help="at most so many in an episode")
    parser.add_argument("--jobs", type=int, default=1, help="so many at once, each with a seed of its own")
    parser.add_argument("--without", default="", help="acts that are left out, as `suspend,storm`; the others stay")
    parser.add_argument("--keep", type=Path, help="keep the directories of episodes that found something there")
    parser.add_argument("--verbose", action="store_true", help="print every action")
    given = parser.parse_args()
    seed = secrets.randbelow(1_000_000) if given.seed is None else given.seed
    if given.jobs > 1:
        return _side_by_side(given.jobs, seed, given.seconds, given.without)
    limits = Limits(given.actions or 1000, tuple(given.without.split(",")), given.keep)
    print(f"seed {seed}", flush=True)
    # A shell starts what goes on in its background with interrupts ignored, which every process here would inherit.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    adopt_orphans()
    begun, counts, found = time.monotonic(), Counter[str](), 0
    number = given.episode if given.episode is not None else 0
    while True:
        told = play(seed, number, limits)
        counts.update(told.counts)
        counts["episodes"] += 1
        if given.verbose:
            print(f"episode {number} ({told.kind})", *told.log, sep="\n  ", flush=True)
        if told.findings:
            found += 1
            print(f"\nafter {time.monotonic() - begun:.0f} s: {told.report(seed)}", flush=True)
        else:
            print(f"episode {number} ({told.kind}): {told.actions} actions", flush=True)
        number += 1
        if given.episode is not None or time.monotonic() - begun > given.seconds:
            break
    summary = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
    print(f"seed {seed}: {time.monotonic() - begun:.0f} s, {summary}; {found} episodes with findings", flush=True)
    return 1 if found else 0


def _side_by_side(jobs: int, seed: int, seconds: float, without: str) -> int:
    argv = [sys.executable, "-m", "tests.random_life", "--without", without, "--seconds", str(seconds), "--seed"]
    started = [subprocess.Popen([*argv, str(seed + job)]) for job in range(jobs)]
    return max(process.wait() for process in started)


if __name__ == "__main__":
    sys.exit(main())
