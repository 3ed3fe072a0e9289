"""Reads one snapshot for a command, without threads: what the dashboard knows after its index is complete."""

from dataclasses import replace

from phase4_tui.console.facts.builder import build_snapshot
from phase4_tui.console.facts.next_move_cache import NextMoveCache
from phase4_tui.console.facts.reading import Reader
from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.runbook.site import Site
from phase4_tui.runbook.status import read_tags


def read_snapshot(site: Site, tag: str | None = None) -> Snapshot:
    """Return what is known of a working directory now; raises BadTag, StateUnreadable, OSError."""
    readings = Reader(site).read(tag)
    if readings.state_error is not None:
        raise readings.state_error
    rows = tuple(read_tags(site))
    snapshot = build_snapshot(site, readings, rows=rows, tags=len(rows), followed=tag is None)
    return replace(snapshot, next_move=NextMoveCache(site).of(snapshot))
