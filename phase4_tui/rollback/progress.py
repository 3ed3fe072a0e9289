"""How far the rollback of the open incident is, in six words: what the incident block draws as a line."""

from typing import Literal

from phase4_tui.rollback.next_move import NextMove, step_to_do, steps_done
from phase4_tui.rollback.situation import Situation

Mark = tuple[str, Literal["done", "next", "open"]]
_STEPS = ("freeze", "known-good", "phase 3", "root cause")
_LAST = ("rehearse", "reopen")


def progress(situation: Situation, move: NextMove | None) -> tuple[Mark, ...]:
    """Return each stage with its state; none without an incident.

    The runbook's fifth step counts as two, since a rehearsal takes a run: `move` is what it needs now.
    """
    incident = situation.state.incident
    if incident is None:
        return ()
    done, to_do = steps_done(situation, incident), step_to_do(situation, incident)
    marks: list[Mark] = [
        (label, "next" if number == to_do else "done" if done[number - 1] else "open")
        for number, label in enumerate(_STEPS, 1)
    ]
    if to_do <= len(_STEPS):
        return (*marks, *((label, "open") for label in _LAST))
    reopens = move is not None and move.operation == "reopen"
    return (*marks, (_LAST[0], "done" if reopens else "next"), (_LAST[1], "next" if reopens else "open"))
