"""Where things stand: what the next move depends on, as data."""

from dataclasses import dataclass

from phase4_tui.artifacts.manifest import FrozenState
from phase4_tui.errors import Remedy
from phase4_tui.journal.state import OperationsState
from phase4_tui.runbook.classification import Classification
from phase4_tui.runbook.fallback_proof import Fallback
from phase4_tui.runbook.provenance import RunRecord
from phase4_tui.runbook.run_holder import Holder
from phase4_tui.runbook.steps import Phase, Step


@dataclass(frozen=True)
class StoppedRun:
    """The last run of a tag where it did not come to its end.

    `operation` and `command` go on with it, at step `at`; `again` runs it anew. `changed` says why it can't go on;
    `sources` are the paths of its input and rules.
    """

    tag: str
    at: str
    operation: str
    command: str
    again: str
    changed: str | None = None
    sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class ShownTag:
    """The tag that is shown, judged."""

    tag: str
    phase: Phase
    sequence: tuple[Step, ...]
    """The steps of its phase."""
    classification: Classification
    frozen: FrozenState
    last_run: RunRecord | None = None
    by_default: bool = True
    """It is the active tag, else the newest; False for one that was asked for."""
    again: str | None = None
    """The command that runs it anew; this and what follows is read only for a tag that is not well."""
    quarantined: bool = False
    is_news: bool = True
    """No incident was opened yet for what it shows."""
    stopped: StoppedRun | None = None


@dataclass(frozen=True)
class Rehearsal:
    """The newest re-run of Phase 4 since the incident, and how far it is from reopening.

    `spent` says why only another re-run helps; `detail` tells all of its conditions that are unmet.
    """

    tag: str
    spent: str | None = None
    stopped: StoppedRun | None = None
    compared: bool = False
    untampered: bool = True
    detail: str = ""
    remedies: tuple[Remedy, ...] = ()
    """What corrects it."""
    digests: tuple[str, ...] = ()
    """The sha256 that stand in `detail`, for who shows them short."""


@dataclass(frozen=True)
class Situation:
    """All that the next move depends on.

    Each look gives the fields before `beyond_restore`. The others are read only where `fields_to_read` names them;
    until then their defaults say that nothing is known.
    """

    state: OperationsState
    run_tag: str
    """The tag that a run of the evaluation mode gets: by the settings, a free one where that must stay as it is."""
    trouble: str | None = None
    """Why the state can't be told."""
    live_orders: tuple[str, ...] = ()
    """Names of the variables that enable live orders."""
    holder: Holder | None = None
    shown: ShownTag | None = None
    tampered: tuple[str, ...] = ()
    needs_freezing: bool = False
    """Artifacts of the open incident's tag may still be written over."""
    fallback: Fallback | None = None
    beyond_restore: tuple[str, ...] = ()
    """Of the tampered tags those whose frozen copies are no longer what was frozen either."""
    good_tag: bool | None = None
    """There is a known-good tag to switch to; None while that is not known."""
    fallback_run: StoppedRun | None = None
    """The newest run of Phase 3 since the fallback, where it did not come to its end."""
    rehearsal: Rehearsal | None = None
    rerun_tag: str = "NEW"
    """A tag for a re-run that nothing has."""
    read: frozenset[str] = frozenset()
    """Which of these fields were read."""
