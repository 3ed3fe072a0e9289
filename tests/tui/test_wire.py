"""Over a slow line: a screen at rest sends nearly nothing, opening one takes few bytes, and a key is soon seen."""

import sys
from pathlib import Path

import pytest

from tests.benchmarks.wire import IDLE_BYTES, OPEN_BYTES, SCREENS, freshen, lay_out, measured, settle
from tests.terminal import Terminal

DASHBOARD = [sys.executable, "-m", "phase4_tui", "--operator", "maria"]
WATCHED = ("dashboard", "journal", "trends")
IDLE_SECONDS = 2.0
SLOW = 3000
"""Bytes a second."""
SOON = 3.0


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


def test_a_key_shows_its_effect_soon_where_the_line_is_slow(incident: Path) -> None:
    with Terminal(DASHBOARD, incident) as terminal:
        terminal.wait_for("P1")
        settle(terminal)
        for key, shown in (("t", "TRENDS"), ("\x1b", "RUN TAGS"), ("j", "JOURNAL"), ("\x1b", "RUN TAGS")):
            since = terminal.press(key)
            assert terminal.wait_slowly_for(shown, SLOW, since=since) < SOON, key


def test_what_is_pressed_in_passing_does_not_delay_what_is_pressed_last(incident: Path) -> None:
    with Terminal(DASHBOARD, incident) as terminal:
        terminal.wait_for("P1")
        settle(terminal)
        terminal.press("tbj")
        since = terminal.press("?")
        assert terminal.wait_slowly_for("each has its command", SLOW, since=since) < SOON
