"""The keys of the actions: the registry's own, or those of `[keys]` in the settings, which are checked at start."""

from collections.abc import Mapping, Sequence
from string import ascii_letters, digits, punctuation

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import Keys, _character_to_key

from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.console.key_names import shown_key
from phase4_tui.console.operations.registry import OPERATIONS
from phase4_tui.errors import Refused, Remedy

RESERVED = {"ctrl+p", "tab", "shift+tab", "enter", "escape", "up", "down", "left", "right", "home", "end",
            "pageup", "pagedown", "backspace", "f1", "ctrl+c", "ctrl+q", "ctrl+z", "ctrl+m", "ctrl+i", "ctrl+h",
            "ctrl+j"}  # fmt: skip
SCREEN_KEYS = {"left_square_bracket", "right_square_bracket", "h", "m", "w", "T", "V", "K", "O", "I", "X"}
"""Keys that screens use themselves, besides keys of the registry to which they give another meaning."""
_CHARACTERS = {_character_to_key(character): character for character in ascii_letters + digits + punctuation}


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
    arrives = _character_to_key(key) if len(key) == 1 and key.isprintable() else key
    if arrives in RESERVED:
        raise BadKeys(name, f"`{key}` is taken by the terminal or the screens")
    if arrives in SCREEN_KEYS:
        raise BadKeys(name, f"`{key}` is a key of the screens themselves")
    if not (len(key) == 1 and key.isprintable()) and arrives not in _sent():
        raise BadKeys(name, f"`{safe_line(key, 40)}` is no key that a terminal sends, as are `F`, `?`, `f2`, `ctrl+t`")
    return arrives


def _sent() -> set[str]:
    """Return the names of the keys that terminals send."""
    named = {str(key.value) for found in ANSI_SEQUENCES_KEYS.values() if isinstance(found, tuple) for key in found}
    return (
        named - {Keys.ScrollUp.value, Keys.ScrollDown.value} | set(_CHARACTERS) | {f"alt+{one}" for one in _CHARACTERS}
    )


def own_key(screen: type[DOMNode], action: str) -> str:
    """Return how the key of one of a screen's own bindings is written."""
    found = (binding for binding in screen.BINDINGS if isinstance(binding, Binding) and binding.action == action)
    return shown_key(next(found).key.partition(",")[0])
