"""What counts as a record's timestamp: ISO 8601 with an offset, kept verbatim (policy.md, input record)."""

from datetime import datetime

_from_iso = datetime.fromisoformat


def check_timestamp(text: str) -> None:
    """Raise ValueError, beginning with the field's name, unless `text` is ISO 8601 with date, `T`, time and offset."""
    try:
        moment = _from_iso(text)
    except ValueError:
        raise ValueError("timestamp: not ISO 8601") from None
    if moment.tzinfo is None:
        raise ValueError("timestamp: has no UTC offset")
    if "T" not in text:
        raise ValueError("timestamp: needs a `T` between date and time")
