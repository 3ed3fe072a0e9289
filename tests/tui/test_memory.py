"""What stays of a screen after it was left: nothing, however often it is opened."""

import asyncio
import gc
import threading
import weakref
from collections import Counter
from pathlib import Path

import pytest
from textual._styles_cache import StylesCache
from textual.filter import LineFilter
from textual.message_pump import MessagePump
from textual.timer import Timer
from textual.widgets._footer import FooterKey

from phase4_tui.tui.app import Phase4App
from phase4_tui.tui.widgets.header_line import HeaderLine
from tests.tui.openings import open_and_leave, openings
from tests.tui.support import lay_out, until
from tests.tui.user import user_at
from tests.tui.view_support import decision, put_report

COUNTED = (MessagePump, Timer, StylesCache, LineFilter)


def alive(app: Phase4App) -> Counter[str]:
    """Count what is kept for screens and what would be done for them, after a collection."""
    gc.collect()
    found = Counter(kind.__name__ for thing in gc.get_objects() for kind in COUNTED if isinstance(thing, kind))
    found["subscriptions"] = len(app.screen_change_signal._subscriptions)
    found["threads"] = threading.active_count()
    found["tasks"] = len(asyncio.all_tasks())
    return found


async def test_openings_of_every_screen_and_dialog_leave_no_more_behind_than_the_first_ones(tmp_path: Path) -> None:
    reports = lay_out(tmp_path)
    put_report(reports, [decision()])
    async with user_at(tmp_path, read_only=True) as user:
        app = user.app
        await until(user.pilot, lambda: app.snapshot and len(app.snapshot.rows) == app.snapshot.tags)
        every = openings(app, reports)
        for opens in every.values():  # what each loads at its first time stays
            await open_and_leave(app, user.pilot, opens)
        before = alive(app)
        for opens in every.values():
            await open_and_leave(app, user.pilot, opens)
        for kind in before:
            await until(user.pilot, lambda kind=kind: alive(app)[kind] <= before[kind])  # type: ignore[misc]


async def test_a_line_that_was_filtered_is_not_filtered_again_at_the_next_look(tmp_path: Path) -> None:
    lay_out(tmp_path)
    async with user_at(tmp_path, ascii_only=True) as user:
        assert list(user.app.get_line_filters()) == list(user.app.get_line_filters())  # Textual keeps lines by filter


async def test_what_refers_to_itself_of_a_screen_is_collected_soon_after_it_was_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_out(tmp_path)
    async with user_at(tmp_path) as user:
        await user.incident()
        monkeypatch.setattr(gc, "enable", lambda: None)
        gc.disable()
        try:
            await user.press("question_mark")
            await user.sees("each has its command")
            screen = weakref.ref(user.app.screen)
            await user.press("escape")
            await until(user.pilot, lambda: screen() is None)
        finally:
            monkeypatch.undo()
            gc.enable()


async def test_the_clocks_of_a_covered_screen_rest_and_go_on_when_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks: Counter[HeaderLine] = Counter()
    tick = HeaderLine._tick

    def counting(line: HeaderLine) -> None:
        ticks[line] += 1
        tick(line)

    monkeypatch.setattr(HeaderLine, "_tick", counting)
    lay_out(tmp_path)
    async with user_at(tmp_path) as user:
        await user.incident()
        below = user.app.screen.query_one(HeaderLine)
        await user.press("question_mark")
        await user.sees("each has its command")
        above, covered = user.app.screen.query_one(HeaderLine), ticks[below]
        await until(user.pilot, lambda: ticks[above] > 2)
        assert ticks[below] == covered
        await user.press("escape")
        await until(user.pilot, lambda: ticks[below] > covered)


async def test_keys_that_are_the_same_after_a_screen_was_left_are_not_made_anew(tmp_path: Path) -> None:
    lay_out(tmp_path)
    async with user_at(tmp_path) as user:
        await user.incident()
        await until(user.pilot, lambda: user.app.screen.query(FooterKey))
        await user.pilot.pause()
        keys = list(user.app.screen.query(FooterKey))
        await user.press("question_mark")
        await user.sees("each has its command")
        await user.press("escape")
        await until(user.pilot, lambda: len(user.app.screen_stack) == 1)
        await user.pilot.pause(0.1)
        assert list(user.app.screen.query(FooterKey)) == keys
