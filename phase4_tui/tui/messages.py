"""The messages between widgets and application: facts from `console/facts`, a tag that was chosen, and notices."""

from collections.abc import Sequence
from typing import NamedTuple

from textual.message import Message

from phase4_tui.console.facts import events
from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.journal.events import Event


class SnapshotReady(Message):
    """There is a new snapshot; it replaces a message that still waits."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__()
        self.snapshot = snapshot

    def can_replace(self, message: Message) -> bool:
        """Return whether a newer message may replace this one: only a snapshot may."""
        return isinstance(message, SnapshotReady)


class OutputArrived(Message):
    """A step wrote lines."""

    def __init__(self, output: events.OutputArrived) -> None:
        super().__init__()
        self.output = output


class EventsSeen(Message):
    """The journal has new events."""

    def __init__(self, seen: Sequence[Event]) -> None:
        super().__init__()
        self.events = seen


class TagChosen(Message):
    """The operator chose a tag to look at; None follows the active or newest one again."""

    def __init__(self, tag: str | None) -> None:
        super().__init__()
        self.tag = tag


class ArtifactWanted(Message):
    """The operator wants to see a file, by its path."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path


class TagOpened(Message):
    """The operator wants to see the artifacts of the tag that was chosen."""


class Notice(NamedTuple):
    """One notice: what, its title, how bad, and when it was told."""

    text: str
    title: str
    severity: str
    at: str

    def is_again(self, other: "Notice") -> bool:
        """True when both say the same."""
        return self[:3] == other[:3]


def message_of(event: events.FactEvent) -> Message | None:
    """Return the message for an event of `console/facts`, None for one that the snapshot shows anyway."""
    if isinstance(event, events.SnapshotReady):
        return SnapshotReady(event.snapshot)
    if isinstance(event, events.OutputArrived):
        return OutputArrived(event)
    if isinstance(event, events.EventsSeen):
        return EventsSeen(event.events)
    return None
