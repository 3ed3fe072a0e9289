"""Keys that come to the palette at once: a command is carried out once, and only the palette is left."""

from pathlib import Path

import pytest
from textual.command import CommandInput
from textual.widgets import OptionList

from phase4_tui.runbook.run_holder import announce, run_lock
from phase4_tui.tui.screens.help import HelpScreen
from phase4_tui.tui.screens.palette import Palette
from phase4_tui.tui.themes import THEMES
from tests.tui.support import lay_out, until
from tests.tui.test_at_once import at_once
from tests.tui.user import User, user_at


async def opened(me: User, words: str) -> None:
    """Open the palette above the help and wait until it offers what was typed."""
    await me.press("question_mark", "ctrl+p", *words)
    await until(me.pilot, lambda: isinstance(me.app.screen, Palette))
    offers = me.app.screen.query_one(OptionList)
    await until(me.pilot, lambda: offers.highlighted == 0 and words in str(offers.get_option_at_index(0).prompt)[:20])


async def test_enter_again_and_again_carries_a_command_out_once_and_leaves_what_is_below(tmp_path: Path) -> None:
    lay_out(tmp_path)
    async with user_at(tmp_path) as me:
        await opened(me, "theme")
        at_once(me, "enter", "enter", "enter")
        await until(me.pilot, lambda: me.app.theme != THEMES[0].name)
        await me.pilot.pause(0.1)
        assert me.app.theme == THEMES[1].name
        assert isinstance(me.app.screen, HelpScreen)


async def test_a_letter_that_arrives_when_the_palette_was_left_begins_no_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_out(tmp_path)
    async with user_at(tmp_path) as me:
        await opened(me, "theme")
        searched: list[str] = []
        monkeypatch.setattr(Palette, "_gather_commands", lambda _, words: searched.append(words))
        palette = me.app.screen
        palette.post_message(CommandInput.Changed(palette.query_one(CommandInput), "manual"))
        me.app.pop_screen()
        await me.pilot.pause(0.1)
        assert searched == []
        assert isinstance(me.app.screen, HelpScreen)


async def test_the_palette_shows_another_operators_name_literally(tmp_path: Path) -> None:
    lay_out(tmp_path)
    name = "ma[/nope]ria [@click=app.quit]x[/] \\"
    async with user_at(tmp_path) as me:
        with run_lock(tmp_path / "reports"):
            announce(tmp_path / "reports", "A", "run-1", name)
            await until(me.pilot, lambda: me.app.snapshot and me.app.snapshot.holder)
            await me.press("ctrl+p", *"sequence")
            await me.sees(f"a run is under way: {name}@")
