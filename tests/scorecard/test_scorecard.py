"""The scorecard names tests that exist, has every row, and the page of promises shows each."""

import ast
from functools import cache
from pathlib import Path

import pytest

from phase4_tui.runbook.manual import page_text
from tests.figures import Figures, together
from tests.scorecard import page as pages
from tests.scorecard.machine import NEEDS, facts
from tests.scorecard.page import HEADING, NOT_TRIED, Result, item, keep, measured, part, put_in, written_by_hand
from tests.scorecard.rows import GROUPS, ROWS, Row

ROOT = Path(__file__).parents[2]

NOT_HELD = [18]
"""Rows that the page tells as not held on the machine it was measured on: a burst of 20,000 files takes longer."""


@cache
def functions(file: str) -> set[str]:
    """Return the names of the functions of a file."""
    path = ROOT / file
    if not path.is_file():
        return set()
    nodes = ast.walk(ast.parse(path.read_text()))
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def result(row: Row) -> Result:
    """Return a result that a row could have."""
    return Result(3, 0, ["2 s"], [])


def test_there_are_forty_rows_in_their_order_and_each_is_in_one_group() -> None:
    assert [row.number for row in ROWS] == list(range(1, 41))
    assert [number for group in GROUPS.values() for number in group] == list(range(1, 41))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row.number))
def test_each_row_names_tests_that_exist(row: Row) -> None:
    named = [test.partition("::") for test in row.tests]
    assert [(file, name) for file, _, name in named if name not in functions(file)] == []
    assert len(set(row.tests)) == len(row.tests) > 0


def test_what_needs_a_program_is_in_files_of_its_own_that_exist() -> None:
    assert [file for file in NEEDS if not (ROOT / file).is_file()] == []
    named = {file for row in ROWS for file in row.files}
    assert set(NEEDS) <= named


def test_the_page_of_promises_shows_each_row_as_it_was_measured_last() -> None:
    results, machine = measured()
    assert [number for number, result in results.items() if result.failed] == NOT_HELD
    assert part(results, machine) in page_text("promises"), "run `python -m tests.scorecard 0`"


def test_the_part_is_put_in_the_place_of_the_one_that_was_there_and_nothing_else_changes() -> None:
    made = part({row.number: result(row) for row in ROWS}, "a machine")
    page = f"# Page\n\nWords.\n\n{HEADING}\n\nold\n\n### Sub\n\n- old\n\n## After\n\nMore.\n"
    once = put_in(page, made)
    assert once == f"# Page\n\nWords.\n\n{made}\n## After\n\nMore.\n"
    assert put_in(once, made) == once
    assert written_by_hand(once) == "# Page\n\nWords.\n\n\n## After\n\nMore.\n"
    assert written_by_hand("# Page\n") == "# Page\n"
    assert [line for line in made.splitlines() if len(line) > 120] == []


def test_results_of_other_rows_stay_as_they_were_on_the_same_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "MEASURED", tmp_path / "measured.json")
    (tmp_path / "measured.json").write_text('{"machine": "", "rows": {}}')
    keep({7: result(ROWS[6]), 9: result(ROWS[8])}, "one")
    keep({9: Result(0, 2, [], ["no strace"])}, "one")
    assert measured() == ({7: result(ROWS[6]), 9: Result(0, 2, [], ["no strace"])}, "one")
    keep({2: result(ROWS[1])}, "another")
    assert measured() == ({2: result(ROWS[1])}, "another")


def test_a_row_says_what_failed_and_what_could_not_be_tried() -> None:
    row = ROWS[1]
    assert "**Held**: 3 cases, 2 s." in item(row, result(row))
    assert "**Not held**: 3 cases" in item(row, Result(3, 1, [], []))
    assert "**Held**: 1 case. Not tried here: no strace." in item(row, Result(1, 0, [], ["no strace"]))
    assert "**Not tried yet**." in item(row, NOT_TRIED)


def test_figures_of_several_cases_are_one() -> None:
    noted: list[tuple[str, object]] = []
    for seconds in (0.2, 0.44, 0.1):
        figures = Figures(lambda name, value: noted.append((name, value)))
        figures.worst("gone after {:.1f} s", seconds)
        figures.total("{:,} kills", 600)
    assert together([*noted, ("other", 1)]) == ["gone after 0.4 s", "1,800 kills"]


def test_the_machine_is_told_without_a_name_or_a_path() -> None:
    assert "/" not in facts()
    assert "Python 3." in facts()
