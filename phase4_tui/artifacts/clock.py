"""The clock: UTC now, and the conversion of times to and from text."""

import re
import time
from datetime import UTC, datetime

AGE_STEP = 5
_ISO = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


def now_ns() -> int:
    """Return the time in nanoseconds since the epoch."""
    return time.time_ns()


def iso(ns: int) -> str:
    """Return a time as ISO 8601 in UTC with microseconds, e.g. `2026-02-17T03:45:00.000000Z`."""
    moment = datetime.fromtimestamp(ns // 1_000_000_000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ns % 1_000_000_000 // 1000:06d}Z"


def nanoseconds(moment: str) -> int:
    """Return a time written by `iso` in nanoseconds since the epoch."""
    found = datetime.fromisoformat(moment)
    return int(found.replace(microsecond=0).timestamp()) * 1_000_000_000 + found.microsecond * 1000


def check_moment(text: str) -> str:
    """Return `text`; raises ValueError when it is no time as `iso` writes it."""
    if datetime.fromisoformat(text).tzinfo is None:
        raise ValueError("a time without its zone")
    return text


def age(seconds: float) -> str:
    """Return a short age for a column: `15 s`, `5 min`, `2 h`, `4 d`; a time ahead of this clock says so.

    Seconds are told in steps of five: a screen full of ages that count each of them is too much for a slow connection.
    """
    if seconds < -1:
        return f"{age(-seconds)} ahead"
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{max(int(seconds // AGE_STEP * AGE_STEP), 0)} s"


def since(seconds: float) -> str:
    """Return an age in a sentence: `20 s ago`, `1 h ahead of this clock`."""
    told = age(seconds)
    return f"{told} of this clock" if told.endswith("ahead") else f"{told} ago"


def duration(seconds: float) -> str:
    """Return how long something took: `0.4 s`, `14 s`, `2 min 8 s`, `1 h 4 min`, `3 d 2 h`; source: ux.md, Manners."""
    if seconds < 9.95:
        return f"{max(seconds, 0):.1f} s"
    whole = int(seconds)
    for unit, size, smaller, part in (("d", 86400, "h", 3600), ("h", 3600, "min", 60), ("min", 60, "s", 1)):
        if whole >= size:
            rest = whole % size // part
            return f"{whole // size} {unit}" + (f" {rest} {smaller}" if rest else "")
    return f"{whole} s"


def elapsed(begun: str) -> str:
    """Return how long something goes on that began at a time written by `iso`, in whole seconds: `3 s`, `2 min 8 s`."""
    seconds = max(now_ns() - nanoseconds(begun), 0) // 1_000_000_000
    return f"{seconds} s" if seconds < 60 else duration(seconds)


def moment_and_age(text: str) -> str:
    """Return a time written by `iso` with its age, as a command prints it once: `12:02:46 UTC (20 s ago)`."""
    return f"{moment(text)} ({since((now_ns() - nanoseconds(text)) / 1e9)})"


def with_moments(text: str) -> str:
    """Return a kept text with each time written by `iso` as `moment` has it."""
    return _ISO.sub(lambda found: moment(found[0]), text)


def moment(text: str | None) -> str:
    """Return a time written by `iso` as a screen shows it, `12:02:46 UTC`, with its day unless that is today."""
    if not text:
        return ""
    day = "" if text[:10] == iso(now_ns())[:10] else f"{text[:10]} "
    return f"{day}{text[11:19]} UTC"
