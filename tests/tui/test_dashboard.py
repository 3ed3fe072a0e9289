"""The dashboard as an operator uses it: what is seen, runs, looks and keys, over real files and real runs."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from textual import events
from textual.widget import Widget
from textual.widgets import Input

from phase4_tui.console.facts.events import OutputArrived
from phase4_tui.console.operations.dialogues.runs import run
from phase4_tui.console.operations.registry import OPERATIONS
from phase4_tui.tui.app import Phase4App
from phase4_tui.tui.screens.audit import AuditScreen
from phase4_tui.tui.screens.dashboard import DashboardScreen
from phase4_tui.tui.screens.decisions import DecisionsScreen
from phase4_tui.tui.screens.help import HelpScreen
from phase4_tui.tui.screens.journal import JournalScreen
from phase4_tui.tui.screens.questions import PlanScreen, TextScreen
from phase4_tui.tui.screens.runbook import RunbookScreen
from phase4_tui.tui.screens.trends import TrendsScreen
from phase4_tui.tui.screens.verify import VerifyScreen
from tests.runbook.documents import Tag
from tests.runbook.support import laid_out
from tests.tui.operator import SLOW, ended, last_run, operator_at
from tests.tui.support import lay_out, screen_text, until

LOOKS = {
    "v": VerifyScreen,
    "j": JournalScreen,
    "b": RunbookScreen,
    "a": AuditScreen,
    "d": DecisionsScreen,
    "t": TrendsScreen,
    "question_mark": HelpScreen,
}
NAMES = ["pipeline", "release_check", "quality_check", "signoff", "monitor"]


# What is seen ------------------------------------------------------------------------------------------------


async def test_i_see_four_panels_the_incident_and_what_to_press_at_any_size(tmp_path: Path) -> None:
    lay_out(tmp_path)
    async with operator_at(tmp_path) as me:
        await me.incident()
        for size in [(120, 40), (80, 24), (60, 16)]:
            await me.pilot.resize_terminal(*size)
            await me.sees("RELEASE CHECK", "QUALITY CHECK", "MONITORING", "SIGN-OFF", "✘ P1 ", "next: f freeze B")
            await me.sees("no_trade", "HIGH", "? help", "q quit", "^p palette")
        for size in [(59, 24), (80, 15), (20, 5), (10, 3)]:
            await me.pilot.resize_terminal(*size)
            await me.sees("✘ P1 mo")
            await until(me.pilot, lambda: "RELEASE CHECK" not in screen_text(me.app))


async def test_up_and_down_choose_a_tag_at_any_size_also_after_another(tmp_path: Path) -> None:
    lay_out(tmp_path)
    async with operator_at(tmp_path, (80, 24)) as me:
        await me.looked()
        await me.press("down")
        await me.sees("▶A OK")
        for size, key, tag in [((120, 40), "up", "B"), ((80, 24), "down", "A"), ((120, 40), "up", "B")]:
            await me.pilot.resize_terminal(*size)
            await me.press(key)
            await until(me.pilot, lambda tag=tag: focus_of(me.app) == tag)  # type: ignore[misc]


@pytest.mark.parametrize(("wanted", "rung"), [("true", 1), ("false", 0)])
async def test_the_bell_rings_once_for_a_new_incident_where_it_is_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: str, rung: int
) -> None:
    (tmp_path / "phase4.toml").write_text(f"[dashboard]\nbell = {wanted}\n")
    rings: list[None] = []
    monkeypatch.setattr(Phase4App, "bell", lambda app: rings.append(None))
    async with operator_at(tmp_path) as me:
        lay_out(tmp_path)
        await me.incident()
        await me.sees("✘ P1 ")
    async with operator_at(tmp_path) as later:
        await later.sees("✘ P1 ")
    assert len(rings) == rung


async def test_without_any_tag_i_am_told_how_to_begin(tmp_path: Path) -> None:
    async with operator_at(laid_out(tmp_path)) as me:
        await me.sees("NO RUN YET", "next: r run the sequence")
        await me.pilot.resize_terminal(80, 24)
        await me.sees("no tag yet · next: r run the sequence")
        await me.press("d")
        await me.sees("decisions: there is no tag yet; `r` runs the sequence")


async def test_the_footer_shows_whole_keys_only(tmp_path: Path) -> None:
    lay_out(tmp_path)
    labels = [
        f"{action.key.replace('question_mark', '?').replace('slash', '/')} {action.label}"
        for action in OPERATIONS
        if action.footer
    ]
    async with operator_at(tmp_path) as me:
        await me.sees("^p palette")
        for width in (120, 60, 100, 80):
            await me.pilot.resize_terminal(width, 24)
            await me.pilot.pause()
            footer = screen_text(me.app).splitlines()[-1].split("  ")[0]
            shown = [label for label in labels if label in footer]
            assert " ".join([*shown, "^p palette"]) == footer.strip()
            assert {"? help", "q quit"} <= set(shown)


async def test_output_that_comes_before_the_screen_is_built_is_shown_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = DashboardScreen.body

    def with_early_output(screen: DashboardScreen) -> Iterable[Widget]:
        screen.take_output(OutputArrived("noon pipeline", ("an early line",), fresh=True))
        return body(screen)

    monkeypatch.setattr(DashboardScreen, "body", with_early_output)
    lay_out(tmp_path)
    async with operator_at(tmp_path) as me:
        await me.press("space")
        await me.sees("an early line")


# Runs --------------------------------------------------------------------------------------------------------


async def test_r_asks_for_the_tag_shows_the_plan_runs_and_the_panels_turn(tmp_path: Path) -> None:
    async with operator_at(laid_out(tmp_path)) as me:
        await me.press("r")
        await me.sees("Run tag of the Phase 4 sequence?", "phase4_demo")
        await me.press("enter")
        await me.sees(
            "Run phase4_demo?",
            "Phase 4: all 5, pipeline to monitor",
            "sample_batch_input.json · 14 records",
            "No (n)",
            "Run (y)",
        )
        assert not (tmp_path / "reports/phase4_demo_report.json").exists()
        await me.press("y")
        await me.sees("run of phase4_demo ended: every step passed", "✔ passed", "✔ HEALTHY", "✔ monitor")
        assert '"status": "OK"' not in screen_text(me.app)
        for told in ('"status": "OK"', "space output"):
            await me.press("space")
            await me.sees(told)


async def test_each_number_runs_its_step_alone(tmp_path: Path) -> None:
    Tag(laid_out(tmp_path) / "reports", "phase4_demo")
    async with operator_at(tmp_path) as me:
        for number, name in enumerate(NAMES, 1):
            me.app.notices.history.clear()
            await me.starts(str(number))
            await until(me.pilot, lambda: ended(me.app))
            assert [step.name for step in last_run(me.app).steps] == [name]


async def test_x_cancels_and_resume_goes_on_where_it_was(tmp_path: Path) -> None:
    (laid_out(tmp_path) / "phase4.toml").write_text(SLOW)
    async with operator_at(tmp_path) as me:
        await me.starts("r")
        await me.sees("▶ monitor")
        await me.press("r")
        await me.sees("run: a run is under way: maria@")
        await me.press("x")
        await me.answers(yes=True)
        await me.sees(
            "run of phase4_demo ended: monitor cancelled",
            "stopped, next: R resume phase4_demo at monitor",
            "■ monitor",
        )
        me.app.notices.history.clear()
        (tmp_path / "go").touch()
        await until(me.pilot, lambda: me.app.snapshot and me.app.snapshot.holder is None)
        await me.starts("R")
        await me.sees("run of phase4_demo ended: every step passed")
        await until(me.pilot, lambda: ended(me.app))
        assert [step.name for step in last_run(me.app).steps if step.state == "passed"][-1] == "monitor"


async def test_q_asks_while_a_run_of_mine_is_under_way(tmp_path: Path) -> None:
    (laid_out(tmp_path) / "phase4.toml").write_text(SLOW)
    async with operator_at(tmp_path) as me:
        await me.starts("r")
        await me.sees("▶ monitor")
        await me.press("q")
        await me.sees("A run is under way. Cancel it and leave?")
        await me.press("n")
        await me.at(DashboardScreen)
        assert me.app.running_here
        await me.press("q")
        await me.at(PlanScreen)
        await me.press("y")
        await until(me.pilot, lambda: me.app._exit and not me.app.running_here)
        assert me.app.return_code == 0


async def test_q_leaves_at_once_without_a_run(tmp_path: Path) -> None:
    lay_out(tmp_path)
    async with operator_at(tmp_path) as me:
        await me.press("q")
        await until(me.pilot, lambda: me.app._exit)


async def test_a_second_run_beside_the_first_is_refused_and_the_first_stays_mine(tmp_path: Path) -> None:
    (laid_out(tmp_path) / "phase4.toml").write_text(SLOW)
    async with operator_at(tmp_path) as me:
        await me.starts("r")
        await me.sees("▶ monitor")
        me.app.operate(run)  # as a key pressed before the screen knew of the first
        await me.at(TextScreen)
        await me.writes("another")
        await me.at(PlanScreen)
        await me.press("y")
        await me.sees("a run of this dashboard is under way")
        assert me.app.running_here


async def test_space_pauses_the_output_of_a_running_step_and_follows_it_again(tmp_path: Path) -> None:
    (laid_out(tmp_path) / "phase4.toml").write_text(SLOW)
    async with operator_at(tmp_path) as me:
        await me.starts("r")
        await me.sees("▶ monitor", "── phase4_demo · monitor")
        await me.press("space")
        await me.sees("paused: space follows again")
        await me.press("space")
        await until(me.pilot, lambda: "paused" not in screen_text(me.app))


# Looking -----------------------------------------------------------------------------------------------------


async def test_each_look_opens_by_its_key_and_escape_leaves_it(tmp_path: Path) -> None:
    lay_out(tmp_path)
    async with operator_at(tmp_path) as me:
        for key, screen in LOOKS.items():
            await me.press(key)
            await me.at(screen)
            await me.sees("viewing B")
            await me.press("escape")
            await me.at(DashboardScreen)
            assert len(me.app.screen_stack) == 1


async def test_the_same_look_twice_is_one_screen(tmp_path: Path) -> None:
    lay_out(tmp_path)
    async with operator_at(tmp_path) as me:
        await me.press("j", "v", "j")
        await me.at(JournalScreen)
        assert len(me.app.screen_stack) == 2


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_slash_filters_the_tags_in_sight_and_escape_shows_all_again(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    for name in ("alpha", "beta", "gamma"):
        Tag(tmp_path / "reports", name)
    async with operator_at(tmp_path, size) as me:
        await me.looked()
        await me.press("slash")
        await me.sees("filter part of a tag")
        await me.press(*"BET")
        await me.sees("filter BET", "1 of 3")
        await me.press("escape")
        await until(me.pilot, lambda: "filter BET" not in screen_text(me.app) and "1 of 3" not in screen_text(me.app))
        for key in ("enter", "down"):
            await me.press("slash", *"mm", key)
            await until(me.pilot, lambda: focus_of(me.app) == "gamma")
            assert not isinstance(me.app.focused, Input)
            await me.sees("filter mm", "1 of 3")
            await me.press("v")
            await me.at(VerifyScreen)
            await me.press("escape")
            await me.at(DashboardScreen)
            await me.sees("1 of 3")
            await me.press("escape")
            await until(me.pilot, lambda: "1 of 3" not in screen_text(me.app))
            assert focus_of(me.app) == "gamma"  # the first escape shows the tags again, the second follows
            await me.press("escape")
            await until(me.pilot, lambda: me.app.snapshot and me.app.snapshot.followed)


async def test_a_filter_typed_in_one_go_gives_no_operation_and_one_without_a_tag_stays(tmp_path: Path) -> None:
    lay_out(tmp_path)
    async with operator_at(tmp_path, (80, 24)) as me:
        await me.incident()
        for key in ("slash", *"fq1", "enter"):
            me.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await me.sees("filter fq1", "0 of 2")
        assert isinstance(me.app.focused, Input)
        assert len(me.app.screen_stack) == 1
        for key in (*"xyz", "escape"):
            me.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await until(me.pilot, lambda: "fq1" not in screen_text(me.app) and "of 2" in screen_text(me.app))
        assert "0 of 2" not in screen_text(me.app)


def focus_of(app: Phase4App) -> str | None:
    """Return the shown tag."""
    return app.snapshot.focus.tag if app.snapshot and app.snapshot.focus else None


async def test_brackets_choose_the_neighbours_and_escape_the_newest_again(tmp_path: Path) -> None:
    lay_out(tmp_path)
    async with operator_at(tmp_path, (80, 24)) as me:
        await me.looked()
        await me.press("right_square_bracket")
        await until(me.pilot, lambda: me.app.snapshot and me.app.snapshot.focus and me.app.snapshot.focus.tag == "A")
        await me.sees("▶A OK")
        await me.press("left_square_bracket")
        await me.sees("▶B P1")
        await me.press("right_square_bracket")
        await me.sees("▶A OK")
        await me.press("escape")
        await until(me.pilot, lambda: me.app.snapshot and me.app.snapshot.followed, seconds=3)
        await me.sees("▶B P1")


async def test_a_key_that_cannot_act_says_why(tmp_path: Path) -> None:
    Tag(tmp_path / "reports", "A")
    async with operator_at(tmp_path) as me:
        await me.press("e")
        await me.sees("escalate: no incident is open")
        await me.press("x")
        await me.sees("cancel: nothing is being run")
        await me.press("R")
        await me.sees("resume: no run of this tag is on record")
        assert len(me.app.screen_stack) == 1


async def test_read_only_hides_every_operation_and_changes_nothing(tmp_path: Path) -> None:
    lay_out(tmp_path)
    async with operator_at(tmp_path, read_only=True) as me:
        await me.sees("READ-ONLY")
        footer = screen_text(me.app).splitlines()[-1]
        assert "f freeze" not in footer
        assert "r run" not in footer
        await me.press("f")
        await me.sees("freeze: this dashboard is read-only")
        assert len(me.app.screen_stack) == 1
        assert not (tmp_path / "reports" / ".phase4" / "state.json").exists()
