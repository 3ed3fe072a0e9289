"""The three Phase 3 agents (docs policy, "Phase 3 agents")."""

from phase4_tui.policy.phase3.record import Opinion, Record
from phase4_tui.policy.vocabulary import Action, Level

STRONG_TREND = 0.6
STRONG_CHANGE_PCT = 0.3
STRONG_SCORE = 80.0
DRIFT_CHANGE_PCT = 0.2
DRIFT_SCORE = 62.0
FLAT_SCORE = 40.0

UNTRADABLE_SCORE = 30.0
BIAS_SCORE = 78.0
NEUTRAL_SCORE = 42.0
CALM_IV_BELOW = 75.0

LOSS_LIMIT_PCT = -2.0
LOSS_VETO_SCORE = 100.0
EVENT_VETO_SCORE = 90.0
CLEAR_SCORE = 20.0


def market_regime(record: Record) -> Opinion:
    """Follow a strong trend, then a drift."""
    trend, change = record.trend_strength, record.underlying_change_pct
    seen = f"trend {trend}, change {change}%"
    if trend >= STRONG_TREND and change >= STRONG_CHANGE_PCT:
        return Opinion("market_regime", "BUY_CALL", "HIGH", STRONG_SCORE, f"strong rise: {seen}", False)
    if trend <= -STRONG_TREND and change <= -STRONG_CHANGE_PCT:
        return Opinion("market_regime", "BUY_PUT", "HIGH", STRONG_SCORE, f"strong fall: {seen}", False)
    if change >= DRIFT_CHANGE_PCT:
        return Opinion("market_regime", "BUY_CALL", "MEDIUM", DRIFT_SCORE, f"upward drift: {seen}", False)
    if change <= -DRIFT_CHANGE_PCT:
        return Opinion("market_regime", "BUY_PUT", "MEDIUM", DRIFT_SCORE, f"downward drift: {seen}", False)
    return Opinion("market_regime", "NO_TRADE", "LOW", FLAT_SCORE, f"no direction: {seen}", False)


def options_structure(record: Record) -> Opinion:
    """Follow the options bias where the market can be traded."""
    if not (record.options_liquidity_ok and record.options_spread_ok):
        seen = f"liquidity ok {record.options_liquidity_ok}, spread ok {record.options_spread_ok}"
        return Opinion("options_structure", "NO_TRADE", "LOW", UNTRADABLE_SCORE, f"untradable: {seen}", False)
    bias, iv = record.options_bias, record.iv_percentile
    if bias == "NEUTRAL":
        return Opinion("options_structure", "NO_TRADE", "LOW", NEUTRAL_SCORE, "bias NEUTRAL", False)
    action: Action = "BUY_CALL" if bias == "BULLISH" else "BUY_PUT"
    confidence: Level = "HIGH" if iv < CALM_IV_BELOW else "MEDIUM"
    return Opinion("options_structure", action, confidence, BIAS_SCORE, f"bias {bias}, iv percentile {iv}", False)


def risk_officer(record: Record) -> Opinion:
    """Veto after the day's loss limit or before a high-risk event; never trade."""
    pnl = record.daily_realized_pnl_pct
    if pnl <= LOSS_LIMIT_PCT:
        why = f"realized {pnl}% today, limit {LOSS_LIMIT_PCT}%"
        return Opinion("risk_officer", "NO_TRADE", "HIGH", LOSS_VETO_SCORE, why, True)
    if record.event_risk_high:
        return Opinion("risk_officer", "NO_TRADE", "HIGH", EVENT_VETO_SCORE, "high event risk", True)
    return Opinion("risk_officer", "NO_TRADE", "LOW", CLEAR_SCORE, f"no objection at {pnl}% today", False)
