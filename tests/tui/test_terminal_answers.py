"""What comes from a real terminal besides keys: answers, pastes without an end, bytes of another encoding."""

import os
import sys
from pathlib import Path

import pytest

from tests.runbook.support import until
from tests.terminal import Terminal, plain
from tests.tui.operator import SLOW, ended, operator_at
from tests.tui.support import lay_out, screen_text
from tests.tui.test_terminal import begin_run, lay_out_slow, steps_alive
from tests.tui.test_terminal_input import ANSWERS, ST

DASHBOARD = [sys.executable, "-m", "phase4_tui", "--operator", "maria"]
WITH_KEYS = (f"\x1bP>|xterm qx{ST}", "\x1b]52;c;eHh4cXE=\x07", f"\x1b_Gi=1;xqy{ST}", f"\x1b]lxqy{ST}")
"""Answers with the keys in them that cancel, leave and say yes."""


def send(terminal: Terminal, data: bytes) -> None:
    """Send bytes as they are."""
    os.write(terminal._descriptor, data)


def is_asking(terminal: Terminal, since: int) -> bool:
    """True when a dialog has come up."""
    return b"(n)" in plain(bytes(terminal.output[since:]))


def test_no_answer_of_a_terminal_cancels_a_run(tmp_path: Path) -> None:
    work = lay_out_slow(tmp_path)
    with Terminal(DASHBOARD, work) as terminal:
        begin_run(terminal, work)
        since = len(terminal.output)
        terminal.press("".join((*WITH_KEYS, *ANSWERS)))
        for answer in WITH_KEYS:
            for character in answer:
                terminal.press(character)
                terminal.read(0.005)
        for answer in WITH_KEYS:
            for part in (answer[:5], answer[5:]):
                terminal.press(part)
                terminal.read(0.4)
        assert not is_asking(terminal, since)
        assert len(steps_alive(work)) >= 2
        since = terminal.press("x")
        terminal.wait_for("Cancel it (y)", since=since)
        terminal.press("y")
        until(lambda: terminal.read(0.02) is not None and steps_alive(work) == [])


@pytest.mark.parametrize("opened", ["\x1b[200~", "\x1b[200~xqy", "\x1bP>|xqy", "\x1b]11;rgb:x", "\x1b_Gxqy", "\x1b[?6"])
def test_what_never_ends_gives_the_keys_back(tmp_path: Path, opened: str) -> None:
    lay_out(tmp_path)
    with Terminal(DASHBOARD, tmp_path) as terminal:
        terminal.wait_for("passed")
        terminal.press(opened)
        terminal.read(3)
        terminal.press("q")
        assert terminal.ended() == 0
        assert terminal.is_as_before


def test_a_paste_without_an_end_is_text_in_the_field(tmp_path: Path) -> None:
    lay_out(tmp_path)
    with Terminal(DASHBOARD, tmp_path) as terminal:
        terminal.wait_for("passed")
        terminal.press("f")
        terminal.wait_for("Reason to freeze")
        since = terminal.press("\x1b[200~pasted why")
        terminal.wait_for("pasted why", seconds=10, since=since)
        since = terminal.press("\r")
        terminal.wait_for("Do it (y)", since=since)


def test_the_escape_key_closes_a_dialog_without_another_key(tmp_path: Path) -> None:
    lay_out(tmp_path)
    with Terminal(DASHBOARD, tmp_path) as terminal:
        terminal.wait_for("passed")
        since = terminal.press("f")
        terminal.wait_for("Reason to freeze", since=since)
        terminal.read(1)
        since = terminal.press("\x1b")
        terminal.wait_for("RELEASE", seconds=5, since=since)


def test_bytes_that_are_no_text_end_nothing(tmp_path: Path) -> None:
    lay_out(tmp_path)
    with Terminal(DASHBOARD, tmp_path) as terminal:
        terminal.wait_for("passed")
        send(terminal, b"\xe9\xff\xfe\x80\xc3")
        terminal.read(0.3)
        since = terminal.press("?")
        terminal.wait_for("KEYS", since=since)


# x asks -----------------------------------------------------------------------------------------------------


async def test_x_asks_and_a_no_lets_the_run_go_on(tmp_path: Path) -> None:
    (lay_out_slow(tmp_path) / "phase4.toml").write_text(SLOW)
    async with operator_at(tmp_path) as me:
        await me.starts("r")
        await me.sees("▶ monitor")
        for leaves in ("enter", "n", "escape"):
            await me.press("x")
            await me.sees("A run is under way. Cancel it?", "its steps are asked to end", "No (n)", "Cancel it (y)")
            await me.press(leaves)
            await me.sees("▶ monitor")
            assert "Cancel it?" not in screen_text(me.app)
        assert me.app.running_here
        assert "being cancelled" not in screen_text(me.app)


async def test_a_run_that_ended_while_x_asked_is_not_said_to_be_cancelled(tmp_path: Path) -> None:
    (lay_out_slow(tmp_path) / "phase4.toml").write_text(
        SLOW.replace("test -e go || sleep 60", "until test -e go; do sleep 0.1; done")
    )
    async with operator_at(tmp_path) as me:
        await me.starts("r")
        await me.sees("▶ monitor")
        await me.press("x")
        await me.sees("A run is under way. Cancel it?")
        (tmp_path / "go").touch()
        while me.app.running_here:
            await me.pilot.pause(0.05)
        await me.press("y")
        await me.sees("the run has ended by itself")
        while not ended(me.app):
            await me.pilot.pause(0.05)
