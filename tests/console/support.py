"""What the tests of this room share: a clock that is set by hand, and what was posted, by kind."""

from typing import TypeVar

from phase4_tui.console.facts.events import FactEvent

E = TypeVar("E", bound=FactEvent)


class Clock:
    """A monotonic clock that only moves when a test moves it, in seconds."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def passes(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


class Posted(list[FactEvent]):
    """Everything that was posted."""

    def of(self, kind: type[E]) -> list[E]:
        """Return the events of one kind, oldest first."""
        return [event for event in self if isinstance(event, kind)]

    def taken(self) -> "Posted":
        """Return what was posted since the last call."""
        taken = Posted(self)
        self.clear()
        return taken
