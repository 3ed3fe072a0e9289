"""A terminal whose encoding lacks the signs gets a dashboard in ASCII by itself; a setting decides otherwise."""

import re
import sys
from pathlib import Path

import pytest

from phase4_tui.tui.text import clip, content, fit_to
from tests.terminal import Terminal, plain
from tests.tui.operator import operator_at
from tests.tui.support import lay_out, screen_text
from tests.tui.view_support import decision, put_report

DASHBOARD = [sys.executable, "-m", "phase4_tui", "--operator", "maria"]
WITHOUT_UTF_8 = {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
LITERAL = re.compile(rb"\\u[0-9a-f]{4}|\\x[0-9a-f]{2}")
KEYS = (("?", "KEYS"), ("\x1b", "RUN TAGS"), ("t", "no_trade"), ("\x1b", "RUN TAGS"), ("f", "Reason to freeze"))


@pytest.mark.parametrize(
    "environment",
    [{"PYTHONIOENCODING": "latin-1"}, {"PYTHONIOENCODING": "ascii"}, WITHOUT_UTF_8],
    ids=["latin-1", "ascii", "the C locale"],
)
def test_where_the_signs_cannot_be_shown_every_byte_is_ascii_by_itself(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    lay_out(tmp_path)
    with Terminal(DASHBOARD, tmp_path, 120, 40, **environment) as terminal:
        terminal.wait_for("passed")
        for key, shown in KEYS:
            since = terminal.press(key)
            terminal.wait_for(shown, since=since)
        terminal.read(0.5)
        assert terminal.output.isascii()
        assert not LITERAL.search(terminal.output), LITERAL.findall(terminal.output)[:9]
        assert b"+----" in plain(bytes(terminal.output))


def test_a_setting_that_asks_for_the_signs_gets_them_whatever_the_locale(tmp_path: Path) -> None:
    lay_out(tmp_path)
    (tmp_path / "phase4.toml").write_text("[dashboard]\nascii = false\n")
    with Terminal(DASHBOARD, tmp_path, PYTHONIOENCODING="latin-1") as terminal:
        terminal.wait_for("passed")
        terminal.wait_for("│")
        assert not LITERAL.search(terminal.output)


def test_a_setting_that_asks_for_ascii_gets_it_whatever_the_locale(tmp_path: Path) -> None:
    lay_out(tmp_path)
    (tmp_path / "phase4.toml").write_text("[dashboard]\nascii = true\n")
    with Terminal(DASHBOARD, tmp_path, PYTHONIOENCODING="utf-8") as terminal:
        terminal.wait_for("passed")
        terminal.read(0.5)
        assert terminal.output.isascii()


def test_text_of_others_is_escaped_where_it_cannot_be_shown_and_typing_it_ends_nothing(tmp_path: Path) -> None:
    reports = lay_out(tmp_path)
    put_report(reports, [decision(underlying="Zoë €"), decision()])
    with Terminal(DASHBOARD, tmp_path, PYTHONIOENCODING="latin-1") as terminal:
        terminal.wait_for("MONITORING")
        since = terminal.press("d")
        terminal.wait_for("rows", since=since)
        terminal.read(0.5)
        assert "Zoë \\u20ac".encode("latin-1") in plain(bytes(terminal.output))
        since = terminal.press("\x1b")
        terminal.wait_for("RUN TAGS", since=since)
        since = terminal.press("f")
        terminal.wait_for("Reason to freeze", since=since)
        terminal.press("5 €é")
        terminal.read(0.5)
        since = terminal.press("\r")
        terminal.wait_for("Do it (y)", since=since)
        assert not re.search(rb"[\x80-\x9f]", terminal.output), "a byte of UTF-8"


async def test_in_ascii_every_cell_keeps_its_width_and_nothing_of_others_is_lost(tmp_path: Path) -> None:
    reports = lay_out(tmp_path)
    put_report(reports, [decision(underlying="Zoë€"), decision()])
    async with operator_at(tmp_path, ascii_only=True) as me:
        await me.press("d")
        await me.sees("Zo\\xeb\\u20ac")
        assert screen_text(me.app).isascii()
        assert {len(line) for line in screen_text(me.app).splitlines()} == {me.app.size.width}


@pytest.fixture(autouse=True)
def _shows_all_again() -> object:
    yield None
    fit_to(None)


def test_a_clipped_text_is_escaped_before_it_is_cut() -> None:
    fit_to("ascii")
    assert clip("é€✔", 6) == "\\xe9\\…"
    assert str(content(("é", "bold"), "€", "✔")) == "\\xe9\\u20ac✔"
    fit_to(None)
    assert clip("é€✔", 6) == "é€✔"
