"""Checks of values of unknown type, and the violations that a quality gate reports."""

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple, TypeGuard

SHOWN_CHARS = 60


class Violation(NamedTuple):
    """One broken rule: the gate's section, and a message that names the record and the rule."""

    section: str
    message: str


def show(value: object) -> str:
    """Return a short, one-line, printable form of a foreign value; true, false and null as JSON has them."""
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    try:
        text = ascii(value)
    except RecursionError:
        return "a value nested too deeply to show"
    return text if len(text) <= SHOWN_CHARS else text[: SHOWN_CHARS - 1] + "…"


def is_number(value: object) -> TypeGuard[int | float]:
    """True for an int or float within the range of a float; a bool, NaN or infinity is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond the range of a float
        return False


def in_range(value: object, low: float, high: float) -> bool:
    """True for a finite number in low … high."""
    return is_number(value) and low <= value <= high


def one_of(value: object, words: tuple[str, ...]) -> bool:
    """True for a string among `words`."""
    return value in words


def expect_words(where: str, owner: Mapping[str, object], rules: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """Yield a problem for each key of `rules` that is missing in `owner` or has none of its allowed words."""
    for key, words in rules.items():
        if key not in owner:
            yield f"{where}.{key} is missing"
        elif not one_of(owner[key], words):
            yield f"{where}.{key} must be one of {', '.join(words)}, found {show(owner[key])}"
