"""Values of a decision that are no plain numbers and words: lists, true and false, and what another script wrote."""

from typing import Any

import pytest

from phase4_tui.artifacts.nesting import DEPTH_LIMIT, TOO_DEEP
from phase4_tui.rollback.decision_pairs import BadReport
from tests.rollback.test_comparison import compared, row


def label(before: object, after: object) -> str:
    """Return how a decision's value is labelled that was one thing in the bad tag and is another in the re-run."""
    counts, _ = compared({"bad": [row("A/OPEN", {"x": before})], "rerun": [row("A/OPEN", {"x": after})]})
    (found,) = counts
    return found


@pytest.mark.parametrize(
    "value",
    [[], [1, 2], [[1], {"a": [True]}], {"a": {"b": [None]}}, True, None, "w", 10**30, [10**30], -0.0],
)
def test_a_value_is_the_same_as_itself_whatever_it_is(value: object) -> None:
    assert label(value, value) == "same"


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ([1, 2], 5),
        ([1, 2], [1]),
        ([1, 2], [2, 1]),
        ([1], [True]),
        ([0], [False]),
        ([1], {"0": 1}),
        ([], {}),
        ([], None),
        ([], ""),
        ({"a": [1]}, {"a": [2]}),
        ({"a": 1}, {"b": 1}),
        ({"a": 1}, 1),
        (True, 1),
        (False, 0),
        (False, None),
        ("1", 1),
    ],
)
def test_what_differs_is_gone_in_the_re_run_in_either_direction(left: object, right: object) -> None:
    assert label(left, right) == label(right, left) == "gone"


def test_only_numbers_have_a_tolerance_and_those_of_a_list_have_none() -> None:
    assert label(50.0, 50.4) == "within tolerance"
    assert label({"a": {"b": 50.0}}, {"a": {"b": 50.4}}) == "within tolerance"
    assert label([50.0], [50.4]) == "gone"
    assert label("50.0", "50.4") == "gone"


def test_of_a_decision_that_differs_the_fields_that_do_are_shown() -> None:
    before: dict[str, Any] = {"action": "BUY_CALL", "score": 70, "policy_tags": {"gate": "PASS", "regime": "TREND"}}
    after = {"action": "NO_TRADE", "score": 70, "policy_tags": {"gate": "EVENT_BLOCK", "regime": "TREND"}}
    _, (told,) = compared({"bad": [row("A/OPEN", before)], "rerun": [row("A/OPEN", after)]})
    assert (told["bad"], told["rerun"], told["known_good"]) == (
        {"action": "BUY_CALL", "gate": "PASS"},
        {"action": "NO_TRADE", "gate": "EVENT_BLOCK"},
        None,
    )


def test_a_decision_is_compared_up_to_the_limit_of_nesting_and_refused_by_file_and_record_beyond() -> None:
    def nested(levels: int) -> Any:
        value: list[Any] = []
        for _ in range(levels - 3):  # in the row, in its decision, and the innermost
            value = [value]
        return value

    assert label(nested(DEPTH_LIMIT), [nested(DEPTH_LIMIT - 1), 1]) == "gone"
    assert label(nested(DEPTH_LIMIT), nested(DEPTH_LIMIT)) == "same"
    for levels in (DEPTH_LIMIT + 1, 900):
        with pytest.raises(BadReport, match=f"_report.json: record 1 {TOO_DEEP}$"):
            label(nested(levels), nested(levels))
