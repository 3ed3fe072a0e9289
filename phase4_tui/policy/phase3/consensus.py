"""From three opinions to one consensus and its execution plan (docs policy, "Phase 3 consensus")."""

from phase4_tui.policy.phase3.record import Consensus, ExecutionPlan, Opinion
from phase4_tui.policy.vocabulary import Action, Level

MARKET_WEIGHT = 0.45
OPTIONS_WEIGHT = 0.55
TRADE_FROM = 50.0
HIGH_FROM = 72.0
MEDIUM_FROM = 58.0
PLACES = 2
_SIGNS: dict[Action, int] = {"BUY_CALL": 1, "BUY_PUT": -1, "NO_TRADE": 0}


def agree(market: Opinion, options: Opinion, risk: Opinion) -> Consensus:
    """Return the weighted consensus; a veto of the risk officer overrides it."""
    if risk.veto:
        votes = {"market": market.score, "options": options.score, "risk_veto": 1.0}
        return Consensus("NO_TRADE", "HIGH", 0.0, True, votes)
    market_signed = _SIGNS[market.action] * market.score
    options_signed = _SIGNS[options.action] * options.score
    weighted = MARKET_WEIGHT * market_signed + OPTIONS_WEIGHT * options_signed
    strength = abs(weighted)
    action: Action = "NO_TRADE"
    confidence: Level = "LOW"
    if strength >= TRADE_FROM:
        action = "BUY_CALL" if weighted > 0 else "BUY_PUT"
        confidence = "HIGH" if strength >= HIGH_FROM else "MEDIUM" if strength >= MEDIUM_FROM else "LOW"
    votes = {
        "market_signed": round(market_signed, PLACES),
        "options_signed": round(options_signed, PLACES),
        "weighted_signed": round(weighted, PLACES),
    }
    return Consensus(action, confidence, round(strength, PLACES), False, votes)


def plan_execution(consensus: Consensus) -> ExecutionPlan:
    """Return the paper execution plan; NO_TRADE plans nothing, whatever its confidence."""
    if consensus.action == "NO_TRADE":
        return ExecutionPlan("NO_TRADE", "LOW", "NONE", "LOW")
    if consensus.confidence == "HIGH":
        return ExecutionPlan(consensus.action, "HIGH", "OTM_1", "HIGH")
    return ExecutionPlan(consensus.action, consensus.confidence, "ATM", "MEDIUM")
