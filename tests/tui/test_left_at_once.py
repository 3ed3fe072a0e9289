"""A screen that is left in the same breath as it is opened: nothing is built any more, and nothing breaks."""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from textual.screen import Screen

from phase4_tui.console.views import View
from phase4_tui.tui.app import Phase4App
from phase4_tui.tui.screens.choice import LongChoiceScreen
from phase4_tui.tui.screens.dashboard import DashboardScreen
from phase4_tui.tui.screens.questions import ChoiceScreen, PlanScreen, TextScreen
from tests.tui.operator import operator_at
from tests.tui.support import lay_out

OPEN: dict[str, Callable[[Phase4App], object]] = {
    **{view.value: partial(Phase4App.open, view=view) for view in View},
    "a comparison": lambda app: app.open(View.COMPARE, "A", "B"),
    "a plan": lambda app: app.push_screen(PlanScreen("Do it?", ["something"])),
    "a text": lambda app: app.push_screen(TextScreen("Why?")),
    "a choice": lambda app: app.push_screen(ChoiceScreen("Which?", [("a", "first")])),
    "a long choice": lambda app: app.push_screen(LongChoiceScreen("Which?", [("a", "first")])),
}
TURNS = (0, 2)
"""How often the event loop goes round in between: a screen is composed in one of these."""


async def test_a_screen_that_is_left_before_it_was_built_leaves_nothing_behind(tmp_path: Path) -> None:
    lay_out(tmp_path)
    async with operator_at(tmp_path) as me:
        await me.looked()
        for name, opens in OPEN.items():
            for turns in TURNS:
                opens(me.app)
                for _ in range(turns):
                    await asyncio.sleep(0)
                while len(me.app.screen_stack) > 1:
                    me.app.pop_screen()
                await me.pilot.pause()
                assert isinstance(me.app.screen, DashboardScreen), name


@pytest.mark.parametrize("screen", [DashboardScreen, PlanScreen])
def test_such_a_screen_has_the_styles_of_a_screen(screen: type[Screen[object]]) -> None:
    assert screen._get_component_classes() >= Screen.COMPONENT_CLASSES
