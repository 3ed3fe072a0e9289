"""What the rooms below say, in the dashboard's words: a key where they name a command, a digest's first digits."""

import re
from collections.abc import Mapping, Sequence

from phase4_tui.console.operations.registry import BY_ID
from phase4_tui.errors import Remedy
from phase4_tui.runbook.steps import PHASE4_STEPS
from phase4_tui.tui.keys import shown_key

_COMMAND = re.compile(r"`phase4 ([^`]+)`")
_DIGEST = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{52}\b")
# The first that a command begins with is meant; one without an action has no key and stays as it is.
_ACTIONS: Mapping[str, str | None] = {
    "verify --repair": None,
    "verify": "verify",
    "run --rehearsal": "rehearse",
    "run --resume": "resume",
    "run": "run",
    "freeze": "freeze",
    "thaw": "thaw",
    "restore": "restore",
    "known-good switch": "known_good",
    "known-good list": "known_good",
    "mode phase3-only": "mode",
    "root-cause add": "root_cause",
    "escalate ack": "acknowledge",
    "escalate": "escalate",
    "compare": "compare",
    "reopen": "reopen",
    "rollback": "guided",
    "journal": "journal",
    "audit": "audit",
    **{f"step {step.name}": f"step_{step.number}" for step in PHASE4_STEPS},
}
_FLAGS = {
    ": `--accept-changed-input` accepts the change": "",  # the question that shows it asks just that
    "a --rehearsal": "a rehearsal",
    "`--take-over REASON`": "`T` in the guided rollback",
}


def in_keys(text: str, keys: Mapping[str, str]) -> str:
    """Return a text with keys and questions in place of the commands and flags that do the same."""
    for flag, words in _FLAGS.items():
        text = text.replace(flag, words)
    return _COMMAND.sub(lambda match: _key(match, keys), text)


def _key(match: re.Match[str], keys: Mapping[str, str]) -> str:
    words = match.group(1) + " "
    action = next((action for begins, action in _ACTIONS.items() if words.startswith(begins + " ")), None)
    return f"`{how(action, keys)}`" if action is not None else match.group()


def how(action: str, keys: Mapping[str, str]) -> str:
    """Return what to press for an action: its key, or its name in the palette."""
    key = keys.get(action, BY_ID[action].key)
    return shown_key(key) if key else f"^p {BY_ID[action].label}"


def short(text: str) -> str:
    """Return a text with the first digits of each sha256 in it."""
    return _DIGEST.sub(r"\1…", text)


def as_commands(message: str, remedies: Sequence[Remedy]) -> str:
    """Return a message with its remedies as commands."""
    return "; ".join([message, *(f"`{remedy.command}` {remedy.effect}".rstrip() for remedy in remedies)])


def as_keys(message: str, remedies: Sequence[Remedy], keys: Mapping[str, str]) -> str:
    """Return a message with its remedies as keys, and as commands where there is no key."""
    told = (how(remedy.operation, keys) if remedy.operation else remedy.command for remedy in remedies)
    return "; ".join(
        [message, *(f"`{do}` {remedy.effect}".rstrip() for do, remedy in zip(told, remedies, strict=True))]
    )
