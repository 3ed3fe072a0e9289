"""Keys are written as Textual's bindings mean them, though the console knows nothing of Textual."""

from string import ascii_letters, digits, punctuation

from textual.keys import _character_to_key

from phase4_tui.console.key_names import shown_key


def test_every_key_of_a_character_is_written_as_that_character() -> None:
    characters = ascii_letters + digits + punctuation
    assert [shown_key(_character_to_key(character)) for character in characters] == list(characters)


def test_any_other_key_is_written_by_its_name() -> None:
    assert [shown_key(key) for key in ("f5", "ctrl+t", "enter")] == ["f5", "ctrl+t", "enter"]
