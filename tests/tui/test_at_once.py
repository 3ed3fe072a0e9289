"""Keys that come in one go, as over a slow link: none of them answers twice, acts unasked, or ends the dashboard."""

import asyncio
import sys
import threading
from pathlib import Path

import pytest
from textual import events

from phase4_tui.rollback.incidents import plan_escalate
from phase4_tui.tui.app import Phase4App
from phase4_tui.tui.screens.dashboard import DashboardScreen
from phase4_tui.tui.screens.guided import GuidedScreen
from phase4_tui.tui.screens.questions import ChoiceScreen, PlanScreen, TextScreen
from tests.rollback.support import give, site_of, state_of
from tests.terminal import Terminal
from tests.tui.operator import operator_at
from tests.tui.support import lay_out, told, until
from tests.tui.user import User

DASHBOARD = [sys.executable, "-m", "phase4_tui", "--operator", "maria"]


def at_once(me: User, *keys: str) -> None:
    """Send keys as a terminal does that reads them in one packet."""
    for key in keys:
        me.app.post_message(events.Key(key, key if len(key) == 1 else None))


async def test_enter_twice_in_a_question_answers_once_and_leaves_what_is_below(tmp_path: Path) -> None:
    lay_out(tmp_path)
    async with operator_at(tmp_path) as me:
        await me.incident()
        await me.press("g")
        await me.at(GuidedScreen)
        await me.sees("▶ 1 Freeze  NEXT")
        await me.press("1")
        await me.at(TextScreen)
        at_once(me, "enter", "enter")
        await me.at(PlanScreen)
        at_once(me, "n", "n", "escape")
        await until(me.pilot, lambda: not isinstance(me.app.screen, PlanScreen))
        await me.pilot.pause()
        assert isinstance(me.app.screen, GuidedScreen | DashboardScreen)
        assert state_of(tmp_path).frozen == {}


@pytest.mark.parametrize("keys", ["fwhy\r\r", "e\r\r\r", "f\x1b\x1b\x1b"])
def test_answers_in_one_packet_do_not_end_the_dashboard(tmp_path: Path, keys: str) -> None:
    lay_out(tmp_path)
    with Terminal(DASHBOARD, tmp_path) as terminal:
        terminal.wait_for("✘ P1 ")
        terminal.press(keys[0])
        terminal.wait_for("Reason to freeze" if keys[0] == "f" else "owner", seconds=10)
        terminal.press(keys[1:])
        terminal.read(0.5)
        since = len(terminal.output)
        terminal.resize(100, 30)
        terminal.wait_for("PHASE 4", since=since)


async def test_what_is_typed_behind_the_key_of_an_operation_is_no_operation(tmp_path: Path) -> None:
    lay_out(tmp_path)
    async with operator_at(tmp_path) as me:
        await me.incident()
        at_once(me, "f", "r", "o", "q")
        await me.at(TextScreen)
        await me.sees("Reason to freeze B?")
        await me.press("escape")
        await me.at(DashboardScreen)


async def test_the_palette_waits_until_a_question_is_answered(tmp_path: Path) -> None:
    lay_out(tmp_path)
    async with operator_at(tmp_path) as me:
        await me.incident()
        await me.press("e")
        await me.at(ChoiceScreen)
        await me.press("ctrl+p")
        await me.at(ChoiceScreen)
        await me.press("escape", "l", "ctrl+p")
        await me.sees("ROOT CAUSE")
        await me.press("escape")
        await me.at(DashboardScreen)


async def test_leaving_while_an_operation_is_carried_out_waits_for_its_end(tmp_path: Path) -> None:
    lay_out(tmp_path)
    go = threading.Event()
    async with operator_at(tmp_path) as me:
        await me.incident()
        operation = asyncio.create_task(me.app.queue.carry_out(go.wait))
        await until(me.pilot, lambda: me.app.queue.busy)
        await me.press("q")
        await me.sees("an operation is being carried out: leaving at its end")
        assert me.app.is_running
        go.set()
        await operation
        await until(me.pilot, lambda: me.app._exit)


async def test_leaving_after_an_operation_still_asks_about_the_run_under_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_out(tmp_path)
    go = threading.Event()
    async with operator_at(tmp_path) as me:
        await me.incident()
        monkeypatch.setattr(Phase4App, "running_here", True)
        operation = asyncio.create_task(me.app.queue.carry_out(go.wait))
        await until(me.pilot, lambda: me.app.queue.busy)
        await me.press("q")
        go.set()
        await operation
        await me.sees("A run is under way. Cancel it and leave?")
        await me.answers(yes=False)
        assert me.app.is_running
        monkeypatch.undo()


async def test_of_many_operations_of_others_the_last_are_told_and_where_the_rest_is(tmp_path: Path) -> None:
    lay_out(tmp_path)
    async with operator_at(tmp_path) as me:
        await me.incident()
        await me.looked()
        me.app.queue._writing = 1  # as while an operation of one's own writes: what comes is held
        sam = site_of(tmp_path, "sam")
        for number in range(10, 20):
            give(sam, plan_escalate(sam, "risk", f"call {number}"))
        await until(me.pilot, lambda: sum(one.operator == "sam" for one in me.app.queue._held) == 20)
        (held, me.app.queue._held), me.app.queue._writing = (me.app.queue._held, []), 0
        me.app.queue.take_news(held)
        await me.sees("2 events before these; `j` shows them", "call 19", "call 12")
        assert "call 11" not in told(me.app)
