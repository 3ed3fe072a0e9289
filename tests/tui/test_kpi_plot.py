"""The plot of a KPI: where a value stands against the limit is seen without colour, in braille and in ASCII."""

from collections.abc import Sequence

import pytest

from phase4_tui.signs import in_ascii
from phase4_tui.tui.text import content
from phase4_tui.tui.widgets.kpi_plot import axis_names, plot_rows

VALUES = (28.0, 100.0, 22.0, None, 75.0, 60.0)


def drawn(values: Sequence[float | None], width: int = 58, height: int = 14, limit: float = 60) -> list[str]:
    """Return the rows of a plot of values that may be at most the limit."""
    points = [(f"phase4_tag{at:02}", value) for at, value in enumerate(values)]
    rows = plot_rows(points, limit, lambda value: value > limit, width, height)
    return [content(*row).plain for row in rows]


def test_a_value_stands_as_high_as_its_axis_says_and_a_breach_has_its_own_sign() -> None:
    rows = drawn(VALUES)
    assert rows[0].startswith("  100┤")
    assert "✘" in rows[0]
    assert "●" not in rows[0]
    assert rows[12].startswith("    0┤")
    marks = "".join(rows)
    assert (marks.count("✘"), marks.count("●")) == (2, 3)


def test_the_limit_is_a_line_with_its_value_on_the_axis() -> None:
    row = next(row for row in drawn(VALUES) if row.startswith("   60┤"))
    assert row.count("─") > 20
    assert "●" in row


def test_a_value_that_is_not_known_leaves_a_gap() -> None:
    def braille(values: Sequence[float | None]) -> int:
        return sum("⠀" < letter <= "⣿" for letter in "".join(drawn(values)))

    assert braille([10, 90, 10]) > braille([10, None, 10]) == 0


def test_a_breach_is_seen_where_many_values_share_a_cell() -> None:
    assert "✘" in "".join(drawn([90 if at == 77 else 20 for at in range(300)]))


@pytest.mark.parametrize("values", [(), (61.0,), VALUES, (-5.0, 1e6), [float(at % 100) for at in range(200)]])
@pytest.mark.parametrize(("width", "height"), [(58, 14), (30, 6), (110, 30), (10, 4)])
def test_a_plot_keeps_to_the_room_it_has(values: Sequence[float | None], width: int, height: int) -> None:
    rows = drawn(values, width, height)
    assert len(rows) == height
    assert max(map(len, rows)) <= width


@pytest.mark.parametrize(("width", "height"), [(0, 0), (5, 20), (60, 2), (-3, -1)])
def test_where_there_is_no_room_nothing_is_drawn(width: int, height: int) -> None:
    assert drawn(VALUES, width, height) == []


def test_as_many_tags_are_named_as_fit_and_the_newest_always() -> None:
    tags = [f"phase4_february{at}" for at in range(40)]
    columns = [at * 2 for at in range(40)]
    names = axis_names(tags, columns, 80)
    assert names.rstrip().endswith("…_february39")
    assert names.count("february") > 3
    assert axis_names(tags[:2], [20, 60], 80).split() == tags[:2]
    assert axis_names(["a_tag_longer_than_the_plot"], [4], 8).rstrip() == "…he_plot"


def test_every_mark_has_a_form_in_ascii() -> None:
    plain = in_ascii("\n".join(drawn(VALUES)))
    assert plain.isascii()
    assert (plain.count("x"), plain.count("*")) == (2, 3)
