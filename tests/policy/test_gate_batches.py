"""A batch of rows is judged as its rows are, whatever is left out to be fast; and the gates' sections by name."""

import json
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phase4_tui.policy.phase3 import quality as phase3
from phase4_tui.policy.phase3.engine import evaluate
from phase4_tui.policy.phase3.memory import Memory
from phase4_tui.policy.phase3.record import Row
from phase4_tui.policy.phase4 import quality as phase4
from phase4_tui.policy.phase4.engine import decide
from phase4_tui.policy.phase4.record import Row as DecidedRow
from tests.policy.strategies import PROPERTY, mutate, phase3_record, phase4_record, plain
from tests.policy.test_phase4_engine_and_gate import DECISIONS, INPUTS

FIRST = 41
EVENT = {"event_name": "FED", "event_window_active": True}
FULL = {"current_portfolio_exposure_pct": 35.0}


def test_the_sections_have_the_names_that_other_programs_read() -> None:
    assert phase4.SECTIONS == (
        "output_schema_valid",
        "score_and_sizing_valid",
        "event_and_portfolio_policy_enforced",
    )
    assert phase3.SECTIONS == (
        "output_schema_valid",
        "scores_and_confidence_valid",
        "conflict_policy_enforced",
        "memory_policy_valid",
    )


@PROPERTY
@given(st.lists(st.builds(phase4.JudgedRow, INPUTS, DECISIONS), max_size=4))
def test_of_a_batch_each_row_is_judged_with_its_number(rows: list[phase4.JudgedRow]) -> None:
    alone = [one for number, row in enumerate(rows, FIRST) for one in phase4.judge_row(row, number)]
    assert list(phase4.judge_rows(rows, FIRST)) == alone


def traded(changes: Mapping[str, object]) -> phase4.WholeRow:
    """Return a row of a record with `changes` whose decision traded all the same."""
    row: dict[str, Any] = plain(DecidedRow(phase4_record(**changes), decide(phase4_record())))
    return msgspec.json.decode(json.dumps(row), type=phase4.WholeRow)


def test_what_an_event_or_a_full_portfolio_must_block_is_found_in_a_batch_of_others() -> None:
    rows = [traded({}), traded(EVENT), traded({}), traded(FULL), traded({**EVENT, **FULL})]
    assert [one.message for one in phase4.judge_rows(rows, FIRST)] == [
        "record 42: high-risk event 'FED' is active: action must be NO_TRADE, found 'BUY_CALL'",
        "record 42: high-risk event 'FED' is active: gate must be EVENT_BLOCK, found 'PASS'",
        "record 44: exposure 35.0 has reached the maximum 35.0: action must be NO_TRADE, found 'BUY_CALL'",
        "record 44: exposure 35.0 has reached the maximum 35.0: gate must be PORTFOLIO_BLOCK, found 'PASS'",
        "record 45: high-risk event 'FED' is active: action must be NO_TRADE, found 'BUY_CALL'",
        "record 45: high-risk event 'FED' is active: gate must be EVENT_BLOCK, found 'PASS'",
    ]


@pytest.mark.parametrize("name", ["RBI ", " fed", "EARNINGS\n", "CP\u200bI", "\ufeffRBI", "GDP\u00a0"])
def test_an_active_window_under_a_name_that_hides_something_is_a_violation_whatever_was_decided(name: str) -> None:
    hidden = {"event_name": name, "event_window_active": True}
    row = plain(DecidedRow(phase4_record(), decide(phase4_record())))
    row["input"] |= hidden
    (fast,) = phase4.judge_rows([msgspec.json.decode(json.dumps(row), type=phase4.WholeRow)], FIRST)
    assert fast.section == phase4.POLICY
    assert fast.message.startswith("record 41: the policy can't be checked on this input: event_name ")
    assert list(phase4.judge_value(row, FIRST)) == [fast]
    row["input"]["event_window_active"] = False
    assert list(phase4.judge_value(row, FIRST)) == [], "without a window no name matters"


def test_a_veto_that_is_not_applied_is_found_in_a_batch_of_phase_3() -> None:
    good = plain(evaluate(phase3_record(), Memory()))
    vetoed = mutate(good, "risk_officer.veto", True)
    rows = [msgspec.json.decode(json.dumps(row), type=Row) for row in (good, vetoed, good)]
    assert [one.message for one in phase3.judge_rows(rows, FIRST)] == [
        "record 42: an agent's veto is not applied: veto_applied is false",
        "record 42: a veto means NO_TRADE, found 'BUY_CALL'",
    ]


def test_a_row_that_is_no_object_is_shown_and_one_that_lacks_a_part_is_not() -> None:
    for gate, parts in ((phase4, ("input", "decision")), (phase3, tuple(phase3._PARTS))):
        wanted = [f"record 7: `{part}` must be present and an object" for part in parts]
        assert [one.message for one in gate.judge_value([5], 7)][: len(parts)] == [
            f"{one}, found [5]" for one in wanted
        ]
        assert [one.message for one in gate.judge_value({}, 7)][: len(parts)] == wanted
