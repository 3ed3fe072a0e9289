"""Every figure of Phase 4 (docs policy) at its boundary; the expected values are worked out by hand from that page."""

import pytest
from hypothesis import given

from phase4_tui.policy.phase4.engine import decide
from phase4_tui.policy.phase4.record import Decision, Record
from phase4_tui.policy.phase4.sizing import grade_confidence, score_action, size_position
from phase4_tui.policy.vocabulary import Action, Bias, Level, Regime
from tests.policy.strategies import LARGEST, PROPERTY, SMALLEST, above, below, phase4_record, phase4_records


def gate_of(record: Record) -> str:
    return decide(record).policy_tags.gate


def assert_blocked_by(decision: Decision, gate: str) -> None:
    assert decision.policy_tags.gate == gate
    assert decision.action == "NO_TRADE"
    assert decision.confidence == "HIGH"
    assert (decision.confidence_score, decision.position_size_multiplier) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("trend", "change", "regime"),
    [
        (0.65, 0.35, "TREND"),
        (-0.65, -0.35, "TREND"),
        (0.65, -0.35, "TREND"),
        (1.0, LARGEST, "TREND"),
        (below(0.65), 0.35, "NEUTRAL"),
        (0.65, below(0.35), "NEUTRAL"),
        (above(-0.65), -0.35, "NEUTRAL"),
        (-0.65, above(-0.35), "NEUTRAL"),
        (0.25, 0.20, "MEAN_REVERSION"),
        (-0.25, -0.20, "MEAN_REVERSION"),
        (-0.25, 0.20, "MEAN_REVERSION"),
        (0.0, 0.0, "MEAN_REVERSION"),
        (above(0.25), 0.20, "NEUTRAL"),
        (0.25, above(0.20), "NEUTRAL"),
        (below(-0.25), -0.20, "NEUTRAL"),
        (-0.25, below(-0.20), "NEUTRAL"),
        (0.25, 0.35, "NEUTRAL"),
        (0.65, 0.20, "NEUTRAL"),
    ],
)
def test_the_regime_takes_strength_and_change_with_their_limits(trend: float, change: float, regime: str) -> None:
    record = phase4_record(trend_strength=trend, underlying_change_pct=change)
    assert decide(record).policy_tags.regime == regime


@pytest.mark.parametrize("name", ["RBI", "FED", "CPI", "EARNINGS", "rbi", "Fed", "cPi", "earnINGS"])
def test_an_active_high_risk_window_blocks_however_its_name_is_written(name: str) -> None:
    decision = decide(phase4_record(event_name=name, event_window_active=True))
    assert decision.policy_tags.event_risk == "HIGH"
    assert_blocked_by(decision, "EVENT_BLOCK")


@pytest.mark.parametrize(
    "name", ["NONE", "BUDGET", "GDP", "", "RBI MPC", "FEDERAL", "US CPI", "EARNING", "\uff32\uff22\uff29", "F\u0415D"]
)
def test_any_other_active_window_is_medium_risk_and_changes_nothing_else(name: str) -> None:
    decision = decide(phase4_record(event_name=name, event_window_active=True))
    quiet = decide(phase4_record())
    assert decision.policy_tags.event_risk == "MEDIUM"
    assert decision.policy_tags.gate == "PASS"
    assert (decision.action, decision.confidence_score, decision.position_size_multiplier) == ("BUY_CALL", 72.0, 1.0)
    assert (quiet.action, quiet.confidence_score, quiet.position_size_multiplier) == ("BUY_CALL", 72.0, 1.0)


@pytest.mark.parametrize("name", ["RBI", "FED", "CPI", "EARNINGS", "GDP", "NONE"])
def test_a_window_that_is_not_active_is_low_risk_whatever_its_name(name: str) -> None:
    tags = decide(phase4_record(event_name=name, event_window_active=False)).policy_tags
    assert (tags.event_risk, tags.gate) == ("LOW", "PASS")


@pytest.mark.parametrize(
    ("bias", "change", "action"),
    [
        ("BULLISH", SMALLEST, "BUY_CALL"),
        ("BULLISH", LARGEST, "BUY_CALL"),
        ("BULLISH", 0.0, "NO_TRADE"),
        ("BULLISH", -0.0, "NO_TRADE"),
        ("BULLISH", -0.5, "NO_TRADE"),
        ("BEARISH", -SMALLEST, "BUY_PUT"),
        ("BEARISH", -LARGEST, "BUY_PUT"),
        ("BEARISH", 0.0, "NO_TRADE"),
        ("BEARISH", 0.5, "NO_TRADE"),
        ("NEUTRAL", 0.5, "NO_TRADE"),
        ("NEUTRAL", -0.5, "NO_TRADE"),
    ],
)
def test_only_a_bias_that_the_move_confirms_trades(bias: Bias, change: float, action: Action) -> None:
    assert decide(phase4_record(options_bias=bias, underlying_change_pct=change)).action == action


@pytest.mark.parametrize(
    ("slot", "trend", "change", "score", "confidence", "size"),
    [
        # iv 45, so volatility 0.85; 60 + regime + session, then session × confidence × 0.85
        ("OPEN", 0.7, 0.5, 62.0, "MEDIUM", 0.48),
        ("MIDDAY", 0.7, 0.5, 72.0, "HIGH", 0.85),
        ("OPEN", 0.2, 0.1, 44.0, "LOW", 0.33),
        ("MIDDAY", 0.2, 0.1, 54.0, "LOW", 0.47),
        ("CLOSE", 0.2, 0.1, 58.0, "MEDIUM", 0.61),
        ("OPEN", 0.4, 0.3, 52.0, "LOW", 0.33),
        ("MIDDAY", 0.4, 0.3, 62.0, "MEDIUM", 0.68),
        ("CLOSE", 0.4, 0.3, 66.0, "MEDIUM", 0.61),
    ],
)
def test_regime_and_session_make_score_confidence_and_size(
    slot: str, trend: float, change: float, score: float, confidence: str, size: float
) -> None:
    for sign, bias, action in ((1, "BULLISH", "BUY_CALL"), (-1, "BEARISH", "BUY_PUT")):
        decision = decide(
            phase4_record(
                session_slot=slot,
                trend_strength=sign * trend,
                underlying_change_pct=sign * change,
                options_bias=bias,
                iv_percentile=45.0,
            )
        )
        assert (decision.action, decision.confidence) == (action, confidence)
        assert (decision.confidence_score, decision.position_size_multiplier) == (score, size)
        assert decision.policy_tags.time_slot == slot


@pytest.mark.parametrize(("slot", "score", "size"), [("OPEN", 62.0, 0.56), ("MIDDAY", 72.0, 1.0), ("CLOSE", 76.0, 0.9)])
def test_a_trend_in_a_calm_market_is_sized_by_session_and_confidence_alone(
    slot: str, score: float, size: float
) -> None:
    decision = decide(phase4_record(session_slot=slot))
    assert (decision.confidence_score, decision.position_size_multiplier) == (score, size)


@pytest.mark.parametrize("slot", ["OPEN", "MIDDAY", "CLOSE"])
@pytest.mark.parametrize(("trend", "change"), [(0.7, 0.5), (0.2, 0.1), (0.4, 0.3)])
def test_no_trade_scores_52_with_low_confidence_and_no_size(slot: str, trend: float, change: float) -> None:
    decision = decide(
        phase4_record(session_slot=slot, trend_strength=trend, underlying_change_pct=change, options_bias="NEUTRAL")
    )
    assert (decision.action, decision.confidence, decision.policy_tags.gate) == ("NO_TRADE", "LOW", "PASS")
    assert (decision.confidence_score, decision.position_size_multiplier) == (52.0, 0.0)


@pytest.mark.parametrize(
    ("action", "regime", "adjustment", "score"),
    [
        ("BUY_CALL", "TREND", 0, 70),
        ("BUY_PUT", "MEAN_REVERSION", 0, 52),
        ("BUY_PUT", "NEUTRAL", 0, 60),
        ("BUY_CALL", "TREND", 30, 100),
        ("BUY_CALL", "TREND", 31, 100),
        ("BUY_PUT", "MEAN_REVERSION", -52, 0),
        ("BUY_PUT", "MEAN_REVERSION", -53, 0),
        ("NO_TRADE", "NEUTRAL", 90, 52),
        ("NO_TRADE", "TREND", -20, 40),
        ("NO_TRADE", "MEAN_REVERSION", -20, 40),
        ("NO_TRADE", "NEUTRAL", -61, 0),
    ],
)
def test_the_score_stays_in_0_to_100_and_no_trade_under_52(
    action: Action, regime: Regime, adjustment: int, score: int
) -> None:
    assert score_action(action, regime, adjustment) == score


@pytest.mark.parametrize(
    ("score", "confidence"),
    [(100, "HIGH"), (70, "HIGH"), (below(70), "MEDIUM"), (55, "MEDIUM"), (below(55), "LOW"), (0, "LOW")],
)
def test_confidence_changes_at_70_and_at_55(score: float, confidence: Level) -> None:
    assert grade_confidence(score) == confidence


@pytest.mark.parametrize(
    ("iv", "size"),
    [
        (0.0, 1.0),
        (30.0, 1.0),
        (above(30.0), 0.85),
        (60.0, 0.85),
        (above(60.0), 0.7),
        (80.0, 0.7),
        (above(80.0), 0.55),
        (100.0, 0.55),
    ],
)
def test_volatility_shrinks_the_size_from_just_above_30_60_and_80(iv: float, size: float) -> None:
    assert decide(phase4_record(iv_percentile=iv)).position_size_multiplier == size


@pytest.mark.parametrize(
    ("session", "confidence", "volatility", "size"),
    [
        (0.7, "MEDIUM", 0.7, 0.39),  # 0.392
        (0.7, "MEDIUM", 0.55, 0.31),  # 0.308
        (0.7, "LOW", 0.55, 0.21),  # 0.21175
        (1.0, "LOW", 0.85, 0.47),  # 0.4675
        (0.9, "MEDIUM", 0.7, 0.5),  # 0.504
        (0.9, "MEDIUM", 0.55, 0.4),  # 0.396
        (1.5, "HIGH", 1.0, 1.5),
        (2.0, "HIGH", 1.0, 1.5),
        (-1.0, "HIGH", 1.0, 0.0),
    ],
)
def test_the_size_is_rounded_to_2_places_within_0_and_1_5(
    session: float, confidence: Level, volatility: float, size: float
) -> None:
    assert size_position(session, confidence, volatility) == size


@pytest.mark.parametrize(
    ("current", "maximum", "size"),
    [
        (29.75, 35.0, 0.5),
        (29.74, 35.0, 1.0),
        (34.99, 35.0, 0.5),
        (85.0, 100.0, 0.5),
        (84.99, 100.0, 1.0),
        (0.85, 1.0, 0.5),
        (10.03, 11.8, 0.5),  # 0.85 × 11.8 is 10.03, but 10.030000000000001 in floating point
        (16.83, 19.8, 0.5),
        (33.66, 39.6, 0.5),
        (33.65, 39.6, 1.0),
        (0.0, SMALLEST, 1.0),
        (0.0, 35.0, 1.0),
    ],
)
def test_a_directional_size_is_capped_at_half_from_85_percent_of_the_maximum(
    current: float, maximum: float, size: float
) -> None:
    record = phase4_record(current_portfolio_exposure_pct=current, max_portfolio_exposure_pct=maximum)
    decision = decide(record)
    assert (decision.action, decision.policy_tags.gate) == ("BUY_CALL", "PASS")
    assert decision.position_size_multiplier == size


def test_a_size_below_the_cap_is_left_as_it_is() -> None:
    record = phase4_record(session_slot="OPEN", iv_percentile=90.0, current_portfolio_exposure_pct=34.0)
    assert decide(record).position_size_multiplier == 0.31


def test_no_trade_near_the_maximum_passes_with_no_size() -> None:
    decision = decide(phase4_record(options_bias="NEUTRAL", current_portfolio_exposure_pct=34.0))
    assert (decision.policy_tags.gate, decision.position_size_multiplier) == ("PASS", 0.0)
    assert decision.confidence_score == 52.0


@pytest.mark.parametrize("bias", ["BULLISH", "BEARISH", "NEUTRAL"])
@pytest.mark.parametrize("change", [0.5, -0.5, 0.0])
@pytest.mark.parametrize("current", [35.0, above(35.0), 35.01, LARGEST])
def test_a_full_portfolio_blocks_whatever_the_action(bias: str, change: float, current: float) -> None:
    record = phase4_record(options_bias=bias, underlying_change_pct=change, current_portfolio_exposure_pct=current)
    assert_blocked_by(decide(record), "PORTFOLIO_BLOCK")


def test_a_portfolio_that_is_full_but_for_the_last_bit_is_not_blocked() -> None:
    assert gate_of(phase4_record(current_portfolio_exposure_pct=below(35.0))) == "PASS"


def test_the_maximum_exposure_is_35_and_the_current_0_unless_given() -> None:
    assert float(decide(phase4_record()).policy_tags.exposure_utilization_pct) == 0.0
    seven = decide(phase4_record(current_portfolio_exposure_pct=7.0))
    assert float(seven.policy_tags.exposure_utilization_pct) == 20.0


def test_the_event_blocks_before_the_portfolio() -> None:
    both = phase4_record(event_name="CPI", event_window_active=True, current_portfolio_exposure_pct=40.0)
    assert_blocked_by(decide(both), "EVENT_BLOCK")


@pytest.mark.parametrize(
    ("current", "maximum", "utilisation"),
    [
        (12.0, 35.0, 34.29),
        (38.0, 100.0, 38.0),
        (1.0, 3.0, 33.33),
        (2.0, 3.0, 66.67),
        (35.0, 35.0, 100.0),
        (50.0, 35.0, 142.86),
        (0.0, 35.0, 0.0),
    ],
)
def test_utilisation_is_tagged_in_percent_to_2_places(current: float, maximum: float, utilisation: float) -> None:
    record = phase4_record(current_portfolio_exposure_pct=current, max_portfolio_exposure_pct=maximum)
    assert float(decide(record).policy_tags.exposure_utilization_pct) == utilisation


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"event_name": "Fed", "event_window_active": True}, ["EVENT_BLOCK", "Fed"]),
        ({"current_portfolio_exposure_pct": 36.5}, ["PORTFOLIO_BLOCK", "36.5", "35.0"]),
        ({"options_bias": "BEARISH"}, ["NO_TRADE", "BEARISH", "0.5"]),
        ({}, ["BUY_CALL", "BULLISH", "0.5", "TREND", "0.7", "MIDDAY", "72", "HIGH", "20.0"]),
        ({"current_portfolio_exposure_pct": 31.5}, ["BUY_CALL", "cap", "90", "0.5"]),
    ],
)
def test_the_rationale_names_the_rules_that_moved_the_decision_and_what_they_saw(
    changes: dict[str, object], words: list[str]
) -> None:
    rationale = decide(phase4_record(**changes)).rationale
    assert [word for word in words if word not in rationale] == []


@PROPERTY
@given(phase4_records())
def test_a_market_turned_upside_down_gets_the_opposite_action_and_the_same_figures(record: Record) -> None:
    turned: dict[Bias, Bias] = {"BULLISH": "BEARISH", "BEARISH": "BULLISH", "NEUTRAL": "NEUTRAL"}
    opposite = {"BUY_CALL": "BUY_PUT", "BUY_PUT": "BUY_CALL", "NO_TRADE": "NO_TRADE"}
    mirrored = phase4_record(
        **{name: getattr(record, name) for name in record.__struct_fields__}
        | {
            "options_bias": turned[record.options_bias],
            "underlying_change_pct": -record.underlying_change_pct,
            "trend_strength": -record.trend_strength,
        }
    )
    ours, theirs = decide(record), decide(mirrored)
    assert theirs.action == opposite[ours.action]
    assert theirs.policy_tags == ours.policy_tags
    assert (theirs.confidence, theirs.confidence_score) == (ours.confidence, ours.confidence_score)
    assert theirs.position_size_multiplier == ours.position_size_multiplier
