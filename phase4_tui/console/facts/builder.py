"""Builds a snapshot from what was read: pure, so that equal readings give equal snapshots."""

from typing import TYPE_CHECKING

from phase4_tui.console.facts.snapshot import Snapshot, TagView
from phase4_tui.errors import Phase4Error
from phase4_tui.runbook.status import TagRow
from phase4_tui.runbook.steps import steps_of

if TYPE_CHECKING:
    from phase4_tui.console.facts.reading import Readings
    from phase4_tui.runbook.judging import Judgement
    from phase4_tui.runbook.site import Site


def build_snapshot(
    site: "Site",
    readings: "Readings",
    *,
    rows: tuple[TagRow, ...] = (),
    tags: int = 0,
    followed: bool = True,
    watch_trouble: str | None = None,
    read_only: bool = False,
) -> Snapshot:
    """Return the snapshot of `readings`.

    `rows` are the tags judged so far, `tags` the number of all; `followed` is False when the operator chose the shown
    tag; `watch_trouble` says why the kernel gives no hints of changes.
    """
    focus = view_of(readings.shown) if readings.shown else None
    error = readings.state_error
    return Snapshot(
        workdir=str(site.workdir),
        reports=str(site.reports),
        operator=site.settings.operator,
        read_only=read_only,
        state=readings.state,
        focus=focus,
        followed=followed,
        rows=rows,
        tags=tags,
        sequence=steps_of(4, site.settings),
        run=readings.other_run if _runs_another(readings) else focus.last_run if focus else None,
        holder=readings.holder,
        lease=readings.lease,
        needs_freezing=readings.needs_freezing,
        fallback=readings.fallback,
        rules=readings.rules,
        tampered=readings.tampered,
        preconditions=readings.preconditions,
        watch_trouble=watch_trouble,
        trouble=str(error) if error is not None else None,
        trouble_remedies=error.remedies if isinstance(error, Phase4Error) else (),
        clock_trouble=readings.clock_trouble,
        looked_ns=readings.looked_ns,
    )


def view_of(judgement: "Judgement") -> TagView:
    """Return the view of a judged tag."""
    evidence = judgement.evidence
    monitoring = evidence.monitoring.value
    snapshot = monitoring.snapshot if monitoring else None
    alerts = monitoring.alerts if monitoring else ()
    return TagView(
        tag=judgement.tag,
        phase=judgement.phase,
        health=judgement.health,
        classification=judgement.classification,
        frozen=evidence.frozen,
        rung=judgement.rung,
        last_run=max(evidence.runs, key=lambda run: run.run_id, default=None),
        missing=evidence.missing_files,
        kpis=tuple(sorted(snapshot.kpis.items())) if snapshot else (),
        alerts=tuple((alert.metric, alert.value, alert.threshold, alert.severity) for alert in alerts),
        signoff=evidence.recommendation.verdict,
    )


def _runs_another(readings: "Readings") -> bool:
    """True while a tag other than the shown one is being run."""
    shown = readings.shown.tag if readings.shown else None
    return readings.holder is not None and readings.holder.tag != shown
