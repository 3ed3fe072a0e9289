"""Reads one snapshot for a command, without threads: what the dashboard knows after its index is complete."""

from phase4_tui.console.facts.snapshot import Snapshot, view_tag
from phase4_tui.journal.lease import read_lease
from phase4_tui.journal.state import read_state
from phase4_tui.rollback.frozen_copies import needs_freezing
from phase4_tui.runbook.run_holder import running
from phase4_tui.runbook.site import Site
from phase4_tui.runbook.status import read_tags, shown_tag
from phase4_tui.runbook.steps import steps_of


def read_snapshot(site: Site, tag: str | None = None) -> Snapshot:
    """Return what is known of a working directory now; raises BadTag, StateUnreadable."""
    reports = site.reports
    state = read_state(reports)
    shown = shown_tag(site, tag, state)
    focus = view_tag(site, shown, state) if shown is not None else None
    rows = tuple(read_tags(site))
    return Snapshot(
        workdir=str(site.workdir),
        reports=str(reports),
        operator=site.settings.operator,
        read_only=False,
        state=state,
        focus=focus,
        rows=rows,
        tags=len(rows),
        sequence=steps_of(4, site.settings),
        run=focus.last_run if focus else None,
        holder=running(reports),
        lease=read_lease(reports),
        needs_freezing=state.incident is not None and needs_freezing(site, state.incident.tag, state),
    )
