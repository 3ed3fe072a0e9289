"""Names of the files and of the code in plain words: `quality_check`, `signoff`, a list, JSON's false."""

import json

_WORDS = {
    "signoff": "sign-off",
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


def value(found: object) -> str:
    """Return a value of JSON in words: false, null, 100, 71.4, the items of a list, a text as it is."""
    if isinstance(found, str):
        return found
    if isinstance(found, float):
        return f"{found:g}"
    if isinstance(found, list | tuple):
        return ", ".join(map(value, found))
    return json.dumps(found, ensure_ascii=False, default=str)
