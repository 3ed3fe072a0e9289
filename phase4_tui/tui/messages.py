"""The messages that widgets and application exchange: facts from `console/facts`, and what the operator chose."""

from collections.abc import Sequence

from textual.message import Message

from phase4_tui.console.facts import events
from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.journal.events import Event


class SnapshotReady(Message):
    """There are new facts; a newer message replaces one that still waits."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__()
        self.snapshot = snapshot

    def can_replace(self, message: Message) -> bool:
        """Only the newest snapshot counts."""
        return isinstance(message, SnapshotReady)


class OutputArrived(Message):
    """A step wrote lines."""

    def __init__(self, output: events.OutputArrived) -> None:
        super().__init__()
        self.output = output


class EventsSeen(Message):
    """New events stand in the journal."""

    def __init__(self, seen: Sequence[Event]) -> None:
        super().__init__()
        self.events = seen


class TagChosen(Message):
    """The operator chose a tag to look at; None follows the active or newest one again."""

    def __init__(self, tag: str | None) -> None:
        super().__init__()
        self.tag = tag


def message_of(event: events.FactEvent) -> Message | None:
    """Return the message for an event of `console/facts`, None for one that a snapshot tells too."""
    if isinstance(event, events.SnapshotReady):
        return SnapshotReady(event.snapshot)
    if isinstance(event, events.OutputArrived):
        return OutputArrived(event)
    if isinstance(event, events.EventsSeen):
        return EventsSeen(event.events)
    return None
