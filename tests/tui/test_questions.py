"""Operations of the dashboard: each question, each way out of it, and what others do meanwhile."""

import random
from pathlib import Path

import pytest
from textual import events
from textual.screen import ModalScreen

from phase4_tui.artifacts.names import Artifact
from phase4_tui.journal.events import Event
from phase4_tui.rollback.fallback import plan_phase3_only
from phase4_tui.rollback.freeze import plan_freeze
from phase4_tui.rollback.incidents import plan_escalate
from phase4_tui.rollback.operations import Effect, carry_out, plan_on
from phase4_tui.tui.screens.dashboard import DashboardScreen
from phase4_tui.tui.screens.questions import ChoiceScreen, PlanScreen, TextScreen
from tests.rollback.support import freeze, give, site_of, state_of
from tests.runbook.documents import Tag, quality
from tests.runbook.support import laid_out
from tests.tui.operator import operator_at
from tests.tui.support import lay_out, told, until

QUESTION = "A question that takes two lines of the screen? " * 2
KEYS = [*"rfkplcogeavjbdtxR12345yn", "slash", "question_mark", "right_square_bracket", "space", "escape", "enter"]
KEYS += ["tab", "up", "down", "left", "right", "backspace", "end"]


# Operations ------------------------------------------------------------------------------------------------------


async def test_f_asks_for_the_reason_shows_the_plan_and_freezes(tmp_path: Path) -> None:
    lay_out(tmp_path)
    async with operator_at(tmp_path) as me:
        await me.incident()
        await me.press("f")
        await me.sees("Reason to freeze B?", "evidence of inc-")
        await me.writes("as the runbook says")
        await me.sees("freeze B", "No (n)", "Do it (y)")
        assert state_of(tmp_path).frozen == {}
        await me.press("y")
        await me.sees("viewing B ❄", "next: k switch to A")
        assert state_of(tmp_path).frozen["B"].reason == "as the runbook says"
        await me.press("f")
        await me.sees("freeze: B is frozen already")


async def test_p_falls_back_and_offers_the_phase_3_run(tmp_path: Path) -> None:
    lay_out(laid_out(tmp_path))
    async with operator_at(tmp_path) as me:
        await me.incident()
        await me.press("p")
        await me.writes("nothing is traded")
        await me.at(PlanScreen)
        await me.press("y")
        await me.sees("mode PHASE 3 ONLY", "Run the Phase 3 sequence as phase3_demo now?")
        await me.press("y")
        await me.sees("run of phase3_demo ended: every step passed")
        await me.press("p")
        await me.sees("evaluation mode is Phase 3 only already")


async def test_e_calls_an_owner_and_the_palette_notes_that_it_was_taken(tmp_path: Path) -> None:
    lay_out(tmp_path)
    async with operator_at(tmp_path) as me:
        await me.incident()
        await me.press("e")
        await me.at(ChoiceScreen)
        await me.press("enter")  # the incident's own owner is chosen beforehand
        await me.writes("no trade at all")
        await me.at(PlanScreen)
        await me.press("y")
        await me.sees("owner risk, called")
        await me.press("ctrl+p")
        await me.pilot.pause()
        await me.press(*"acknow")
        await me.sees("acknowledge: Note that")
        await me.press("enter")
        await me.at(ChoiceScreen)
        await me.press("enter")  # who was called last and did not answer yet
        await me.at(PlanScreen)
        await me.press("n")
        await me.sees("nothing was done")


async def test_an_operation_while_one_is_carried_out_waits_for_its_end(tmp_path: Path) -> None:
    lay_out(tmp_path)
    async with operator_at(tmp_path) as me:
        await me.incident()
        me.app.queue._carrying = 1
        await me.press("f")
        await me.sees("an operation is being carried out; wait for its end")
        me.app.queue._carrying = 0
        await me.press("f")
        await me.at(TextScreen)


async def test_what_was_decided_on_an_older_state_is_refused(tmp_path: Path) -> None:
    lay_out(tmp_path)
    async with operator_at(tmp_path) as me:
        await me.incident()
        await me.press("f")
        await me.writes("mine")
        await me.at(PlanScreen)
        other = site_of(tmp_path, "sam")
        give(other, plan_phase3_only(other, "theirs"))
        await me.press("y")
        await me.sees("the state has changed since this was planned", "sam@")
        assert state_of(tmp_path).frozen == {}


async def test_what_another_operator_did_comes_as_a_notice_with_the_name(tmp_path: Path) -> None:
    lay_out(tmp_path)
    async with operator_at(tmp_path) as me:
        await me.incident()
        await me.looked()
        other = site_of(tmp_path, "sam")
        give(other, plan_freeze(other, "B", "theirs"))
        await until(me.pilot, lambda: "sam@" in told(me.app), seconds=3)
        assert "freeze B: theirs" in told(me.app)
        await me.sees("viewing B ❄")


async def test_my_own_operation_is_not_told_as_anothers_though_it_failed(tmp_path: Path) -> None:
    lay_out(tmp_path)
    async with operator_at(tmp_path) as me:
        await me.incident()
        await me.looked()
        me.app.notices.history.clear()
        site = me.app.site

        def full(intent: Event) -> Effect:
            raise OSError("the disk is full")

        await me.app.queue.carry_out(lambda: carry_out(site, plan_escalate(site, "risk", "x")))
        plan = plan_on(state_of(tmp_path), "freeze", "freeze B", full, tag="B")
        with pytest.raises(OSError, match="full"):
            await me.app.queue.carry_out(lambda: carry_out(site, plan))
        give(site_of(tmp_path, "sam"), plan_escalate(site_of(tmp_path, "sam"), "product", "y"))
        await until(me.pilot, lambda: "sam@" in told(me.app))
        assert "maria@" not in told(me.app)


# Questions ---------------------------------------------------------------------------------------------------


async def test_every_way_out_of_a_plan_is_an_answer(tmp_path: Path) -> None:
    lay_out(tmp_path)
    no = [["escape"], ["n"], ["enter"], ["down", "pagedown", "up", "enter"]]
    yes = [["y"], ["right", "enter"], ["tab", "enter"]]
    async with operator_at(tmp_path) as me:
        for keys in [*no, *yes]:
            answers: list[bool | None] = []
            me.app.push_screen(PlanScreen("Freeze?", ["a", "  ! b"] * 40), answers.append)
            await me.at(PlanScreen)
            await me.press(*keys)
            await me.at(DashboardScreen)
            assert answers == [keys in yes], keys
            assert len(me.app.screen_stack) == 1


async def test_the_buttons_answer_and_are_in_sight_however_long_the_plan(tmp_path: Path) -> None:
    lay_out(tmp_path)
    async with operator_at(tmp_path) as me:
        for size in [(120, 40), (80, 24), (60, 16)]:
            await me.pilot.resize_terminal(*size)
            for button in ("#no", "#yes"):
                answers: list[bool | None] = []
                me.app.push_screen(PlanScreen(QUESTION, ["x"] * 99), answers.append)
                await me.at(PlanScreen)
                await me.sees("No (n)", "Do it (y)")
                await me.pilot.click(button)
                await me.at(DashboardScreen)
                assert answers == [button == "#yes"], size


async def test_the_end_of_a_long_plan_can_be_read_by_keys(tmp_path: Path) -> None:
    lay_out(tmp_path)
    async with operator_at(tmp_path, (80, 24)) as me:
        me.app.push_screen(PlanScreen("Freeze?", [f"line {number}" for number in range(60)]))
        await me.at(PlanScreen)
        await me.press(*["pagedown"] * 8)
        await me.sees("line 59")


async def test_every_way_out_of_a_text_is_an_answer(tmp_path: Path) -> None:
    lay_out(tmp_path)
    async with operator_at(tmp_path, (60, 16)) as me:
        for keys, answer in ((["escape"], None), (["a", "enter"], "a"), (["space", "b", "enter"], "b")):
            answers: list[str | None] = []
            me.app.push_screen(TextScreen("Why?"), answers.append)
            await me.at(TextScreen)
            await me.press("enter")
            await me.sees("it is needed")
            await me.press(*keys)
            await me.at(DashboardScreen)
            assert answers == [answer]
            assert len(me.app.screen_stack) == 1


async def test_every_way_out_of_a_choice_is_an_answer(tmp_path: Path) -> None:
    lay_out(tmp_path)
    choices = [(name, "[/x]") for name in "abcdefghijklmnopqrstuvwxyz"]
    async with operator_at(tmp_path, (60, 16)) as me:
        for keys, answer in ((["escape"], None), (["down", "enter"], "a"), (["end", "enter"], "z")):
            answers: list[str | None] = []
            me.app.push_screen(ChoiceScreen("Which?", choices), answers.append)
            await me.at(ChoiceScreen)
            await me.press("enter")  # nothing is chosen beforehand
            assert answers == []
            await me.press(*keys)
            await me.at(DashboardScreen)
            assert answers == [answer]


async def test_a_question_twice_is_one_question(tmp_path: Path) -> None:
    lay_out(tmp_path)
    async with operator_at(tmp_path) as me:
        await me.incident()
        await me.press("f", "f", "f")
        await me.at(TextScreen)
        assert len([screen for screen in me.app.screen_stack if isinstance(screen, ModalScreen)]) == 1


async def test_a_key_that_comes_with_the_answer_acts_behind_it(tmp_path: Path) -> None:
    lay_out(tmp_path)
    async with operator_at(tmp_path) as me:
        await me.incident()
        me.app.push_screen(PlanScreen("Freeze?", ["a"]))
        await me.at(PlanScreen)
        for key in "nq":
            me.app.post_message(events.Key(key, key))
        await until(me.pilot, lambda: me.app._exit)


# Anything ----------------------------------------------------------------------------------------------------


async def test_five_hundred_keys_of_a_cat_on_the_keyboard(tmp_path: Path) -> None:
    reports = lay_out(tmp_path)
    Tag(reports, "C").put(Artifact.QUALITY_CHECK, quality(False))
    freeze(tmp_path, "A")
    pick = random.Random(20260217)
    async with operator_at(tmp_path, (100, 30)) as me:
        await me.looked()
        for _ in range(50):
            for key in pick.choices(KEYS, k=10):
                me.app.post_message(events.Key(key, key if len(key) == 1 else None))
            await me.pilot.pause(0.02)
            assert me.app._exception is None
            assert len([screen for screen in me.app.screen_stack if isinstance(screen, ModalScreen)]) <= 1
        await me.pilot.pause()
        assert me.app._exception is None
