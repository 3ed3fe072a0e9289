"""Which costly fields of a situation the next move depends on, so that nothing else is read from disk for it."""

from collections.abc import Iterator

from phase4_tui.journal.state import OperationsState
from phase4_tui.rollback.next_move import phase3_to_run, step_to_do
from phase4_tui.rollback.situation import Situation


def fields_to_read(situation: Situation) -> tuple[str, ...]:
    """Return the fields that the next move depends on and that are still to be read; reading them takes long."""
    if situation.trouble is not None or situation.live_orders or situation.holder is not None:
        return ()
    if situation.tampered:
        return () if "beyond_restore" in situation.read else ("beyond_restore",)
    return tuple(field for field in _depends_on(situation) if field not in situation.read)


def _depends_on(situation: Situation) -> Iterator[str]:
    """Yield the costly fields that the move depends on; the value of one may lead to others."""
    state, shown = situation.state, situation.shown
    fallen = state.evaluation_mode == "phase3_only"
    step = step_to_do(situation, state.incident) if state.incident is not None else None
    if step == 2 and situation.good_tag is None:
        yield "good_tag"
    if step is None and shown is not None and shown.classification.level != "ok":
        yield "shown"
    if fallen and (step is None or step > 2):  # which step is next depends on whether that run completed
        yield "fallback_run"
    if fallen and not phase3_to_run(situation) and step in (None, 5):
        yield "rehearsal"
    runs = step == 3 or (step is None and (shown is None or shown.classification.level != "ok" or fallen))
    if runs and _must_stay(state, situation.run_tag):
        yield "run_tag"


def _must_stay(state: OperationsState, tag: str) -> bool:
    """True when a run must not write to a tag: it is frozen, or evidence of the open incident."""
    return tag in state.frozen or state.incident_of(tag) is not None
