"""The state of operations on a reports directory: active tag, evaluation mode, incident, quarantine."""

from pathlib import Path
from typing import Any, Literal

from phase4_tui.artifacts.models import Document
from phase4_tui.artifacts.names import state_dir
from phase4_tui.artifacts.reading import look

EvaluationMode = Literal["phase4", "phase3_only"]
STATE_FILE = "state.json"


class StateUnreadable(Exception):
    """The state file is there and can't be used; nothing may be decided on a guess."""


class OperationsState(Document):
    """`state.json`; the defaults are those of a directory on which nobody has operated yet."""

    revision: int = 0
    active_tag: str | None = None
    known_good_tag: str | None = None
    evaluation_mode: EvaluationMode = "phase4"
    incident: dict[str, Any] | None = None
    quarantine: tuple[dict[str, Any], ...] = ()


def read_state(reports: Path) -> OperationsState:
    """Return the state on disk, the defaults where there is none; raises StateUnreadable."""
    found = look(state_dir(reports) / STATE_FILE, OperationsState)
    if found.state == "absent":
        return OperationsState()
    if found.value is None:
        why = "; ".join(found.problems) or found.state
        raise StateUnreadable(f"{found.path}: {why}; put the file back from a copy, or move it away to start anew")
    return found.value
