"""Notices: never over a question, each once, in the dashboard's words, with what changed and why."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from phase4_tui.artifacts.manifest import restoring
from phase4_tui.console.operations.session import Session
from phase4_tui.console.remedies import error_as_keys
from phase4_tui.errors import Refused, Remedy, error_as_commands
from phase4_tui.journal.actor import host_name
from phase4_tui.journal.state import StateUnreadable, read_state
from phase4_tui.rollback.fallback import plan_phase3_only
from phase4_tui.rollback.freeze import plan_freeze
from phase4_tui.rollback.guided import lead
from phase4_tui.rollback.incidents import plan_escalate, plan_reclassify
from phase4_tui.rollback.known_good import plan_switch
from phase4_tui.rollback.operations import Plan
from phase4_tui.rollback.root_cause import RootCause, plan_root_cause
from phase4_tui.runbook.run_plan import Request, plan_run
from phase4_tui.runbook.sequence import Observer, run_plan
from phase4_tui.runbook.settings import Settings
from phase4_tui.runbook.steps import PHASE3_STEPS, find_step
from phase4_tui.tui.screens.dashboard import DashboardScreen
from phase4_tui.tui.screens.questions import PlanScreen, TextScreen
from phase4_tui.tui.widgets.health_panel import HealthPanel
from phase4_tui.tui.widgets.status_line import StatusLine
from tests.rollback.support import give, site_of
from tests.runbook.support import laid_out
from tests.tui.operator import ended, operator_at
from tests.tui.support import lay_out, told, until

REOPEN = Remedy("reopen", "phase4 reopen --tag C", "reopens Phase 4")
QUESTION = "The input changed since the incident (3d4fb674 → 4810ea86). Accept it as the correction?"


async def test_a_notice_stands_at_the_foot_and_covers_neither_a_check_nor_a_key(tmp_path: Path) -> None:
    lay_out(tmp_path)
    async with operator_at(tmp_path, (80, 24)) as me:
        await me.incident()
        me.app.tell("first\nsecond")
        await me.sees("first · second")
        line = me.app.screen.query_one(StatusLine).region
        assert (line.bottom, line.height) == (23, 1)
        assert not [one for one in me.app.screen.query(HealthPanel) if one.region.overlaps(line)]


async def test_what_is_told_while_a_question_is_open_waits_for_its_end(tmp_path: Path) -> None:
    lay_out(tmp_path)
    async with operator_at(tmp_path, (80, 24)) as me:
        await me.incident()
        me.app.tell("just before it")
        me.app.push_screen(PlanScreen(QUESTION, ["x"] * 99))
        await me.at(PlanScreen)
        other = site_of(tmp_path, "sam")
        give(other, plan_freeze(other, "B", "theirs"))
        await until(me.pilot, lambda: me.app.snapshot and "B" in me.app.snapshot.state.frozen)
        me.app.tell("meanwhile")
        await me.pilot.pause()
        assert "meanwhile" not in told(me.app)
        await me.press("n")
        await me.at(DashboardScreen)
        await me.sees("just before it", "sam@", "meanwhile")
        assert told(me.app).count("just before it") == 1


async def test_what_waits_is_not_shown_between_two_questions(tmp_path: Path) -> None:
    lay_out(tmp_path)
    async with operator_at(tmp_path) as me:
        await me.incident()
        await me.press("f")
        await me.at(TextScreen)
        me.app.tell("meanwhile")
        await me.writes("evidence")
        await me.at(PlanScreen)
        await me.pilot.pause(0.3)
        assert told(me.app) == ""
        await me.press("n")
        await me.sees("meanwhile", "nothing was done")


async def test_a_notice_names_keys_and_the_first_digits_of_a_digest(tmp_path: Path) -> None:
    lay_out(tmp_path)
    async with operator_at(tmp_path) as me:
        for _ in range(2):
            me.app.tell("B changed", remedies=(restoring("B"), REOPEN, Remedy("", "phase4 tags", "lists them")))
        await me.sees("restore")
        known = "`^p restore` puts the frozen files back, `o` reopens Phase 4, `phase4 tags` lists them"
        assert told(me.app) == f"B changed; {known}"


async def test_what_is_refused_is_told_with_keys_and_the_first_digits_of_a_digest(tmp_path: Path) -> None:
    lay_out(tmp_path)
    (tmp_path / "phase4.toml").write_text('[keys]\nreopen = "u"\n')

    async def refuse(session: Session) -> None:
        digest = "ab" * 32
        raise Refused(f"the input is {digest} now", remedy=REOPEN, digests=(digest,))

    async with operator_at(tmp_path) as me:
        me.app.operate(refuse)
        await me.sees("the input is abababababab… now; `u` reopens Phase 4")


async def test_what_the_command_line_does_by_flags_the_dashboard_says_in_its_own_words(tmp_path: Path) -> None:
    lay_out(laid_out(tmp_path))
    give(site_of(tmp_path), plan_phase3_only(site_of(tmp_path), "to be safe"))
    with pytest.raises(Refused) as refused:
        plan_run(Settings(), tmp_path, {}, Request(phase=4))
    assert "`phase4 run --rehearsal` makes one, `phase4 reopen --tag TAG` ends" in error_as_commands(refused.value)
    assert "`S` makes one, `o` ends the mode" in error_as_keys(refused.value, {})
    with pytest.raises(Refused) as refused:
        plan_run(Settings(), tmp_path, {}, Request(tag="C", only=find_step("2", PHASE3_STEPS)))
    assert error_as_keys(refused.value, {"step_1": "f2"}).endswith("step 1 pipeline makes it; `f2` runs it")
    (tmp_path / "reports" / ".phase4" / "journal.jsonl").write_text("no event\n")
    with pytest.raises(StateUnreadable) as damaged:
        read_state(tmp_path / "reports")
    repair = "`phase4 verify --repair --reason R` sets it aside and starts anew"
    assert error_as_keys(damaged.value, {}).endswith(f"; `v` tells what is wrong, {repair}")


async def test_who_presses_ctrl_c_is_told_the_key_that_leaves(tmp_path: Path) -> None:
    lay_out(tmp_path)
    async with operator_at(tmp_path) as me:
        await me.press("ctrl+c")
        await me.sees("`q` leaves the dashboard")


# What others do ----------------------------------------------------------------------------------------------


async def test_what_others_do_is_told_once_with_what_changed_and_why(tmp_path: Path) -> None:
    lay_out(laid_out(tmp_path))
    async with operator_at(tmp_path) as me:
        await me.incident()
        await me.looked()
        sam = site_of(tmp_path, "sam")
        plans: tuple[Callable[[], Plan], ...] = (
            lambda: plan_freeze(sam, "B", "evidence"),
            lambda: plan_switch(sam, "A", "it was good"),
            lambda: plan_phase3_only(sam, "rollback"),
            lambda: plan_reclassify(sam, "P0", "money at risk"),
            lambda: plan_escalate(sam, "product", "no trade"),
            lambda: plan_root_cause(sam, RootCause(cause="feed", remediation="check", owner="risk")),
        )
        for plan in plans:
            give(sam, plan())
        lead(sam)
        lead(site_of(tmp_path, "tom"), "sam sleeps")
        here = f"@{host_name()}: "
        for who, words in (
            ("sam", "freeze B: evidence"),
            ("sam", "switch to A, quarantined B: it was good"),
            ("sam", "mode Phase 3 only: rollback"),
            ("sam", "reclassify B from P1 to P0: money at risk"),
            ("sam", "escalate B to product: no trade"),
            ("sam", "root cause of B: feed"),
            ("tom", f"took the rollback over from sam@{host_name()}"),
        ):
            line = f"{who}{here}{words}"
            await until(me.pilot, lambda line=line: told(me.app).count(line) == 1)  # type: ignore[misc]


async def test_the_runs_of_others_are_told_and_my_own_only_at_their_end(tmp_path: Path) -> None:
    lay_out(laid_out(tmp_path))
    async with operator_at(tmp_path) as me:
        await me.incident()
        await me.looked()
        sam = site_of(tmp_path, "sam")
        plan = plan_run(sam.settings, tmp_path, sam.environment, Request(tag="C"))
        with ThreadPoolExecutor() as pool:
            pool.submit(run_plan, plan, sam.settings, sam.environment, Observer(), Event())
            await me.sees("sam@", "run of C began", "run of C ended: every step passed")
        await until(me.pilot, lambda: me.app.snapshot and me.app.snapshot.holder is None)
        await me.starts("r", "D")
        await me.sees("run of D ended: every step passed")
        await until(me.pilot, lambda: ended(me.app))
        assert told(me.app).count("run of D") == 1


async def test_my_own_lead_is_not_told_to_me_and_that_of_my_other_session_is(tmp_path: Path) -> None:
    lay_out(tmp_path)
    async with operator_at(tmp_path) as me:
        await me.incident()
        await me.looked()
        lead(site_of(tmp_path, "sam"))
        await until(me.pilot, lambda: me.app.snapshot and me.app.snapshot.lease)
        await me.press("g")
        await me.sees("! sam@", "T takes it over")
        await me.press("T")
        await me.writes("asleep")
        await me.sees("you lead the rollback now", "✔ you lead")
        mine = site_of(tmp_path)
        give(mine, plan_freeze(mine, "B", "by hand"))
        await me.sees(f"another session: maria@{host_name()}: freeze B: by hand")
        assert "taken over from sam" not in told(me.app)


# The palette and the way back --------------------------------------------------------------------------------


async def test_the_palette_lists_what_cannot_act_with_its_reason_and_chooses_nothing_else(tmp_path: Path) -> None:
    lay_out(tmp_path)
    async with operator_at(tmp_path) as me:
        await me.incident()
        for word, reason in (("thaw", "this tag is not frozen"), ("restore", "this tag is not frozen")):
            me.app.notices.history.clear()
            await me.press("ctrl+p")
            await me.pilot.pause()
            await me.press(*word)
            await me.sees(f"not now: {reason}")
            await me.press("enter")
            await me.at(DashboardScreen)
            await me.sees(f"{word}: {reason}")


async def test_after_a_fallback_without_an_incident_a_rehearsal_leads_back_to_phase_4(tmp_path: Path) -> None:
    site = site_of(laid_out(tmp_path))
    give(site, plan_phase3_only(site, "to be safe"))
    async with operator_at(tmp_path) as me:
        await until(me.pilot, lambda: me.app.snapshot and me.app.snapshot.state.evaluation_mode == "phase3_only")
        await me.press("p")
        await me.sees("`S` re-runs Phase 4, `o` reopens it")
        await me.press("ctrl+p")
        await me.pilot.pause()
        await me.press(*"rehears")
        await me.sees("rehearsal: Run Phase 4 under a tag of its own")
        await me.press("enter")
        await me.at(TextScreen)
        await me.sees("Tag of the rehearsal?", "phase4_demo_rerun")
        await me.press("enter")
        await me.sees("Input of the rehearsal?")
        await me.press("enter")
        await me.sees("Rehearse Phase 4 as phase4_demo_rerun?")
        await me.press("y")
        await me.sees("run of phase4_demo_rerun ended: every step passed")
        await until(me.pilot, lambda: me.app.snapshot and me.app.snapshot.holder is None)
        await me.press("o")
        await me.answers(yes=True)
        await me.sees("Phase 4 is open again on phase4_demo_rerun", "mode PHASE 4")


async def test_reopening_without_a_rehearsal_names_the_one_that_comes_first(tmp_path: Path) -> None:
    lay_out(tmp_path)
    site = site_of(tmp_path)
    give(site, plan_phase3_only(site, "to be safe"))
    async with operator_at(tmp_path, (80, 24)) as me:
        await me.incident()
        await me.looked()
        await me.press("o")
        await me.sees("Reopen Phase 4 on which tag?")
        await me.press("enter")
        await me.at(PlanScreen)
        await me.sees("no run of B is on record; `S` makes one")
        await me.press("n")
