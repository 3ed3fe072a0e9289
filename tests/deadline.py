"""A limit on how long code under test may take: a hang fails its test and not the whole run."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class TookTooLong(AssertionError):
    """Code under test did not come back in time."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Fail instead of hanging for ever."""

    def ring(_signal: int, _frame: FrameType | None) -> None:
        raise TookTooLong(f"not done within {seconds} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
