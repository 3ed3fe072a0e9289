"""The year: runs and incidents at an even pace, with a measurement every so often."""

import math
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from tests.soak.desk import Desk
from tests.soak.measuring import Sample, Watched, measure

RUNS_OF_INCIDENT = 2
"""The one that failed, and its rehearsal."""
TIMES = 3


def soak(
    directory: Path,
    runs: int,
    incidents: int,
    *,
    operators: int = 3,
    samples: int = 10,
    minutes: float = math.inf,
    times: int = TIMES,
    tell: Callable[[Sample], object] = lambda _: None,
) -> list[Sample]:
    """Let a desk pass its year and return `samples` measurements besides the first; stops early after `minutes`."""
    end = time.monotonic() + minutes * 60
    desk = Desk(directory / "desk", operators)
    desk.runs_well()
    aged = Watched(desk.work, desk.operators[0])
    with aged.terminal:
        if incidents:
            _incident(desk, aged, by_key=True)  # what is loaded at the first time is no growth
        young = shutil.copytree(desk.work, directory / "young", symlinks=True)
        found = [measure(aged, young, desk.runs, desk.incidents, times)]
        tell(found[0])
        for number in range(1, samples + 1):
            with_key = True
            while time.monotonic() < end and desk.runs < runs * number / samples:
                if desk.incidents < incidents * desk.runs / runs and desk.runs + RUNS_OF_INCIDENT <= runs:
                    _incident(desk, aged, by_key=with_key)
                    with_key = False
                else:
                    with aged.being_read():
                        desk.runs_well()
            found.append(measure(aged, young, desk.runs, desk.incidents, times))
            tell(found[-1])
            if time.monotonic() > end:
                break
    return found


def _incident(desk: Desk, aged: Watched, *, by_key: bool) -> None:
    if by_key:
        tag = desk.incident_begins()
        aged.freezes(tag)
    else:
        with aged.being_read():
            tag = desk.incident_begins()
    with aged.being_read():
        desk.incident_ends(tag, is_frozen=by_key)
