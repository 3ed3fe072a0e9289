"""A record's timestamp: ISO 8601 with an offset, kept verbatim (docs policy, "Phase 4 input"), and its instant."""

import re
from datetime import datetime
from functools import lru_cache

REMEMBERED = 1 << 16
_from_iso = datetime.fromisoformat
# Python's parser alone accepts more than ISO 8601: blanks, other separators, empty fractions, offsets of 99 min.
_shape = re.compile(
    r"\d{4}(?:-\d\d-\d\d|\d{4}|-W\d\d-\d|W\d\d\d)T"
    r"\d\d(?::\d\d(?::\d\d(?:[.,]\d+)?)?|\d\d(?:\d\d(?:[.,]\d+)?)?)?(?:Z|[+-]\d\d(?::?[0-5]\d)?)",
    re.ASCII,
).fullmatch


@lru_cache(maxsize=REMEMBERED)  # underlyings and sessions of a batch share their timestamps
def check_timestamp(text: str) -> None:
    """Raise ValueError, beginning with the field's name, unless `text` is ISO 8601 with date, `T`, time and offset."""
    if _shape(text) is None:
        raise ValueError("timestamp: not ISO 8601 with date, `T`, time and UTC offset")
    try:
        _from_iso(text)
    except ValueError as error:
        raise ValueError(f"timestamp: not ISO 8601: no such moment: {error}") from None


@lru_cache(maxsize=REMEMBERED)
def instant(text: str) -> datetime | str:
    """Return the moment, to the microsecond, that a timestamp names: equal moments are equal, whatever their offsets.

    A text that names none, e.g. one without an offset, is returned as it is.
    """
    try:
        moment = _from_iso(text)
    except ValueError:
        return text
    return text if moment.tzinfo is None else moment
