"""The Phase 3 gate against its engine: what the engine decides passes, every mutation is caught where it belongs."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phase4_tui.policy.phase3 import record as phase3
from phase4_tui.policy.phase3.engine import evaluate
from phase4_tui.policy.phase3.memory import Memory
from phase4_tui.policy.phase3.quality import CONFLICT, MEMORY, SCHEMA, SCORES, SECTIONS, judge_row, judge_value
from phase4_tui.policy.phase3.record import Consensus, ExecutionPlan, MemorySnapshot, Opinion, Row
from phase4_tui.policy.values import Violation
from phase4_tui.policy.vocabulary import ACTIONS
from tests.policy.strategies import FINITE, JSON_VALUES, MISSING, PROPERTY, mutate, phase3_record, phase3_records, plain

NAN, INFINITY = float("nan"), float("inf")
AGENTS = ("market_regime", "options_structure", "risk_officer")
PARTS: dict[str, type[msgspec.Struct]] = {
    **dict.fromkeys(AGENTS, Opinion),
    "consensus": Consensus,
    "execution_plan": ExecutionPlan,
    "memory_snapshot": MemorySnapshot,
}
KEYS = [f"{part}.{key}" for part, kind in PARTS.items() for key in kind.__struct_fields__]


def decided(**changes: object) -> dict[str, Any]:
    """The plain row that a report holds for a record."""
    row: dict[str, Any] = plain(evaluate(phase3_record(**changes), Memory()))
    return row


TRADE = decided()
IDLE = decided(options_bias="NEUTRAL")
VETO = decided(daily_realized_pnl_pct=-2.0)


def judge(row: object) -> list[Violation]:
    """What the gate says of row 7; by both paths, which must agree where the fast one can be taken."""
    careful = list(judge_value(row, 7))
    try:
        fast = list(judge_row(msgspec.json.decode(json.dumps(row), type=Row), 7))
    except msgspec.DecodeError:
        return careful
    assert sorted(fast) == sorted(careful)
    return careful


def sections(found: list[Violation]) -> set[str]:
    return {violation.section for violation in found}


def assert_caught(row: dict[str, Any], path: str, value: object, expected: set[str]) -> None:
    """The mutation is reported in the expected sections alone, by record and key."""
    found = judge(mutate(row, path, value))
    assert sections(found) == expected
    assert all("record 7" in violation.message for violation in found)
    assert any(path.rpartition(".")[2] in violation.message for violation in found)


@PROPERTY
@given(st.lists(phase3_records(), min_size=1, max_size=5), st.integers(1, 8))
def test_what_the_engine_decides_never_breaks_its_own_gate(records: list[phase3.Record], repeats: int) -> None:
    memory = Memory()
    for record in records * repeats:
        written = msgspec.json.encode(evaluate(record, memory))
        assert list(judge_value(json.loads(written), 1)) == []
        assert list(judge_row(msgspec.json.decode(written, type=Row), 1)) == []


@PROPERTY
@given(phase3_records())
def test_a_valid_record_is_read_back_as_it_was_written(record: phase3.Record) -> None:
    assert msgspec.json.decode(msgspec.json.encode(record), type=phase3.Record) == record


SCORE = st.floats(0.0, 100.0)
ACTION = st.sampled_from(ACTIONS)
VOTES = st.dictionaries(st.text(max_size=3), FINITE, max_size=2)
OPINIONS = st.builds(Opinion, action=ACTION, score=SCORE)
ROWS = st.builds(
    Row,
    market_regime=OPINIONS,
    options_structure=OPINIONS,
    risk_officer=OPINIONS,
    consensus=st.builds(Consensus, action=ACTION, weighted_score=SCORE, vote_breakdown=VOTES),
    execution_plan=st.builds(ExecutionPlan, action=ACTION),
    memory_snapshot=st.builds(MemorySnapshot, FINITE, FINITE, st.integers(1, 20)),
)


@PROPERTY
@given(ROWS)
def test_the_fast_path_and_the_careful_path_agree_on_any_row_of_the_right_shape(row: Row) -> None:
    written = msgspec.json.encode(row)
    fast = list(judge_row(msgspec.json.decode(written, type=Row), 3))
    assert sorted(judge_value(json.loads(written), 3)) == sorted(fast)


@PROPERTY
@given(phase3_records(), st.sampled_from([*KEYS, *PARTS]), st.one_of(st.just(MISSING), JSON_VALUES))
def test_a_row_that_the_fast_path_takes_is_judged_alike_after_any_mutation(
    record: phase3.Record, path: str, value: object
) -> None:
    judge(mutate(plain(evaluate(record, Memory())), path, value))


@PROPERTY
@given(st.one_of(JSON_VALUES, st.dictionaries(st.sampled_from(list(PARTS)), JSON_VALUES, max_size=5)))
def test_no_value_at_all_stops_the_gate_and_each_lacks_something(value: object) -> None:
    found = judge(value)
    assert SCHEMA in sections(found)
    assert sections(found) <= set(SECTIONS)
    assert all("record 7" in violation.message and "\n" not in violation.message for violation in found)


@pytest.mark.parametrize("row", [TRADE, IDLE, VETO])
def test_rows_as_decided_pass(row: dict[str, Any]) -> None:
    assert judge(row) == []


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("value", [MISSING, None, [], "x", 3])
def test_every_part_must_be_an_object(part: str, value: object) -> None:
    assert_caught(TRADE, part, value, {SCHEMA})


@pytest.mark.parametrize("path", [key for key in KEYS if key != "consensus.veto_applied"])
def test_every_key_must_be_there(path: str) -> None:
    assert_caught(TRADE, path, MISSING, {SCHEMA})


@pytest.mark.parametrize("key", ["underlying", "timestamp"])
@pytest.mark.parametrize("value", [MISSING, None, 3])
def test_underlying_and_timestamp_must_be_there(key: str, value: object) -> None:
    assert_caught(TRADE, key, value, {SCHEMA})


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("underlying", "DAX"),
        ("market_regime.agent", "risk_officer"),
        ("options_structure.agent", "someone"),
        ("risk_officer.agent", None),
        ("market_regime.action", "HOLD"),
        ("options_structure.action", 1),
        ("risk_officer.rationale", 5),
        ("consensus.vote_breakdown", []),
        ("consensus.vote_breakdown", {"market_signed": "80"}),
        ("consensus.vote_breakdown", {"market_signed": True}),
        ("consensus.vote_breakdown", {"market_signed": NAN}),
        pytest.param("consensus.vote_breakdown", {"market_signed": 10**400}, id="a vote beyond any float"),
        ("execution_plan.strike_zone", "ITM"),
        ("execution_plan.urgency", "NOW"),
        ("execution_plan.strike_zone", None),
        ("market_regime.veto", 0),
        ("options_structure.veto", "false"),
    ],
)
def test_an_unknown_word_or_a_wrong_type_breaks_the_schema(path: str, value: object) -> None:
    assert_caught(TRADE, path, value, {SCHEMA})


SCORED = [*(f"{agent}.score" for agent in AGENTS), "consensus.weighted_score"]
GRADED = [f"{part}.confidence" for part in (*AGENTS, "consensus", "execution_plan")]


@pytest.mark.parametrize("path", SCORED)
@pytest.mark.parametrize(
    "value",
    [
        -0.01,
        100.01,
        NAN,
        INFINITY,
        True,
        "80",
        None,
        pytest.param(10**400, id="an integer beyond any float"),
    ],
)
def test_a_score_that_is_no_number_in_0_to_100_breaks_the_scores(path: str, value: object) -> None:
    found = judge(mutate(TRADE, path, value))
    (message,) = (violation.message for violation in found if violation.section == SCORES)
    assert "record 7" in message
    assert path.rpartition(".")[2] in message
    assert sections(found) <= {SCORES, SCHEMA}


@pytest.mark.parametrize("path", SCORED)
@pytest.mark.parametrize("value", [0, 100])
def test_the_ends_of_the_score_range_belong_to_it(path: str, value: float) -> None:
    assert judge(mutate(TRADE, path, value)) == []


@pytest.mark.parametrize("path", GRADED)
@pytest.mark.parametrize("value", ["high", "", 1, None, True])
def test_an_unknown_confidence_breaks_the_confidence_section(path: str, value: object) -> None:
    found = judge(mutate(TRADE, path, value))
    assert SCORES in sections(found)
    assert sections(found) <= {SCORES, SCHEMA}
    assert all("record 7" in violation.message and "confidence" in violation.message for violation in found)


@pytest.mark.parametrize("agent", AGENTS)
def test_a_veto_that_is_not_applied_and_trades_breaks_the_conflict_policy_twice(agent: str) -> None:
    found = judge(mutate(TRADE, f"{agent}.veto", True))
    assert [violation.section for violation in found] == [CONFLICT, CONFLICT]
    assert all("record 7" in violation.message and "veto" in violation.message for violation in found)


@pytest.mark.parametrize("value", [False, MISSING, None, 1, "true"])
def test_a_veto_must_be_applied(value: object) -> None:
    found = judge(mutate(VETO, "consensus.veto_applied", value))
    assert CONFLICT in sections(found)
    assert sections(found) <= {CONFLICT, SCHEMA}
    assert any("veto_applied" in violation.message for violation in found)


@pytest.mark.parametrize("value", [MISSING, None, 0, "false"])
def test_a_veto_applied_that_is_no_boolean_breaks_the_schema(value: object) -> None:
    assert SCHEMA in sections(judge(mutate(TRADE, "consensus.veto_applied", value)))


@pytest.mark.parametrize("row", [TRADE, IDLE])
def test_a_veto_that_nobody_gave_must_not_be_applied(row: dict[str, Any]) -> None:
    assert sections(judge(mutate(row, "consensus.veto_applied", True))) == {CONFLICT}


@pytest.mark.parametrize("action", ["BUY_CALL", "BUY_PUT"])
def test_a_veto_means_no_trade(action: str) -> None:
    (violation,) = judge(mutate(VETO, "consensus.action", action))
    assert violation.section == CONFLICT
    assert "record 7" in violation.message
    assert action in violation.message


@pytest.mark.parametrize("row", [IDLE, VETO])
@pytest.mark.parametrize("action", ["BUY_CALL", "BUY_PUT"])
def test_no_plan_trades_against_no_trade(row: dict[str, Any], action: str) -> None:
    (violation,) = judge(mutate(row, "execution_plan.action", action))
    assert violation.section == CONFLICT
    assert "record 7" in violation.message
    assert action in violation.message


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("window_size", 0),
        ("window_size", 21),
        ("window_size", -1),
        ("window_size", 1.5),
        ("window_size", True),
        ("window_size", "20"),
        ("window_size", None),
        ("retention_policy", "rolling_window_10"),
        ("retention_policy", None),
        ("trend_strength_avg", NAN),
        ("trend_strength_avg", "0.5"),
        ("trend_strength_avg", True),
        ("underlying_change_pct_avg", INFINITY),
        ("underlying_change_pct_avg", None),
        pytest.param("underlying_change_pct_avg", 10**400, id="an average beyond any float"),
    ],
)
def test_a_wrong_memory_breaks_the_memory_policy(key: str, value: object) -> None:
    assert_caught(TRADE, f"memory_snapshot.{key}", value, {MEMORY})


@pytest.mark.parametrize("size", [1, 20])
def test_a_window_of_1_to_20_is_right(size: int) -> None:
    assert judge(mutate(TRADE, "memory_snapshot.window_size", size)) == []
