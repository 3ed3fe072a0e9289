"""What a user sees who looks at the journal: its filters, its pages, and what grows meanwhile."""

import re
from pathlib import Path
from typing import Any

import pytest

from phase4_tui.console.facts.journal_rows import Journal, More, read_last, read_more
from phase4_tui.journal.actor import Actor
from phase4_tui.journal.log import Draft, journal_path
from phase4_tui.journal.writer import record
from phase4_tui.tui.widgets.rows import Rows
from tests.tui.support import screen_text, until
from tests.tui.view_support import (
    HOSTILE,
    LITERAL,
    dashboard,
    is_harmless,
    sees,
    work_in,
)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A working directory with tag A, which is good, and B, newer and P1."""
    return work_in(tmp_path)


def note(work: Path, kind: str, operator: str = "maria", **detail: Any) -> None:
    """Write an event as an operator."""
    record(work / "reports", Actor(operator), Draft(kind, tag="A", detail=detail))


async def test_events_are_listed_newest_first_with_the_whole_text_of_the_selected_one(work: Path) -> None:
    note(work, "first", reason="it began")
    note(work, "second", reason="it went on")
    async with dashboard(work, read_only=True) as (app, pilot):
        await pilot.press("j")
        await sees(pilot, "verified 2 events", '"kind": "second"')
        text = screen_text(app)
        assert text.index("it went on") < text.index("it began")
        await pilot.press("down")
        await sees(pilot, '"kind": "first"', '"seq": 1')


def operate(work: Path, at: str, outcome: str, **more: Any) -> None:
    """Write the beginning or the end of a freeze of incident 1, as operations do."""
    detail = {"outcome": outcome, "reason": "evidence"} | more
    record(work / "reports", Actor(at), Draft("freeze", "A", "inc-20260217T034500-123", detail))


async def test_an_operation_is_one_row_in_words_with_a_short_incident_and_its_events_in_the_detail(work: Path) -> None:
    operate(work, "maria", "intent", plan=["freeze A"])
    async with dashboard(work, read_only=True) as (app, pilot):
        await pilot.press("j")
        await sees(pilot, "verified 1 event", "▶ 1 ", "unfinished: freeze A: evidence", "inc-034500")
        operate(work, "jonas", "done", intent=1)
        await sees(pilot, "verified 2 events", "✔ 2 ", "maria@", '"outcome": "done"')
        assert app.screen.query_one(Rows).count == 1
        text = screen_text(app)
        assert "unfinished" not in text
        assert "inc-20260217T034500-123" in text, "the detail has its whole name"
        listed = text[: text.index('"seq"')]
        assert not re.search(r"inc-2026|pid|\.\d{6}|[0-9a-f]{64}", listed), "none of that in the list"


def test_an_end_is_folded_into_its_beginning_alone_and_a_run_is_one_row(tmp_path: Path) -> None:
    operate(tmp_path, "maria", "intent", plan=["freeze A"])
    note(tmp_path, "run", run="r1", state="running")
    note(tmp_path, "evidence")
    operate(tmp_path, "maria", "failed", intent=1, error="no room")
    note(tmp_path, "run", run="r2", state="running")
    note(tmp_path, "run", run="r1", state="finished", steps={"pipeline": "passed"})
    operate(tmp_path, "maria", "done", intent=99)
    rows = read_last(tmp_path / "reports").rows
    assert [(row.begun, row.seq, row.outcome) for row in rows] == [
        (3, 3, ""), (1, 4, "failed"), (5, 5, "unfinished"), (2, 6, ""), (7, 7, "done"),
    ]  # fmt: skip
    assert rows[1].what == "freeze A failed: no room"
    assert rows[3].what == "run of A ended: every step passed"


async def test_events_are_filtered_by_operator_and_x_shows_all_again(work: Path) -> None:
    for operator in ("maria", "jonas", "maria"):
        note(work, "noted", operator)
    async with dashboard(work, read_only=True) as (app, pilot):
        await pilot.press("j")
        await sees(pilot, "verified 3 events")
        await pilot.press("O")
        await sees(pilot, "Which operator?", "2 rows")
        await pilot.press("down", "down", "enter")
        await sees(pilot, "operator=jonas", "1 found")
        await pilot.press("X")
        await until(pilot, lambda: app.screen.query_one(Rows).count == 3)


async def test_what_is_added_while_the_journal_is_open_appears_and_the_selected_event_stays(work: Path) -> None:
    note(work, "first")
    note(work, "second")
    async with dashboard(work, read_only=True) as (app, pilot):
        await pilot.press("j")
        await sees(pilot, "verified 2 events")
        await pilot.press("down")
        await sees(pilot, '"kind": "first"')
        note(work, "third", "jonas")
        await sees(pilot, "verified 3 events", "third", '"kind": "first"')
        assert app.screen.query_one(Rows).cursor == 2


async def test_a_look_at_the_journal_that_failed_is_told_until_the_next_one_succeeds_and_no_event_is_lost(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    note(work, "first")
    away = {"the disk is away"}

    def read(reports: Path, known: Journal) -> More | None:
        for reason in away:
            raise OSError(reason)
        return read_more(reports, known)

    async with dashboard(work, read_only=True) as (_, pilot):
        await pilot.press("j")
        await sees(pilot, "verified 1 event")
        monkeypatch.setattr("phase4_tui.tui.screens.journal.read_more", read)
        note(work, "second")
        await sees(pilot, "✘ the disk is away", "first")
        away.clear()
        note(work, "third")
        await sees(pilot, "verified 3 events", "second", "third")


def test_what_was_read_behind_the_known_events_and_not_taken_is_read_again(tmp_path: Path) -> None:
    note(tmp_path, "first")
    known = read_last(tmp_path / "reports")
    note(tmp_path, "second")
    assert read_more(tmp_path / "reports", known) == read_more(tmp_path / "reports", known)
    more = read_more(tmp_path / "reports", known)
    assert more is not None
    known.add(more)
    assert [row.kind for row in known.rows] == ["first", "second"]
    assert read_more(tmp_path / "reports", known) == More([], known.seq, known.hash)


@pytest.mark.parametrize("harm", ["changed", "swapped", "cut"])
async def test_a_journal_that_was_changed_is_said_to_be_damaged_with_the_events_before(work: Path, harm: str) -> None:
    for number in range(4):
        note(work, f"event{number}")
    lines = journal_path(work / "reports").read_bytes().splitlines(keepends=True)
    if harm == "changed":
        lines[2] = lines[2].replace(b"event2", b"eventX")
    elif harm == "swapped":
        lines[1], lines[2] = lines[2], lines[1]
    else:
        lines = lines[:2]
    journal_path(work / "reports").write_bytes(b"".join(lines))
    async with dashboard(work, (160, 40), read_only=True) as (_, pilot):
        await pilot.press("j")
        await sees(pilot, f"damaged after {1 if harm == 'swapped' else 2} good events", "event0")


async def test_hostile_text_in_an_event_is_shown_literally(work: Path) -> None:
    note(work, "noted", HOSTILE, reason=HOSTILE, error=HOSTILE)
    async with dashboard(work, (200, 40), read_only=True) as (app, pilot):
        await pilot.press("j")
        await sees(pilot, "verified 1 event", '"reason"', *LITERAL)
        assert is_harmless(app)
        for key in ("K", "T", "O", "I"):
            await pilot.press(key)
            await sees(pilot, "Which")
            assert is_harmless(app)
            await pilot.press("escape")
