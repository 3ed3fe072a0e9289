"""How often and how long a test tries: enough for every day, or as the scorecard has it. This alone says which."""

import os
from typing import TypeVar

T = TypeVar("T")

SWITCH = "SCORECARD_COUNTS"
"""The variable of the environment that `python -m tests.scorecard` sets to `full`."""


def tries(usual: T, full: T) -> T:
    """Return the usual count, size or time, or the scorecard's where that was asked for."""
    return full if os.environ.get(SWITCH) == "full" else usual
