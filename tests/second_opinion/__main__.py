"""Tries many random directories: python -m tests.second_opinion [DIRECTORIES] [STEPS], and prints how many."""

import sys
import time

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.second_opinion.machine import TRIED, Directory


def main(directories: int, steps: int) -> None:
    """Try that many directories with up to that many steps each; a false green is raised in its shortest form."""
    begun = time.monotonic()
    try:
        run_state_machine_as_test(
            Directory,
            settings=settings(
                max_examples=directories,
                stateful_step_count=steps,
                deadline=None,
                database=None,
                phases=(Phase.generate, Phase.shrink),
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        told = ", ".join(f"{count:,} {what}" for what, count in sorted(TRIED.items()))
        print(f"{told}; {time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000, int(sys.argv[2]) if len(sys.argv) > 2 else 30)
