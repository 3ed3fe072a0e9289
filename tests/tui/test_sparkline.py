"""A row of values as bars: each value has a cell, and a breach is seen without any colour."""

from phase4_tui.signs import in_ascii
from phase4_tui.tui.text import content
from phase4_tui.tui.widgets.sparkline import spark, sparkline


def plain(*values: float | None, width: int = 20) -> str:
    """Return the row of values of which those over 50 are breaches, without colour."""
    return content(*sparkline(values, width, lambda value: value > 50)).plain


def test_each_value_is_one_cell_as_high_as_the_value() -> None:
    assert spark([0, 12.5, 25, 37.5, 50, 62.5, 75, 87.5, 100]) == "▁▂▃▄▅▆▇██"
    assert spark([-20, 130]) == "▁█"
    assert spark([7, 9, 11], low=7, high=11) == "▁▅█"
    assert spark([5, 5], low=5, high=5) == "▁▁"


def test_a_value_that_is_not_known_leaves_a_dot_in_its_place() -> None:
    assert spark([0, None, 100]) == "▁·█"
    assert spark([]) == ""


def test_a_breach_has_its_own_sign_without_colour_and_in_ascii() -> None:
    assert plain(10, 100, None, 40) == "▁✘·▄"
    assert in_ascii(plain(10, 100, None, 40)) == "_x.-"


def test_the_newest_values_are_those_that_fit() -> None:
    assert plain(100, 10, 30, width=2) == "▁▃"
    assert plain(10, 30, width=0) == ""
