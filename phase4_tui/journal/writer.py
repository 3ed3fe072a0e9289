"""Records events in the journal, under its lock: first the event, then the anchor and the state that follows."""

from math import isfinite
from pathlib import Path

from phase4_tui.artifacts.atomic_files import atomic_write, to_json
from phase4_tui.artifacts.names import state_dir
from phase4_tui.artifacts.nesting import TOO_DEEP
from phase4_tui.artifacts.safe_text import safe_text
from phase4_tui.journal.actor import Actor
from phase4_tui.journal.append import append
from phase4_tui.journal.events import BadEvent, Event
from phase4_tui.journal.locks import JOURNAL_LOCK, DirectoryLock
from phase4_tui.journal.log import Draft
from phase4_tui.journal.state import OperationsState, fold, read_state, state_path

LOCK_SECONDS = 10.0
TEXT_LIMIT = 4096


def journal_lock(reports: Path) -> DirectoryLock:
    """Return the lock that every writer of the journal holds, for milliseconds."""
    return DirectoryLock(state_dir(reports), JOURNAL_LOCK)


def record(reports: Path, actor: Actor, draft: Draft) -> tuple[Event, OperationsState]:
    """Add an event to the journal and return it with the state after it.

    Raises Busy, Exchanged, JournalDamaged, StateUnreadable, BadEvent, OSError; on each of them nothing was added.
    """
    lock = journal_lock(reports)
    lock.acquire(LOCK_SECONDS)
    try:
        before = read_state(reports)
        after = before

        def state_after(event: Event) -> dict[Path, bytes]:
            nonlocal after
            after = fold([event], before)
            lock.check_place()
            return {state_path(reports): _encoded(after)}

        event = append(reports, _safe_actor(actor), _safe_draft(draft), state_after)
        return event, after
    finally:
        lock.release()


def save_state(reports: Path, state: OperationsState) -> None:
    """Write the state; call it while holding the journal's lock."""
    atomic_write(state_path(reports), _encoded(state))


def _encoded(state: OperationsState) -> bytes:
    return to_json(state.model_dump(by_alias=True))


def _safe_actor(actor: Actor) -> Actor:
    return Actor(safe_text(actor.name, 200), safe_text(actor.host, 200), actor.pid)


def _safe_draft(draft: Draft) -> Draft:
    try:
        detail = _safe(draft.detail or {})
    except RecursionError:
        raise BadEvent(f"the event can't be written: it {TOO_DEEP}") from None
    assert isinstance(detail, dict)
    return Draft(draft.kind, draft.tag, draft.incident, detail)


def _safe(value: object) -> object:
    if isinstance(value, str):
        return safe_text(value, TEXT_LIMIT)
    if isinstance(value, dict):
        return {safe_text(str(key), TEXT_LIMIT): _safe(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_safe(item) for item in value]
    if isinstance(value, float) and not isfinite(value):
        return str(value)  # JSON has no such number, and the encoder would write null
    return value
