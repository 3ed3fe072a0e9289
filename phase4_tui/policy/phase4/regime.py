"""Market regime from trend strength and change (docs policy, "Regime")."""

from phase4_tui.policy.vocabulary import Regime

TREND_MIN_STRENGTH = 0.65
TREND_MIN_CHANGE_PCT = 0.35
REVERSION_MAX_STRENGTH = 0.25
REVERSION_MAX_CHANGE_PCT = 0.20


def classify_regime(trend_strength: float, change_pct: float) -> Regime:
    """Return the regime; all four limits are inclusive."""
    strength = abs(trend_strength)
    change = abs(change_pct)
    if strength >= TREND_MIN_STRENGTH and change >= TREND_MIN_CHANGE_PCT:
        return "TREND"
    if strength <= REVERSION_MAX_STRENGTH and change <= REVERSION_MAX_CHANGE_PCT:
        return "MEAN_REVERSION"
    return "NEUTRAL"
