"""What happened last, from the journal: a line for each result, read again only after the journal has grown."""

from pathlib import Path
from typing import NamedTuple

from phase4_tui.journal.log import JournalDamaged, read_events

KEPT = 60
"""Events looked back on; more than any screen has lines for."""


class Happening(NamedTuple):
    """A result of an operation or a run: when, as the journal has it, and what, safe to show."""

    at: str
    told: str


class Timeline:
    """The last results, newest first; belongs to the thread that makes the snapshots."""

    def __init__(self, reports: Path) -> None:
        self._reports = reports
        self._seq = 0
        self._found: tuple[Happening, ...] = ()

    def of(self, seq: int) -> tuple[Happening, ...]:
        """Return them as of the event with that number; none of a damaged journal, which the state tells."""
        if seq != self._seq:
            from phase4_tui.journal.event_text import describe  # noqa: PLC0415 - not for the first paint

            self._seq = seq
            try:
                events = list(read_events(self._reports, after=max(seq - KEPT, 0)))
            except (JournalDamaged, OSError):
                events = []
            told = ((event.at, describe(event)) for event in reversed(events) if event.kind != "evidence")
            self._found = tuple(Happening(at, line) for at, line in told if line is not None)
        return self._found
