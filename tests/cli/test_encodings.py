"""Where the encoding lacks the signs every command prints ASCII by itself; text of others is escaped, never lost."""

import codecs
import re
import subprocess
import sys
from pathlib import Path

import pytest

from phase4_tui.cli.app import LOOKING
from phase4_tui.console.symbols import SYMBOLS
from phase4_tui.signs import SIGNS, escaped, in_ascii, shows_signs
from tests.cli.support import ENVIRONMENT, ask, call, command
from tests.terminal import Terminal

IN_TURN = """
import json, os, sys
from phase4_tui.streams import open_streams
open_streams()
from phase4_tui.cli.app import main
for words in json.loads(sys.argv[1]):
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        sys.argv = ["phase4", *words]
        main()
    os.waitpid(child, 0)
"""
"""Gives one command after the other, each as a process of its own, without loading the command line each time."""
NOT_PRINTING = {"dash", "demo", "init", "run", "step", "watch", "rollback", "path"}
COMMANDS = [list(words) for words in LOOKING if words[0] not in NOT_PRINTING]
WITHOUT_UTF_8 = {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
LITERAL = re.compile(rb"\\u2[5-7]|\\xb7|\\u2026|\\u2013|\\u27e")
"""A sign of the program's own that was escaped."""


@pytest.fixture
def spoken(half_done: Path) -> Path:
    """That incident, with an operator and a reason that need more than ASCII."""
    told = ask(half_done, "thaw", "bad", "--reason", "costs 5 € · “now”", "--operator", "José", "--yes")
    assert told.status == 0, told.err
    return half_done


def printed(work: Path, *commands: list[str], **environment: str) -> bytes:
    """Return what commands print into a pipe, on stdout and stderr."""
    import json

    argv = [sys.executable, "-c", IN_TURN, json.dumps(commands)]
    done = subprocess.run(argv, cwd=work, env=ENVIRONMENT | environment, capture_output=True, timeout=120)
    assert b"Traceback" not in done.stderr, done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    "environment",
    [{"PYTHONIOENCODING": "ascii"}, {"PYTHONIOENCODING": "latin-1"}, WITHOUT_UTF_8],
    ids=["ascii", "latin-1", "the C locale"],
)
def test_every_command_prints_ascii_where_the_signs_cannot_be_shown(spoken: Path, environment: dict[str, str]) -> None:
    commands = [*COMMANDS, *([*words, "--help"] for words in COMMANDS), ["--help"], ["no-such-command"], ["docs", "x"]]
    shown = printed(spoken, *commands, **environment)
    assert len(shown) > 20_000
    assert not LITERAL.search(shown), LITERAL.findall(shown)[:9]
    if environment.get("PYTHONIOENCODING") == "latin-1":
        assert "José".encode("latin-1") in shown
        assert set(re.findall(rb"[\x80-\xff]", shown)) == {b"\xe9", b"\xfc"}  # é and ü: nothing of our own
    else:
        assert shown.isascii()
        assert rb"Jos\xe9" in shown
    assert rb"\u20ac" in shown


def test_where_the_signs_can_be_shown_they_are(spoken: Path) -> None:
    shown = printed(spoken, ["status"], ["journal"]).decode()
    assert [text for text in ("✔", "José", "5 €") if text not in shown] == []


def test_what_an_operator_is_asked_and_types_is_shown_and_ends_nothing(half_done: Path) -> None:
    argv = [str(word) for word in command("escalate", "--operator", "ada")]
    with Terminal(argv, half_done, PYTHONIOENCODING="ascii", TERM="dumb") as terminal:
        terminal.wait_for("Whom to call")
        terminal.press("5 €\n")
        terminal.wait_for("is none of them")
        assert rb"\xe2" in terminal.output
        assert bytes(terminal.output).replace("5 €".encode(), b"").isascii()


def test_an_error_about_text_of_others_is_escaped(half_done: Path) -> None:
    answer = call(half_done, "status", "--tag", "é€", PYTHONIOENCODING="ascii")
    assert answer.status == 2
    assert answer.err.isascii()


# The signs --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "gb18030"])
def test_an_encoding_of_every_character_shows_the_signs(encoding: str) -> None:
    assert shows_signs(encoding)


@pytest.mark.parametrize("encoding", ["ascii", "iso-8859-1", "iso-8859-15", "cp1252", "koi8-r", "no-such-encoding"])
def test_an_encoding_that_lacks_one_sign_shows_none(encoding: str) -> None:
    assert not shows_signs(encoding)


def test_each_sign_is_one_ascii_character_and_each_symbol_of_a_state_has_one() -> None:
    assert [sign for sign, plain in SIGNS.items() if len(plain) != 1 or not plain.isascii()] == []
    assert in_ascii("".join(SYMBOLS.values())).isascii()


def test_other_text_is_escaped_as_far_as_the_encoding_lacks_it() -> None:
    assert escaped("é€✔", "latin-1") == "é\\u20ac✔"
    assert escaped("é€✔", "ascii") == "\\xe9\\u20ac✔"
    assert escaped("plain", "ascii") == "plain"


def test_each_sign_in_the_programs_own_text_has_an_ascii_form() -> None:
    package = Path(__file__).parents[2] / "phase4_tui"
    own = {letter for path in package.rglob("*.md") for letter in path.read_text(encoding="utf-8")}
    own |= {letter for path in package.rglob("*.py") for letter in codecs.decode(path.read_bytes(), "utf-8")}
    assert {letter for letter in own if not letter.isascii()} - set(SIGNS) <= set("␡")
