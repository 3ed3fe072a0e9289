"""A terminal that marks what is pasted: a paste belongs to one answer, however slowly it comes."""

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from phase4_tui.artifacts.names import Artifact
from phase4_tui.cli.fresh_answers import UNENDED_SECONDS
from phase4_tui.journal.state import read_state
from phase4_tui.rollback.incidents import look_for_incident
from tests.cli.support import ENVIRONMENT, FAILED, HEALTHY, command
from tests.cli.terminal import END, INTERRUPT
from tests.rollback.support import site_of
from tests.runbook.documents import ALERT, Tag, without_alerts
from tests.terminal import Terminal

BRACKETED_PASTE = 2004
PASTE_BEGINS, PASTE_ENDS = "\x1b[200~", "\x1b[201~"
SUSPEND = "\x1a"
SLOWLY_SECONDS = 0.6
TWO_QUESTIONS = """
import json, pathlib, time, typer
from phase4_tui.cli.fresh_answers import ask, confirmed
try:
    reason = ask("Reason?", None, " ")
    while pathlib.Path("prepares").exists():
        time.sleep(0.01)
    print(json.dumps({"reason": reason, "confirmed": confirmed("Do it?")}))
except typer.Abort:
    print("aborted")
"""


@contextmanager
def asked(where: Path, argv: list[str], question: str, term: str = "xterm-256color") -> Iterator[Terminal]:
    """Start a program at a terminal and wait for its first question; in the end the terminal is as before."""
    with Terminal(argv, where, 120, 40, **(ENVIRONMENT | {"TERM": term})) as terminal:
        terminal.wait_for(question)
        terminal.read(0.1)
        yield terminal
        terminal.ended()
        assert terminal.is_as_before


def two_questions(where: Path, term: str = "xterm-256color") -> Any:
    """Ask for a reason, then whether to do it, and print both answers."""
    return asked(where, [sys.executable, "-c", TWO_QUESTIONS], "Reason?", term)


def slowly(terminal: Terminal, *pieces: str) -> None:
    """Send pieces one after the other, as a slow connection does."""
    for piece in pieces:
        terminal.press(piece)
        terminal.read(SLOWLY_SECONDS)


def answers(terminal: Terminal) -> Any:
    """Return what the program took for its answers."""
    terminal.ended()
    return json.loads(terminal.output[terminal.output.rindex(b'{"reason"') :])


def test_lines_of_a_paste_that_come_slowly_do_not_answer_the_next_question(tmp_path: Path) -> None:
    with two_questions(tmp_path) as terminal:
        slowly(terminal, f"{PASTE_BEGINS}reason\n", "y\n", f"y\n{PASTE_ENDS}")
        terminal.wait_for("Do it?")
        terminal.press("n\n")
        assert answers(terminal) == {"reason": ["reason", "y", "y"], "confirmed": False}


def test_a_pasted_line_is_an_answer_whether_its_end_was_pasted_or_typed(tmp_path: Path) -> None:
    with two_questions(tmp_path) as terminal:
        terminal.press(f"for {PASTE_BEGINS}a reason{PASTE_ENDS} or {PASTE_BEGINS}two{PASTE_ENDS}\n")
        terminal.wait_for("Do it?")
        terminal.read(0.1)
        terminal.press(f"{PASTE_BEGINS}y\n{PASTE_ENDS}")
        assert answers(terminal) == {"reason": ["for a reason or two"], "confirmed": True}


def test_several_lines_pasted_slowly_are_no_confirmation_and_what_is_typed_after_them_is_dropped(
    tmp_path: Path,
) -> None:
    with two_questions(tmp_path) as terminal:
        terminal.press("reason\n")
        terminal.wait_for("Do it?")
        terminal.read(0.1)
        slowly(terminal, f"{PASTE_BEGINS}y\n", f"y{PASTE_ENDS}y\n")
        terminal.wait_for("several lines at once are no answer")
        terminal.wait_for("what was typed before this question is no answer")
        terminal.press("n\n")
        assert answers(terminal)["confirmed"] is False


def test_an_empty_paste_answers_nothing_that_is_needed(tmp_path: Path) -> None:
    with two_questions(tmp_path) as terminal:
        before = terminal.press(f"{PASTE_BEGINS}{PASTE_ENDS}\n")
        terminal.wait_for("Reason?", since=before)
        terminal.press("reason\n")
        terminal.wait_for("Do it?")
        terminal.press(f"{PASTE_BEGINS}{PASTE_ENDS}\n")
        assert answers(terminal) == {"reason": ["reason"], "confirmed": False}


def test_a_paste_without_an_end_ends_by_itself(tmp_path: Path) -> None:
    with two_questions(tmp_path) as terminal:
        terminal.press(f"{PASTE_BEGINS}reason\ny\n")
        terminal.read(UNENDED_SECONDS / 2)
        assert b"Do it?" not in terminal.output
        terminal.wait_for("Do it?", seconds=4 * UNENDED_SECONDS)
        terminal.press("y\n")
        assert answers(terminal) == {"reason": ["reason", "y"], "confirmed": True}


def test_a_paste_that_came_before_the_question_is_dropped_to_its_end(tmp_path: Path) -> None:
    (tmp_path / "prepares").touch()
    with two_questions(tmp_path) as terminal:
        slowly(terminal, "reason\n", f"{PASTE_BEGINS}y\n")
        (tmp_path / "prepares").unlink()
        slowly(terminal, "", f"y\n{PASTE_ENDS}")
        terminal.wait_for("what was typed before this question is no answer")
        terminal.press("n\n")
        assert answers(terminal) == {"reason": ["reason"], "confirmed": False}
        assert b"several lines" not in terminal.output


@pytest.mark.parametrize("begun", ["", f"{PASTE_BEGINS}reason\n"], ids=["nothing", "paste"])
def test_an_interrupt_aborts_the_question_also_within_a_paste(tmp_path: Path, begun: str) -> None:
    with two_questions(tmp_path) as terminal:
        slowly(terminal, begun, INTERRUPT)
        assert terminal.ended() == HEALTHY
        assert b"aborted" in terminal.output


@pytest.mark.parametrize("begun", ["", f"{PASTE_BEGINS}reason\n"], ids=["nothing", "paste"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT], ids=str)
def test_a_signal_ends_it_as_before_and_the_mode_is_off(tmp_path: Path, number: signal.Signals, begun: str) -> None:
    with two_questions(tmp_path) as terminal:
        slowly(terminal, begun)
        terminal.kill(number)
        assert terminal.ended() == -number


def test_a_signal_that_the_caller_ignores_stays_ignored(tmp_path: Path) -> None:
    shell = ["sh", "-c", 'trap "" HUP; exec "$@"', "sh", sys.executable, "-c", TWO_QUESTIONS]
    with asked(tmp_path, shell, "Reason?") as terminal:
        terminal.kill(signal.SIGHUP)
        terminal.press("reason\n")
        terminal.wait_for("Do it?")
        terminal.press("n\n")
        assert answers(terminal)["reason"] == ["reason"]


def test_while_it_is_stopped_the_mode_is_off(tmp_path: Path) -> None:
    shell = ["sh", "-c", 'set -m; "$@"; echo it is stopped; read go; fg', "sh", sys.executable, "-c", TWO_QUESTIONS]
    with asked(tmp_path, shell, "Reason?") as terminal:
        slowly(terminal, f"{PASTE_BEGINS}reason\n")
        terminal.press(SUSPEND)
        terminal.wait_for("it is stopped")
        assert terminal.is_as_before
        slowly(terminal, "\n")
        assert terminal.modes[BRACKETED_PASTE]
        slowly(terminal, f"y\n{PASTE_ENDS}")
        terminal.press("n\n")
        assert answers(terminal) == {"reason": ["reason", "y"], "confirmed": False}


def test_a_connection_that_is_lost_at_a_question_ends_it(tmp_path: Path) -> None:
    with Terminal([sys.executable, "-c", TWO_QUESTIONS], tmp_path) as terminal:
        terminal.wait_for("Reason?")
        terminal.hang_up()
        assert terminal.ended() == -signal.SIGHUP


def test_a_terminal_that_cannot_mark_pastes_is_not_asked_to(tmp_path: Path) -> None:
    with two_questions(tmp_path, term="dumb") as terminal:
        terminal.press("reason\ny\n")
        terminal.wait_for("Do it?")
        terminal.press("y\n")
        assert answers(terminal) == {"reason": ["reason", "y"], "confirmed": True}
        assert BRACKETED_PASTE not in terminal.modes


def test_a_paste_that_comes_slowly_answers_one_question_of_a_rollback(work: Path) -> None:
    without_alerts(work)
    Tag(work / "reports", "good")
    bad = Tag(work / "reports", "bad")
    bad.change(Artifact.MONITORING, partial(dict.update, status="ALERT", alerts=[ALERT]), age=1)
    look_for_incident(site_of(work), "bad")
    with asked(work, [str(word) for word in command("rollback")], "Do it?") as terminal:
        before = terminal.press("y\n")
        terminal.wait_for("Switch to which tag?", since=before)
        before = len(terminal.output)
        slowly(terminal, f"{PASTE_BEGINS}good\n", "y\n", f"y\n{PASTE_ENDS}")
        terminal.wait_for("'good\\ny\\ny' is no run tag", since=before)
        before = terminal.press(f"{PASTE_BEGINS}good{PASTE_ENDS}\n")
        terminal.wait_for("Do it?", since=before)
        terminal.press(END)
        assert terminal.ended() == FAILED
    assert read_state(work / "reports").active_tag is None
