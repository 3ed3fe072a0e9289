"""The one way to write the journal: under its lock, event first, then the anchor, then the state that follows."""

from pathlib import Path

from phase4_tui.artifacts.names import state_dir
from phase4_tui.artifacts.safe_text import safe_text
from phase4_tui.artifacts.writing import atomic_write, to_json
from phase4_tui.journal.actor import Actor
from phase4_tui.journal.events import Event
from phase4_tui.journal.locks import DirectoryLock
from phase4_tui.journal.log import Draft, append
from phase4_tui.journal.state import OperationsState, fold, read_state, state_path

LOCK_SECONDS = 10.0
TEXT_LIMIT = 4096


def journal_lock(reports: Path) -> DirectoryLock:
    """Return the lock that whoever writes the journal holds, for milliseconds."""
    return DirectoryLock(state_dir(reports), "journal.lock")


def record(reports: Path, actor: Actor, draft: Draft) -> tuple[Event, OperationsState]:
    """Add an event to the journal and return it with the state after it.

    Raises Busy, JournalDamaged, StateUnreadable, BadEvent, OSError; the event is kept or not, never by half.
    """
    lock = journal_lock(reports)
    lock.acquire(LOCK_SECONDS)
    try:
        before = read_state(reports)
        event = append(reports, Actor(safe_text(actor.name, 200), actor.host, actor.pid), _made_safe(draft))
        state = fold([event], before) if event.seq == before.journal.seq + 1 else read_state(reports)
        save_state(reports, state)
        return event, state
    finally:
        lock.release()


def save_state(reports: Path, state: OperationsState) -> None:
    """Write the state; call it while holding the journal's lock."""
    atomic_write(state_path(reports), to_json(state.model_dump(by_alias=True)))


def _made_safe(draft: Draft) -> Draft:
    detail = _safe(draft.detail or {})
    assert isinstance(detail, dict)
    return Draft(draft.kind, draft.tag, draft.incident, detail)


def _safe(value: object) -> object:
    if isinstance(value, str):
        return safe_text(value, TEXT_LIMIT)
    if isinstance(value, dict):
        return {safe_text(str(key), TEXT_LIMIT): _safe(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_safe(item) for item in value]
    return value
