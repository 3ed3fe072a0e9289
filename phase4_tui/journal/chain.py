"""The rule of the journal's chain: whether an event follows another, and whether the anchor matches the events.

After a crash between an event and its anchor, the anchor may be one event behind, never more.
"""

from collections.abc import Callable
from typing import Literal, Protocol

from phase4_tui.journal.events import Event

MAX_UNANCHORED = 1
AnchorFault = Literal["cut off", "rewritten", "left behind"]


class Place(Protocol):
    """A place in the chain: an event, an anchor, or the end of the events read; `seq` 0 is before the first event."""

    @property
    def seq(self) -> int:
        """The number of the event."""

    @property
    def hash(self) -> str:
        """The hash of the event; GENESIS before the first."""


def is_same(left: Place, right: Place) -> bool:
    """True when both are the same event."""
    return (left.seq, left.hash) == (right.seq, right.hash)


def follows(event: Event, last: Place) -> bool:
    """True when `event` is the next one after `last`."""
    return (event.seq - 1, event.prev) == (last.seq, last.hash)


def does_not_follow(event: Event, last: Place) -> str:
    """Return a text that says how `event` is not the next one after `last`."""
    return f"event {event.seq} does not follow event {last.seq}: lines were removed, swapped or added"


def contradicts(event: Event, known: Place) -> bool:
    """True when `event` has the number of `known` but is another event."""
    return event.seq == known.seq and event.hash != known.hash


def holds(known: Place, end: int, hash_at: Callable[[int], str | None]) -> bool:
    """True when the events up to number `end`, with the hashes from `hash_at`, include the event `known`."""
    return known.seq == 0 or (0 < known.seq <= end and hash_at(known.seq) == known.hash)


def is_cut_off(end: int, anchor: Place) -> bool:
    """True when the events end, at number `end`, before the anchored one."""
    return end < anchor.seq


def is_left_behind(end: int, anchor: Place) -> bool:
    """True when the anchor is further behind number `end` than a crash leaves it."""
    return end > anchor.seq + MAX_UNANCHORED


def anchor_fault(anchor: Place, end: int, hash_at: Callable[[int], str | None]) -> AnchorFault | None:
    """Return how the anchor mismatches the events up to number `end`, with the hashes from `hash_at`; else None."""
    if is_cut_off(end, anchor):
        return "cut off"
    if not holds(anchor, end, hash_at):
        return "rewritten"
    return "left behind" if is_left_behind(end, anchor) else None
