"""The one rule of the journal's chain: whether an event follows another, and whether an anchor fits the events.

The anchor may be one event behind, after a crash between the event and the anchor, and never more.
"""

from collections.abc import Callable
from typing import Literal, Protocol

from phase4_tui.journal.events import Event

MAX_UNANCHORED = 1
AnchorFault = Literal["cut off", "rewritten", "left behind"]


class Place(Protocol):
    """A place in the chain: an event, an anchor, or the end of what was read; `seq` 0 is before the first event."""

    @property
    def seq(self) -> int:
        """The number of the event."""

    @property
    def hash(self) -> str:
        """Its hash; GENESIS before the first event."""


def is_same(left: Place, right: Place) -> bool:
    """True when both are the same event."""
    return (left.seq, left.hash) == (right.seq, right.hash)


def follows(event: Event, last: Place) -> bool:
    """True when `event` is the next one after `last`."""
    return (event.seq - 1, event.prev) == (last.seq, last.hash)


def does_not_follow(event: Event, last: Place) -> str:
    """Return in words that `event` is not the next one after `last`."""
    return f"event {event.seq} does not follow event {last.seq}: lines were removed, swapped or added"


def contradicts(event: Event, known: Place) -> bool:
    """True when `event` has the number of an event that is known from elsewhere, and is another."""
    return event.seq == known.seq and event.hash != known.hash


def holds(known: Place, end: int, hash_at: Callable[[int], str | None]) -> bool:
    """True when events up to number `end`, whose hashes `hash_at` gives, hold an event known from elsewhere."""
    return known.seq == 0 or (0 < known.seq <= end and hash_at(known.seq) == known.hash)


def is_cut_off(end: int, anchor: Place) -> bool:
    """True when events that end at number `end` lack the anchored one."""
    return end < anchor.seq


def is_left_behind(end: int, anchor: Place) -> bool:
    """True when the anchor is further behind number `end` than a crash leaves it."""
    return end > anchor.seq + MAX_UNANCHORED


def anchor_fault(anchor: Place, end: int, hash_at: Callable[[int], str | None]) -> AnchorFault | None:
    """Return how the anchor does not fit events up to number `end`, whose hashes `hash_at` gives."""
    if is_cut_off(end, anchor):
        return "cut off"
    if not holds(anchor, end, hash_at):
        return "rewritten"
    return "left behind" if is_left_behind(end, anchor) else None
