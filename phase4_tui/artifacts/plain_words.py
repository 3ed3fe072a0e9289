"""Names of the files and of the code in plain words: `quality_check`, `signoff`, a list, JSON's false."""

import json
import re
from collections.abc import Sequence

_SHA256 = re.compile(r"\b([0-9a-f]{8})[0-9a-f]{56}\b")
_TYPES = {
    "Input should be": "must be",
    "Value error, ": "",
    "a valid boolean, unable to interpret input": "true or false",
    "a valid boolean": "true or false",
    "a valid string": "a text",
    "a valid integer": "a whole number",
    "a valid number": "a number",
    "a valid list": "a list",
    "a valid tuple": "a list",
    "a valid dictionary": "an object",
}
_WORDS = {
    "signoff": "sign-off",
    "absent": "missing",
    "failed_gate": "did not pass",
    "not_run": "not run",
    "timed_out": "timed out",
    "phase4": "Phase 4",
    "phase3_only": "Phase 3 only",
}


def plain(name: str) -> str:
    """Return a step, a state, a rule or a mode in words: `quality check`, `did not pass`, `sign-off`."""
    return _WORDS.get(name) or name.replace("_", " ")


def metric(name: str) -> str:
    """Return a KPI in words as panels have it: `event_block`; a gate's status as `quality check`."""
    return plain(name.removesuffix("_status")) if name.endswith("_status") else name.removesuffix("_pct")


def short_digests(text: str) -> str:
    """Return a text with each SHA-256 cut to its first eight digits."""
    return _SHA256.sub(r"\1", text)


def section(name: str) -> str:
    """Return a section of the quality check in words: `event block` for `event_block_enforced`."""
    return plain(name).removesuffix(" valid").removesuffix(" enforced")


def schema_words(message: str) -> str:
    """Return what pydantic says of a value of another type in words: `must be true or false`."""
    for theirs, ours in _TYPES.items():
        message = message.replace(theirs, ours)
    return message


def and_list(names: Sequence[str]) -> str:
    """Return names as in a sentence: `a`, `a and b`, `a, b and c`."""
    return " and ".join((", ".join(names[:-1]), names[-1])) if len(names) > 1 else "".join(names)


def value(found: object) -> str:
    """Return a value of JSON in words: false, null, 100, 71.4, the items of a list, a text as it is."""
    if isinstance(found, str):
        return found
    if isinstance(found, float):
        return f"{found:g}"
    if isinstance(found, list | tuple):
        return ", ".join(map(value, found))
    return json.dumps(found, ensure_ascii=False, default=str)
