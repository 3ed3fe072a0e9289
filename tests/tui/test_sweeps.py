"""Clicks in every place, keys typed ahead of every screen, and every size: on no screen does one of them fail."""

import json
from pathlib import Path

import pytest
from textual import events
from textual.screen import Screen

from phase4_tui.console.operations.registry import OPERATIONS
from phase4_tui.tui.app import Phase4App
from tests.counts import tries
from tests.tui.every_screen import BASES, classes, every_screen
from tests.tui.support import until
from tests.tui.test_at_once import at_once
from tests.tui.user import User, user_at
from tests.tui.view_support import decision, put_report, work_in

SIZES = tries([(1, 1), (200, 60)], [(1, 1), (2, 1), (6, 6), (20, 5), (60, 16), (80, 24), (200, 60)])
NARROW = tries([(6, 6)], [(2, 1), (6, 6)])
BEHIND = ["pageup", "pagedown", "home", "end", "enter", "escape", "tab", "up", "down", "left", "space", "slash", "n",
          "x", "m", "left_square_bracket", "question_mark", "ctrl+p", "backspace", "ctrl+s"]  # fmt: skip
BURSTS = 2
EVERY_COLUMN = tries(36, 6)


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with two tags and a report; nothing leaves the dashboard."""
    monkeypatch.setattr(Phase4App, "leave_when_safe", lambda app: None)
    work = work_in(tmp_path)
    put_report(work / "reports", [decision(), decision("BUY_CALL"), json.loads("{}")])
    return work


async def back(user: User) -> None:
    """Leave everything that lies above the dashboard."""
    await until(user.pilot, lambda: all(screen.is_mounted for screen in user.app.screen_stack))
    while len(user.app.screen_stack) > 1:
        user.app.screen.dismiss(None)
        await user.pilot.pause()


def click(user: User, x: int, y: int) -> None:
    """Click as a terminal reports it."""
    for kind in (events.MouseDown, events.MouseUp):
        user.app.post_message(kind(None, x, y, 0, 0, 1, False, False, False, x, y))


def test_every_screen_is_swept(tmp_path: Path) -> None:
    assert set(every_screen(tmp_path)) | BASES == classes() | {"Question"}


async def test_a_click_anywhere_on_any_screen_fails_nowhere(work: Path) -> None:
    async with user_at(work, (72, 20), read_only=True) as user:
        await until(user.pilot, lambda: user.app.snapshot and user.app.snapshot.focus)
        for make in (None, *every_screen(work).values()):
            if make is not None:
                user.app.push_screen(make())
                await user.pilot.pause(0.05)
            for y in range(20):
                for x in range(y % EVERY_COLUMN, 72, EVERY_COLUMN):
                    click(user, x, y)
                    click(user, x, y)
                if y % 4 == 3:
                    await user.pilot.pause()
            await back(user)


async def test_keys_typed_ahead_of_any_screen_fail_nowhere(work: Path) -> None:
    async with user_at(work, (100, 30)) as user:
        await user.incident()
        for key in [*(one.key for one in OPERATIONS if one.key), "ctrl+p"]:
            for at in range(BURSTS):
                at_once(user, key, *(behind for behind in BEHIND[at::BURSTS] for _ in range(2)))
                await user.pilot.pause()
            await back(user)


async def test_no_size_is_too_small_for_any_screen_to_open_or_to_be_drawn_again(work: Path) -> None:
    async with user_at(work, (80, 24), read_only=True) as user:
        await until(user.pilot, lambda: user.app.snapshot and user.app.snapshot.focus)

        async def open_(make: object) -> Screen[object]:
            screen = make()  # type: ignore[operator]
            user.app.push_screen(screen)
            await user.pilot.pause()
            return screen  # type: ignore[no-any-return]

        for make in every_screen(work).values():
            await user.pilot.resize_terminal(80, 24)
            await open_(make)
            for size in (*SIZES, (6, 6)):
                await user.pilot.resize_terminal(*size)
                at_once(user, "pagedown", "down", "pageup")
                await user.pilot.pause()
            await back(user)
        for size in NARROW:
            await user.pilot.resize_terminal(*size)
            for make in every_screen(work).values():
                await open_(make)
                await back(user)
