"""A text that is selected with the mouse is seen to be, and what is copied is what is seen, on every screen."""

from pathlib import Path

import pytest
from textual import events

from phase4_tui.tui.screens.audit import AuditScreen
from phase4_tui.tui.screens.choice import LongChoiceScreen
from phase4_tui.tui.screens.dashboard import DashboardScreen
from phase4_tui.tui.widgets.output import Output
from phase4_tui.tui.widgets.rows import Rows
from tests.tui.support import screen_text, until
from tests.tui.user import User, user_at
from tests.tui.view_support import decision, put_report, work_in

SCREENS = ["", "b", "j", "d", "a", "question_mark", "k", "v", "g", "c", "t"]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A working directory with tag A, which is good, and B, newer and P1."""
    work_in(tmp_path)
    put_report(tmp_path / "reports", [decision(underlying=f"NIFTY{number}") for number in range(200)])
    return tmp_path


async def select(user: User, begin: tuple[int, int], end: tuple[int, int]) -> str:
    """Draw the mouse from one cell to another with its button held, as a terminal tells it; return what is copied."""
    for kind, (x, y) in ((events.MouseDown, begin), (events.MouseMove, end), (events.MouseUp, end)):
        user.app.post_message(kind(None, x, y, 0, 0, 1, False, False, False, x, y))
        await user.pilot.pause()
    return user.app.screen.get_selected_text() or ""


def cell_of(user: User, words: str) -> tuple[int, int]:
    """Return where on the screen words begin."""
    rows = screen_text(user.app).split("\n")
    return next((row.index(words), y) for y, row in enumerate(rows) if words in row)


async def opened(user: User, key: str) -> None:
    """Open a screen by its key, and let it be filled."""
    await user.incident()
    if key:
        await user.press(key)
        await until(user.pilot, lambda: len(user.app.screen_stack) == 2 and user.app.screen.is_mounted)
        await until(user.pilot, lambda: not any(one.group in ("load", "begin", "look") for one in user.app.workers))
    await user.pilot.pause()


@pytest.mark.parametrize("key", SCREENS)
async def test_all_of_a_screen_selected_is_its_text_and_no_name_of_a_class(work: Path, key: str) -> None:
    async with user_at(work) as user:
        await opened(user, key)
        seen = screen_text(user.app)
        copied = await select(user, (0, 0), (119, 37))
        assert len(copied) > 200
        words = {word for word in copied.split() if word not in seen}
        assert [word for word in words if "#" in word or "(" in word] == []
        assert len(words) < len(copied.split()) / 2  # the others are cut off, wrapped, or scrolled out of sight


async def test_a_part_of_a_list_is_copied_as_it_stands_there_and_is_seen_to_be_selected(work: Path) -> None:
    async with user_at(work) as user:
        await opened(user, "d")
        rows = user.app.screen.query_one(Rows)
        y = rows.region.y
        lines = screen_text(user.app).split("\n")
        copied = await select(user, (10, y + 2), (30, y + 4))
        assert copied.split("\n") == [
            lines[y + 2][10:].rstrip(" ┃"),
            lines[y + 3][1:].rstrip(" ┃"),
            lines[y + 4][1:31].rstrip(),
        ]
        assert rows.cursor == 0  # to select is not to choose
        background = {part.style.bgcolor for part in user.app.screen._compositor.render_strips()[y + 3] if part.style}
        plain = {part.style.bgcolor for part in user.app.screen._compositor.render_strips()[y + 6] if part.style}
        assert background != plain


async def test_what_is_selected_stays_so_when_it_is_scrolled(work: Path) -> None:
    async with user_at(work) as user:
        await opened(user, "d")
        y = user.app.screen.query_one(Rows).region.y
        await user.press("end")
        await until(user.pilot, lambda: "row 200" in screen_text(user.app))
        seen = screen_text(user.app).split("\n")[y + 3][1:41]
        assert await select(user, (1, y + 3), (40, y + 3)) == seen.rstrip()
        await user.press("home")
        await until(user.pilot, lambda: "row 1 " in screen_text(user.app))
        assert user.app.screen.get_selected_text() == seen.rstrip()


async def test_words_of_a_panel_are_copied_and_ctrl_c_tells_so(work: Path) -> None:
    async with user_at(work) as user:
        await opened(user, "")
        x, y = user.app.screen.query_one("#monitoring").content_region.offset
        seen = screen_text(user.app).split("\n")[y + 1][x : x + 10].rstrip()
        copied = await select(user, (x, y + 1), (x + 9, y + 1))
        assert seen
        assert copied == seen
        await user.press("ctrl+c")
        assert user.app.clipboard == seen
        await user.sees("copied what is selected")
        assert isinstance(user.app.screen, DashboardScreen)  # nothing was opened by the way


async def test_the_output_of_a_step_is_copied_as_it_is_seen(work: Path) -> None:
    async with user_at(work) as user:
        await opened(user, "")
        await user.press("space")
        output = user.app.screen.query_one(Output)
        output.add(["first line of it", "second line of it"])
        await user.pilot.pause()
        x, y = output.content_region.offset
        assert await select(user, (x + 6, y), (x + 5, y + 1)) == "line of it\nsecond"


async def test_a_choice_is_copied_from_its_question(work: Path) -> None:
    async with user_at(work) as user:
        await user.incident()
        user.app.push_screen(LongChoiceScreen("Which tag?", [("noon", "P1"), ("morning", "OK, frozen")]))
        await user.at(LongChoiceScreen)
        x, y = cell_of(user, "morning")
        assert await select(user, (x, y), (x + 6, y)) == "morning"
        assert isinstance(user.app.screen, LongChoiceScreen)  # nothing was chosen by the way


async def test_a_click_that_selects_nothing_still_moves_and_chooses(work: Path) -> None:
    async with user_at(work) as user:
        await opened(user, "a")
        assert isinstance(user.app.screen, AuditScreen)
        rows = user.app.screen.query_one(Rows)
        await user.pilot.click(Rows, offset=(5, 2))
        assert rows.cursor == 2
        assert user.app.screen.get_selected_text() is None
