"""Action, score, confidence and size of a record that passes the gates (docs policy, "Phase 4 decision")."""

from phase4_tui.policy.vocabulary import Action, Bias, Level, Regime

BASE_SCORE = 60
TREND_BONUS = 10
REVERSION_PENALTY = 8
NO_TRADE_SCORE_CAP = 52
SCORE_RANGE = (0, 100)
HIGH_MIN_SCORE = 70
MEDIUM_MIN_SCORE = 55
CONFIDENCE_FACTORS: dict[Level, float] = {"HIGH": 1.0, "MEDIUM": 0.8, "LOW": 0.55}
VOLATILITY_LIMITS = ((30.0, 1.0), (60.0, 0.85), (80.0, 0.7))  # (iv_percentile up to, factor)
VOLATILITY_FACTOR_ABOVE = 0.55
SIZE_RANGE = (0.0, 1.5)
SIZE_PLACES = 2


def choose_action(bias: Bias, change_pct: float) -> Action:
    """Return the action: a trade only where the options bias and the change agree."""
    if bias == "BULLISH" and change_pct > 0:
        return "BUY_CALL"
    if bias == "BEARISH" and change_pct < 0:
        return "BUY_PUT"
    return "NO_TRADE"


def score_action(action: Action, regime: Regime, session_adjustment: int) -> int:
    """Return the score in 0 … 100."""
    score = BASE_SCORE + session_adjustment
    if action == "NO_TRADE":
        score = min(score, NO_TRADE_SCORE_CAP)
    elif regime == "TREND":
        score += TREND_BONUS
    elif regime == "MEAN_REVERSION":
        score -= REVERSION_PENALTY
    low, high = SCORE_RANGE
    return low if score < low else high if score > high else score


def grade_confidence(score: float) -> Level:
    """Return the confidence for a score in 0 … 100."""
    if score >= HIGH_MIN_SCORE:
        return "HIGH"
    return "MEDIUM" if score >= MEDIUM_MIN_SCORE else "LOW"


def volatility_factor(iv_percentile: float) -> float:
    """Return the factor on the size; each limit is inclusive on the lower side."""
    for limit, factor in VOLATILITY_LIMITS:
        if iv_percentile <= limit:
            return factor
    return VOLATILITY_FACTOR_ABOVE


def size_position(session_multiplier: float, confidence: Level, volatility: float) -> float:
    """Return the size multiplier of a directional action, in 0 … 1.5, to 2 places."""
    size = session_multiplier * CONFIDENCE_FACTORS[confidence] * volatility
    low, high = SIZE_RANGE
    return round(low if size < low else high if size > high else size, SIZE_PLACES)
