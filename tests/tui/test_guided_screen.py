"""The guided rollback as an operator walks it: by keys, alone or with others, left and taken up again."""

import os
import re
from pathlib import Path

import pytest

from phase4_tui.artifacts.clock import iso, now_ns
from phase4_tui.artifacts.names import Artifact
from phase4_tui.console.facts.events import OutputArrived
from phase4_tui.journal.actor import Actor
from phase4_tui.journal.lease import drop_lease, read_lease, take_lease
from phase4_tui.journal.log import read_events
from phase4_tui.rollback.fallback import plan_phase3_only
from phase4_tui.rollback.guided import lead
from phase4_tui.rollback.incidents import look_for_incident
from phase4_tui.runbook.provenance import last_sequence, save_run
from phase4_tui.runbook.run_holder import announce, run_lock, withdraw
from phase4_tui.tui.screens.compare import CompareScreen
from phase4_tui.tui.screens.guided import GuidedScreen
from phase4_tui.tui.screens.known_good import KnownGoodScreen
from phase4_tui.tui.screens.questions import PlanScreen, TextScreen
from phase4_tui.tui.screens.root_cause import RootCauseScreen
from tests.rollback.support import freeze, give, site_of, state_of
from tests.runbook.documents import Tag
from tests.tui.support import SIZE, lay_out, make_app, screen_text, until
from tests.tui.user import User, user_at

STEPS = {"pipeline": "passed", "release_check": "passed", "quality_check": "passed", "signoff": "passed"}


def rehearsed(reports: Path, name: str = "C") -> Tag:
    """Put a healthy re-run on record, made just now."""
    tag = Tag(reports, name)
    record = tag.ran(age=60, **STEPS, monitor="passed")  # type: ignore[arg-type]
    save_run(reports, record.model_copy(update={"rehearsal": True, "started_at": iso(now_ns())}))
    return tag


def fresh(tag: Tag) -> None:
    """Make a tag's results as new as if a run had just written them."""
    for artifact in (Artifact.REPORT, Artifact.SUMMARY):
        tag.age(artifact, 0)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    lay_out(tmp_path)
    return tmp_path


async def contained_and_explained(user: User, work: Path) -> None:
    """Walk the first four steps."""
    await user.sees(
        "▶ 1 Freeze  NEXT", "· 5 Re-run, compare, reopen  open", "you lead", "next: f freeze B", "owner risk"
    )
    await user.sees("$ phase4 freeze B --reason R", "Freeze the artifacts of the bad run tag")
    await user.press("enter")
    await user.gives_reason()
    await user.answers(yes=True)
    await user.sees("✔ 1 Freeze  done", "▶ 2 Switch to known-good  NEXT")
    await user.press("2")
    await user.at(KnownGoodScreen)
    await user.press("down", "enter")
    await user.gives_reason()
    await user.answers(yes=True)
    await user.at(GuidedScreen)
    await user.sees("✔ 2 Switch to known-good  done", "next: p fall back to Phase 3")
    site = site_of(work)
    give(site, plan_phase3_only(site, "rollback"))
    await user.sees("▶ 3 Fall back to Phase 3  NEXT", " · contained ", "next: r run the Phase 3 sequence")
    fresh(Tag(work / "reports", "phase3_demo", phase=3))
    await user.sees("✔ 3 Fall back to Phase 3  done", "next: l log the root cause")
    await user.press("enter")
    await user.at(RootCauseScreen)
    await user.press(*"feed", "tab", *"check", "ctrl+s")
    await user.answers(yes=True)
    await user.at(GuidedScreen)
    await user.sees("✔ 4 Log the root cause  done", "next: S re-run Phase 4 as a rehearsal")


async def test_the_whole_rollback_can_be_walked_from_freeze_to_reopening(work: Path) -> None:
    async with user_at(work) as user:
        await user.incident()
        await user.press("g")
        await user.at(GuidedScreen)
        await contained_and_explained(user, work)
        await user.press("5")
        await user.at(TextScreen)
        await user.sees("B_rerun")
        await user.press("escape")
        await user.at(GuidedScreen)
        rehearsed(work / "reports")
        await user.sees("next: c compare B with C")
        await user.press("5")
        await user.at(CompareScreen)
        await user.sees("C has recovered", "✔ gone", "input not on record")
        await user.press("o")
        await user.at(PlanScreen)
        await user.sees("changed since the incident is not on record. Accept them as")
        await user.answers(yes=True)
        await user.sees("closes incident")
        await user.answers(yes=True)
        await until(user.pilot, lambda: state_of(work).incident is None)
        await user.press("escape")
        await user.at(GuidedScreen)
        await user.sees(
            "INCIDENT CLOSED", "cause           feed", "remediation     check", "in all", "m shows its post-mortem"
        )
        await until(user.pilot, lambda: read_lease(work / "reports") is None)
        await user.press("m")
        await user.sees("feed", "Post-mortem")
    state = state_of(work)
    assert (state.active_tag, state.evaluation_mode) == ("C", "phase4")


async def test_done_steps_are_one_line_and_the_next_one_stands_in_full_with_its_key_and_real_values(
    work: Path,
) -> None:
    freeze(work, "B")
    async with user_at(work) as user:
        await user.incident()
        await user.press("g")
        await user.at(GuidedScreen)
        await user.sees("▶ 2 Switch to known-good  NEXT", "k switch to A", "$ phase4 known-good switch A --reason R")
        text = screen_text(user.app)
        (done,) = [line for line in text.splitlines() if "1 Freeze" in line]
        assert re.search(r"✔ 1 Freeze  done  \d\d:\d\d:\d\d UTC  B is frozen by maria@\S+: evidence", done)
        assert "Freeze the artifacts of the bad run tag" not in text
        assert "no_trade 95 > 70 HIGH" in text
        assert not re.search(r"TAG|\.\d{6}", text)


async def test_a_run_of_the_fifth_step_is_followed_in_its_card(work: Path) -> None:
    reports = work / "reports"
    look_for_incident(site_of(work), "B")
    rehearsed(reports)
    record = last_sequence(reports, "C")
    assert record is not None
    steps = [step.model_copy(update={"state": "not_run"}) for step in record.steps]
    steps[0] = steps[0].model_copy(update={"state": "running", "started_at": iso(now_ns())})
    async with user_at(work) as user:
        await user.incident()
        await user.press("g")
        await user.at(GuidedScreen)
        await user.sees("▶ 1 Freeze  NEXT")
        with run_lock(reports):
            save_run(reports, record.model_copy(update={"state": "running", "steps": tuple(steps)}))
            announce(reports, "C", record.run_id, "maria")
            await until(user.pilot, lambda: user.app.snapshot and user.app.snapshot.holder)
            output = OutputArrived("C pipeline", progress={"records": 41_000, "bytes": 41, "total_bytes": 100})

            def reports_on() -> bool:  # again and again, as a step does
                user.app._post_fact(output)
                return "▶ step 1 of 5, pipeline · 41,000 records · 41 % · " in screen_text(user.app)

            await until(user.pilot, reports_on)
            text = screen_text(user.app)
            assert text.index("5 Re-run, compare, reopen") < text.index("41,000 records")
            withdraw(reports)
        await until(user.pilot, lambda: "41,000 records" not in screen_text(user.app))


async def test_for_a_bad_tag_without_an_incident_it_opens_one_as_the_command_does(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("phase4_tui.console.facts.incident_watch.IncidentWatch.suspect", lambda *_: None)
    async with user_at(work) as user:
        await user.sees("next: g begin the rollback")
        await user.press("g")
        await user.at(GuidedScreen)
        await user.sees("▶ 1 Freeze  NEXT", "you lead", "next: f freeze B")
    incident = state_of(work).incident
    assert incident is not None
    assert incident.tag == "B"


async def test_the_third_step_falls_back_with_a_reason_and_then_offers_the_phase_3_run(work: Path) -> None:
    async with user_at(work) as user:
        await user.incident()
        await user.press("g")
        await user.at(GuidedScreen)
        await user.sees("NEXT")
        await user.press("3")
        await user.gives_reason()
        await user.answers(yes=True)
        await user.sees("Run the Phase 3 sequence as phase3_demo now?")
        await user.answers(yes=False)
        await user.at(GuidedScreen)
        await user.sees("✔ 3 Fall back to Phase 3  done", "no Phase 3 run since")
        await user.press("3")
        await user.sees("Run the Phase 3 sequence as phase3_demo now?")
        await user.answers(yes=True)
        await user.at(GuidedScreen)
        await user.sees("last outputs are Phase 3's", "run of phase3_demo ended: every step passed")
        await until(user.pilot, lambda: user.app.snapshot and user.app.snapshot.holder is None)
        await user.press("3")
        await user.sees("evaluation mode is Phase 3 only already")
    assert state_of(work).evaluation_mode == "phase3_only"


async def test_the_steps_are_looked_at_with_arrows_and_the_mouse_and_a_second_click_acts(work: Path) -> None:
    async with user_at(work, (80, 24)) as user:
        await user.incident()
        await user.press("g")
        await user.at(GuidedScreen)
        await user.sees("next: f freeze B")
        await user.press("down", "down", "down", "down", "down")
        await user.sees("$ phase4 run --rehearsal --tag B_rerun", "Re-run the whole Phase 4 sequence")
        await user.press("up")
        await user.sees("$ phase4 root-cause add")
        await user.pilot.click("#step-1")
        await user.sees("$ phase4 freeze B --reason R")
        assert isinstance(user.app.screen, GuidedScreen)
        await user.pilot.click("#step-1")
        await user.at(TextScreen)
        await user.press("escape")
        await user.at(GuidedScreen)
        await user.press("e")
        await user.sees("Whom to call?")
        await user.press("escape")
        await user.at(GuidedScreen)


async def test_a_tampered_tag_is_restored_by_the_first_step(work: Path) -> None:
    async with user_at(work) as user:
        await user.incident()
        freeze(work, "B")
        report = work / "reports" / "B_report.json"
        kept = report.read_bytes()
        report.chmod(0o600)
        report.write_bytes(b"{}")
        await user.press("g")
        await user.at(GuidedScreen)
        await user.sees("✘ 1 Freeze  TAMPERED", "next: ^p restore put the frozen files of B back")
        await user.press("1")
        await user.answers(yes=True)
        await user.sees("✔ 1 Freeze  done")
    assert report.read_bytes() == kept


async def test_who_leaves_gives_the_lease_back_and_finds_everything_again(work: Path) -> None:
    async with user_at(work) as user:
        await user.incident()
        await user.press("g")
        await user.sees("you lead")
        assert read_lease(work / "reports") is not None
        await user.press("escape")
        await until(user.pilot, lambda: read_lease(work / "reports") is None)
        freeze(work, "B")
        await user.press("g")
        await user.sees("✔ 1 Freeze  done", "you lead")
        await user.press("k")
        await user.at(KnownGoodScreen)
        await user.press("g")
        await user.at(GuidedScreen)
        assert len(user.app.screen_stack) == 2
    assert read_lease(work / "reports") is None


async def test_another_operators_lease_is_shown_holds_off_and_can_be_taken_over_with_a_reason(work: Path) -> None:
    async with user_at(work) as user:
        await user.incident()
        lead(site_of(work, "tom"))
        await until(user.pilot, lambda: user.app.snapshot and user.app.snapshot.lease)
        await user.press("g")
        await user.at(GuidedScreen)
        await user.sees("! tom@", "T takes it over")
        await user.press("1")
        await user.sees("leads this rollback: T takes it over with a reason")
        assert isinstance(user.app.screen, GuidedScreen)
        await user.press("T")
        await user.at(TextScreen)
        await user.press("escape")
        await user.at(GuidedScreen)
        await user.press("T")
        await user.at(TextScreen)
        await user.press(*"asleep", "enter")
        await user.sees("you lead the rollback now", "✔ you lead")
        lease = read_lease(work / "reports")
        assert lease is not None
        assert lease.operator == "maria"
    taken = [event for event in read_events(work / "reports") if event.kind == "lease"]
    assert taken[-1].detail["reason"] == "asleep"


async def test_whoever_lost_the_lease_is_told_at_the_next_heartbeat(work: Path) -> None:
    async with user_at(work) as user:
        await user.incident()
        await user.press("g")
        await user.sees("you lead")
        lead(site_of(work, "tom"), "my turn")
        await user.sees("taken over elsewhere", "! tom@")
    lease = read_lease(work / "reports")
    assert lease is not None
    assert lease.operator == "tom"


async def test_two_sessions_of_one_operator_are_told_apart_and_t_takes_the_lead_back(work: Path) -> None:
    reports, elsewhere = work / "reports", Actor("maria", pid=os.getppid())
    async with user_at(work) as user:
        await user.incident()
        take_lease(reports, elsewhere)
        await until(user.pilot, lambda: user.app.snapshot and user.app.snapshot.lease)
        await user.press("g")
        await user.sees("! another session of yours (since ", " UTC) leads; T takes it over")
        await user.press("1")
        await user.sees("leads this rollback: T takes it over with a reason")
        await user.press("T")
        await user.at(TextScreen)
        await user.press(*"here", "enter")
        await user.sees("you lead the rollback now", "✔ you lead")
        take_lease(reports, elsewhere, by_force=True)
        await user.sees("taken over elsewhere: T takes it back", "! another session of yours")
        drop_lease(reports, elsewhere)
        await user.sees("! nobody leads; T leads from here")
        await user.press("T")
        await user.sees("✔ you lead")
        lease = read_lease(reports)
        assert lease is not None
        assert lease.pid == os.getpid()


async def test_in_a_read_only_dashboard_the_steps_are_looked_at_without_a_lease(work: Path) -> None:
    site = site_of(work)
    app = make_app(work, "other")
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await User(app, pilot).incident()
    async with user_at(work, read_only=True) as user:
        await user.incident()
        await user.press("g")
        await user.at(GuidedScreen)
        await user.sees("read-only: this dashboard looks on", "▶ 1 Freeze  NEXT")
        await user.press("down", "up", "1", "2", "4", "5", "T")
        await user.sees("this dashboard is read-only")
        assert isinstance(user.app.screen, GuidedScreen)
    assert read_lease(site.reports) is None
