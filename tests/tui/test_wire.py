"""Over a slow line: a screen at rest sends nearly nothing, opening one takes few bytes, and a key is soon seen."""

import json
import signal
import sys
from pathlib import Path

import pytest

from phase4_tui.tui.screens.questions import TextScreen
from tests.benchmarks.wire import ESCAPE, IDLE_BYTES, OPEN_BYTES, SCREENS, freshen, lay_out, measured, settle
from tests.runbook.support import laid_out
from tests.terminal import Terminal
from tests.tui.user import user_at

DASHBOARD = [sys.executable, "-m", "phase4_tui", "--operator", "maria"]
WATCHED = ("dashboard", "freeze?")
"""The last asks for a text: its cursor does not blink."""
IDLE_SECONDS = 5.0
SLOW = 3000
"""Bytes a second."""
SOON = 3.0
FLOOD_SECONDS = 6.0


@pytest.fixture
def incident(tmp_path: Path) -> Path:
    """Return a directory with an open incident, whose files are seconds old."""
    work = lay_out(tmp_path, incident=True)
    freshen(work)
    return work


def test_with_an_incident_and_fresh_files_a_screen_at_rest_sends_nearly_nothing(incident: Path) -> None:
    with Terminal(DASHBOARD, incident) as terminal:
        terminal.wait_for("P1")
        settle(terminal)
        sent = {name: measured(terminal, SCREENS[name], IDLE_SECONDS) for name in WATCHED}
    assert [(name, one) for name, one in sent.items() if one.a_second > IDLE_BYTES] == []
    assert [(name, one) for name, one in sent.items() if one.to_open > OPEN_BYTES] == []


def test_where_the_line_is_slow_a_key_shows_its_effect_soon_whatever_was_pressed_in_passing(incident: Path) -> None:
    with Terminal(DASHBOARD, incident) as terminal:
        terminal.answers = True
        terminal.wait_for("P1")
        settle(terminal)
        for key, shown in (("t", "TRENDS"), (ESCAPE, "RUN TAGS"), ("j", "JOURNAL"), (ESCAPE, "RUN TAGS")):
            since = terminal.press(key)
            assert terminal.wait_slowly_for(shown, SLOW, since=since) < SOON, key
        terminal.press("tbj")
        since = terminal.press("?")
        assert terminal.wait_slowly_for("each has its command", SLOW, since=since) < SOON


def test_of_what_a_flooding_step_writes_no_more_is_under_way_than_a_slow_line_takes_soon(tmp_path: Path) -> None:
    work = laid_out(tmp_path)
    flood = "for number in {1..3000}; do echo of a flood {$RANDOM,$RANDOM}{$number,$RANDOM,$RANDOM}; sleep 0.02; done"
    (work / "phase4.toml").write_text(f"[steps.pipeline]\nargv = {json.dumps(['bash', '-c', flood])}\n")
    with Terminal(DASHBOARD, work) as terminal:
        terminal.answers = True
        terminal.wait_for("NO RUN YET")
        for key, shown in (("r", "Run tag of the"), ("\r", "Run (y)"), ("y", "of a flood")):
            since = terminal.press(key)
            terminal.wait_for(shown, since=since)
        with pytest.raises(TimeoutError):
            terminal.wait_slowly_for("what is never written", SLOW, FLOOD_SECONDS)
        terminal.kill(signal.SIGSTOP)
        under_way = len(terminal.read(0.5))
        terminal.kill(signal.SIGCONT)
        terminal.wait_slowly_for("of a flood", SLOW, since=len(terminal.output))
        since = terminal.press("?")
        terminal.wait_slowly_for("each has its command", SLOW, since=since)
    assert under_way < SLOW * SOON * 0.7


async def test_a_screen_that_another_hides_is_not_drawn_and_one_behind_a_question_is(incident: Path) -> None:
    async with user_at(incident) as me:
        await me.incident()
        await me.press("t")
        await me.sees("TRENDS")
        assert [screen.is_current for screen in me.app.screen_stack] == [False, True]
        await me.press("escape", "f")
        await me.at(TextScreen)
        assert [screen.is_current for screen in me.app.screen_stack] == [True, True]
