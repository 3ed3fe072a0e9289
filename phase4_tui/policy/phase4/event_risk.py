"""Event risk of a record (docs policy, "Event risk")."""

from phase4_tui.policy.vocabulary import Level

HIGH_RISK_EVENTS = frozenset({"RBI", "FED", "CPI", "EARNINGS"})
_FOLDED = frozenset(name.casefold() for name in HIGH_RISK_EVENTS)


def assess_event(name: str, window_active: bool) -> Level:
    """Return HIGH (which blocks), MEDIUM or LOW; the name is compared case-insensitively."""
    if not window_active:
        return "LOW"
    return "HIGH" if name.casefold() in _FOLDED else "MEDIUM"
