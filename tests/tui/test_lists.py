"""Lists that are empty, shorter by now, or without room when a key or a click arrives: none ends the dashboard."""

from pathlib import Path

import pytest
from textual.widgets import OptionList

from phase4_tui.tui.screens.audit import AuditScreen
from phase4_tui.tui.screens.choice import LongChoiceScreen
from phase4_tui.tui.screens.known_good import KnownGoodScreen, TagRows
from phase4_tui.tui.screens.palette import Palette
from phase4_tui.tui.screens.questions import ChoiceScreen
from phase4_tui.tui.screens.runbook import RunbookScreen
from phase4_tui.tui.widgets.rows import Rows
from phase4_tui.tui.widgets.text_lines import TextLines
from tests.tui.support import until
from tests.tui.test_at_once import at_once
from tests.tui.user import user_at
from tests.tui.view_support import dashboard, sees, work_in

CHOICES = [("engineering", "script and runtime defects"), ("risk", "veto and policy anomalies")]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A working directory with tag A, which is good, and B, newer and P1."""
    return work_in(tmp_path)


async def test_a_click_in_a_text_does_nothing(work: Path) -> None:
    async with dashboard(work) as (app, pilot):
        await pilot.press("b")
        await sees(pilot, "RUNBOOK", "Roll")
        assert isinstance(app.screen, RunbookScreen)
        text = app.screen.query_one(TextLines)
        await until(pilot, lambda: text.count)  # until it is typeset there is nothing to scroll
        await pilot.press("home")
        for row in range(text.size.height):
            for _ in range(2):
                await pilot.click(TextLines, offset=(10, row))
        assert (text.top, text.cursor) == (0, -1)


@pytest.mark.parametrize("key", ["pageup", "pagedown"])
async def test_a_page_key_right_behind_the_palettes_is_no_error(work: Path, key: str) -> None:
    async with user_at(work) as user:
        await user.incident()
        at_once(user, "ctrl+p", key, key, "enter", "escape")
        await until(user.pilot, lambda: not isinstance(user.app.screen, Palette))


@pytest.mark.parametrize("key", ["pageup", "pagedown"])
async def test_a_page_key_right_behind_the_key_of_a_choice_is_no_error(work: Path, key: str) -> None:
    async with user_at(work) as user:
        await user.incident()
        at_once(user, "e", key, key)
        await user.at(ChoiceScreen)
        user.app.push_screen(ChoiceScreen("Which owner?", CHOICES, "risk"))
        at_once(user, key, "pageup", "pagedown", "escape", "escape")
        await until(user.pilot, lambda: len(user.app.screen_stack) == 1)


async def test_the_palette_turns_its_pages(work: Path) -> None:
    async with user_at(work) as user:
        await user.press("ctrl+p")
        await user.sees("freeze")
        await user.press("pagedown", "pagedown")
        found = user.app.screen.query_one(OptionList)
        await until(user.pilot, lambda: (found.highlighted or 0) > 3)
        await user.press("pageup", "pageup")
        await until(user.pilot, lambda: found.highlighted == 0)


@pytest.mark.parametrize("size", [(6, 6), (2, 1), (1, 1)])
async def test_a_choice_in_a_pane_without_room_can_still_be_answered(work: Path, size: tuple[int, int]) -> None:
    answers: list[str | None] = []
    async with dashboard(work, size) as (app, pilot):
        for screen in (ChoiceScreen("Which owner?", CHOICES), LongChoiceScreen("Which owner?", CHOICES)):
            app.push_screen(screen, answers.append)
            await pilot.press("pagedown", "pageup", "end", "enter")
            await until(pilot, lambda: len(app.screen_stack) == 1)
    assert answers == ["risk", "risk"]


async def test_a_row_that_is_gone_when_its_enter_arrives_chooses_nothing(work: Path) -> None:
    async with user_at(work) as user:
        await user.incident()
        await user.press("a")
        await user.sees("ARTIFACTS", "present")
        screen = user.app.screen
        assert isinstance(screen, AuditScreen)
        rows = screen.query_one(Rows)
        rows.action_choose()
        screen._entries = []  # as when another tag's files are hashed
        await user.pilot.pause()
        assert user.app.screen is screen


async def test_a_tag_that_is_gone_when_the_cursor_reaches_it_is_not_chosen(work: Path) -> None:
    async with user_at(work) as user:
        await user.incident()
        await user.press("k")
        await user.at(KnownGoodScreen)
        rows = user.app.screen.query_one(TagRows)
        for message in (Rows.Moved(rows, 7), Rows.Chosen(rows, 7), Rows.Chosen(rows, -1)):
            rows.post_message(message)
        await user.sees("no tag is chosen")
