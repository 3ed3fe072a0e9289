"""What the dashboard shows at one moment: one immutable snapshot, made of what is on disk and nothing else."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from phase4_tui.artifacts.counting import counted
from phase4_tui.artifacts.manifest import FrozenState
from phase4_tui.artifacts.names import Artifact, file_name
from phase4_tui.journal.lease import Lease
from phase4_tui.journal.state import OperationsState
from phase4_tui.policy.monitoring import Rules
from phase4_tui.runbook.classification import Classification, as_reclassified, classify
from phase4_tui.runbook.evidence import Evidence, read_evidence
from phase4_tui.runbook.fallback_proof import Fallback
from phase4_tui.runbook.health import Health, judge
from phase4_tui.runbook.ladder import first_failed_rung
from phase4_tui.runbook.provenance import RunRecord
from phase4_tui.runbook.run_holder import Holder
from phase4_tui.runbook.status import TagRow
from phase4_tui.runbook.steps import Phase

if TYPE_CHECKING:
    from phase4_tui.rollback.next_move import NextMove
    from phase4_tui.runbook.preconditions import Precondition

AHEAD_NS = 5_000_000_000
"""A file that is this far in the future shows that clocks differ."""


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
    details: tuple[tuple[str, str], ...] = ()
    """Of each gate that its check says something of: what it looked at, in a few words."""


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
    run: RunRecord | None = None
    holder: Holder | None = None
    lease: Lease | None = None
    needs_freezing: bool = False
    """Artifacts of the open incident's tag may still be written over."""
    fallback: Fallback | None = None
    rules: Rules = field(default_factory=Rules)
    """What the monitor of a run of now would judge by."""
    tampered: tuple[str, ...] = ()
    next_move: "NextMove | None" = None
    preconditions: "tuple[Precondition, ...]" = ()
    watch_trouble: str | None = None
    trouble: str | None = None
    """Why the state of operations can't be told."""
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


def is_urgent(before: Snapshot, now: Snapshot) -> bool:
    """True when an incident of P0 or P1 is open that was not, or is worse than it was."""
    incident, known = now.state.incident, before.state.incident
    if incident is None or incident.severity_class not in ("P0", "P1"):
        return False
    return known is None or (known.id, known.severity_class) != (incident.id, incident.severity_class)


def judge_tag(evidence: Evidence, state: OperationsState) -> TagView:
    """Return a tag judged by its evidence."""
    health = judge(evidence)
    found = classify(evidence, health)
    monitoring = evidence.monitoring.value
    snapshot = monitoring.snapshot if monitoring else None
    alerts = monitoring.alerts if monitoring else ()
    return TagView(
        tag=evidence.tag,
        phase=evidence.phase,
        health=health,
        classification=as_reclassified(found, state.reclassified.get(evidence.tag)),
        frozen=evidence.frozen,
        rung=first_failed_rung(evidence, health, state),
        last_run=max(evidence.runs, key=lambda run: run.run_id, default=None),
        missing=evidence.missing_files,
        kpis=tuple(snapshot.kpis.items()) if snapshot else (),
        alerts=tuple((one.metric, one.value, one.threshold, one.severity) for one in alerts),
        signoff="NO-GO" if evidence.no_go else "GO" if health.signoff.ok else "",
        details=tuple(_details(evidence)),
    )


def _details(evidence: Evidence) -> Iterator[tuple[str, str]]:
    release, quality, summary = evidence.release.value, evidence.quality.value, evidence.summary.value
    if release is not None and release.checked_files:
        every = len(release.checked_files)
        keys = (
            "keys complete"
            if not release.validation_errors
            else f"{counted(len(release.validation_errors), 'key')} wrong"
        )
        yield "release_check", f"{every - len(release.missing_files or ())} of {every} files, {keys}"
    if quality is not None and quality.checks:
        held = sum(section.passed for section in quality.checks.values())
        records = f", {summary.total_records:,} records" if summary is not None else ""
        yield "quality_check", f"{held} of {len(quality.checks)} sections hold{records}"


def view_tag(reports: Path, tag: str, state: OperationsState) -> TagView:
    """Read and judge a tag."""
    return judge_tag(read_evidence(reports, tag, patient=False), state)


def clock_trouble(reports: Path, tag: str, now_ns: int) -> str | None:
    """Return that a tag's files are ahead of this clock, if they are."""
    for kind in (Artifact.REPORT, Artifact.MONITORING):
        try:
            ahead = (reports / file_name(tag, kind)).stat().st_mtime_ns - now_ns
        except OSError:
            continue
        if ahead > AHEAD_NS:
            return f"{file_name(tag, kind)} is {ahead / 1e9:.0f} s ahead of this clock: ages can't be trusted"
    return None
