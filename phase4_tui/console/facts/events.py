"""The events of `console/facts`: plain data, posted to a callback from its threads."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from phase4_tui.errors import Phase4Error, Remedy

if TYPE_CHECKING:
    from phase4_tui.console.facts.snapshot import Snapshot
    from phase4_tui.journal.events import Event
    from phase4_tui.runbook.classification import Classification

Subject = Literal["watch", "state", "incident", "journal"]
"""What can be in trouble: the looks themselves, the state of operations, opening incidents, reading the journal."""


@dataclass(frozen=True)
class SnapshotReady:
    """There is a new snapshot; a newer one replaces it."""

    snapshot: "Snapshot"


@dataclass(frozen=True)
class JudgedTag:
    """A tag that was judged; `states` maps the name of each health check to its state."""

    tag: str
    classification: "Classification"
    states: Mapping[str, str]


@dataclass(frozen=True)
class TagsJudged:
    """Tags were judged, for the first time or because something that their verdict depends on changed."""

    tags: tuple[JudgedTag, ...]


@dataclass(frozen=True)
class EventsSeen:
    """The journal has new events, whoever wrote them, oldest first."""

    events: "tuple[Event, ...]"


@dataclass(frozen=True)
class OutputArrived:
    """A step wrote lines; `fresh` marks a step's first, a new `page` the first of another run.

    `frame` is the line that is being written, which the next output replaces.
    """

    title: str
    lines: tuple[str, ...] = ()
    fresh: bool = False
    page: bool = False
    progress: Mapping[str, int] | None = None
    frame: str = ""


@dataclass(frozen=True)
class TroubleChanged:
    """A read or write fails; the trouble is None once it works again."""

    subject: Subject
    trouble: str | None
    remedies: tuple[Remedy, ...] = ()


FactEvent = SnapshotReady | TagsJudged | EventsSeen | OutputArrived | TroubleChanged
Post = Callable[[FactEvent], object]
"""A callback that takes an event; called from any thread."""


class Troubles:
    """Posts a trouble once when it begins, changes or ends."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self._known: dict[Subject, str | None] = {}

    def __getitem__(self, subject: Subject) -> str | None:
        """Return the present trouble of a subject."""
        return self._known.get(subject)

    def note(self, subject: Subject, trouble: str | None, remedies: tuple[Remedy, ...] = ()) -> None:
        """Set the trouble of a subject, None for none; each subject belongs to one thread."""
        if self._known.get(subject) != trouble:
            self._known[subject] = trouble
            self._post(TroubleChanged(subject, trouble, remedies))

    def note_error(self, subject: Subject, error: Phase4Error | OSError | None, about: str = "") -> None:
        """Set an error as the trouble; `about` precedes its message."""
        remedies = error.remedies if isinstance(error, Phase4Error) else ()
        self.note(subject, f"{about}{error}" if error is not None else None, remedies)
