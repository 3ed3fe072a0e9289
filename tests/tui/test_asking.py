"""Asking: a plan that is read at a glance, questions that stay open, and what there is to choose from."""

import json
import sys
from pathlib import Path

import pytest
from textual.widgets import Button, Input

from phase4_tui.artifacts.clock import iso, now_ns
from phase4_tui.artifacts.sha256 import hash_file
from phase4_tui.console.operations.dialogues.phase4 import reopen
from phase4_tui.rollback.reopen import plan_compare
from phase4_tui.rollback.root_cause import RootCause, plan_root_cause
from phase4_tui.runbook.provenance import Source, save_run
from phase4_tui.tui.screens.questions import PlanScreen, TextScreen
from tests.rollback.support import freeze, give, site_of, state_of
from tests.runbook.documents import Tag
from tests.runbook.support import laid_out
from tests.tui.operator import Operator, operator_at
from tests.tui.support import bad_tag, lay_out, screen_text, until

STEPS = dict.fromkeys(("pipeline", "release_check", "quality_check", "signoff", "monitor"), "passed")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A desk with a good tag A, and B, which is P1 and was run on `noon.json`."""
    reports = lay_out(laid_out(tmp_path))
    records = json.loads((tmp_path / "sample_batch_input.json").read_text())
    (tmp_path / "noon.json").write_text(json.dumps(records[:3]))
    ran_on(bad_tag(reports), "noon.json")
    return tmp_path


def ran_on(tag: Tag, batch: str, *, rehearsal: bool = False) -> None:
    """Put a complete run of a tag on record, made on this batch and the rules that are there."""
    work = tag.reports.parent
    sources = {
        name: Source(path=path, sha256=hash_file(work / path))
        for name, path in (("input", batch), ("rules", "monitoring_rules.json"))
    }
    began = {"rehearsal": True, "started_at": iso(now_ns())} if rehearsal else {}
    save_run(tag.reports, tag.ran(age=60, **STEPS).model_copy(update=sources | began))  # type: ignore[arg-type]


def field_of(me: Operator) -> str:
    """Return what stands in the field of the question."""
    return me.app.screen.query_one(Input).value


async def is_asked(me: Operator, question: str) -> None:
    """Wait for a question whose field has the focus."""
    await me.sees(question)
    await me.at(TextScreen)
    await until(me.pilot, lambda: isinstance(me.app.focused, Input))


# Plans -------------------------------------------------------------------------------------------------------


async def test_a_plan_fits_on_one_screen_says_what_it_replaces_and_unfolds_every_path(work: Path) -> None:
    async with operator_at(work, (80, 24)) as me:
        await me.incident()
        me.app.give("rehearse")
        await is_asked(me, "Tag of the rehearsal?")
        await me.writes("A")
        await is_asked(me, "Input of the rehearsal?")
        await me.writes("sample_batch_input.json")
        await me.at(PlanScreen)
        await me.sees("! replaces 8 files of A, written", "A_report.json, ", "and 5 more")
        await me.sees("14 records", "differs from the incident's", "barrier", "kernel", "No (n)")
        body = me.app.screen.query_one(".dialog-body")
        assert body.max_scroll_y == 0, screen_text(me.app)
        assert Path(sys.executable).name not in screen_text(me.app)
        await me.press("d")
        assert body.virtual_size.height > 30
        await me.press(*["pagedown"] * 8)
        await me.sees("A_monitoring.json", "phase4 run --rehearsal --tag A")
        await me.press("d")
        assert body.max_scroll_y == 0


async def test_what_has_the_focus_is_the_loudest_and_no_has_it(work: Path) -> None:
    async with operator_at(work) as me:
        for theme in me.app.available_themes.keys() & {"calm", "colour-blind", "high-contrast", "light"}:
            me.app.theme = theme
            me.app.push_screen(PlanScreen("Freeze?", ["a"]))
            await me.at(PlanScreen)
            for key, loud, quiet in ((None, "#no", "#yes"), ("right", "#yes", "#no")):
                await me.press(*([key] if key else []))
                styles = {name: me.app.screen.query_one(name, Button).styles for name in (loud, quiet)}
                assert (styles[loud].text_style.bold, styles[loud].text_style.reverse) == (True, True), theme
                assert not styles[quiet].text_style.reverse, theme
                assert styles[loud].background == styles[quiet].background, "colour is not what tells them apart"
            await me.press("n")


# Questions ---------------------------------------------------------------------------------------------------


async def test_the_rehearsals_questions_stay_open_with_the_error_and_propose_the_incidents_input(work: Path) -> None:
    freeze(work, "B")
    async with operator_at(work) as me:
        await me.incident()
        me.app.give("rehearse")
        await is_asked(me, "Tag of the rehearsal?")
        await me.writes("B")
        await me.sees("✘ B is frozen")
        assert field_of(me) == "B"
        await me.writes("fixed")
        await is_asked(me, "Input of the rehearsal?")
        assert field_of(me) == "noon.json"
        await me.writes("nono.json")
        await me.sees("✘ nono.json is missing")
        assert field_of(me) == "nono.json"
        await me.writes("noon.json")
        await me.at(PlanScreen)
        await me.sees("Rehearse Phase 4 as fixed?", "3 records", "as in the incident")
        await me.press("enter")
        await me.sees("nothing was run: fixed")


async def test_an_input_is_chosen_from_what_there_is_or_completed_by_tab(work: Path) -> None:
    async with operator_at(work) as me:
        await me.incident()
        digits = (hash_file(work / "noon.json") or "")[:8]
        await me.press("r", "enter")
        await is_asked(me, "Input of phase4_demo?")
        await me.sees(f"noon.json  3 records · {digits} · ", "used by B", "sample_batch_input.json  14 records")
        await me.press("up")
        await until(me.pilot, lambda: field_of(me) == "noon.json")
        for typed, completed in (("sam", "sample_batch_input.json"), ("./no", "./noon.json"), ("rep", "reports/")):
            me.app.screen.query_one(Input).value = typed
            await me.press("tab")
            assert field_of(me) == completed
        await me.press(*"zz", "tab")
        await me.sees("nothing here begins like that")
        await me.press("escape")
        await me.sees("nothing was done", "was left without an answer")


async def test_a_tag_to_reopen_on_is_chosen_and_a_wrong_one_keeps_the_question_open(work: Path) -> None:
    async with operator_at(work) as me:
        await me.incident()
        ran_on(Tag(work / "reports", "C"), "noon.json", rehearsal=True)
        await until(me.pilot, lambda: me.app.snapshot and "C" in [row.tag for row in me.app.snapshot.rows])
        await me.press("o")
        await is_asked(me, "Reopen Phase 4 on which tag?")
        assert field_of(me) == "B"
        await me.sees("C  OK, known-good", "B  P1")
        await me.writes("CC")
        await me.sees("✘ there is no tag CC")
        me.app.screen.query_one(Input).value = ""
        await me.press("tab")
        await me.sees("B, C, A")
        await me.writes("C")
        await me.at(PlanScreen)
        await me.sees("conditions unmet")


# Leaving, and what y copies ----------------------------------------------------------------------------------


async def test_enter_on_the_changed_input_says_what_was_not_done_and_y_copies_nothing(work: Path) -> None:
    site = site_of(work)
    async with operator_at(work) as me:
        await me.incident()
        freeze(work, "B")
        ran_on(Tag(work / "reports", "C"), "sample_batch_input.json", rehearsal=True)
        give(site, plan_root_cause(site, RootCause(cause="c", remediation="r", owner="risk")))
        give(site, plan_compare(site, "B", "C", None))
        old, new = ((hash_file(work / name) or "")[:8] for name in ("noon.json", "sample_batch_input.json"))
        me.app.operate(lambda session: reopen(session, "C"))
        await me.at(PlanScreen)
        await me.sees(f"The input changed since the incident ({old} → {new}). Accept it as the correction?")
        await me.press("enter")
        await me.sees("nothing was done: the change was not accepted, and Phase 4 was not reopened on C")
        await me.press("y")
        await me.sees("nothing was done here yet: there is no command to copy")
        assert me.app.clipboard == ""
        me.app.operate(lambda session: reopen(session, "C"))
        await me.answers(yes=True)
        await me.sees(f"accepts as the correction: input {old} → {new}")
        await me.answers(yes=True)
        await until(me.pilot, lambda: state_of(work).incident is None)
        await me.press("y")
        await me.sees("copied: phase4 ", "reopen --tag C --accept-changed-input")
