"""From one Phase 4 record to one decision (docs policy, "Phase 4 gates" and "Phase 4 decision")."""

from phase4_tui.policy.phase4.event_risk import assess_event
from phase4_tui.policy.phase4.exposure import is_blocked, size_cap, utilisation_pct
from phase4_tui.policy.phase4.record import Decision, PolicyTags, Record
from phase4_tui.policy.phase4.regime import classify_regime
from phase4_tui.policy.phase4.session import SESSION_RULES
from phase4_tui.policy.phase4.sizing import (
    choose_action,
    grade_confidence,
    score_action,
    size_position,
    volatility_factor,
)


def decide(record: Record) -> Decision:
    """Return the decision on one valid record; its rationale names each rule that moved it, with the values."""
    slot = record.session_slot
    change = record.underlying_change_pct
    trend = record.trend_strength
    current = record.current_portfolio_exposure_pct
    maximum = record.max_portfolio_exposure_pct
    regime = classify_regime(trend, change)
    event_risk = assess_event(record.event_name, record.event_window_active)
    used = f"{utilisation_pct(current, maximum):.2f}"

    if event_risk == "HIGH":
        tags = PolicyTags(regime, event_risk, slot, "EVENT_BLOCK", used)
        return Decision(
            "NO_TRADE", "HIGH", 0.0, 0.0,
            f"gate EVENT_BLOCK: {record.event_name} window is active, event risk HIGH", tags,
        )  # fmt: skip
    if is_blocked(current, maximum):
        tags = PolicyTags(regime, event_risk, slot, "PORTFOLIO_BLOCK", used)
        return Decision(
            "NO_TRADE", "HIGH", 0.0, 0.0,
            f"gate PORTFOLIO_BLOCK: exposure {current}% has reached the maximum {maximum}%", tags,
        )  # fmt: skip

    bias = record.options_bias
    action = choose_action(bias, change)
    session = SESSION_RULES[slot]
    score = score_action(action, regime, session.score_adjustment)
    confidence = grade_confidence(score)
    tags = PolicyTags(regime, event_risk, slot, "PASS", used)
    if action == "NO_TRADE":
        rationale = (
            f"NO_TRADE: bias {bias} and change {change}% do not agree; session {slot} "
            f"{session.score_adjustment:+d}, score {score} after the NO_TRADE cap; gate PASS"
        )
        return Decision(action, confidence, float(score), 0.0, rationale, tags)

    iv = record.iv_percentile
    volatility = volatility_factor(iv)
    size = size_position(session.size_multiplier, confidence, volatility)
    cap = size_cap(current, maximum)
    capped = ""
    if size > cap:
        capped = f", capped from {size} at {used}% of the allowed exposure"
        size = cap
    rationale = (
        f"{action}: bias {bias}, change {change}%; regime {regime} (trend {trend}); session {slot} "
        f"{session.score_adjustment:+d} x{session.size_multiplier}; score {score}, confidence {confidence}; "
        f"iv percentile {iv} x{volatility}; size {size}{capped}; gate PASS"
    )
    return Decision(action, confidence, float(score), size, rationale, tags)
