"""The pages about escalation, design and promises say the rules, rungs, rooms and tests that there are."""

import re
from pathlib import Path
from typing import get_args

import pytest

from phase4_tui.journal.incident import Owner, SeverityClass, Stage
from phase4_tui.journal.lease import DEAD_AFTER_SECONDS
from phase4_tui.rollback import reopen
from phase4_tui.rollback.decision_pairs import WINDOW
from phase4_tui.runbook.classification import EXIT_STATUS, Level
from phase4_tui.runbook.escalation import OWNERS
from phase4_tui.runbook.ladder import RUNGS
from phase4_tui.runbook.transcripts import TRANSCRIPT_LIMIT
from tests.docs.pages import (
    PACKAGE,
    TEST_FILE,
    code_words,
    figures,
    quoted_in_the_package,
    row_of,
    rows,
    section,
    sections,
)

ROOT = Path(__file__).parents[2]
WITHOUT_TESTS = {"Against whom", "What is not promised"}


def promises() -> list[str]:
    """Return each promise of the page."""
    title, *headings = sections("promises")
    assert title.startswith("Promises")
    texts = [section("promises", heading) for heading in headings if heading not in WITHOUT_TESTS]
    return [item for text in texts for item in re.split(r"^- ", text, flags=re.MULTILINE)[1:]]


def test_each_promise_names_a_test_that_exists() -> None:
    assert len(promises()) > 30
    assert [promise for promise in promises() if not TEST_FILE.findall(promise)] == []
    named = {name for promise in promises() for name in TEST_FILE.findall(promise)}
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []


def test_the_promises_give_the_limits_of_the_code() -> None:
    assert f"keeps {TRANSCRIPT_LIMIT >> 20} MiB" in " ".join(section("promises", "Runs and steps").split())
    assert DEAD_AFTER_SECONDS in figures(section("promises", "Several operators, several dashboards"))


def test_what_is_not_promised_is_said() -> None:
    text = section("promises", "What is not promised")
    assert text.count("\n- **") > 5


def test_each_rule_of_the_table_is_one_of_the_code_with_a_class_and_an_owner() -> None:
    table = list(rows(section("escalation", "Rules")))[1:]
    assert {row[0] for row in table} == set(EXIT_STATUS)
    assert {row[3] for row in table} <= {*get_args(Owner), "nobody"}
    assert [row[1] for row in table if not quoted_in_the_package(row[1].strip("`"))] == []


def test_each_owner_is_told_with_what_they_take() -> None:
    for owner, takes in OWNERS.items():
        assert row_of(section("escalation", "Owners"), owner)[1] == takes


@pytest.mark.parametrize(("words", "heading"), [(Stage, "Clock"), (Level, "Rules")])
def test_each_word_of_an_incident_is_told(words: object, heading: str) -> None:
    assert set(get_args(words)) <= code_words(section("escalation", heading))


def test_each_class_opens_an_incident() -> None:
    text = section("escalation", "When an incident opens")
    assert all(name in text for name in get_args(SeverityClass))


def test_each_rung_of_the_ladder_is_told_in_order() -> None:
    assert [row[0] for row in rows(section("design", "Known-good"))][1:] == [f"`{rung}`" for rung in RUNGS]


def test_each_condition_of_a_reopening_is_told_in_order() -> None:
    told = [row[0].strip("`") for row in rows(section("design", "Reopening"))][1:]
    assert told[:3] == [reopen.REHEARSED, reopen.HEALTHY, reopen.JUDGED_ANEW]
    assert told[3:5] == [reopen.CHANGED, reopen.COMPARED]
    assert all(quoted_in_the_package(name) for name in told)


def test_the_window_of_a_comparison_is_told() -> None:
    assert WINDOW in figures(section("design", "Comparison"))


def test_each_room_of_the_package_is_told() -> None:
    told = {row[0].strip("`") for row in rows(section("design", "Rooms"))}
    there = {path.parent.name for path in PACKAGE.glob("*/__init__.py")} - {"data"}
    assert there <= told
