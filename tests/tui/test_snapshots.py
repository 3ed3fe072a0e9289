"""Pictures of the dashboard in its states, the same on any machine: fixed facts, a clock that stands still.

After a change that is meant to be seen: `pytest tests/tui/test_snapshots.py --snapshot-update`, and look at them.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from textual.message import Message
from textual.pilot import Pilot

from phase4_tui.artifacts.clock import iso
from phase4_tui.artifacts.names import Artifact
from phase4_tui.console.facts.next_move_cache import situation_of
from phase4_tui.console.facts.snapshot import Snapshot, TagView
from phase4_tui.journal.incident import Finding, Incident
from phase4_tui.journal.state import OperationsState
from phase4_tui.rollback.next_move import next_move
from phase4_tui.rollback.progress import progress
from phase4_tui.runbook.fallback_proof import Fallback
from phase4_tui.runbook.status import read_tags
from phase4_tui.tui.app import Phase4App
from phase4_tui.tui.messages import SnapshotReady
from tests.rollback.support import site_of
from tests.runbook.documents import ALERT, Tag, quality, site_at
from tests.tui.support import screen_text, until, view_tag

NOON_NS = 1_771_329_600_000_000_000
"""2026-02-17 12:00 UTC."""
Picture = Callable[..., bool]


class Still:
    """Facts that never change."""

    def __init__(self, snapshot: Snapshot, post: Callable[[Message], object]) -> None:
        self._snapshot, self._post = snapshot, post

    def start(self) -> None:
        """Tell them."""
        self._post(SnapshotReady(self._snapshot))

    def first(self, seconds: float) -> Snapshot:
        """Return them at once."""
        return self._snapshot

    def mark_stale(self, seconds: float) -> None:
        """They are never old."""

    def stop(self) -> None:
        """Nothing runs."""

    def look_now(self) -> None:
        """There is nothing else to be seen."""


@pytest.fixture
def healthy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Snapshot:
    """Return the snapshot of two healthy tags at noon, and stop the clock there."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    for panel in ("header_line", "health_panel", "clocks", "recent"):
        monkeypatch.setattr(f"phase4_tui.tui.widgets.{panel}.now_ns", lambda: NOON_NS)
    reports = tmp_path / "reports"
    for name, age in (("phase4_0216", 86_400), ("phase4_0217", 120)):
        aged(Tag(reports, name), age)
    return Snapshot(
        workdir="/desk",
        reports="/desk/reports",
        operator="maria",
        read_only=False,
        state=OperationsState(),
        focus=view_tag(reports, "phase4_0217", OperationsState()),
        rows=tuple(read_tags(site_at(reports))),
        tags=2,
    )


def aged(tag: Tag, seconds: int) -> Tag:
    """Date a tag's files so many seconds before noon: the report first, what judges it after."""
    core = (Artifact.REPORT, Artifact.SUMMARY, Artifact.REPORT_MD)
    for kind in Artifact:
        if tag.path(kind).exists():
            moment = NOON_NS - seconds * 1_000_000_000 - (1_000_000_000 if kind in core else 0)
            os.utime(tag.path(kind), ns=(moment, moment))
    return tag


def looked(tmp_path: Path, before: Snapshot) -> Snapshot:
    """Return the snapshot with the newest tag and all rows judged again."""
    reports = tmp_path / "reports"
    rows = tuple(read_tags(site_at(reports)))
    return replace(before, focus=view_tag(reports, "phase4_0217", before.state), rows=rows)


def focus_of(snapshot: Snapshot) -> TagView:
    """Return the shown tag."""
    assert snapshot.focus is not None
    return snapshot.focus


def with_incident(snapshot: Snapshot) -> Snapshot:
    """Return the snapshot with the incident that its tag opens, four minutes ago."""
    found = focus_of(snapshot).classification
    incident = Incident.model_validate(
        {
            "id": "inc-20260217T115548-000",
            "class": found.severity_class,
            "rule": found.rule,
            "tag": "phase4_0217",
            "owner": found.owner,
            "evidence": [Finding.model_validate(one.model_dump()).model_dump() for one in found.evidence],
            "opened_at": iso(NOON_NS - 252_000_000_000),
            "opened_by": "maria@desk",
        }
    )
    state = snapshot.state.model_copy(update={"incident": incident})
    return replace(snapshot, state=state, needs_freezing=True)


def spoiled(tmp_path: Path, snapshot: Snapshot, kind: str) -> Snapshot:
    """Return the snapshot after the newest tag's quality gate (P0) or monitoring (P1) went wrong."""
    tag = Tag(tmp_path / "reports", "phase4_0217")
    if kind == "P0":
        tag.put(
            Artifact.QUALITY_CHECK, quality(False, {"policy": ["record 4 must be NO_TRADE", "record 9 is oversized"]})
        )
    else:
        tag.change(Artifact.MONITORING, lambda found: found.update(status="ALERT", alerts=[ALERT], alert_count=1))
    aged(tag, 120)
    return with_incident(looked(tmp_path, snapshot))


def take(snapshot: Snapshot, tmp_path: Path) -> Phase4App:
    """Return the dashboard of a snapshot."""
    site = site_of(tmp_path)
    situation = situation_of(snapshot, site)
    move = next_move(situation)
    snapshot = replace(snapshot, next_move=move, progress=progress(situation, move))
    app = Phase4App(site)
    app.facts = Still(snapshot, app.post_message)  # type: ignore[assignment]
    return app


async def settled(pilot: Pilot[None]) -> None:
    """Wait until the facts are drawn, with the footer, which comes last."""
    await until(pilot, lambda: "^p palette" in screen_text(pilot.app) and "SIGN-OFF" in screen_text(pilot.app))
    await pilot.pause()


STATES: dict[str, Callable[[Path, Snapshot], Snapshot]] = {
    "healthy": lambda path, one: one,
    "P0": lambda path, one: spoiled(path, one, "P0"),
    "P1": lambda path, one: spoiled(path, one, "P1"),
    "frozen": lambda path, one: replace(one, focus=replace(focus_of(one), frozen="intact")),
    "tampered": lambda path, one: replace(
        one, focus=replace(focus_of(one), frozen="tampered"), tampered=("phase4_0217",)
    ),
    "fallback": lambda path, one: replace(
        one,
        state=one.state.model_copy(update={"evaluation_mode": "phase3_only", "active_tag": "phase4_0217"}),
        fallback=Fallback(
            since=iso(NOON_NS), holds=True, phase3_tag="phase3_demo", phase3_at=iso(NOON_NS), intruders=()
        ),
    ),
    "watcher-down": lambda path, one: replace(one, watch_trouble="polling: OS file watch limit reached"),
}


PICTURES = [(state, size) for size in ("80x24", "120x40") for state in STATES]
PICTURES += [(state, size) for size in ("60x16", "200x60") for state in ("healthy", "P1")]


@pytest.mark.parametrize(("state", "size"), PICTURES)
def test_the_dashboard_looks_as_it_did(
    tmp_path: Path, healthy: Snapshot, snap_compare: Picture, state: str, size: str
) -> None:
    columns, rows = map(int, size.split("x"))
    app = take(STATES[state](tmp_path, healthy), tmp_path)
    assert snap_compare(app, terminal_size=(columns, rows), run_before=settled)
