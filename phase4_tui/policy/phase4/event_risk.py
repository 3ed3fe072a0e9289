"""Event risk of a record, and which names of events are allowed and known (docs policy, "Event risk")."""

from phase4_tui.policy.visible_text import unseen
from phase4_tui.policy.vocabulary import Level

HIGH_RISK_EVENTS = frozenset({"RBI", "FED", "CPI", "EARNINGS"})
MEDIUM_RISK_EVENTS = frozenset({"BUDGET"})
NO_EVENT = "NONE"
USUAL_NAMES = HIGH_RISK_EVENTS | MEDIUM_RISK_EVENTS | {NO_EVENT}
LISTED_NAMES = 12
OTHER_NAMES = "other names"
"""Stands for the unknown names beyond the listed ones; in lower case, which no counted name is."""
NAME_BYTES = 40
"""Of a longer name only the beginning counts, in UTF-8: a report has 2 KiB of room for its summary."""
_HIGH = frozenset(name.casefold() for name in HIGH_RISK_EVENTS)
_KNOWN = _HIGH | {name.casefold() for name in MEDIUM_RISK_EVENTS}


def assess_event(name: str, window_active: bool) -> Level:
    """Return HIGH (which blocks), MEDIUM or LOW; the name is compared case-insensitively."""
    if not window_active:
        return "LOW"
    return "HIGH" if name.casefold() in _HIGH else "MEDIUM"


def name_problem(name: str) -> str | None:
    """Return why an event's name is refused, None for one that pads and hides nothing."""
    if name.strip() != name:
        return f"begins or ends with white space (U+{ord(name[0] if name[0].isspace() else name[-1]):04X})"
    found = unseen(name)
    return None if found is None else f"holds U+{ord(found):04X}, which is not seen"


def check_event_name(name: str) -> None:
    """Raise ValueError, beginning with the field's name, for a name that is padded or hides a character."""
    problem = name_problem(name)
    if problem is not None:
        raise ValueError(f"event_name: {problem}")


class UnknownEvents:
    """Counts the active windows under names that no rule knows, `NONE` among them; in constant memory."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def add(self, name: str) -> None:
        """Count the name of one active window that is not of high risk."""
        if name.casefold() in _KNOWN:
            return
        encoded = name[: NAME_BYTES + 1].upper().encode()
        shown = encoded.decode() if len(encoded) <= NAME_BYTES else f"{encoded[:NAME_BYTES].decode(errors='ignore')}…"
        if shown not in self._counts and len(self._counts) >= LISTED_NAMES:
            shown = OTHER_NAMES
        self._counts[shown] = self._counts.get(shown, 0) + 1

    def counts(self) -> dict[str, int]:
        """Return the number of windows by name, the most frequent first, other names last."""
        return dict(sorted(self._counts.items(), key=lambda one: (one[0] == OTHER_NAMES, -one[1], one[0])))
