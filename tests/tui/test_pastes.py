"""What is pasted into a form: every line is kept, shown on its one row, recorded, and shown safely again."""

from pathlib import Path

import pytest
from textual import events
from textual.widgets import Input

from phase4_tui.journal.events import Event
from phase4_tui.journal.log import read_events
from phase4_tui.tui.screens.dashboard import DashboardScreen
from phase4_tui.tui.screens.questions import PlanScreen, TextScreen
from phase4_tui.tui.screens.root_cause import RootCauseScreen
from tests.tui.support import lay_out, screen_text, until
from tests.tui.user import User, user_at

PASTED = "# the calendar\r\ny\rwas\x1b[2J late\n"
KEPT = "# the calendar\ny\nwas␛[2J late"


def paste(user: User, text: str) -> None:
    """Paste as a terminal does."""
    user.app.post_message(events.Paste(text))


def last(work: Path) -> Event:
    """Return the last event on record."""
    return list(read_events(work / "reports"))[-1]


async def test_a_root_cause_keeps_its_lines_from_the_form_to_the_post_mortem(tmp_path: Path) -> None:
    lay_out(tmp_path)
    async with user_at(tmp_path, (160, 50)) as user:
        await user.incident()
        await user.press("l")
        await user.at(RootCauseScreen)
        paste(user, PASTED)
        await user.sees("# the calendar⏎y⏎was")
        await user.press("tab")
        paste(user, "one\ntwo")
        await user.press("ctrl+s")
        await user.at(PlanScreen)
        await user.sees("cause: # the calendar", "remediation: one")
        await user.press("y")
        await user.at(DashboardScreen)
        await until(user.pilot, lambda: last(tmp_path).kind == "root_cause")
        entry = last(tmp_path).detail["entry"]
        assert (entry["cause"], entry["remediation"]) == (KEPT, "one\ntwo")
        user.app.give("export")
        await user.sees("Cause: # the calendar", "was␛[2J late")
        assert not any("calendar y" in line or "⏎" in line for line in screen_text(user.app).splitlines())


async def test_a_reason_keeps_its_lines_and_none_of_them_answers_what_is_asked_next(tmp_path: Path) -> None:
    lay_out(tmp_path)
    async with user_at(tmp_path) as user:
        await user.incident()
        await user.press("f")
        await user.at(TextScreen)
        user.app.screen.query_one(Input).value = ""
        paste(user, "why\ny\ny")
        await user.sees("why⏎y⏎y")
        await user.press("enter")
        await user.at(PlanScreen)
        assert last(tmp_path).kind != "freeze"
        await user.press("y")
        await until(user.pilot, lambda: last(tmp_path).kind == "freeze")
        assert last(tmp_path).detail["reason"] == "why\ny\ny"


@pytest.mark.parametrize("text", ["", "\n", "\r\n\r\n"])
async def test_a_paste_without_any_text_leaves_the_field_as_it_was(tmp_path: Path, text: str) -> None:
    lay_out(tmp_path)
    async with user_at(tmp_path) as user:
        await user.incident()
        user.app.push_screen(TextScreen("Why?", value="so"))
        await user.at(TextScreen)
        paste(user, text)
        await user.press("end", "!", "enter")
        await user.at(DashboardScreen)


@pytest.mark.parametrize("key", ["j", "slash", "g", "e", "ctrl+p", "d"])
async def test_a_paste_where_there_is_no_form_gives_no_operation(tmp_path: Path, key: str) -> None:
    lay_out(tmp_path)
    async with user_at(tmp_path) as user:
        await user.incident()
        await user.press(key)
        paste(user, "f\ny\nq\nR\n")
        await user.pilot.pause()
        assert last(tmp_path).kind in ("incident", "lease", "evidence")
