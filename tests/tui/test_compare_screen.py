"""The comparison as an operator makes it: which tags, what came out, and what follows."""

import gc
import os
import warnings
from pathlib import Path

import pytest

from phase4_tui.artifacts.names import Artifact
from phase4_tui.tui.screens.choice import LongChoiceScreen
from phase4_tui.tui.screens.compare import CompareScreen
from phase4_tui.tui.screens.questions import PlanScreen
from tests.rollback.support import state_of
from tests.runbook.documents import REPORT_AGE, Tag
from tests.tui.support import SIZE, bad_tag, lay_out, make_app, older, screen_text, until
from tests.tui.user import User, user_at
from tests.tui.view_support import decision, put_report


@pytest.fixture
def work(tmp_path: Path) -> Path:
    lay_out(tmp_path)
    return tmp_path


async def test_the_comparison_proposes_the_three_tags_and_shows_what_is_gone(work: Path) -> None:
    older(Tag(work / "reports", "C"), 500)
    async with user_at(work) as user:
        await user.incident()
        await user.press("c")
        await user.at(CompareScreen)
        await user.sees("b bad         B  P1", "the incident's", "h re-run      C  OK", "m known-good  A  OK")
        await user.press("c")
        await user.sees("✔ C has recovered: 2 gone", "CHECKS  1 differ", "DECISIONS  0 differ", "✔ gone")
        await user.sees("monitoring  ✔ gone", "bad         alert", "known-good  ok", "re-run      ok")
        await user.press("escape")
        await until(user.pilot, lambda: len(user.app.screen_stack) == 1)
    made = state_of(work).incident
    assert made is not None
    assert [one.rerun for one in made.comparisons] == ["C"]


async def test_each_side_can_be_chosen_and_a_tag_that_another_side_had_changes_places(work: Path) -> None:
    older(Tag(work / "reports", "C"), 500)
    async with user_at(work) as user:
        await user.incident()
        await user.press("c")
        await user.at(CompareScreen)
        await user.sees("h re-run      C")
        await user.press("h")
        await user.at(LongChoiceScreen)
        await user.press("escape")
        await user.at(CompareScreen)
        await user.press("h")
        await user.at(LongChoiceScreen)
        await user.press("end", "enter")
        await user.at(CompareScreen)
        await user.sees("h re-run      A", "m known-good  C")
        await user.press("m")
        await user.at(LongChoiceScreen)
        await user.press("home", "enter")
        await user.at(CompareScreen)
        await user.sees("m known-good  none")
        await user.press("b")
        await user.at(LongChoiceScreen)
        await user.press("home", "down", "enter")
        await user.at(CompareScreen)
        await user.sees("b bad         C")
        await user.press("enter")
        await user.sees("A has recovered", "KPIS  nothing differs")


async def test_decisions_are_compared_in_words_and_each_is_read_in_full_by_keys(work: Path) -> None:
    older(Tag(work / "reports", "C"), 500)
    reason = "a reason of many words " * 12
    for name, action in (("A", "BUY_CALL"), ("B", "NO_TRADE"), ("C", "BUY_CALL")):
        path = put_report(work / "reports", [decision(action, note=f"{reason}{name} ends")], name)
        os.utime(path, (0, 0))  # older than what judges it
    async with user_at(work, (80, 24)) as user:
        await user.incident()
        await user.press("c")
        await user.at(CompareScreen)
        await user.sees("h re-run      C")
        await user.press("c")
        await user.sees("1 of 1 decisions differ")
        await user.press("end")
        await user.sees("NIFTY50 02-17 09:20", "NO_TRADE", "NIFTY50 2026-02-17T09:20:00+05:30", "action=NO_TRADE")
        assert "C ends" not in screen_text(user.app)
        await user.press("tab", "end")
        await user.sees("re-run      action=BUY_CALL", "C ends")


async def test_what_is_still_there_is_told_and_reopening_on_it_shows_each_unmet_condition(work: Path) -> None:
    older(bad_tag(work / "reports", "C"), 500)
    async with user_at(work) as user:
        await user.incident()
        await user.press("c")
        await user.at(CompareScreen)
        await user.sees("h re-run      C")
        await user.press("c")
        await user.sees("✘ C has not recovered", "✘ still there")
        await user.press("o")
        await user.at(PlanScreen)
        await user.sees("Override them?", "✘ healthy: fails `monitoring OK`")
        await user.press("escape")
        await user.at(CompareScreen)


async def test_a_comparison_that_fails_says_why_and_can_be_made_again(work: Path) -> None:
    app = make_app(work, read_only=True)  # so that the missing report raises no incident
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        user = User(app, pilot)
        await until(pilot, lambda: app.snapshot and len(app.snapshot.rows) == 2)
        await user.press("c")
        await user.at(CompareScreen)
        await user.sees("h re-run      A")
        rerun = Tag(work / "reports", "A")
        kept = rerun.path(Artifact.REPORT).read_bytes()
        rerun.change(Artifact.REPORT, lambda found: found.update(results=[1]), age=REPORT_AGE)
        await user.press("c")
        await user.sees("A_report.json: record 1", "not compared yet")
        rerun.put(Artifact.REPORT, kept, age=REPORT_AGE)
        await user.press("c")
        await user.sees("A has recovered")


async def test_a_read_only_dashboard_compares_without_noting_it(work: Path) -> None:
    async with user_at(work, read_only=True) as user:
        await until(user.pilot, lambda: user.app.snapshot and len(user.app.snapshot.rows) == 2)
        await user.press("c")
        await user.at(CompareScreen)
        await user.sees("b bad         B", "h re-run      A")
        await user.press("c")
        await user.sees("A has recovered", "read-only: nothing was noted")
    assert not (work / "reports" / ".phase4" / "journal.jsonl").exists()


async def test_a_comparison_that_is_left_before_it_began_leaves_no_work_unawaited(work: Path) -> None:
    older(Tag(work / "reports", "C"), 500)
    async with user_at(work) as user:
        await user.incident()
        await user.press("c")
        await user.at(CompareScreen)
        await user.sees("h re-run      C")
        screen = user.app.screen
        assert isinstance(screen, CompareScreen)
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            screen.action_compare()
            user.app.workers.cancel_node(screen)
            await user.press("escape")
            await until(user.pilot, lambda: len(user.app.screen_stack) == 1)
            gc.collect()
    assert [str(one.message) for one in warned] == []
