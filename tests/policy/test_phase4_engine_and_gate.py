"""The gate against the engine: what the engine decides passes, and every mutation of it is caught where it belongs."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from phase4_tui.policy.phase4.engine import decide
from phase4_tui.policy.phase4.quality import (
    POLICY,
    SCHEMA,
    SCORING,
    SECTIONS,
    JudgedInput,
    JudgedRow,
    judge_row,
    judge_value,
)
from phase4_tui.policy.phase4.record import Decision, PolicyTags, Record, Row
from phase4_tui.policy.values import Violation
from phase4_tui.policy.vocabulary import ACTIONS, Gate, Level
from tests.policy.strategies import (
    EVENT_NAMES,
    FINITE,
    JSON_VALUES,
    LARGEST,
    MISSING,
    PROPERTY,
    SMALLEST,
    exposures,
    mutate,
    phase4_record,
    phase4_records,
    plain,
)

NAN, INFINITY = float("nan"), float("inf")


def decided(**changes: object) -> dict[str, Any]:
    """The plain row that a report holds for a record."""
    record = phase4_record(**changes)
    row: dict[str, Any] = plain(Row(record, decide(record)))
    return row


PASSED = decided()
EVENT = decided(event_name="FED", event_window_active=True)
FULL = decided(current_portfolio_exposure_pct=35.0)
BOTH = decided(event_name="rbi", event_window_active=True, current_portfolio_exposure_pct=35.0)


def judge(row: object) -> list[Violation]:
    """What the gate says of row 7; by both paths, which must agree where the fast one can be taken."""
    careful = list(judge_value(row, 7))
    try:
        fast = list(judge_row(msgspec.json.decode(json.dumps(row), type=JudgedRow), 7))
    except msgspec.DecodeError:
        return careful
    assert fast == careful
    return careful


def sections(found: list[Violation]) -> set[str]:
    return {violation.section for violation in found}


@PROPERTY
@given(phase4_records())
@example(phase4_record(underlying_change_pct=LARGEST, current_portfolio_exposure_pct=LARGEST))
@example(phase4_record(current_portfolio_exposure_pct=LARGEST, max_portfolio_exposure_pct=SMALLEST))
def test_what_the_engine_decides_never_breaks_its_own_gate(record: Record) -> None:
    written = msgspec.json.encode(Row(record, decide(record)))
    assert list(judge_row(msgspec.json.decode(written, type=JudgedRow), 1)) == []
    assert list(judge_value(json.loads(written), 1)) == []


@PROPERTY
@given(phase4_records())
def test_a_valid_record_is_read_back_as_it_was_written(record: Record) -> None:
    written = msgspec.json.encode(record)
    assert msgspec.json.decode(written, type=Record) == record
    assert json.loads(written)["timestamp"] == record.timestamp


INPUTS = st.one_of(
    st.builds(JudgedInput, EVENT_NAMES, st.booleans(), FINITE, FINITE),
    st.builds(lambda name, active, pair: JudgedInput(name, active, *pair), EVENT_NAMES, st.booleans(), exposures()),
)
LEVELS: st.SearchStrategy[Level] = st.sampled_from(["HIGH", "MEDIUM", "LOW"])
GATES: st.SearchStrategy[Gate] = st.sampled_from(["EVENT_BLOCK", "PORTFOLIO_BLOCK", "PASS"])
TAGS = st.builds(PolicyTags, regime=..., event_risk=LEVELS, time_slot=..., gate=GATES, exposure_utilization_pct=...)
DECISIONS = st.builds(
    Decision, st.sampled_from(ACTIONS), LEVELS, st.floats(0.0, 100.0), st.floats(0.0, 1.5), st.text(), TAGS
)
PATHS = [
    *(f"input.{name}" for name in JudgedInput.__struct_fields__),
    *(f"decision.{name}" for name in Decision.__struct_fields__),
    *(f"decision.policy_tags.{name}" for name in PolicyTags.__struct_fields__),
]


@PROPERTY
@given(st.builds(JudgedRow, INPUTS, DECISIONS))
def test_the_fast_path_and_the_careful_path_agree_on_any_row_of_the_right_shape(row: JudgedRow) -> None:
    written = msgspec.json.encode(row)
    read = msgspec.json.decode(written, type=JudgedRow)
    assert list(judge_value(json.loads(written), 3)) == list(judge_row(read, 3))


@PROPERTY
@given(phase4_records(), st.sampled_from(PATHS), st.one_of(st.just(MISSING), JSON_VALUES))
def test_a_row_that_the_fast_path_takes_is_judged_alike_after_any_mutation(
    record: Record, path: str, value: object
) -> None:
    judge(mutate(plain(Row(record, decide(record))), path, value))


@PROPERTY
@given(st.one_of(JSON_VALUES, st.fixed_dictionaries({}, optional={"input": JSON_VALUES, "decision": JSON_VALUES})))
def test_no_value_at_all_stops_the_gate_and_each_lacks_input_or_decision(value: object) -> None:
    found = judge(value)
    assert SCHEMA in sections(found)
    assert sections(found) <= set(SECTIONS)
    assert all("record 7" in violation.message and "\n" not in violation.message for violation in found)


@pytest.mark.parametrize("row", [PASSED, EVENT, FULL, BOTH])
def test_rows_as_decided_pass(row: dict[str, Any]) -> None:
    assert judge(row) == []


@pytest.mark.parametrize("action", ["BUY_CALL", "BUY_PUT"])
@pytest.mark.parametrize("row", [EVENT, FULL, BOTH])
def test_a_trade_where_a_block_is_due_breaks_the_policy_alone(row: dict[str, Any], action: str) -> None:
    (violation,) = judge(mutate(row, "decision.action", action))
    assert violation.section == POLICY
    assert "record 7" in violation.message
    assert action in violation.message


@pytest.mark.parametrize(
    ("row", "gate"),
    [
        (EVENT, "PASS"),
        (EVENT, "PORTFOLIO_BLOCK"),
        (FULL, "PASS"),
        (FULL, "EVENT_BLOCK"),
        (BOTH, "PASS"),
        (BOTH, "PORTFOLIO_BLOCK"),
    ],
)
def test_the_wrong_gate_on_a_block_breaks_the_policy_alone(row: dict[str, Any], gate: str) -> None:
    (violation,) = judge(mutate(row, "decision.policy_tags.gate", gate))
    assert violation.section == POLICY
    assert "record 7" in violation.message
    assert row["decision"]["policy_tags"]["gate"] in violation.message


def test_a_record_that_breaches_both_carries_the_event_block() -> None:
    assert BOTH["decision"]["policy_tags"]["gate"] == "EVENT_BLOCK"
    assert judge(BOTH) == []


def test_each_violation_is_an_issue_of_its_own() -> None:
    row = mutate(mutate(EVENT, "decision.action", "BUY_CALL"), "decision.policy_tags.gate", "PASS")
    assert [violation.section for violation in judge(row)] == [POLICY, POLICY]


@pytest.mark.parametrize("row", [EVENT, FULL])
def test_a_block_is_due_even_if_the_decision_is_missing(row: dict[str, Any]) -> None:
    assert sections(judge(mutate(row, "decision", MISSING))) == {SCHEMA, POLICY}


@pytest.mark.parametrize(
    ("current", "maximum", "due"),
    [
        (35, 35, True),
        (34.999, 35, False),
        (1e308, 35, True),
        (5e-324, 5e-324, True),
        (0, 5e-324, False),
        (5, 0, False),
        (5, -1, False),
    ],
)
def test_the_portfolio_block_is_due_from_the_maximum_on_if_that_is_positive(
    current: float, maximum: float, due: bool
) -> None:
    seen = {"current_portfolio_exposure_pct": current, "max_portfolio_exposure_pct": maximum}
    assert sections(judge(PASSED | {"input": seen})) == ({POLICY} if due else set())


def test_an_input_without_the_optional_fields_is_judged_by_their_defaults() -> None:
    assert judge(PASSED | {"input": {}}) == []
    assert judge(PASSED | {"input": {"max_portfolio_exposure_pct": 5e-324}}) == []
    assert sections(judge(PASSED | {"input": {"current_portfolio_exposure_pct": 35}})) == {POLICY}
    assert judge(PASSED | {"input": {"event_name": "RBI"}}) == []
    assert judge(PASSED | {"input": {"event_window_active": True}}) == []
    assert sections(judge(PASSED | {"input": {"event_name": "eArnings", "event_window_active": True}})) == {POLICY}


@pytest.mark.parametrize("key", ["input", "decision"])
@pytest.mark.parametrize("value", [MISSING, None, [], "x", 3, True])
def test_input_and_decision_must_be_objects(key: str, value: object) -> None:
    found = judge(mutate(PASSED, key, value))
    assert sections(found) == {SCHEMA}
    assert [violation for violation in found if key in violation.message and "record 7" in violation.message]


@pytest.mark.parametrize("row", [None, [], "row", 3, {}])
def test_a_row_that_is_no_row_lacks_both(row: object) -> None:
    assert [violation.section for violation in judge(row)] == [SCHEMA, SCHEMA]


WORDS = ["action", "confidence", *(f"policy_tags.{key}" for key in ("regime", "event_risk", "time_slot", "gate"))]
TEXTS = ["rationale", "policy_tags.exposure_utilization_pct"]
NUMBERS = ["confidence_score", "position_size_multiplier"]


def assert_caught(path: str, value: object, expected: set[str]) -> None:
    found = judge(mutate(PASSED, f"decision.{path}", value))
    assert sections(found) == expected
    for section in expected:
        messages = [violation.message for violation in found if violation.section == section]
        assert all("record 7" in message for message in messages)
        assert any(path.rpartition(".")[2] in message for message in messages)


@pytest.mark.parametrize("path", [*WORDS, *TEXTS, "policy_tags"])
@pytest.mark.parametrize("value", [MISSING, None, 3, True, [], ["PASS"]])
def test_a_missing_or_mistyped_word_breaks_the_schema(path: str, value: object) -> None:
    assert_caught(path, value, {SCHEMA})


@pytest.mark.parametrize("path", WORDS)
@pytest.mark.parametrize("word", ["", "HOLD", "pass", "high", "NO_TRADE ", "No_Trade", "x\ny"])
def test_an_unknown_word_breaks_the_schema(path: str, word: str) -> None:
    assert_caught(path, word, {SCHEMA})


@pytest.mark.parametrize("path", NUMBERS)
@pytest.mark.parametrize("value", [MISSING, None, "1.0", True, False, [1], {}])
def test_a_missing_or_mistyped_number_breaks_schema_and_sizing(path: str, value: object) -> None:
    assert_caught(path, value, {SCHEMA, SCORING})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("confidence_score", 100.01),
        ("confidence_score", -0.01),
        ("confidence_score", 101),
        ("confidence_score", NAN),
        ("confidence_score", INFINITY),
        ("confidence_score", -INFINITY),
        pytest.param("confidence_score", 10**400, id="an integer beyond any float"),
        ("position_size_multiplier", 1.51),
        ("position_size_multiplier", -0.01),
        ("position_size_multiplier", 2),
        ("position_size_multiplier", NAN),
        ("position_size_multiplier", INFINITY),
        pytest.param("position_size_multiplier", -(10**400), id="a size beyond any float"),
    ],
)
def test_a_number_out_of_its_range_breaks_the_sizing_and_no_policy(key: str, value: object) -> None:
    found = judge(mutate(PASSED, f"decision.{key}", value))
    scoring = [violation.message for violation in found if violation.section == SCORING]
    assert len(scoring) == 1
    assert "record 7" in scoring[0]
    assert key in scoring[0]
    assert POLICY not in sections(found)


@pytest.mark.parametrize("path", [*WORDS, *NUMBERS])
def test_a_message_shows_a_hostile_value_short_and_on_one_printable_line(path: str) -> None:
    hostile = "\x1b[2J\r\n\u202e" + "x" * 100_000
    (message, *_) = (violation.message for violation in judge(mutate(PASSED, f"decision.{path}", hostile)))
    assert message.isprintable()
    assert len(message) < 250


@pytest.mark.parametrize(
    ("key", "value"), [(NUMBERS[0], 0), (NUMBERS[0], 100), (NUMBERS[1], 0), (NUMBERS[1], 1.5), (NUMBERS[1], 1)]
)
def test_the_ends_of_a_range_belong_to_it(key: str, value: float) -> None:
    assert judge(mutate(PASSED, f"decision.{key}", value)) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("event_name", 5),
        ("event_window_active", "true"),
        ("event_window_active", 1),
        ("current_portfolio_exposure_pct", "35"),
        ("current_portfolio_exposure_pct", True),
        ("current_portfolio_exposure_pct", NAN),
        ("max_portfolio_exposure_pct", INFINITY),
        ("max_portfolio_exposure_pct", None),
        pytest.param("max_portfolio_exposure_pct", 10**400, id="a maximum beyond any float"),
    ],
)
def test_an_input_that_the_policy_cannot_be_checked_on_does_not_pass(key: str, value: object) -> None:
    (violation,) = judge(mutate(PASSED, f"input.{key}", value))
    assert violation.section == POLICY
    assert "record 7" in violation.message
    assert key in violation.message
