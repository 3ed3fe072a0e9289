"""`phase4 rollback`: the five steps by answers at a real terminal, left and resumed, taken over, and by `--yes`."""

import json
from functools import partial
from pathlib import Path

import pytest

from phase4_tui.artifacts.names import Artifact
from phase4_tui.journal.lease import read_lease
from phase4_tui.journal.log import read_events
from phase4_tui.journal.state import OperationsState, read_state
from phase4_tui.runbook.provenance import runs_of
from tests.cli.support import DANGEROUS, FAILED, HEALTHY, REFUSED, ask, listing
from tests.cli.terminal import END, INTERRUPT, operator
from tests.rollback.situations import STATES
from tests.runbook.documents import ALERT, Tag, without_alerts

STEP_KEYS = {"number", "title", "sentence", "state", "detail", "command", "at"}


@pytest.fixture
def bad(work: Path) -> Tag:
    """A tag with a HIGH alert, newer than a good one."""
    without_alerts(work)
    Tag(work / "reports", "good")
    bad = Tag(work / "reports", "bad")
    bad.change(Artifact.MONITORING, partial(dict.update, status="ALERT", alerts=[ALERT]), age=1)
    return bad


def state_of(work: Path) -> OperationsState:
    return read_state(work / "reports")


def steps(work: Path) -> list[str]:
    return [step["state"] for step in ask(work, "rollback", "--json").document()["steps"]]


def contain(work: Path) -> None:
    """Do the first three steps, the Phase 3 run but for itself."""
    assert ask(work, "rollback", "--yes", "--to", "good").status == FAILED


def test_all_five_steps_by_answers_at_a_terminal(bad: Tag, work: Path) -> None:
    assert bad.name
    with operator(work, "rollback") as ada:
        ada.says("Do it?", "y")
        ada.asked("Step 2 of 5")
        ada.says("Switch to which tag?", "goood")
        ada.says("Switch to which tag?", "../x")
        ada.says("Switch to which tag?", "good")
        ada.says("Do it?", "y")
        ada.says("Do it?", "y")
        ada.says("Run the Phase 3 sequence as phase3_demo now?", "y")
        ada.says("Cause?", "the feed lost its bias")
        ada.says("Remediation?", "take the second feed")
        ada.says("Owner, of engineering, risk, product? [risk]", "nobody")
        ada.says("Owner, of engineering, risk, product? [risk]", "")
        ada.says("Closed when?", "")
        ada.says("Do it?", "y")
        ada.says("Tag of the rehearsal? [bad_rerun]", "bad")
        ada.asked("bad is frozen")
        ada.says("Tag of the rehearsal?", "fixed")
        ada.asked("sample_batch_input.json  14 records · ")
        ada.says("Input of the rehearsal?", "smaple.json")
        ada.asked("smaple.json is missing")
        ada.says("Input of the rehearsal?", "")
        ada.says("Accept them as the correction?", "y")
        ada.says("Do it?", "y")
        ada.asked("the incident is closed")
        assert ada.status() == HEALTHY
    state = state_of(work)
    assert (state.incident, state.active_tag, state.evaluation_mode) == (None, "fixed", "phase4")
    assert ask(work, "verify").status == HEALTHY
    assert read_lease(work / "reports") is None
    assert "goood" in ada.shown
    assert not DANGEROUS.search(ada.shown.replace("\r", ""))


def test_left_at_any_question_it_goes_on_there_for_another_operator(bad: Tag, work: Path) -> None:
    assert bad.name
    for number, (name, question, answer) in enumerate(
        [
            ("ada", "Do it?", INTERRUPT),
            ("grace", "Do it?", END),
            ("ada", "Do it?", "n"),
        ]
    ):
        with operator(work, "rollback", name=name) as who:
            who.says(question, answer)
            assert who.status() == FAILED, number
            assert "goes on from here" in who.shown
        assert read_lease(work / "reports") is None
        assert state_of(work).frozen == {}
    with operator(work, "rollback", name="grace") as grace:
        grace.says("Do it?", "y")
        grace.says("Switch to which tag?", INTERRUPT)
        assert grace.status() == FAILED
    assert steps(work)[:3] == ["done", "next", "open"]
    with operator(work, "rollback", "--to", "good", name="ada") as ada:
        ada.asked("✔ bad is frozen by grace@")
        ada.says("Do it?", "y")
        ada.says("Do it?", "y")
        ada.says("Run the Phase 3 sequence as phase3_demo now?", END)
        ada.says("Cause?", INTERRUPT)
        assert ada.status() == FAILED
    assert state_of(work).evaluation_mode == "phase3_only"
    incident = state_of(work).incident
    assert incident is not None
    assert incident.stage == "contained"


def test_it_begins_with_the_incident_what_is_done_and_which_step_comes(bad: Tag, work: Path) -> None:
    with operator(work, "rollback") as ada:
        ada.asked("P1 monitoring alert high · tag bad · owner risk")
        ada.asked("· not contained\n▶ step 1 of 5 comes now: Freeze")
        ada.says("Do it?", "y")
        ada.says("Switch to which tag?", END)
        ada.status()
    with operator(work, "rollback", name="bob") as bob:
        bob.asked("P1 monitoring alert high · tag bad · owner risk")
        bob.asked("✔ 1 Freeze")
        bob.asked("bad is frozen by ada")
        bob.asked("▶ step 2 of 5 comes now: Switch to known-good")
        bob.says("Switch to which tag?", END)
        bob.status()
        assert "✔ 2" not in bob.shown


def test_a_dead_operator_is_followed_at_once_and_a_living_one_only_with_a_reason(bad: Tag, work: Path) -> None:
    assert bad.name
    with operator(work, "rollback", name="ada") as dead:
        dead.asked("Do it?")
        dead.dies()
    with operator(work, "rollback", name="grace") as grace:
        grace.asked("Do it?")
        for operation in (["freeze", "bad", "--reason", "r", "--yes"], ["rollback", "--yes"]):
            refused = ask(work, *operation)
            assert refused.status == REFUSED
            assert "grace@" in refused.complaint()
            assert "--take-over" in refused.complaint()
        assert ask(work, "rollback", "--yes", "--take-over", " ").status == REFUSED
        assert ask(work, "rollback", "--yes", "--take-over", "grace is at lunch").status == FAILED
        assert "bad" in state_of(work).frozen
        grace.says("[y/N]", "y")
        assert grace.status() != HEALTHY
    (lease,) = [event for event in read_events(work / "reports") if event.kind == "lease" and event.detail["alive"]]
    assert lease.detail["reason"] == "grace is at lunch"
    assert "grace@" in lease.detail["from"]
    assert lease.operator == "ada"


def test_without_a_terminal_it_asks_for_yes_and_then_stops_where_it_needs_words(bad: Tag, work: Path) -> None:
    assert bad.name
    before = listing(work)
    assert "terminal" in ask(work, "rollback").complaint()
    assert listing(work) == before
    answer = ask(work, "rollback", "--yes")
    assert answer.status == FAILED
    assert "--to TAG" in answer.out
    assert steps(work)[:2] == ["done", "next"]
    answer = ask(work, "rollback", "--yes", "--to", "good")
    assert answer.status == FAILED
    assert "phase4 root-cause add" in answer.out
    assert steps(work) == ["done", "done", "done", "next", "open"]
    assert "Phase 3's" in ask(work, "mode", "show").out
    assert ask(work, "root-cause", "add", "--cause", "c", "--remediation", "r", "--owner", "risk").status == HEALTHY
    answer = ask(work, "rollback", "--yes")
    assert answer.status == FAILED
    assert "phase4 run --rehearsal" in answer.out


@pytest.mark.parametrize("hostile", ["../x", "", "no such"])
def test_a_target_that_is_no_tag_is_refused_before_anything_is_done(bad: Tag, work: Path, hostile: str) -> None:
    assert bad.name
    before = listing(work)
    assert "no run tag" in ask(work, "rollback", "--yes", f"--to={hostile}").complaint()
    assert listing(work) == before


@pytest.mark.parametrize("flags", [["--json"], ["--dry-run"], ["--json", "--dry-run", "--yes"]])
def test_looking_changes_nothing_whether_an_incident_is_open_or_not(bad: Tag, work: Path, flags: list[str]) -> None:
    assert bad.name
    before = listing(work)
    refused = ask(work, "rollback", *flags)
    assert refused.status == REFUSED
    assert "no incident is open" in refused.complaint()
    assert listing(work) == before
    contain(work)
    before = listing(work)
    answer = ask(work, "rollback", *flags)
    assert answer.status == HEALTHY
    assert listing(work) == before


def test_a_rehearsal_that_was_interrupted_is_resumed_where_it_stopped(work: Path) -> None:
    with STATES["re-run, stopped"].at(work):
        answer = ask(work, "rollback", "--yes")
    (run,) = [run for run in runs_of(work / "reports", "B_rerun") if run.resumes is not None]
    assert {step.state for step in run.steps} == {"passed"}
    assert "B_rerun has recovered" in answer.out, "and it is compared at once"


def test_who_has_stated_that_there_is_no_good_tag_is_only_asked_to_call_the_product_owner(work: Path) -> None:
    with STATES["no good tag, stated"].at(work):
        ask(work, "rollback", "--yes")
    incident = state_of(work).incident
    assert incident is not None
    assert [call.owner for call in incident.escalations] == ["product"]
    stated = [event for event in read_events(work / "reports") if event.kind == "no_good_tag"]
    assert [event.outcome for event in stated] == ["intent", "done"]


def test_on_leaving_it_says_what_is_next(bad: Tag, work: Path) -> None:
    assert bad.name
    answer = ask(work, "rollback", "--yes")
    assert "next: switch to good: phase4 known-good switch good --reason R" in answer.out.splitlines()


def test_under_json_it_is_one_document_with_each_step(bad: Tag, work: Path) -> None:
    assert bad.name
    contain(work)
    found = ask(work, "rollback", "--json").document()
    assert set(found) == {"incident", "evaluation_mode", "active_tag", "steps", "lease", "revision", "next_move"}
    assert [set(step) for step in found["steps"]] == [STEP_KEYS] * 5
    assert [step["number"] for step in found["steps"]] == [1, 2, 3, 4, 5]
    assert all(len(step["sentence"]) > 30 and "**" not in step["sentence"] for step in found["steps"])
    assert found["incident"]["class"] == "P1"
    assert json.dumps(found).isascii()


def test_without_any_good_tag_it_falls_back_and_calls_the_product_owner(bad: Tag, work: Path) -> None:
    assert bad.name
    (work / "reports" / "good_quality_check.json").unlink()
    answer = ask(work, "rollback", "--yes")
    assert "no tag holds all" in answer.out
    state = state_of(work)
    assert (state.active_tag, state.evaluation_mode) == (None, "phase3_only")
    assert state.incident is not None
    assert (state.incident.no_good_tag, state.incident.stage) == (True, "contained")
    assert [call.owner for call in state.incident.escalations] == ["product"]
    assert steps(work)[:3] == ["done", "done", "done"]
    assert not (work / "reports" / "ACTIVE.json").exists()


def test_after_a_re_run_that_failed_another_is_asked_for(bad: Tag, work: Path) -> None:
    assert bad.name
    contain(work)
    ask(work, "root-cause", "add", "--cause", "c", "--remediation", "r", "--owner", "risk")
    records = json.loads((work / "sample_batch_input.json").read_text())
    (work / "idle.json").write_text(json.dumps([record | {"options_bias": "NEUTRAL"} for record in records]))
    assert ask(work, "run", "--rehearsal", "--tag", "still-bad", "--input", "idle.json").status == 11
    last = ask(work, "rollback", "--json").document()["steps"][4]
    assert "monitoring OK" in last["detail"]
    assert "--rehearsal" in last["command"]
    with operator(work, "rollback") as ada:
        ada.says("Tag of the rehearsal?", "fixed")
        ada.says("Input of the rehearsal?", "")
        ada.says("Accept them as the correction?", "n")
        assert ada.status() == FAILED
    assert ask(work, "rollback", "--json").document()["steps"][4]["detail"].startswith("fixed: input and rules")


def test_a_tag_that_was_tampered_with_is_restored_first(bad: Tag, work: Path) -> None:
    contain(work)
    kept = bad.path(Artifact.SUMMARY).read_bytes()
    bad.path(Artifact.SUMMARY).write_text("{}")
    assert steps(work)[0] == "tampered"
    assert "restore bad" in ask(work, "rollback", "--json").document()["steps"][0]["command"]
    contain(work)
    assert bad.path(Artifact.SUMMARY).read_bytes() == kept
    assert steps(work)[0] == "done"


def test_what_a_narrow_terminal_would_break_is_broken_between_words(bad: Tag, work: Path) -> None:
    assert bad.name
    with operator(work, "rollback", columns=60) as ada:
        ada.asked("Do it?")
        ada.dies()
    wide = [line for line in ada.shown.split("\n") if len(line) > 60]
    assert not [line for line in wide if " " in line.strip()], "only a word of its own may be longer"
    assert "Step 1 of 5: Freeze the artifacts" in ada.shown
