"""The state of a working directory and of its tags, as `status` and `tags` show it."""

from collections.abc import Callable
from pathlib import Path

from pydantic import ConfigDict, Field

from phase4_tui.artifacts.clock import iso
from phase4_tui.artifacts.index import TagEntry, index_tags, scan
from phase4_tui.artifacts.manifest import FrozenState
from phase4_tui.artifacts.models import Document
from phase4_tui.artifacts.names import check_tag
from phase4_tui.journal.incident import Incident, SeverityClass, Stage
from phase4_tui.journal.state import EvaluationMode, OperationsState, Pending, read_state
from phase4_tui.policy.monitoring import KPIS
from phase4_tui.runbook.classification import Classification, Level
from phase4_tui.runbook.evidence import Evidence
from phase4_tui.runbook.fallback_proof import Fallback, read_fallback
from phase4_tui.runbook.health import Health
from phase4_tui.runbook.isolation import Proof
from phase4_tui.runbook.judging import Judgement, judge_tag
from phase4_tui.runbook.ladder import quarantine_of
from phase4_tui.runbook.preconditions import (
    Precondition,
    check_artifacts,
    check_environment,
    check_isolation,
    check_workdir,
)
from phase4_tui.runbook.provenance import RunRecord, RunState, last_runs, runs_of
from phase4_tui.runbook.rules import is_share
from phase4_tui.runbook.run_holder import running, running_tag
from phase4_tui.runbook.site import Site
from phase4_tui.runbook.steps import Phase, place_of, steps_of

RUNS_LOOKED_AT = 200


class IncidentSummary(Document):
    """The open incident, in short."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    id: str
    severity_class: SeverityClass | None = Field(alias="class")
    opened_at: str
    stage: Stage


class UnfinishedRun(Document):
    """A run that is still going on, or that was ended before its end, by whatever."""

    tag: str
    run_id: str
    state: RunState
    ended_at: str | None


class Status(Document):
    """`status --json`."""

    workdir: str
    reports: str
    tag: str | None
    active_tag: str | None
    known_good_tag: str | None
    evaluation_mode: EvaluationMode
    frozen: FrozenState
    health: Health
    classification: Classification
    incident: IncidentSummary | None
    fallback: Fallback | None
    pending: tuple[Pending, ...]
    preconditions: tuple[Precondition, ...]
    runs: tuple[UnfinishedRun, ...]


class TagRow(Document):
    """One row of `tags --json`."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    tag: str
    severity_class: SeverityClass | None = Field(alias="class")
    level: Level
    frozen: FrozenState
    quarantined: bool
    pinned: bool
    known_good: bool
    first_failed_rung: str | None
    modified_at: str
    phase: Phase = Field(exclude=True)
    modified_ns: int = Field(exclude=True)
    unsettled: bool = Field(default=False, exclude=True)
    """True when time alone can change the row."""
    kpis: tuple[float | None, ...] = Field(default=(), exclude=True)
    """The monitored KPIs in the order of policy/monitoring.py, None for one that can't be read; empty without any."""


def shown_tag(
    site: Site, wanted: str | None, state: OperationsState, newest: Callable[[], str | None] | None = None
) -> str | None:
    """Return the tag that a face shows; None when there is no tag. Raises BadTag.

    The wanted tag, else that of an incident that is not contained, else the active tag, else the newest, be it one
    whose run left nothing. `newest` is for a caller that has an index of the directory.
    """
    if wanted is not None:
        return check_tag(wanted)
    if state.incident is not None and state.incident.stage == "detected":
        return state.incident.tag
    if state.active_tag is not None:
        return state.active_tag
    return newest() if newest is not None else next((entry.tag for entry in tags_of(site)), None)


def tags_of(site: Site) -> list[TagEntry]:
    """Return every tag, those included whose run left nothing, the last changed or run first."""
    return index_tags(scan(site.reports), site.artifacts, last_runs(site.reports))


def read_status(site: Site, wanted: str | None, proof: Proof) -> tuple[Status, Evidence]:
    """Return the status of a tag and the evidence behind it; raises BadTag, StateUnreadable."""
    settings, reports = site.settings, site.reports
    state = read_state(reports)
    tag = shown_tag(site, wanted, state)
    judgement = judge_tag(site, tag or settings.tag, state)
    evidence = judgement.evidence
    place = place_of(settings, site.workdir, evidence.phase, None, None)
    status = Status(
        workdir=str(site.workdir),
        reports=str(reports),
        tag=tag,
        active_tag=state.active_tag,
        known_good_tag=state.known_good_tag,
        evaluation_mode=state.evaluation_mode,
        frozen=evidence.frozen,
        health=judgement.health,
        classification=judgement.classification,
        incident=summary_of(state.incident),
        fallback=read_fallback(site, state),
        pending=state.pending,
        preconditions=(
            check_workdir(settings, place, evidence.phase, steps_of(evidence.phase, settings)),
            check_artifacts(place, evidence.tag),
            check_environment(settings, site.environment),
            check_isolation(proof),
        ),
        runs=unfinished_runs(site.reports),
    )
    return status, evidence


def summary_of(incident: Incident | None) -> IncidentSummary | None:
    """Return the summary of the open incident, None without one."""
    if incident is None:
        return None
    return IncidentSummary(
        id=incident.id,
        severity_class=incident.severity_class,
        opened_at=incident.opened_at,
        stage=incident.stage,
    )


def unfinished_runs(reports: Path) -> tuple[UnfinishedRun, ...]:
    """Return the runs that go on, died or were cancelled, unless a later run of their tag replaced them; newest first.

    Only the tags run last are read: many thousand records would take longer than all the rest.
    """
    now = running(reports)
    newest = [next(runs_of(reports, tag), None) for tag in _last_run_tags(reports)]
    unfinished = [run for run in newest if run is not None and not _came_to_its_end(run)]
    return tuple(
        UnfinishedRun(
            tag=run.tag,
            run_id=run.run_id,
            state="running" if now is not None and now.run_id == run.run_id else "interrupted",
            ended_at=run.ended_at,
        )
        for run in sorted(unfinished, key=lambda run: run.run_id, reverse=True)
    )


def _came_to_its_end(run: RunRecord) -> bool:
    return run.state == "finished" and all(step.state != "cancelled" for step in run.steps)


def _last_run_tags(reports: Path) -> list[str]:
    found = last_runs(reports)
    return sorted(found, key=lambda tag: found[tag], reverse=True)[:RUNS_LOOKED_AT]


def read_tags(site: Site) -> list[TagRow]:
    """Return a row for every tag, the last changed first; raises StateUnreadable."""
    state = read_state(site.reports)
    run = running_tag(site.reports)
    return [row_of(site, entry, state, run) for entry in tags_of(site)]


def row_of(site: Site, entry: TagEntry, state: OperationsState, running: str | None) -> TagRow:
    """Judge a tag and return its row; `running` is the tag that is being run."""
    judgement = judge_tag(site, entry.tag, state, patient=False, running=lambda: running)
    return judged_row(entry, judgement, state)


def judged_row(entry: TagEntry, judgement: Judgement, state: OperationsState) -> TagRow:
    """Return the row of a tag that was judged."""
    evidence, classification = judgement.evidence, judgement.classification
    return TagRow(
        tag=entry.tag,
        severity_class=classification.severity_class,
        level=classification.level,
        frozen=evidence.frozen,
        quarantined=quarantine_of(evidence.reports, entry.tag, state) is not None,
        pinned=entry.tag in state.pinned,
        known_good=judgement.rung is None,
        first_failed_rung=judgement.rung,
        modified_at=iso(entry.modified_ns),
        phase=judgement.phase,
        modified_ns=entry.modified_ns,
        unsettled=judgement.is_unsettled,
        kpis=_kpis_of(evidence),
    )


def _kpis_of(evidence: Evidence) -> tuple[float | None, ...]:
    found = evidence.monitoring.value
    if found is None or found.snapshot is None:
        return ()
    kpis = found.snapshot.kpis
    return tuple(float(value) if is_share(value := kpis.get(kpi)) else None for kpi in KPIS)
