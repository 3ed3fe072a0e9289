"""The policy page says the figures and words that the code decides by."""

import re
from typing import get_args, get_type_hints

import msgspec
import pytest

from phase4_tui.policy import monitoring, vocabulary
from phase4_tui.policy.phase3 import agents, consensus, memory
from phase4_tui.policy.phase3 import quality as phase3_quality
from phase4_tui.policy.phase3 import record as phase3
from phase4_tui.policy.phase4 import event_risk, exposure, quality, regime, session, sizing
from phase4_tui.policy.phase4 import record as phase4
from phase4_tui.policy.phase4.engine import decide
from phase4_tui.policy.phase4.summary import Tally
from phase4_tui.runbook.manual import page_text
from phase4_tui.runbook.steps import DATA
from tests.docs.pages import code_words, figures, row_of, rows, section

FIGURES: dict[str, list[float]] = {
    "Exposure": [exposure.SIZE_CAP_FROM, exposure.CAPPED_SIZE, exposure.UNCAPPED_SIZE],
    "Regime": [
        regime.TREND_MIN_STRENGTH,
        regime.TREND_MIN_CHANGE_PCT,
        regime.REVERSION_MAX_STRENGTH,
        regime.REVERSION_MAX_CHANGE_PCT,
    ],
    "Score and confidence": [
        sizing.BASE_SCORE,
        sizing.TREND_BONUS,
        sizing.REVERSION_PENALTY,
        sizing.NO_TRADE_SCORE_CAP,
        *sizing.SCORE_RANGE,
        sizing.HIGH_MIN_SCORE,
        sizing.MEDIUM_MIN_SCORE,
    ],
    "Size": [
        *sizing.SIZE_RANGE,
        sizing.SIZE_PLACES,
        *sizing.CONFIDENCE_FACTORS.values(),
        *(figure for step in sizing.VOLATILITY_LIMITS for figure in step),
        sizing.VOLATILITY_FACTOR_ABOVE,
    ],
    "Phase 4 quality gate": [*sizing.SCORE_RANGE, *sizing.SIZE_RANGE],
    "Monitoring": [*filter(None, monitoring.SEVERITIES.values()), *monitoring.DEFAULT_RULES.values()],
    "Phase 3 agents": [
        value for name, value in vars(agents).items() if name.isupper() and isinstance(value, int | float)
    ],
    "Phase 3 consensus": [
        consensus.MARKET_WEIGHT,
        consensus.OPTIONS_WEIGHT,
        consensus.TRADE_FROM,
        consensus.HIGH_FROM,
        consensus.MEDIUM_FROM,
        consensus.PLACES,
    ],
    "Phase 3 memory": [memory.WINDOW, memory.PLACES],
    "Phase 3 quality gate": [*phase3_quality.SCORE_RANGE, memory.WINDOW],
}


EXAMPLES: dict[str, set[float]] = {
    "Exposure": {100, 10.03, 11.8},
    "Phase 4 quality gate": {1},
    "Phase 3 agents": {-agents.STRONG_TREND, -agents.STRONG_CHANGE_PCT, -agents.DRIFT_CHANGE_PCT},
    "Phase 3 consensus": {0, 1},
    "Phase 3 quality gate": {1},
}
"""Numbers that a section has besides the figures."""


@pytest.mark.parametrize("heading", FIGURES)
def test_each_figure_of_the_code_stands_under_its_heading_and_no_other(heading: str) -> None:
    assert len(FIGURES[heading]) > 1
    assert figures(section("policy", heading)) == set(FIGURES[heading]) | EXAMPLES.get(heading, set())


def test_each_session_has_its_points_and_its_multiplier() -> None:
    for slot, rule in session.SESSION_RULES.items():
        assert row_of(section("policy", "Session"), f"`{slot}`")[1:] == [
            f"{rule.score_adjustment:+d}",
            str(rule.size_multiplier),
        ]


def test_each_confidence_and_each_volatility_has_its_factor() -> None:
    found = list(rows(section("policy", "Size")))
    assert {row[0]: row[1] for row in found if row[0].startswith("`")} == {
        f"`{level}`": str(factor) for level, factor in sizing.CONFIDENCE_FACTORS.items()
    }
    assert [row[3:] for row in found[1:]] == [
        *([f"up to {limit:g}", str(factor)] for limit, factor in sizing.VOLATILITY_LIMITS),
        ["above", str(sizing.VOLATILITY_FACTOR_ABOVE)],
    ]


def test_each_high_risk_event_is_named() -> None:
    high = next(row for row in rows(section("policy", "Event risk")) if "`HIGH`" in row[2])
    assert set(re.findall(r"`(\w+)`", high[1])) == event_risk.HIGH_RISK_EVENTS


@pytest.mark.parametrize(("kind", "heading"), [(phase4.Record, "Phase 4 input"), (phase3.Record, "Phase 3 input")])
def test_each_field_of_an_input_record_is_told_with_its_default(kind: type[msgspec.Struct], heading: str) -> None:
    text = section("policy", heading)
    shared = set(phase4.Record.__struct_fields__) & set(phase3.Record.__struct_fields__)
    for field in msgspec.structs.fields(kind):
        assert f"`{field.name}`" in text
        if kind is phase3.Record and field.name in shared:
            continue
        told = "refused" if field.required else str(field.default).lower()
        assert row_of(text, f"`{field.name}`")[2].strip("`").lower() == told


WORDS = ["Underlying", "SessionSlot", "Bias", "Action", "Level", "Regime", "Gate", "StrikeZone"]


@pytest.mark.parametrize("name", WORDS)
def test_each_word_that_a_record_or_a_decision_may_hold_is_told(name: str) -> None:
    assert set(get_args(getattr(vocabulary, name))) <= code_words(page_text("policy"))


@pytest.mark.parametrize(
    "kind",
    [phase4.PolicyTags, phase4.Decision, phase3.Consensus, phase3.ExecutionPlan, phase3.MemorySnapshot],
)
def test_each_key_of_a_decision_that_a_reader_can_not_guess_is_told(kind: type[msgspec.Struct]) -> None:
    obvious = {"action", "confidence"}
    assert set(kind.__struct_fields__) - obvious <= code_words(page_text("policy"))


def test_each_rule_of_the_monitor_has_its_default_and_each_kpi_is_named() -> None:
    text = section("policy", "Monitoring")
    for name, default in monitoring.DEFAULT_RULES.items():
        row = row_of(text, f"`{name}`")
        assert row[1] == str(default)
        assert row[3] == ("`GT`" if name.startswith("max_") else "`LT`")
    assert {*monitoring.KPIS, *monitoring.GATE_METRICS} <= code_words(text)
    assert set(get_args(get_type_hints(monitoring.Alert)["operator"])) <= code_words(text)


@pytest.mark.parametrize(
    ("names", "heading"),
    [(quality.SECTIONS, "Phase 4 quality gate"), (phase3_quality.SECTIONS, "Phase 3 quality gate")],
)
def test_each_section_of_a_gate_is_told_and_no_other(names: tuple[str, ...], heading: str) -> None:
    assert [row[0] for row in rows(section("policy", heading))][1:] == [f"`{name}`" for name in names]


def test_the_agents_and_the_votes_are_those_of_the_code() -> None:
    assert set(re.findall(r"^### (.+)", section("policy", "Phase 3 agents"), re.MULTILINE)) == {*phase3_quality.AGENTS}
    opinion = phase3.Opinion("risk_officer", "NO_TRADE", "LOW", 1.0, "", False)
    votes = [consensus.agree(opinion, opinion, msgspec.structs.replace(opinion, veto=veto)) for veto in (False, True)]
    keys = {key for found in votes for key in found.vote_breakdown}
    assert keys <= code_words(section("policy", "Phase 3 consensus"))


def test_the_example_is_what_the_engine_decides() -> None:
    records = msgspec.json.decode((DATA / "sample_batch_input.json").read_bytes(), type=list[phase4.Record])
    decision = decide(records[0])
    text = " ".join(section("policy", "What is written with it").split())
    assert f"`{decision.action}` in a `{decision.policy_tags.regime}`" in text
    assert f"= {decision.confidence_score:g}, confidence `{decision.confidence}`" in text
    assert f"= {decision.position_size_multiplier}." in text


def test_the_summary_is_told_in_the_formats() -> None:
    assert set(Tally().summary()) <= code_words(page_text("formats"))
