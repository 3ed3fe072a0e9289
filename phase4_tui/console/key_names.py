"""How a key is written for an operator: `question_mark`, which is its name in a binding, as `?`."""

from string import punctuation
from unicodedata import name

_NAMES = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}
"""Textual's names where they are not Unicode's."""


def key_of(character: str) -> str:
    """Return the name that Textual gives the key of a printable character."""
    if character.isalnum():
        return character
    unicode_name = name(character, character).lower().replace("-", "_").replace(" ", "_")
    return _NAMES.get(unicode_name, unicode_name)


_CHARACTERS = {key_of(character): character for character in punctuation}


def shown_key(key: str) -> str:
    """Return a key as it is written on a key sheet."""
    return _CHARACTERS.get(key, key)
