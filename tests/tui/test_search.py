"""`/` searches what is in front, on every screen; `n` and `N` go on, and nobody is thrown out of where he was."""

import re
from pathlib import Path

import pytest

from phase4_tui.tui.screens.dashboard import DashboardScreen
from phase4_tui.tui.screens.decisions import DecisionsScreen
from phase4_tui.tui.screens.guided import GuidedScreen
from phase4_tui.tui.screens.runbook import RunbookScreen
from phase4_tui.tui.screens.viewer import ViewerScreen
from phase4_tui.tui.widgets.file_lines import FileLines
from phase4_tui.tui.widgets.output import Output
from phase4_tui.tui.widgets.rows import Rows
from phase4_tui.tui.widgets.step_cards import StepCards
from phase4_tui.tui.widgets.text_lines import TextLines
from tests.runbook.documents import Tag
from tests.tui.support import screen_text, until
from tests.tui.test_at_once import at_once
from tests.tui.user import User, user_at
from tests.tui.view_support import decision, put_report, work_in

WORDS = {
    "b": "rollback", "j": "incident", "d": "EVENT_BLOCK", "a": "monitoring", "question_mark": "freeze", "k": "B",
    "v": "journal",
}  # fmt: skip
"""A key that opens a screen, and a word that is on it."""


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A working directory with tag A, which is good, and B, newer and P1, with two blocked decisions of five."""
    work_in(tmp_path)
    gates = ("PASS", "EVENT_BLOCK", "PASS", "EVENT_BLOCK", "PASS")
    put_report(tmp_path / "reports", [decision(gate=gate) for gate in gates])
    return tmp_path


def place(user: User) -> tuple[int, int]:
    """Return which match of how many the search says it is at."""
    found = re.search(r"(\d+) of (\d+) · n next", screen_text(user.app))
    return (int(found[1]), int(found[2])) if found else (0, 0)


async def at_match(user: User, number: int) -> None:
    """Wait until the search is at a match."""
    await until(user.pilot, lambda: place(user)[0] == number)


def marked(user: User) -> list[str]:
    """Return what is marked on the screen as the match that the search is at."""
    strips = user.app.screen._compositor.render_strips()
    return [part.text for strip in strips for part in strip if part.style and part.style.reverse and part.style.bold]


async def opened(user: User, key: str) -> None:
    """Open a screen by its key, and wait until its list or text is filled."""
    await user.incident()
    await user.press(key)
    await until(user.pilot, lambda: len(user.app.screen_stack) == 2)
    await until(user.pilot, lambda: any(found.count for found in user.app.screen.query(Rows)))


@pytest.mark.parametrize(("key", "word"), WORDS.items(), ids=WORDS.values())
async def test_a_word_is_found_and_marked_and_escape_leaves_the_search_before_the_screen(
    work: Path, key: str, word: str
) -> None:
    async with user_at(work) as user:
        await opened(user, key)
        screen = user.app.screen
        await user.press("slash", *word.lower(), "enter")
        await until(user.pilot, lambda: place(user)[0])
        await until(user.pilot, lambda: any(word.lower() in text.lower() for text in marked(user)))
        await user.press("escape")
        await until(user.pilot, lambda: " next, " not in screen_text(user.app))
        assert user.app.screen is screen
        await user.press("escape")
        await user.at(DashboardScreen)


async def test_the_step_of_the_rollback_that_a_word_is_in_gets_the_cursor(work: Path) -> None:
    async with user_at(work) as user:
        await user.incident()
        await user.press("g")
        await user.at(GuidedScreen)
        cards = user.app.screen.query_one(StepCards)
        await until(user.pilot, lambda: cards.search_count)
        await user.press("slash", *"root cause", "enter")
        await until(user.pilot, lambda: place(user)[0])
        assert "root cause" in cards.search_text(cards.cursor - 1).lower()
        assert user.app.focused is cards


async def test_n_and_shift_n_go_on_round_the_ends(work: Path) -> None:
    async with user_at(work) as user:
        await opened(user, "d")
        assert isinstance(user.app.screen, DecisionsScreen)
        rows = user.app.screen.query_one(Rows)
        await user.press("slash", *"event_b")
        await user.sees("1 of 2")  # while it is typed
        await user.press("enter")
        for key, number, row in (("n", 2, 3), ("n", 1, 1), ("N", 2, 3), ("N", 1, 1)):
            await user.press(key)
            await at_match(user, number)
            assert rows.cursor == row
        for begins in ("home", "end"):
            await user.press("escape", begins, "slash", *"event_b", "enter")
            await at_match(user, 1)
            assert rows.cursor == 1


async def test_what_is_not_there_is_said_and_the_cursor_stays(work: Path) -> None:
    async with user_at(work) as user:
        await opened(user, "d")
        await user.press("down", "slash", *"zebra")
        await user.sees("not found")
        await user.press("enter", "n")
        await user.sees("not found")
        assert user.app.screen.query_one(Rows).cursor == 1
        await user.press("slash", *"event_block", "enter")
        await at_match(user, 1)


async def test_a_search_that_comes_in_one_go_is_done_key_by_key(work: Path) -> None:
    async with user_at(work) as user:
        await opened(user, "d")
        at_once(user, "slash", *"event_block", "enter", "n")
        await at_match(user, 2)
        assert isinstance(user.app.screen, DecisionsScreen)


async def test_words_that_a_line_end_parts_are_found_in_the_runbook(work: Path) -> None:
    async with user_at(work) as user:
        await opened(user, "b")
        assert isinstance(user.app.screen, RunbookScreen)
        text = user.app.screen.query_one("#text", TextLines)
        await until(user.pilot, lambda: text.count)
        ends = [line for line in range(text.count - 1) if text.search_text(line).strip() and text.search_text(line + 1)]
        at = next(line for line in ends if " " in text.search_text(line).strip())
        phrase = f"{text.search_text(at).split()[-1]} {text.search_text(at + 1).split()[0]}"
        await user.press("slash")
        user.app.screen.query_one("SearchField").value = phrase  # type: ignore[attr-defined]
        await user.press("enter")
        await until(user.pilot, lambda: text.match == at)


async def test_a_file_is_searched_across_the_ends_of_its_rows(work: Path) -> None:
    path = work / "reports" / "long.txt"
    path.write_text("x" * 115 + "needle" + "x" * 300 + "\nneedle\n")
    async with user_at(work) as user:
        await user.incident()
        user.app.push_screen(ViewerScreen(path))
        await user.at(ViewerScreen)
        lines = user.app.screen.query_one(FileLines)
        await until(user.pilot, lambda: lines.count)
        await user.press("slash", *"NEEDLE", "enter")
        await until(user.pilot, lambda: place(user) == (1, 2))
        assert lines.match == 0
        assert "".join(marked(user)) == "needle"


async def test_a_match_that_a_narrow_screen_cuts_off_is_found_all_the_same(work: Path) -> None:
    async with user_at(work, (80, 24), operator="a-long-name-of-somebody") as user:
        await opened(user, "j")
        await until(user.pilot, lambda: "verified" in screen_text(user.app))
        await user.press("slash", *"somebody", "enter")
        await until(user.pilot, lambda: place(user)[0])


async def test_on_the_dashboard_n_goes_to_the_next_tag_that_the_filter_leaves(work: Path) -> None:
    for name in ("mona", "monb", "monc"):
        Tag(work / "reports", name)
    async with user_at(work) as user:
        await until(user.pilot, lambda: user.app.snapshot and len(user.app.snapshot.rows) == 5)
        await user.press("n")
        await user.sees("nothing is searched for: / searches")
        await user.press("slash", *"mon", "enter")
        await user.sees("3 of 5")
        rows = user.app.screen.query_one("#tags-rows", Rows)
        seen = [rows.cursor]
        for key in ("n", "n", "n", "N"):
            await user.press(key)
            seen.append(rows.cursor)
        assert seen == [0, 1, 2, 0, 2]


async def test_the_output_is_searched_while_it_has_the_focus(work: Path) -> None:
    async with user_at(work) as user:
        await user.incident()
        await user.press("space")
        output = user.app.screen.query_one(Output)
        output.add([f"line {number}" for number in range(200)])
        output.focus()
        await user.press("slash", *"line 17", "enter")
        await until(user.pilot, lambda: place(user)[1] == 11)
        await user.press("n")
        await until(user.pilot, lambda: "line 17" in "".join(marked(user)))
        await user.press("escape")
        await until(user.pilot, lambda: " next, " not in screen_text(user.app))
        assert user.app.focused is output
