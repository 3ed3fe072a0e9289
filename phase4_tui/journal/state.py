"""The state of operations on a reports directory, folded from the events of the journal.

An event that changes the state holds the new values under `detail.changes`. Folding all events gives `state.json`;
a reader folds the events that a crash kept from it.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import Field, ValidationError

from phase4_tui.artifacts.directories import obstacle
from phase4_tui.artifacts.documents import look
from phase4_tui.artifacts.models import Document, Moment
from phase4_tui.artifacts.names import state_dir
from phase4_tui.errors import Remedy, Unusable
from phase4_tui.journal.chain import Place, contradicts, follows, is_cut_off, is_left_behind, is_same
from phase4_tui.journal.events import Event
from phase4_tui.journal.incident import Incident, SeverityClass
from phase4_tui.journal.log import (
    HEAD_FILE,
    JOURNAL_FILE,
    REPAIR,
    Head,
    JournalDamaged,
    last_event,
    read_events,
    read_head,
)

M = TypeVar("M", bound=Document)
EvaluationMode = Literal["phase4", "phase3_only"]
STATE_FILE = "state.json"
STATE_LIMIT_BYTES = 64 << 20


class StateUnreadable(Unusable):
    """The state can't be read; nothing may be decided on a guess."""

    def __init__(self, message: str, *, remedy: Remedy | Sequence[Remedy] = REPAIR, **context: object) -> None:
        super().__init__(message, remedy=remedy, **context)


class Quarantined(Document):
    """A tag left behind as bad, recognized by the content of its report."""

    tag: str
    report_sha256: str | None
    report_size: int | None
    reason: str
    at: str
    incident: str | None = None


class Frozen(Document):
    """A frozen tag: when, by whom and why, and the SHA-256 of its manifest."""

    manifest_sha256: str
    at: str
    by: str
    reason: str


class Reclassified(Document):
    """The severity class that an operator gave a tag instead of a rule's."""

    rule: str
    severity_class: SeverityClass
    reason: str
    by: str
    at: str


class Pending(Document):
    """An operation that has begun and has no result yet."""

    seq: int
    kind: str
    tag: str | None
    by: str
    at: str
    detail: dict[str, Any] = Field(default_factory=dict)


class OperationsState(Document):
    """`state.json`; the defaults are the state before the first operation."""

    revision: int = 0
    active_tag: str | None = None
    active_since: Moment | None = None
    active_by: str | None = None
    active_reason: str | None = None
    known_good_tag: str | None = None
    evaluation_mode: EvaluationMode = "phase4"
    mode_since: Moment | None = None
    incident: Incident | None = None
    quarantine: tuple[Quarantined, ...] = ()
    frozen: dict[str, Frozen] = Field(default_factory=dict)
    pinned: tuple[str, ...] = ()
    reclassified: dict[str, Reclassified] = Field(default_factory=dict)
    handled: tuple[str, ...] = ()
    """Identities of the evidence that opened an incident, so that it opens only one."""
    overrides: tuple[str, ...] = ()
    """One line for each time that conditions were overridden."""
    pending: tuple[Pending, ...] = ()
    journal: Head = Head()

    def incident_of(self, tag: str) -> Incident | None:
        """Return the open incident if it is that of `tag`, else None."""
        return self.incident if self.incident is not None and self.incident.tag == tag else None

    def changed_by(self, event: Event) -> "OperationsState":
        """Return the state after `event`; raises ValidationError when the event's changes are invalid."""
        changes = event.detail.get("changes") or {}
        changed = OperationsState.model_validate(changes)  # fields that did not change need no validation
        values: dict[str, Any] = {
            name: getattr(changed, name) for name in OperationsState.model_fields if name in changes
        }
        values["revision"] = self.revision + (1 if changes else 0)
        values["pending"] = _pending_after(self.pending, event)
        values["journal"] = Head(seq=event.seq, hash=event.hash)
        return self.model_copy(update=values)


def _pending_after(pending: tuple[Pending, ...], event: Event) -> tuple[Pending, ...]:
    if event.outcome == "intent":
        by = f"{event.operator}@{event.host}"
        begun = Pending(seq=event.seq, kind=event.kind, tag=event.tag, by=by, at=event.at, detail=event.detail)
        return (*pending, begun)
    return tuple(one for one in pending if one.seq != event.detail.get("intent"))


def held_by(event: Event, kind: type[M], content: object) -> M:
    """Return the document that an event holds; raises StateUnreadable when it is not of that kind."""
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        told = f"journal event {event.seq} holds no {kind.__name__}: {error.error_count()} problems"
        raise StateUnreadable(told, file=JOURNAL_FILE) from None


def fold(events: Iterable[Event], state: OperationsState | None = None) -> OperationsState:
    """Return `state`, by default the initial one, after the events; raises StateUnreadable."""
    state = state or OperationsState()
    noted: Event | None = None
    for event in events:
        if "changes" in event.detail or event.outcome:
            try:
                state = state.changed_by(event)
            except ValidationError as error:
                raise StateUnreadable(
                    f"journal event {event.seq} makes no state: {error.error_count()} problems",
                    file=JOURNAL_FILE,
                ) from None
        noted = event
    if noted is not None:
        state = state.model_copy(update={"journal": Head(seq=noted.seq, hash=noted.hash)})
    return state


def state_path(reports: Path) -> Path:
    """Return the path of `state.json`."""
    return state_dir(reports) / STATE_FILE


def stored_state(reports: Path) -> OperationsState | None:
    """Return the state in `state.json`, None without one; raises StateUnreadable."""
    found = look(state_path(reports), OperationsState, limit=STATE_LIMIT_BYTES)
    wrong = obstacle(state_dir(reports)) if found.value is None else None
    if wrong is not None:  # there is nothing that could be repaired
        raise StateUnreadable(wrong.message, remedy=wrong.remedies, **wrong.context)
    if found.state == "absent":
        return None
    if found.value is None:
        raise StateUnreadable(f"{found.file}: {'; '.join(found.problems) or found.state}", file=found.file)
    return found.value


def read_state(reports: Path) -> OperationsState:
    """Return the current state, the defaults before the first operation; raises StateUnreadable."""
    stored = stored_state(reports) or OperationsState()
    try:
        head, last = read_head(reports), last_event(reports)
        ends = Head(seq=last.seq, hash=last.hash) if last else Head()
        if stored.journal == head == ends:
            return stored
        state = fold(_events_behind(reports, stored.journal, head), stored)
        if is_cut_off(state.journal.seq, head) or is_left_behind(stored.journal.seq, head):
            found = f"{JOURNAL_FILE} ends at event {state.journal.seq}, {HEAD_FILE} names event {head.seq}"
            raise JournalDamaged(f"{found}, {STATE_FILE} event {stored.journal.seq}", file=JOURNAL_FILE)
        return state
    except JournalDamaged as error:
        raise StateUnreadable(error.message, remedy=error.remedies, **error.context) from None


def _events_behind(reports: Path, known: Head, anchor: Head) -> Iterator[Event]:
    """Yield the events after `known`; raises JournalDamaged unless that and the anchored one are in the journal."""
    last: Place | None = Head() if known.seq == 0 else None
    for event in read_events(reports, after=max(known.seq - 1, 0)):
        fits = is_same(event, known) if last is None else follows(event, last)
        if not fits or contradicts(event, anchor):
            detail = f"{JOURNAL_FILE}: event {event.seq} is not what {STATE_FILE} and {HEAD_FILE} know of"
            raise JournalDamaged(detail, file=JOURNAL_FILE)
        if last is not None:
            yield event
        last = event
    if last is None:
        raise JournalDamaged(
            f"{STATE_FILE} knows of event {known.seq}, which {JOURNAL_FILE} does not hold", file=JOURNAL_FILE
        )


def evidence_identity(parts: Iterable[str]) -> str:
    """Return one short identity for the parts of a piece of evidence."""
    return hashlib.sha256("\0".join(parts).encode(errors="backslashreplace")).hexdigest()[:24]
