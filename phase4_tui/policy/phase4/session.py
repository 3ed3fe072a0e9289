"""What a session slot does to score and size (docs policy, "Session")."""

from typing import NamedTuple

from phase4_tui.policy.vocabulary import SessionSlot


class SessionRule(NamedTuple):
    """Points added to the score, and the factor on the size."""

    score_adjustment: int
    size_multiplier: float


SESSION_RULES: dict[SessionSlot, SessionRule] = {
    "OPEN": SessionRule(-8, 0.7),
    "MIDDAY": SessionRule(2, 1.0),
    "CLOSE": SessionRule(6, 0.9),
}
