"""Score adjustment and size multiplier of each session slot (docs policy, "Session")."""

from typing import NamedTuple

from phase4_tui.policy.vocabulary import SessionSlot


class SessionRule(NamedTuple):
    """Points added to the score, and a factor on the size."""

    score_adjustment: int
    size_multiplier: float


SESSION_RULES: dict[SessionSlot, SessionRule] = {
    "OPEN": SessionRule(-8, 0.7),
    "MIDDAY": SessionRule(2, 1.0),
    "CLOSE": SessionRule(6, 0.9),
}
