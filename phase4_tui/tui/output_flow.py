"""How much may be sent to the terminal now: over a slow line more would only be shown long after it was true.

A terminal answers a question once it has drawn what came before it, so that its answers tell how fast it gets what is
sent, whatever buffers lie between. One that never answers shows that it is slow when its own buffer is full.
"""

from collections.abc import Callable
from time import monotonic

ASK, ANSWER = "\x1b[5n", "\x1b[0n"
"""The question for the terminal's state (DSR 5) and the answer that it is ready."""
TELLING = 1500
"""Of fewer bytes the time tells how far the terminal is, not how fast the line to it."""
SECONDS_UNDER_WAY = 0.8
"""What may be under way is what the line takes in this time."""
LEAST, MOST = 600, 1 << 18
"""The limits of that in bytes, and of how fast a line is taken to be in bytes a second."""
LOST_SECONDS = 6.0
"""After this time a question counts as lost, as when another terminal was attached."""
BLOCKED_SECONDS, BLOCKED_BYTES = 0.2, 256
"""A terminal that takes longer for so many bytes has a full buffer."""
BUFFER = 12_288
"""Bytes that Linux holds between a program and the reader of its pseudo-terminal."""
DECREASE, GROWTH = 0.7, 1.005
"""A line is taken to be slower when its buffer was full, and a little faster with each write that is taken at once."""


class OutputFlow:
    """What is under way on the line to a terminal, and how fast the line is."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._rate: float | None = None
        """Bytes a second; None until something is known of it."""
        self._under_way = 0.0
        self._at = clock()
        self._answers = False
        self._asked: tuple[float, float] | None = None
        """When the last question was sent, and the bytes under way with it; None when it is answered."""

    @property
    def is_asking(self) -> bool:
        """True while an answer is due from a terminal that gives answers."""
        return self._answers and self._asked is not None

    def room(self) -> int:
        """Return how many bytes may be sent now; 0 is none."""
        now = self._clock()
        if self._asked is not None and now - self._asked[0] > LOST_SECONDS:
            self._under_way = 0.0 if self._answers else self._under_way
            self._asked, self._answers = None, False
        if not self._answers:  # what is under way is only reckoned
            self._under_way = max(self._under_way - (self._rate or MOST) * (now - self._at), 0.0)
        self._at = now
        most = MOST if self._rate is None else min(max(self._rate * SECONDS_UNDER_WAY, LEAST), MOST)
        left = int(most - self._under_way)
        return left if left >= LEAST // 2 else 0

    def sent(self, size: int) -> str:
        """Note that so many bytes are sent, and return the question to send after them, if any."""
        self._under_way += size
        if self._asked is not None:
            return ""
        self._asked = self._clock(), self._under_way
        return ASK

    def answered(self) -> str:
        """Note an answer of the terminal, and return the question about what was sent since the last, if any."""
        if self._asked is None:
            return ""
        (since, size), self._asked, self._answers = self._asked, None, True
        rate = size / max(self._clock() - since, 1e-3)
        if size >= TELLING or (self._rate is not None and rate > self._rate):
            self._rate = max(rate, LEAST)
        self._under_way = max(self._under_way - size, 0.0)
        return self.sent(0) if self._under_way else ""

    def taken(self, size: int, seconds: float) -> None:
        """Note that the system took so many bytes in that time."""
        if self._answers:
            return
        if seconds > BLOCKED_SECONDS and size >= BLOCKED_BYTES:
            rate = size / seconds  # more than the line takes, since a part found room in the buffer
            self._rate = max(rate if self._rate is None else min(rate, self._rate * DECREASE), LEAST)
            self._under_way = max(self._under_way, BUFFER)
        elif self._rate is not None:
            self._rate *= GROWTH
