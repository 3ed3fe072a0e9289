"""The keys of the actions: the registry's own, or those of `[keys]` in the settings, which every command checks.

It knows the names of keys without loading Textual, which would make every command of such a desk slow.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from string import ascii_letters, ascii_lowercase, digits, punctuation

from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.console.key_names import key_of, shown_key
from phase4_tui.console.operations.registry import OPERATIONS
from phase4_tui.errors import Refused, Remedy
from phase4_tui.runbook.settings import place_in_file

RESERVED = {"ctrl+p", "tab", "shift+tab", "enter", "escape", "up", "down", "left", "right", "home", "end",
            "pageup", "pagedown", "backspace", "f1", "ctrl+c", "ctrl+q", "ctrl+z", "ctrl+m", "ctrl+i", "ctrl+h",
            "ctrl+j"}  # fmt: skip
SCREEN_KEYS = {"left_square_bracket", "right_square_bracket", "h", "m", "w", "T", "V", "K", "O", "I", "X"}
"""Keys that screens use themselves, besides keys of the registry to which they give another meaning."""
_CHARACTERS = {key_of(character): character for character in ascii_letters + digits + punctuation}


class BadKeys(Refused):
    """A key in the settings that can't be used; `action` is its entry there."""

    def __init__(self, action: str, problem: str, *, remedy: Remedy | Sequence[Remedy] = ()) -> None:
        super().__init__(problem, remedy=remedy, key=f"keys.{action}")
        self.action = action


def keys_of(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the key of each action with those of the settings; raises BadKeys."""
    keys = {action.id: action.key for action in OPERATIONS}
    for name, key in settings.items():
        if name not in keys:
            raise BadKeys(name, f"is no action; the actions are {', '.join(keys)}")
        keys[name] = _checked(name, key)
    used: dict[str, str] = {}
    for name in sorted(keys, key=lambda name: name in settings):  # defaults first, so that an error names the setting
        key = keys[name]
        if key and key in used:
            another = Remedy(effect="give one of them another")
            raise BadKeys(name, f"`{shown_key(key)}` is the key of {used[key]} too", remedy=another)
        used[key] = name
    return keys


def _checked(name: str, key: str) -> str:
    """Return a key by the name that Textual reports for it."""
    arrives = key_of(key) if len(key) == 1 and key.isprintable() else key
    if arrives in RESERVED:
        raise BadKeys(name, f"`{key}` is taken by the terminal or the screens")
    if arrives in SCREEN_KEYS:
        raise BadKeys(name, f"`{key}` is a key of the screens themselves")
    if not (len(key) == 1 and key.isprintable()) and arrives not in sent_keys():
        raise BadKeys(name, f"`{safe_line(key, 40)}` is no key that a terminal sends, as are `F`, `?`, `f2`, `ctrl+t`")
    return arrives


_MOVING = ("up", "down", "left", "right", "home", "end", "pageup", "pagedown", "insert", "delete")
_WITH_CTRL = ("@", "backslash", "circumflex_accent", "right_square_bracket", "underscore", *ascii_lowercase, *digits)
_OTHERS = ("backspace", "enter", "escape", "shift+escape", "tab", "shift+tab", "space")


def sent_keys() -> set[str]:
    """Return the names that Textual gives the keys that terminals send."""
    functions = (f"{held}f{number}" for held in ("", "ctrl+") for number in range(1, 25))
    moving = (f"{held}{key}" for held in ("", "shift+", "ctrl+", "ctrl+shift+") for key in _MOVING)
    held = (*(f"ctrl+{key}" for key in _WITH_CTRL), *(f"ctrl+shift+{digit}" for digit in digits))
    return {*_OTHERS, *functions, *moving, *held, *_CHARACTERS, *(f"alt+{key}" for key in _CHARACTERS)}


def refuse_bad_keys(workdir: Path, settings: Mapping[str, str]) -> None:
    """Raise SettingsError, with file and line, for the first key of `[keys]` that can't be used."""
    try:
        keys_of(settings)
    except BadKeys as error:
        key = safe_line(f"keys.{error.action}", 120)
        where = place_in_file(workdir, "keys", error.action)
        raise where.error(key, f"key `{key}`: {error}", error.remedies) from None
