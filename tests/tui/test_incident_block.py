"""What is wrong stands on top with the one next move, and each fact of the header has its place, at any width."""

from dataclasses import replace
from pathlib import Path

import pytest

from phase4_tui.artifacts.clock import iso, now_ns
from phase4_tui.console.facts.next_move_cache import NextMoveCache
from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.console.key_settings import keys_of
from phase4_tui.journal.state import OperationsState, Quarantined, read_state
from phase4_tui.rollback.incidents import look_for_incident
from phase4_tui.runbook.status import TagRow
from phase4_tui.tui.text import content
from phase4_tui.tui.widgets.header_line import header_row, places
from phase4_tui.tui.widgets.incident_block import block_rows
from tests.rollback.support import site_of
from tests.tui.support import lay_out, view_tag

KEYS = keys_of({})
WIDTHS = range(58, 240)


def snapshot_of(work: Path, tag: str | None = None, state: OperationsState | None = None) -> Snapshot:
    """Return what a dashboard shows of a tag."""
    found = Snapshot("/desk", "/desk/reports", "maria", False, state or OperationsState())
    if tag is not None:
        found = replace(found, focus=view_tag(work / "reports", tag, found.state), tags=2)
    needs = found.state.incident is not None and tag not in found.state.frozen
    return NextMoveCache(site_of(work)).shown(replace(found, needs_freezing=needs))


@pytest.fixture
def p1(tmp_path: Path) -> Snapshot:
    """A snapshot of tag B with its incident, P1."""
    lay_out(tmp_path)
    look_for_incident(site_of(tmp_path), "B")
    return snapshot_of(tmp_path, "B", read_state(tmp_path / "reports"))


def shown(snapshot: Snapshot, width: int = 118, *, roomy: bool = True) -> list[str]:
    """Return the lines of the block."""
    return [content(*row).plain.rstrip() for row in block_rows(snapshot, KEYS, width, roomy=roomy)]


def test_an_incident_is_told_with_its_limit_its_progress_and_one_next_move(p1: Snapshot) -> None:
    title, evidence, progress, move = shown(p1)
    assert title.startswith("✘ P1 MONITORING ALERT HIGH · B · owner risk") and title.endswith("not contained")
    assert evidence.strip() == "no_trade 95 > 70 HIGH"
    assert progress.strip() == "▶ freeze ── ○ known-good ── ○ phase 3 ── ○ root cause ── ○ rehearse ── ○ reopen"
    assert move.startswith("  next: f freeze B") and move.endswith("g guided rollback")


@pytest.mark.parametrize("width", [58, 78])
def test_where_there_is_little_room_it_takes_three_lines_and_still_says_what_to_press(p1: Snapshot, width: int) -> None:
    lines = shown(p1, width, roomy=False)
    assert len(lines) == 3
    assert all(len(line) <= width for line in lines)
    assert "P1" in lines[0] and "next: f freeze B" in lines[2]


def test_a_fresh_directory_is_told_with_the_one_key(tmp_path: Path) -> None:
    (tmp_path / "reports").mkdir()
    lines = shown(snapshot_of(tmp_path))
    assert lines[0].startswith("NO RUN YET")
    assert lines[1].strip().startswith("next: ")


def test_nothing_is_told_while_all_is_well(tmp_path: Path) -> None:
    lay_out(tmp_path)
    assert [line for line in shown(snapshot_of(tmp_path, "A")) if not line.strip().startswith("next: ")] == []


def test_a_tag_that_a_rollback_left_behind_says_so_and_what_took_its_place(tmp_path: Path) -> None:
    lay_out(tmp_path)
    left = Quarantined(
        tag="B", report_sha256=None, report_size=None, reason="bad feed", at="2026-02-17T12:30:00.000000Z"
    )
    lines = shown(snapshot_of(tmp_path, "B", OperationsState(quarantine=(left,), active_tag="C")))
    assert lines[0] == "⊘ QUARANTINED · B · left behind 2026-02-17 12:30:00 UTC: bad feed"
    assert lines[1].strip() == "its incident is closed; Phase 4 was reopened on C"


# The header --------------------------------------------------------------------------------------------------


def test_the_header_is_one_line_as_wide_as_the_screen(p1: Snapshot) -> None:
    for width in WIDTHS:
        assert sum(len(text) for text, _ in header_row(p1, width)) == width
        assert min(places(width)) >= 0


def test_no_fact_moves_another_in_the_header(tmp_path: Path, p1: Snapshot) -> None:
    fallback = p1.state.model_copy(update={"evaluation_mode": "phase3_only", "mode_since": iso(now_ns())})
    for width in WIDTHS:
        starts = {
            tuple(len(text) for text, _ in header_row(one, width))
            for one in (p1, snapshot_of(tmp_path, "A"), snapshot_of(tmp_path), replace(p1, state=fallback))
        }
        assert len(starts) == 1


def test_the_header_says_the_active_tag_where_another_is_viewed(tmp_path: Path) -> None:
    lay_out(tmp_path)
    viewed = snapshot_of(tmp_path, "B", OperationsState(active_tag="A"))
    assert "active A ●" in "".join(text for text, _ in header_row(viewed, 118))
    assert "viewing A ●" in "".join(
        text for text, _ in header_row(snapshot_of(tmp_path, "A", OperationsState(active_tag="A")), 118)
    )


def test_the_fallback_is_never_the_tag_that_is_viewed(tmp_path: Path) -> None:
    lay_out(tmp_path)
    viewed = snapshot_of(tmp_path, "A", OperationsState(active_tag="A", known_good_tag="A"))
    other = row("C", known_good=True)
    assert "fallback C ★" in "".join(text for text, _ in header_row(replace(viewed, rows=(row("A"), other)), 118))
    assert "no other good tag" in "".join(text for text, _ in header_row(replace(viewed, tags=0), 118))


def row(tag: str, *, known_good: bool = True) -> TagRow:
    """Return the row of a tag."""
    return TagRow.model_validate(
        {
            "tag": tag, "class": None, "level": "ok", "frozen": "no", "quarantined": False, "pinned": False,
            "known_good": known_good, "first_failed_rung": None, "modified_at": iso(0), "phase": 4, "modified_ns": 0,
        }
    )  # fmt: skip
