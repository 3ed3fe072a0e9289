"""The progress of a step, reported to its parent process as marked lines on stderr."""

import json

PROGRESS_ENV = "PHASE4_PROGRESS"
LARGEST_COUNT = 1 << 53
PROGRESS_MARK = "phase4-progress "


def progress_line(records: int, done_bytes: int, total_bytes: int) -> str:
    """Return the line for `records` decided and `done_bytes` of `total_bytes` read."""
    facts = {"records": records, "bytes": done_bytes, "total_bytes": total_bytes}
    return PROGRESS_MARK + json.dumps(facts)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST_COUNT


def parse_progress(line: str) -> dict[str, int] | None:
    """Return the numbers in a progress line by name, or None for any other line."""
    if not line.startswith(PROGRESS_MARK):
        return None
    try:
        facts = json.loads(line.removeprefix(PROGRESS_MARK))
    except (ValueError, RecursionError):
        return None
    if not isinstance(facts, dict) or not all(_is_count(value) for value in facts.values()):
        return None
    return facts
