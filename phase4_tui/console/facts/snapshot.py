"""What a face shows at one moment: one immutable snapshot, made of what is on disk and nothing else."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from phase4_tui.artifacts.manifest import FrozenState
from phase4_tui.errors import Remedy
from phase4_tui.journal.lease import Lease
from phase4_tui.journal.state import OperationsState
from phase4_tui.policy.monitoring import DEFAULT_RULES, Rules
from phase4_tui.runbook.classification import Classification
from phase4_tui.runbook.fallback_proof import Fallback
from phase4_tui.runbook.health import Health
from phase4_tui.runbook.provenance import RunRecord
from phase4_tui.runbook.run_holder import Holder
from phase4_tui.runbook.status import TagRow
from phase4_tui.runbook.steps import PHASE4_STEPS, Phase, Step

if TYPE_CHECKING:
    from phase4_tui.rollback.next_move import NextMove
    from phase4_tui.runbook.preconditions import Precondition


@dataclass(frozen=True)
class TagView:
    """One tag, judged."""

    tag: str
    phase: Phase
    health: Health
    classification: Classification
    frozen: FrozenState
    rung: str | None
    last_run: RunRecord | None
    missing: tuple[str, ...]
    kpis: tuple[tuple[str, object], ...]
    alerts: tuple[tuple[str, object, object, str], ...]
    """Metric, value, threshold and severity of each alert."""
    signoff: str
    """What the sign-off note recommends: GO, NO-GO or nothing."""


@dataclass(frozen=True)
class Snapshot:
    """Everything the panels know; equal snapshots are equal in all but the moment of the look."""

    workdir: str
    reports: str
    operator: str
    read_only: bool
    state: OperationsState
    focus: TagView | None = None
    followed: bool = True
    """The tag shown is the active one, else the newest; False when the operator chose it."""
    rows: tuple[TagRow, ...] = ()
    tags: int = 0
    """How many tags there are; `rows` has those that were judged so far."""
    sequence: tuple[Step, ...] = PHASE4_STEPS
    """The steps of a Phase 4 run here."""
    run: RunRecord | None = None
    holder: Holder | None = None
    lease: Lease | None = None
    needs_freezing: bool = False
    """Artifacts of the open incident's tag may still be written over."""
    fallback: Fallback | None = None
    rules: Rules = field(default_factory=lambda: DEFAULT_RULES)
    """What the monitor of a run of now would judge by."""
    tampered: tuple[str, ...] = ()
    next_move: "NextMove | None" = None
    preconditions: "tuple[Precondition, ...]" = ()
    watch_trouble: str | None = None
    trouble: str | None = None
    """Why the state of operations can't be told."""
    trouble_remedies: tuple[Remedy, ...] = ()
    clock_trouble: str | None = None
    stale: str | None = None
    """Why none of this may be true any more."""
    looked_ns: int = field(default=0, compare=False)

    @property
    def known_good(self) -> str | None:
        """The known-good tag: the one on record, else the newest that climbs its ladder."""
        if self.state.known_good_tag is not None:
            return self.state.known_good_tag
        own = self.focus.tag if self.focus else None
        return next((row.tag for row in self.rows if row.known_good and row.tag != own), None)

    @property
    def level(self) -> str:
        """The worst that must be seen: tampered, incident, unknown, warning or ok."""
        if self.tampered or self.trouble:
            return "incident"
        return self.focus.classification.level if self.focus else "unknown"

    def is_worse_than(self, before: "Snapshot") -> bool:
        """True when an incident of P0 or P1 is open that was not, or is of a worse class than it was."""
        incident, known = self.state.incident, before.state.incident
        if incident is None or incident.severity_class not in ("P0", "P1"):
            return False
        return known is None or (known.id, known.severity_class) != (incident.id, incident.severity_class)
