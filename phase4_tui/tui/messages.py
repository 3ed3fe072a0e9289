"""What is told upwards: facts to the application, and events of runs and operations."""

from collections.abc import Mapping

from textual.message import Message

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
    """A step wrote lines; a `fresh` one begins to, and with a new `page` what was shown before is another run's."""

    def __init__(
        self,
        title: str,
        lines: list[str],
        *,
        fresh: bool,
        page: bool = False,
        progress: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__()
        self.page = page
        self.progress = progress
        self.title = title
        self.lines = lines
        self.fresh = fresh


class EventsSeen(Message):
    """New events stand in the journal."""

    def __init__(self, events: list[Event]) -> None:
        super().__init__()
        self.events = events


class TagChosen(Message):
    """The operator chose a tag to look at; None follows the active or newest one again."""

    def __init__(self, tag: str | None) -> None:
        super().__init__()
        self.tag = tag
