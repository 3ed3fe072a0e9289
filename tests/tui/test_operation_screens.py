"""The screens that change something, as an operator drives them: by keys, with each way out of each question."""

from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.app import App
from textual.widgets import Input

from phase4_tui.journal.log import read_events
from phase4_tui.rollback.guided import lead
from phase4_tui.rollback.incidents import look_for_incident
from phase4_tui.rollback.known_good import plan_pin, plan_switch
from phase4_tui.rollback.reopen import plan_reopen
from phase4_tui.rollback.root_cause import RootCause, plan_root_cause, root_causes
from phase4_tui.tui.screens.known_good import KnownGoodScreen, TagRows
from phase4_tui.tui.screens.questions import PlanScreen, TextScreen
from phase4_tui.tui.screens.root_cause import RootCauseScreen
from phase4_tui.tui.widgets.owner_field import OwnerField
from tests.rollback.support import freeze, give, site_of, state_of
from tests.runbook.documents import Tag
from tests.tui.support import bad_tag, lay_out, make_app, screen_text, until
from tests.tui.user import User, user_at

SIZES = [(120, 40), (80, 24), (60, 16)]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    lay_out(tmp_path)
    return tmp_path


async def test_the_picker_chooses_nothing_beforehand_and_shows_ladder_and_difference_of_each_tag(work: Path) -> None:
    async with user_at(work) as user:
        await user.incident()
        await user.press("k")
        await user.at(KnownGoodScreen)
        await user.sees("1 to switch to, of 2", "✔✔✔✔✔✔✔  known-good", "✔✔✔✘···  monitoring is not OK")
        assert user.app.screen.query_one(TagRows).cursor == -1
        await user.press("enter")
        await user.sees("no tag is chosen")
        await user.press("down")
        await user.sees("✔ can be switched to", "✔ not quarantined", "differs from B:", "monitoring: alert → ok")
        await user.press("down")
        await user.sees("✘ monitoring OK: fails", "· sign-off not NO-GO: not looked at", "nothing differs")
        await user.press("enter")
        await user.sees("B is not known-good: it fails `monitoring OK`")
        await user.press("escape")
        await until(user.pilot, lambda: len(user.app.screen_stack) == 1)
    assert state_of(work).active_tag is None


async def test_a_good_tag_is_switched_to_with_a_reason_and_a_plan_and_the_picker_closes(work: Path) -> None:
    async with user_at(work) as user:
        await user.incident()
        await user.press("k")
        await user.at(KnownGoodScreen)
        await user.press("down", "enter")
        await user.at(TextScreen)
        await user.press("escape")
        await user.at(KnownGoodScreen)
        await user.press("enter")
        await user.gives_reason()
        await user.answers(yes=False)
        await user.at(KnownGoodScreen)
        assert state_of(work).active_tag is None
        await user.press("enter")
        await user.gives_reason()
        await user.sees("active tag: none → A")
        await user.answers(yes=True)
        await until(user.pilot, lambda: len(user.app.screen_stack) == 1)
        await user.sees("A is the active tag")
    assert state_of(work).active_tag == "A"


async def test_without_a_known_good_tag_n_states_so_and_says_what_is_next(work: Path) -> None:
    for file in (work / "reports").glob("A_*"):
        file.unlink()
    async with user_at(work) as user:
        await user.incident()
        await user.press("k")
        await user.at(KnownGoodScreen)
        await user.sees("0 to switch to, of 1", "No tag is known-good", "w goes on without one")
        await user.press("w")
        await user.at(TextScreen)
        await user.press("escape")
        await user.at(KnownGoodScreen)
        await user.press("w")
        await user.at(TextScreen)
        await user.press("ctrl+u", "enter")  # without the reason that is proposed
        await user.sees("it is needed")
        await user.press(*"none")
        await user.press("enter")
        await user.answers(yes=True)
        await user.sees("Call the product owner now?")
        await user.answers(yes=False)
        await until(user.pilot, lambda: len(user.app.screen_stack) == 1)
        await user.sees("`e` calls them later, `p` falls back to Phase 3")
        await user.sees("next: f freeze B")
        freeze(work, "B")
        await user.sees("next: e call the product")
    incident = state_of(work).incident
    assert incident is not None
    assert incident.no_good_tag


async def test_pinned_tags_stand_first_and_the_cursor_stays_on_its_tag(work: Path) -> None:
    Tag(work / "reports", "D")
    site = site_of(work)
    give(site, plan_pin(site, "A"))
    async with user_at(work) as user:
        await until(user.pilot, lambda: user.app.snapshot and len(user.app.snapshot.rows) == 3)
        await user.press("k")
        await user.at(KnownGoodScreen)
        await user.sees("known-good, pinned")
        shown = screen_text(user.app).partition("KNOWN-GOOD TAGS")[2]
        assert shown.index("★ A") < shown.index("  D ") < shown.index("  B ")
        await user.press("down", "down")
        await user.sees("✔ can be switched to")
        Tag(work / "reports", "E")
        await user.sees("of 4")
        rows = user.app.screen.query_one(TagRows)
        assert isinstance(user.app.screen, KnownGoodScreen)
        assert user.app.screen._rows[rows.cursor].tag == "D"


async def test_in_a_read_only_dashboard_the_ladders_can_be_read_and_nothing_be_switched(work: Path) -> None:
    async with user_at(work, read_only=True) as user:
        await until(user.pilot, lambda: user.app.snapshot and len(user.app.snapshot.rows) == 2)
        await user.press("k")
        await user.at(KnownGoodScreen)
        await user.press("down", "enter")
        await user.sees("this dashboard is read-only", "✔ can be switched to")
        assert isinstance(user.app.screen, KnownGoodScreen)
    assert not (work / "reports" / ".phase4" / "journal.jsonl").exists()


# The root-cause form ------------------------------------------------------------------------------------------


async def typing(user: User) -> None:
    await user.incident()
    await user.press("l")
    await user.at(RootCauseScreen)


async def test_the_form_is_filled_from_the_incident_and_logs_what_was_typed(work: Path) -> None:
    async with user_at(work) as user:
        await typing(user)
        await user.sees("ROOT CAUSE  P1 monitoring alert high · B", "● risk")
        evidence = user.app.screen.query_one("#field-evidence", Input).value
        assert evidence == "no_trade 95 > 70 HIGH"
        await user.press(*"queue", "enter", *"fix", "tab", "left", "space", "right", "ctrl+s")
        await user.at(PlanScreen)
        await user.sees("cause: queue", "owner: product")
        await user.answers(yes=True)
        await until(user.pilot, lambda: len(user.app.screen_stack) == 1)
        await user.sees("root cause logged")
    (_, entry), *_ = root_causes(read_events(work / "reports"))
    assert (entry.cause, entry.remediation, entry.owner) == ("queue", "fix", "product")
    assert entry.evidence is not None
    assert "no_trade 95 > 70" in entry.evidence


async def test_what_is_typed_in_one_go_lands_in_the_field_it_is_meant_for(work: Path) -> None:
    async with user_at(work) as user:
        for between in ("tab", "down", "enter"):
            await typing(user)
            for key in [*"thefeedwaslate" * 4, between, *"checkit", "ctrl+s"]:
                user.app.post_message(events.Key(key, key if len(key) == 1 else None))
            await user.at(PlanScreen)
            await user.sees(f"cause: {'thefeedwaslate' * 4}", "remediation: checkit")
            await user.press("n")
            await user.at(RootCauseScreen)
            await user.press("escape")
            await user.answers(yes=True)
            await until(user.pilot, lambda: len(user.app.screen_stack) == 1)


async def test_escape_leaves_the_form_at_the_first_moment_that_it_is_there(work: Path) -> None:
    async with user_at(work) as user:
        await user.incident()
        for early in (True, False):
            await user.press("l")
            if early:
                user.app.post_message(events.Key("escape", None))
            else:
                await user.sees("ROOT CAUSE")
                await user.press("escape")
            await until(user.pilot, lambda: len(user.app.screen_stack) == 1)


async def test_an_empty_field_that_is_needed_is_marked_and_has_the_focus(work: Path) -> None:
    async with user_at(work) as user:
        await typing(user)
        await user.press(*"cause", "f2")
        await user.sees("! Remediation is needed")
        assert user.app.focused is user.app.screen.query_one("#field-remediation")
        assert "Cause is needed" not in screen_text(user.app)
        await user.press("x")
        await until(user.pilot, lambda: "is needed" not in screen_text(user.app))


async def test_what_was_typed_stays_when_the_plan_is_declined_or_refused(work: Path) -> None:
    async with user_at(work) as user:
        await typing(user)
        await user.press(*"why", "tab", *"how", "ctrl+s")
        await user.answers(yes=False)
        await user.at(RootCauseScreen)
        await user.press("ctrl+s")
        await user.at(PlanScreen)
        site = site_of(work)
        give(site, plan_root_cause(site, RootCause(cause="c", remediation="r", owner="risk")))
        await user.press("y")
        await user.sees("the state has changed since this was planned")
        await user.at(RootCauseScreen)
        assert user.app.screen.query_one("#field-cause", Input).value == "why"


async def test_leaving_the_form_asks_once_when_something_was_typed_and_never_else(work: Path) -> None:
    async with user_at(work) as user:
        await typing(user)
        await user.press("escape")
        await until(user.pilot, lambda: len(user.app.screen_stack) == 1)
        await typing(user)
        await user.press(*"why", "escape")
        await user.answers(yes=False)
        await user.at(RootCauseScreen)
        await user.press("escape")
        await user.at(PlanScreen)
        await user.press("escape")
        await user.at(RootCauseScreen)
        await user.press("escape")
        await user.answers(yes=True)
        await until(user.pilot, lambda: len(user.app.screen_stack) == 1)


async def test_the_form_logs_for_the_incident_that_it_shows_though_another_has_opened(work: Path) -> None:
    site = site_of(work)
    async with user_at(work) as user:
        await typing(user)
        shown = state_of(work).incident
        assert shown is not None
        await user.press(*"feed", "tab", *"check")
        give(site, plan_reopen(site, "A", override=True, reason="the desk says so"))
        bad_tag(work / "reports", "D")
        assert look_for_incident(site, "D") is not None
        await user.sees("closed meanwhile: this is still logged for it")
        await user.press("ctrl+s")
        await user.answers(yes=True)
        await until(user.pilot, lambda: root_causes(read_events(work / "reports")))
    ((event, logged),) = root_causes(read_events(work / "reports"))
    assert (event.incident, logged.cause) == (shown.id, "feed")


async def test_no_letter_of_the_form_gives_an_operation_wherever_the_focus_is(work: Path) -> None:
    async with user_at(work) as user:
        await typing(user)
        user.app.screen.query_one(OwnerField).focus()
        await user.press("q", "f", "k", "question_mark", "1", "down", "down")
        user.app.screen.query_one("#leave").focus()
        await user.press("q", "r", "up", "down")
        assert isinstance(user.app.screen, RootCauseScreen)
        await user.press("enter")
        await until(user.pilot, lambda: len(user.app.screen_stack) == 1)


# All of them --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
async def test_every_screen_says_what_to_press_and_fits_any_terminal(work: Path, size: tuple[int, int]) -> None:
    app = make_app(work)
    async with app.run_test(size=size, notifications=False) as pilot:
        user = User(app, pilot)
        await user.incident()
        for key, expected in (
            ("k", "enter switches to it"),
            ("g", "next: f freeze B"),
            ("l", "ctrl+s"),
            ("c", "c or enter compares"),
        ):
            await user.press(key)
            await user.sees(expected, "escape" if key != "l" else "leaves")
            assert overflow(app) == (0, 0)
            await user.press("escape")
            await until(pilot, lambda: len(app.screen_stack) == 1)


def overflow(app: App[Any]) -> tuple[float, float]:
    return app.screen.max_scroll_x, app.screen.max_scroll_y


async def test_hostile_words_of_others_are_shown_and_never_obeyed(work: Path) -> None:
    reports = work / "reports"
    bad = reports / "B_monitoring.json"
    text = bad.read_text().replace("no_trade_pct", "[@click=app.quit]x[/] \\u001b[2J[$x]")
    bad.write_text(text)
    site = site_of(work, "[red]eve[/]")
    async with user_at(work) as user:
        await user.incident()
        lead(site)
        await until(user.pilot, lambda: user.app.snapshot and user.app.snapshot.lease)
        for key, shown in (("k", "KNOWN-GOOD"), ("g", "[red]eve[/]@"), ("l", "x[/]"), ("c", "re-run")):
            await user.press(key)
            await user.sees(shown)
            assert "\x1b" not in screen_text(user.app)
            await user.press("escape")
            await until(user.pilot, lambda: len(user.app.screen_stack) == 1)


async def test_an_active_tag_can_not_be_switched_to_again(work: Path) -> None:
    site = site_of(work)
    give(site, plan_switch(site, "A", "trusted"))
    async with user_at(work) as user:
        await until(user.pilot, lambda: user.app.snapshot and len(user.app.snapshot.rows) == 2)
        await user.press("k")
        await user.at(KnownGoodScreen)
        await user.press("home", "enter")
        await user.sees("A is the active tag already")
