"""The situation: what the next move depends on, as data."""

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
    """A run that did not complete.

    `operation` and `command` resume it at step `at`; the command `again` runs it from the beginning. `changed` says
    why it can't be resumed; `sources` are the paths of its input and rules.
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
    """True for the tag shown by default; False for one that was asked for."""
    again: str | None = None
    """The command that runs it again; this field and the following are read only for a tag that is not healthy."""
    quarantined: bool = False
    is_news: bool = True
    """True while its findings have opened no incident."""
    stopped: StoppedRun | None = None


@dataclass(frozen=True)
class Rehearsal:
    """The newest rehearsal since the incident, and what it lacks for reopening.

    `spent` says why only another rehearsal helps; `detail` lists every unmet condition.
    """

    tag: str
    spent: str | None = None
    stopped: StoppedRun | None = None
    unwritten: str | None = None
    """A file that is missing and that no step writes: another rehearsal would lack it too."""
    compared: bool = False
    untampered: bool = True
    changed: bool = False
    """Its input or rules are not those of the incident's run, which reopening on it accepts."""
    detail: str = ""
    remedies: tuple[Remedy, ...] = ()
    """What meets the unmet conditions."""
    digests: tuple[str, ...] = ()
    """The sha256 in `detail`, for faces that shorten them."""
    incomparable: bool = False
    """It was compared, and nothing of it could be."""


def preference(state: OperationsState, tag: str, modified_ns: int) -> tuple[bool, bool, int]:
    """Return a key that sorts tags to switch to: the one on record, then pinned ones, then the last changed."""
    return tag != state.known_good_tag, tag not in state.pinned, -modified_ns


@dataclass(frozen=True)
class Situation:
    """All that the next move depends on.

    The fields before `beyond_restore` are always read, the others only where `fields_to_read` names them; until then
    their defaults mean that nothing is known.
    """

    state: OperationsState
    run_tag: str
    """The tag for a run of the evaluation mode: that of the settings, or a free one if it must not be overwritten."""
    trouble: str | None = None
    """Why the state can't be read."""
    trouble_remedies: tuple[Remedy, ...] = ()
    live_orders: tuple[str, ...] = ()
    """Names of the variables that enable live orders."""
    missing: tuple[str, ...] = ()
    """Which of the usual input and rules are not there."""
    holder: Holder | None = None
    shown: ShownTag | None = None
    tampered: tuple[str, ...] = ()
    needs_freezing: bool = False
    """True while artifacts of the open incident's tag may still be overwritten."""
    fallback: Fallback | None = None
    beyond_restore: tuple[str, ...] = ()
    """The tampered tags that can't be restored, since their manifest is not the journal's."""
    good_tag: bool | None = None
    """Whether there is a known-good tag to switch to; None while that is not known."""
    good: str | None = None
    """The known-good tag to switch to: the one on record, else a pinned one, else the newest; None if not known."""
    fallback_run: StoppedRun | None = None
    """The newest Phase 3 run since the fallback, if it did not complete."""
    rehearsal: Rehearsal | None = None
    rerun_tag: str = "NEW"
    """An unused tag for a rehearsal."""
    rerun_options: tuple[str, ...] = ()
    """The option that names the input of the incident's run, where that is not the one of the settings."""
    read: frozenset[str] = frozenset()
    """Which of these fields were read."""
