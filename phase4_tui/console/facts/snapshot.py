"""The snapshot: everything that a face shows at one moment, immutable, made only of what is on disk."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from phase4_tui.artifacts.manifest import FrozenState
from phase4_tui.console.facts.timeline import Happening
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
    from phase4_tui.rollback.closing import Closing
    from phase4_tui.rollback.next_move import NextMove
    from phase4_tui.rollback.progress import Mark
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
    """The recommendation of the sign-off note: GO, NO-GO or nothing."""


@dataclass(frozen=True)
class Snapshot:
    """Everything the panels show; the time of the look does not count when snapshots are compared."""

    workdir: str
    reports: str
    operator: str
    read_only: bool
    state: OperationsState
    focus: TagView | None = None
    followed: bool = True
    """True when the tag is the one shown by default; False when the operator chose one."""
    rows: tuple[TagRow, ...] = ()
    tags: int = 0
    """The number of tags; `rows` has those judged so far."""
    sequence: tuple[Step, ...] = PHASE4_STEPS
    """The steps of a Phase 4 run here."""
    run: RunRecord | None = None
    holder: Holder | None = None
    lease: Lease | None = None
    needs_freezing: bool = False
    """True while artifacts of the open incident's tag may still be overwritten."""
    fallback: Fallback | None = None
    rules: Rules = field(default_factory=lambda: DEFAULT_RULES)
    """The monitoring rules that a run would use now."""
    tampered: tuple[str, ...] = ()
    next_move: "NextMove | None" = None
    progress: "tuple[Mark, ...]" = ()
    """How far the open incident's rollback is."""
    closing: "Closing | None" = None
    """How the last incident ended, while that is news."""
    happened: tuple[Happening, ...] = ()
    """The last results on record, newest first."""
    preconditions: "tuple[Precondition, ...]" = ()
    watch_trouble: str | None = None
    trouble: str | None = None
    """Why the state of operations can't be read."""
    trouble_remedies: tuple[Remedy, ...] = ()
    clock_trouble: str | None = None
    stale: str | None = None
    """Why the snapshot may be out of date."""
    looked_ns: int = field(default=0, compare=False)

    @property
    def known_good(self) -> str | None:
        """The known-good tag on record, else the newest known-good one other than the shown tag."""
        if self.state.known_good_tag is not None:
            return self.state.known_good_tag
        own = self.focus.tag if self.focus else None
        return next((row.tag for row in self.rows if row.known_good and row.tag != own), None)

    @property
    def level(self) -> str:
        """The level to show: `incident` also for a tampered tag or an unreadable state, else that of the shown tag."""
        if self.tampered or self.trouble:
            return "incident"
        return self.focus.classification.level if self.focus else "unknown"

    def is_worse_than(self, before: "Snapshot") -> bool:
        """True when a P0 or P1 incident is newly open, or its class is worse than before."""
        incident, known = self.state.incident, before.state.incident
        if incident is None or incident.severity_class not in ("P0", "P1"):
            return False
        return known is None or (known.id, known.severity_class) != (incident.id, incident.severity_class)
