"""What a gate says of a value that is not what it should be, and what counts as a number, a range and a word."""

import math

import pytest

from phase4_tui.policy.values import expect_words, in_range, is_number, one_of, show
from tests.policy.strategies import LARGEST, above, below


def nested(depth: int) -> list[object]:
    value: list[object] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "null"),
        (False, "false"),
        (0.5, "0.5"),
        ("é\n\x1b", "'\\xe9\\n\\x1b'"),
        ("x" * 58, f"'{'x' * 58}'"),  # 60 characters with its quotes
        ("x" * 59, f"'{'x' * 58}…"),
        ("x" * 1000, f"'{'x' * 58}…"),
        (nested(200_000), "a value nested too deeply to show"),
    ],
    ids=["none", "false", "a number", "control characters", "60", "61", "1000", "nested"],
)
def test_a_foreign_value_is_shown_in_60_printable_characters_at_most(value: object, shown: str) -> None:
    assert show(value) == shown
    assert len(show(value)) <= 60


@pytest.mark.parametrize("value", [0, 1, -1, 1.5, -0.0, LARGEST, int(LARGEST)])
def test_a_finite_number_is_one(value: object) -> None:
    assert is_number(value) is True


@pytest.mark.parametrize("value", [True, False, None, "1", math.nan, math.inf, -math.inf, 10**400, [1], {}])
def test_anything_else_is_no_number(value: object) -> None:
    assert is_number(value) is False
    assert in_range(value, -LARGEST, LARGEST) is False


@pytest.mark.parametrize(
    ("value", "inside"), [(0, True), (1.5, True), (0.7, True), (below(0.0), False), (above(1.5), False), (-1, False)]
)
def test_a_range_holds_both_its_ends(value: float, inside: bool) -> None:
    assert in_range(value, 0, 1.5) is inside


def test_a_word_is_one_of_the_set_and_a_string() -> None:
    assert [one_of(value, ("A", "B")) for value in ("A", "B", "a", "", None, 1, ["A"])] == [True, True, *[False] * 5]


def test_each_word_that_is_missing_or_another_is_a_problem_of_its_own() -> None:
    words = {"gate": ("PASS", "BLOCK"), "level": ("LOW",), "slot": ("OPEN",)}
    told = list(expect_words("tags", {"gate": "MAYBE", "level": "LOW"}, words))
    assert told == ["tags.gate must be one of PASS, BLOCK, found 'MAYBE'", "tags.slot is missing"]
