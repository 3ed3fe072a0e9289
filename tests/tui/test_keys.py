"""The keys of the settings: which can be given, and what refuses the others at start."""

from importlib import import_module
from pathlib import Path

import pytest
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual.binding import Binding
from textual.keys import Keys, _character_to_key

from phase4_tui.console.key_names import key_of
from phase4_tui.console.key_settings import RESERVED, SCREEN_KEYS, BadKeys, keys_of, sent_keys
from phase4_tui.console.operations.registry import OPERATIONS
from phase4_tui.tui import screens
from phase4_tui.tui.screens.base import FactsScreen
from phase4_tui.tui.screens.help import HelpScreen
from phase4_tui.tui.screens.journal import JournalScreen
from phase4_tui.tui.screens.verify import VerifyScreen
from tests.cli.support import REFUSED, ask
from tests.tui.operator import operator_at
from tests.tui.support import lay_out


async def test_keys_are_those_of_the_settings_even_swapped(tmp_path: Path) -> None:
    lay_out(tmp_path)
    (tmp_path / "phase4.toml").write_text('[keys]\njournal = "f2"\nhelp = "v"\nverify = "?"\n')
    async with operator_at(tmp_path) as me:
        await me.press("f2")
        await me.at(JournalScreen)
        await me.press("v")
        await me.at(HelpScreen)
        await me.press("escape", "escape", "question_mark")
        await me.at(VerifyScreen)
        await me.press("escape", "j")
        await me.pilot.pause()
        assert len(me.app.screen_stack) == 1


@pytest.mark.parametrize(
    ("keys", "action", "words"),
    [
        ('frezee = "f"', "frezee", ["is no action", "freeze"]),
        ('freeze = "r"', "freeze", ["`r`", "run"]),
        ('freeze = "enter"', "freeze", ["`enter`", "taken"]),
        ('freeze = "["', "freeze", ["`[`", "of the screens themselves"]),
        ('freeze = "T"', "freeze", ["`T`", "of the screens themselves"]),
        ('freeze = "F2"', "freeze", ["`F2`", "no key that a terminal sends"]),
        ('freeze = "ctrl+shift+a"', "freeze", ["no key that a terminal sends"]),
        ('freeze = "\\t"', "freeze", ["no key that a terminal sends"]),
    ],
)
def test_keys_that_cannot_be_used_are_refused_by_every_command_with_file_line_and_key(
    tmp_path: Path, keys: str, action: str, words: list[str]
) -> None:
    (tmp_path / "phase4.toml").write_text(f"# mine\n[keys]\njournal = 'f5'\n{keys}\n")
    for command in (["tags"], ["dash"], ["run", "--dry-run"]):
        status, _out, error = ask(tmp_path, *command)
        assert status == REFUSED
        assert error.startswith(f"error: {tmp_path / 'phase4.toml'}, line 4: key `keys.{action}`: ")
        assert [word for word in words if word not in error] == []


def test_the_keys_that_terminals_send_are_those_that_textual_knows() -> None:
    named = {str(key.value) for keys in ANSI_SEQUENCES_KEYS.values() if isinstance(keys, tuple) for key in keys}
    named -= {Keys.ScrollUp.value, Keys.ScrollDown.value}
    assert {key for key in sent_keys() - named if len(key) > 1 and "+" in key and "alt" not in key} <= RESERVED
    assert named - sent_keys() == set()
    assert [one for one in map(chr, range(33, 127)) if key_of(one) != _character_to_key(one)] == []


def test_a_key_may_be_given_away_and_taken() -> None:
    assert keys_of({"run": "f", "freeze": "r"})["freeze"] == "r"
    for key, arrives in (("f2", "f2"), ("ctrl+t", "ctrl+t"), (",", "comma"), ("F", "F"), ("alt+x", "alt+x")):
        assert keys_of({"freeze": key})["freeze"] == arrives
    with pytest.raises(BadKeys):
        keys_of({"run": "f"})


def test_every_key_of_a_screen_is_known_to_the_check_of_the_settings() -> None:
    for path in (Path(screens.__file__).parent).glob("*.py"):
        import_module(f"{screens.__name__}.{path.stem}")
    own = {action.key for action in OPERATIONS}
    used = {
        key.strip()
        for screen in _below(FactsScreen)
        if screen.__module__.startswith(screens.__name__) and not screen.IS_FORM  # there no key of an action acts
        for binding in screen.BINDINGS
        if isinstance(binding, Binding)
        for key in binding.key.split(",")
    }
    assert used - own - RESERVED == SCREEN_KEYS


def _below(kind: type[FactsScreen]) -> list[type[FactsScreen]]:
    return [kind, *(below for one in kind.__subclasses__() for below in _below(one))]
