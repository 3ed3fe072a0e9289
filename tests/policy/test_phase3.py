"""Every figure of Phase 3 (docs policy) at its boundary; the expected values are worked out by hand from that page."""

import math

import pytest

from phase4_tui.policy.phase3.agents import market_regime, options_structure, risk_officer
from phase4_tui.policy.phase3.consensus import agree, plan_execution
from phase4_tui.policy.phase3.engine import Tally, evaluate
from phase4_tui.policy.phase3.memory import Memory
from phase4_tui.policy.phase3.record import AgentName, Consensus, MemorySnapshot, Opinion, Row
from phase4_tui.policy.vocabulary import Action, Level
from tests.policy.strategies import LARGEST, above, below, phase3_record


def run(**changes: object) -> Row:
    """The result row of one record, with an empty memory."""
    return evaluate(phase3_record(**changes), Memory())


def opinion(agent: AgentName, action: Action, score: float, veto: bool = False) -> Opinion:
    return Opinion(agent, action, "LOW", score, "as told", veto)


def consensus_of(market: tuple[Action, float], options: tuple[Action, float], veto: bool = False) -> Consensus:
    return agree(
        opinion("market_regime", *market),
        opinion("options_structure", *options),
        opinion("risk_officer", "NO_TRADE", 100.0 if veto else 20.0, veto),
    )


@pytest.mark.parametrize(
    ("trend", "change", "action", "confidence", "score"),
    [
        (0.6, 0.3, "BUY_CALL", "HIGH", 80),
        (1.0, LARGEST, "BUY_CALL", "HIGH", 80),
        (below(0.6), 0.3, "BUY_CALL", "MEDIUM", 62),
        (0.6, below(0.3), "BUY_CALL", "MEDIUM", 62),
        (-0.6, -0.3, "BUY_PUT", "HIGH", 80),
        (-1.0, -LARGEST, "BUY_PUT", "HIGH", 80),
        (above(-0.6), -0.3, "BUY_PUT", "MEDIUM", 62),
        (-0.6, above(-0.3), "BUY_PUT", "MEDIUM", 62),
        (-0.6, 0.3, "BUY_CALL", "MEDIUM", 62),
        (0.6, -0.3, "BUY_PUT", "MEDIUM", 62),
        (0.0, 0.2, "BUY_CALL", "MEDIUM", 62),
        (0.0, -0.2, "BUY_PUT", "MEDIUM", 62),
        (1.0, below(0.2), "NO_TRADE", "LOW", 40),
        (-1.0, above(-0.2), "NO_TRADE", "LOW", 40),
        (0.0, 0.0, "NO_TRADE", "LOW", 40),
    ],
)
def test_the_market_agent_follows_a_strong_trend_then_a_drift(
    trend: float, change: float, action: str, confidence: str, score: float
) -> None:
    found = market_regime(phase3_record(trend_strength=trend, underlying_change_pct=change))
    assert (found.agent, found.action, found.confidence) == ("market_regime", action, confidence)
    assert (found.score, found.veto) == (score, False)


@pytest.mark.parametrize(
    ("changes", "action", "confidence", "score"),
    [
        ({"options_liquidity_ok": False}, "NO_TRADE", "LOW", 30),
        ({"options_spread_ok": False}, "NO_TRADE", "LOW", 30),
        ({"options_liquidity_ok": False, "options_spread_ok": False, "options_bias": "NEUTRAL"}, "NO_TRADE", "LOW", 30),
        ({"iv_percentile": below(75.0)}, "BUY_CALL", "HIGH", 78),
        ({"iv_percentile": 75.0}, "BUY_CALL", "MEDIUM", 78),
        ({"iv_percentile": 100.0}, "BUY_CALL", "MEDIUM", 78),
        ({"iv_percentile": below(75.0), "options_bias": "BEARISH"}, "BUY_PUT", "HIGH", 78),
        ({"iv_percentile": 75.0, "options_bias": "BEARISH"}, "BUY_PUT", "MEDIUM", 78),
        ({"options_bias": "NEUTRAL"}, "NO_TRADE", "LOW", 42),
    ],
)
def test_the_options_agent_follows_the_bias_where_it_can_be_traded(
    changes: dict[str, object], action: str, confidence: str, score: float
) -> None:
    found = options_structure(phase3_record(**changes))
    assert (found.agent, found.action, found.confidence) == ("options_structure", action, confidence)
    assert (found.score, found.veto) == (score, False)


@pytest.mark.parametrize(
    ("pnl", "event", "confidence", "score", "veto"),
    [
        (-2.0, False, "HIGH", 100, True),
        (-LARGEST, False, "HIGH", 100, True),
        (-2.0, True, "HIGH", 100, True),
        (above(-2.0), True, "HIGH", 90, True),
        (above(-2.0), False, "LOW", 20, False),
        (5.0, False, "LOW", 20, False),
    ],
)
def test_the_risk_officer_vetoes_a_loss_of_2_percent_then_an_event(
    pnl: float, event: bool, confidence: str, score: float, veto: bool
) -> None:
    found = risk_officer(phase3_record(daily_realized_pnl_pct=pnl, event_risk_high=event))
    assert (found.agent, found.action, found.confidence) == ("risk_officer", "NO_TRADE", confidence)
    assert (found.score, found.veto) == (score, veto)


def test_event_risk_is_not_high_unless_given() -> None:
    assert run().risk_officer.veto is False
    assert run(event_risk_high=True).risk_officer.veto is True


@pytest.mark.parametrize(
    ("changes", "action", "confidence", "weighted", "votes"),
    [
        # market 80 or 62 or 0 at 0.45, options 78 or 0 at 0.55
        ({}, "BUY_CALL", "HIGH", 78.9, (80, 78, 78.9)),
        ({"trend_strength": 0.0}, "BUY_CALL", "MEDIUM", 70.8, (62, 78, 70.8)),
        ({"underlying_change_pct": 0.1}, "NO_TRADE", "LOW", 42.9, (0, 78, 42.9)),
        ({"options_bias": "NEUTRAL"}, "NO_TRADE", "LOW", 36.0, (80, 0, 36.0)),
        ({"trend_strength": 0.0, "options_spread_ok": False}, "NO_TRADE", "LOW", 27.9, (62, 0, 27.9)),
        ({"options_bias": "BEARISH"}, "NO_TRADE", "LOW", 6.9, (80, -78, -6.9)),
        ({"underlying_change_pct": 0.0, "options_bias": "NEUTRAL"}, "NO_TRADE", "LOW", 0.0, (0, 0, 0)),
        (
            {"trend_strength": -0.7, "underlying_change_pct": -0.5, "options_bias": "BEARISH"},
            "BUY_PUT",
            "HIGH",
            78.9,
            (-80, -78, -78.9),
        ),
    ],
)
def test_the_consensus_weighs_market_45_and_options_55(
    changes: dict[str, object], action: str, confidence: str, weighted: float, votes: tuple[float, float, float]
) -> None:
    found = run(**changes).consensus
    assert (found.action, found.confidence, found.weighted_score) == (action, confidence, weighted)
    assert found.veto_applied is False
    assert found.vote_breakdown == dict(zip(("market_signed", "options_signed", "weighted_signed"), votes, strict=True))


@pytest.mark.parametrize(
    ("score", "action", "confidence"),
    [
        (49.99, "NO_TRADE", "LOW"),
        (50.0, "BUY", "LOW"),
        (57.99, "BUY", "LOW"),
        (58.0, "BUY", "MEDIUM"),
        (71.99, "BUY", "MEDIUM"),
        (72.0, "BUY", "HIGH"),
        (100.0, "BUY", "HIGH"),
    ],
)
def test_the_consensus_trades_from_50_and_is_surer_from_58_and_72(score: float, action: str, confidence: str) -> None:
    calls = consensus_of(("BUY_CALL", score), ("BUY_CALL", score))
    puts = consensus_of(("BUY_PUT", score), ("BUY_PUT", score))
    assert calls.action == ("BUY_CALL" if action == "BUY" else action)
    assert puts.action == ("BUY_PUT" if action == "BUY" else action)
    assert (calls.confidence, puts.confidence) == (confidence, confidence)
    assert (calls.weighted_score, puts.weighted_score) == (score, score)


def test_the_options_weigh_enough_to_trade_alone_and_the_market_does_not() -> None:
    assert consensus_of(("NO_TRADE", 100.0), ("BUY_PUT", 100.0)).action == "BUY_PUT"
    assert consensus_of(("BUY_PUT", 100.0), ("NO_TRADE", 100.0)).action == "NO_TRADE"


def test_votes_and_weight_are_rounded_to_2_places() -> None:
    found = consensus_of(("BUY_PUT", 33.333), ("BUY_PUT", 66.667))
    assert found.weighted_score == 51.67
    assert found.vote_breakdown == {"market_signed": -33.33, "options_signed": -66.67, "weighted_signed": -51.67}


@pytest.mark.parametrize("changes", [{"daily_realized_pnl_pct": -2.0}, {"event_risk_high": True}])
def test_a_veto_overrides_what_the_others_agree_on(changes: dict[str, object]) -> None:
    row = run(**changes)
    assert (row.market_regime.action, row.options_structure.action) == ("BUY_CALL", "BUY_CALL")
    assert (row.consensus.action, row.consensus.confidence) == ("NO_TRADE", "HIGH")
    assert (row.consensus.weighted_score, row.consensus.veto_applied) == (0.0, True)
    assert row.consensus.vote_breakdown == {"market": 80.0, "options": 78.0, "risk_veto": 1.0}
    plan = row.execution_plan
    assert (plan.action, plan.confidence, plan.strike_zone, plan.urgency) == ("NO_TRADE", "LOW", "NONE", "LOW")


@pytest.mark.parametrize(
    ("action", "confidence", "zone", "urgency"),
    [
        ("NO_TRADE", "LOW", "NONE", "LOW"),
        ("NO_TRADE", "HIGH", "NONE", "LOW"),
        ("BUY_CALL", "HIGH", "OTM_1", "HIGH"),
        ("BUY_PUT", "HIGH", "OTM_1", "HIGH"),
        ("BUY_CALL", "MEDIUM", "ATM", "MEDIUM"),
        ("BUY_PUT", "LOW", "ATM", "MEDIUM"),
    ],
)
def test_the_plan_follows_action_and_confidence(action: Action, confidence: Level, zone: str, urgency: str) -> None:
    plan = plan_execution(Consensus(action, confidence, 60.0, False, {}))
    assert (plan.action, plan.strike_zone, plan.urgency) == (action, zone, urgency)


def test_the_memory_keeps_the_last_20_records_of_each_underlying() -> None:
    memory = Memory()
    nifty: list[MemorySnapshot] = []
    sensex: list[MemorySnapshot] = []
    for number in range(1, 26):
        rising = phase3_record(trend_strength=number / 100, underlying_change_pct=float(number))
        nifty.append(evaluate(rising, memory).memory_snapshot)
        flat = phase3_record(underlying="SENSEX", trend_strength=-0.5, underlying_change_pct=-2.0)
        sensex.append(evaluate(flat, memory).memory_snapshot)
    assert [snapshot.window_size for snapshot in nifty] == [*range(1, 21), 20, 20, 20, 20, 20]
    assert [snapshot.window_size for snapshot in sensex] == [*range(1, 21), 20, 20, 20, 20, 20]
    # Records 1 … 20 average 10.5, 2 … 21 average 11.5, 6 … 25 average 15.5.
    averages = [(snapshot.trend_strength_avg, snapshot.underlying_change_pct_avg) for snapshot in nifty]
    assert (averages[0], averages[1]) == ((0.01, 1.0), (0.015, 1.5))
    assert (averages[19], averages[20], averages[24]) == ((0.105, 10.5), (0.115, 11.5), (0.155, 15.5))
    flat_averages = {(snapshot.trend_strength_avg, snapshot.underlying_change_pct_avg) for snapshot in sensex}
    assert flat_averages == {(-0.5, -2.0)}
    assert {snapshot.retention_policy for snapshot in nifty + sensex} == {"rolling_window_20"}


def test_a_vetoed_record_is_remembered_too() -> None:
    memory = Memory()
    evaluate(phase3_record(trend_strength=0.1, event_risk_high=True), memory)
    assert evaluate(phase3_record(trend_strength=0.3), memory).memory_snapshot.trend_strength_avg == 0.2


def test_each_batch_begins_with_an_empty_memory() -> None:
    evaluate(phase3_record(), Memory())
    assert run().memory_snapshot.window_size == 1


def remember_changes(*changes: float) -> float:
    memory = Memory()
    snapshots = [memory.remember(phase3_record(underlying_change_pct=change)) for change in changes]
    return snapshots[-1].underlying_change_pct_avg


def test_averages_are_rounded_to_4_places() -> None:
    assert remember_changes(0.1, 0.2, 0.2) == 0.1667
    assert remember_changes(-0.1, -0.2, -0.2) == -0.1667


@pytest.mark.parametrize("count", range(1, 21))
def test_the_average_of_the_largest_moves_is_a_number(count: int) -> None:
    average = remember_changes(*[LARGEST] * count)
    assert math.isclose(average, LARGEST, rel_tol=1e-12)


def test_large_moves_that_cancel_out_leave_the_average_of_the_rest() -> None:
    assert remember_changes(LARGEST, LARGEST, -LARGEST, -LARGEST) == 0.0
    assert remember_changes(1e16, 1.0, -1e16) == 0.3333


def test_the_summary_counts_consensus_and_vetoes() -> None:
    tally = Tally()
    puts = {"trend_strength": -0.7, "underlying_change_pct": -0.5, "options_bias": "BEARISH"}
    for row in (run(), run(**puts), run(options_bias="NEUTRAL"), run(event_risk_high=True), run(), run()):
        tally.add(row)
    assert tally.summary() == {
        "total_records": 6,
        "consensus_counts": {"BUY_CALL": 3, "BUY_PUT": 1, "NO_TRADE": 2},
        "veto_count": 1,
        "veto_pct": 16.67,
    }


def test_the_summary_of_nothing_is_all_zeros() -> None:
    assert Tally().summary() == {
        "total_records": 0,
        "consensus_counts": {"BUY_CALL": 0, "BUY_PUT": 0, "NO_TRADE": 0},
        "veto_count": 0,
        "veto_pct": 0.0,
    }
