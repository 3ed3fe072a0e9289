"""The question with any number of answers: at once on the screen, narrowed by typing, and left in every way."""

import time
from pathlib import Path

import pytest
from textual.widgets import Input

from phase4_tui.tui.screens.choice import LongChoiceScreen
from phase4_tui.tui.widgets.rows import Rows
from tests.tui.support import screen_text, until
from tests.tui.view_support import HOSTILE, LITERAL, SIZES, dashboard, is_harmless, sees, work_in


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A working directory with tag A, which is good, and B, newer and P1."""
    return work_in(tmp_path)


@pytest.mark.parametrize("size", SIZES)
async def test_one_of_fifty_thousand_is_found_by_a_part_of_its_name(work: Path, size: tuple[int, int]) -> None:
    choices = [(f"tag_{number:05}", "OK") for number in range(50_000)]
    answers: list[str | None] = []
    async with dashboard(work, size, read_only=True) as (app, pilot):
        began = time.monotonic()
        app.push_screen(LongChoiceScreen("Which tag?", choices, "tag_30000"), answers.append)
        await sees(pilot, "Which tag?", "tag_30000  OK", "/ filters")
        await pilot.press("slash", *"_00123")
        await until(pilot, lambda: app.screen.query_one(Rows).count == 1)
        await pilot.press("enter")
        await until(pilot, lambda: answers == ["tag_00123"])
        assert time.monotonic() - began < 5


async def test_escape_leaves_the_filter_first_and_then_the_question(work: Path) -> None:
    answers: list[str | None] = []
    async with dashboard(work, read_only=True) as (app, pilot):
        app.push_screen(LongChoiceScreen("Which?", [("one", ""), ("two", ""), ("three", "")]), answers.append)
        await sees(pilot, "Which?", "three")
        await pilot.press("slash", *"tw")
        await until(pilot, lambda: "three" not in screen_text(app))
        await pilot.press("escape")
        await sees(pilot, "three")
        assert not isinstance(app.focused, Input)
        await pilot.press("escape")
        await until(pilot, lambda: answers == [None])


async def test_from_the_filter_an_arrow_leads_to_what_is_left_and_nothing_left_answers_nothing(work: Path) -> None:
    answers: list[str | None] = []
    async with dashboard(work, read_only=True) as (app, pilot):
        app.push_screen(LongChoiceScreen("Which?", [("one", ""), ("two", ""), ("tower", "")]), answers.append)
        await sees(pilot, "Which?")
        await pilot.press("slash", *"xx", "enter", "enter")
        await pilot.pause()
        assert answers == []
        await pilot.press("backspace", "backspace", *"t", "down", "down", "enter")
        await until(pilot, lambda: answers == ["tower"])


async def test_hostile_choices_are_shown_literally(work: Path) -> None:
    async with dashboard(work, (200, 40), read_only=True) as (app, pilot):
        app.push_screen(LongChoiceScreen(HOSTILE, [(HOSTILE, HOSTILE)]))
        await sees(pilot, *LITERAL)
        assert is_harmless(app)
