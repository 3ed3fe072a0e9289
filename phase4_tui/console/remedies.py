"""What to do about an error or a finding, in the dashboard's words: a key where the command line names a command."""

from collections.abc import Iterable, Mapping, Sequence

from phase4_tui.console.key_names import shown_key
from phase4_tui.console.operations.registry import BY_ID
from phase4_tui.errors import Phase4Error, Remedy, Wording, as_commands, worded

__all__ = ["as_commands", "as_keys", "error_as_keys", "how", "parts_of", "short", "wording"]
SHOWN_DIGITS = 12


def as_keys(message: str, remedies: Iterable[Remedy], keys: Mapping[str, str]) -> str:
    """Return a message with its remedies as keys: "MESSAGE; `^p restore` puts the frozen files back".

    `keys` holds the key of each operation by its id. What no operation does stays the command that it is.
    """
    return worded(message, remedies, lambda remedy: _named(remedy, keys))


def _named(remedy: Remedy, keys: Mapping[str, str]) -> str:
    name = how(remedy.operation, keys) if remedy.operation else remedy.command
    return f"`{name}`" if name else ""


def wording(keys: Mapping[str, str]) -> Wording:
    """Return `as_keys` with the keys of one dashboard."""
    return lambda message, remedies: as_keys(message, remedies, keys)


def parts_of(error: BaseException) -> tuple[str, tuple[Remedy, ...]]:
    """Return what an error says, with the first digits of each sha256 in it, and its remedies."""
    if not isinstance(error, Phase4Error):
        return str(error) or type(error).__name__, ()
    digests = error.context.get("digests")
    return short(error.message, digests if isinstance(digests, tuple) else ()), error.remedies


def error_as_keys(error: BaseException, keys: Mapping[str, str]) -> str:
    """Return what an error says on the dashboard: its message with its remedies as keys, or its own words."""
    return as_keys(*parts_of(error), keys)


def how(operation: str, keys: Mapping[str, str]) -> str:
    """Return what to press for an operation: its key, or its name in the palette."""
    entry = BY_ID[operation]
    key = keys.get(operation, entry.key)
    return shown_key(key) if key else f"^p {entry.label}"


def short(text: str, digests: Sequence[str]) -> str:
    """Return a text with the first digits alone of these sha256."""
    for digest in digests:
        text = text.replace(digest, f"{digest[:SHOWN_DIGITS]}…")
    return text
