"""Leaving at any moment: while a screen is being opened, by a signal, and once the application has ended."""

import asyncio
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from phase4_tui.console.facts import events
from phase4_tui.tui.messages import OutputArrived, SnapshotReady
from tests.terminal import Terminal, plain
from tests.tui.support import lay_out, make_app, until
from tests.tui.user import user_at

DASHBOARD = [sys.executable, "-m", "phase4_tui", "--operator", "maria"]
LOOKS = "avjbdtg?ck/"
BEHIND = LOOKS.removesuffix("/")
"""What comes behind the key of the filter in one go is for its field, and it acts first."""
CTRL_Q = "\x11"


def leaves(work: Path, keys: str, way: signal.Signals | None = None) -> tuple[int, str]:
    """Press keys in one packet, send a signal where one is given, and return exit status and the last words."""
    with Terminal(DASHBOARD, work) as terminal:
        terminal.wait_for("passed")
        terminal.press(keys)
        if way is not None:
            terminal.kill(way)
        status = terminal.ended()
        assert terminal.is_as_before, terminal.modes
        return status, plain(bytes(terminal.output)).decode()[-2000:]


@pytest.mark.parametrize("key", LOOKS)
def test_a_look_that_is_opened_and_left_with_the_dashboard_in_one_breath_leaves_no_error(
    tmp_path: Path, key: str
) -> None:
    lay_out(tmp_path)
    status, words = leaves(tmp_path, key + CTRL_Q)
    assert (status, "Error" in words, "NoMatches" in words) == (0, False, False), words


@pytest.mark.parametrize("keys", [*(f"q{key}" for key in BEHIND), f"q{BEHIND}", f"{CTRL_Q}fo1{LOOKS}"])
def test_keys_behind_the_one_that_leaves_do_nothing_any_more(tmp_path: Path, keys: str) -> None:
    lay_out(tmp_path)
    status, words = leaves(tmp_path, keys)
    assert (status, "Error" in words, "NoMatches" in words) == (0, False, False), words


@pytest.mark.parametrize("keys", ["a", "?", "f", "gk"])
def test_a_signal_while_a_screen_opens_leaves_no_error(tmp_path: Path, keys: str) -> None:
    lay_out(tmp_path)
    status, words = leaves(tmp_path, keys, signal.SIGTERM)
    assert (status, "Error" in words, "NoMatches" in words) == (143, False, False), words


async def test_output_that_arrives_once_it_has_ended_is_no_error(tmp_path: Path) -> None:
    lay_out(tmp_path)
    app = make_app(tmp_path)
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.snapshot)
    assert app.screen_stack == []
    app.on_output_arrived(OutputArrived(events.OutputArrived("B pipeline", ("a line",))))


def test_a_signal_that_comes_once_the_loop_is_closed_is_no_error(tmp_path: Path) -> None:
    lay_out(tmp_path)
    app = make_app(tmp_path)
    app._loop = asyncio.new_event_loop()
    app._loop.close()
    app.leave(143)


@pytest.mark.parametrize("key", ["", "v", "j", "b", "d", "t", "question_mark", "c", "k", "g", "a"])
async def test_facts_that_arrive_while_the_screens_are_taken_down_are_no_error(tmp_path: Path, key: str) -> None:
    lay_out(tmp_path)
    async with user_at(tmp_path) as user:
        app = user.app
        await user.incident()
        if key:
            await user.press(key)
            await until(user.pilot, lambda: len(app.screen_stack) == 2 and app.screen.is_mounted)
        await app._prune(app.screen)  # screen by screen, as an application ends, and the stack is emptied after it
        assert app.snapshot is not None
        with app._context():
            app.on_snapshot_ready(SnapshotReady(replace(app.snapshot, trouble="late")))
            app.on_output_arrived(OutputArrived(events.OutputArrived("B pipeline", ("a line",))))
