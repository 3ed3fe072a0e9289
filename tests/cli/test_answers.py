"""What a command takes for an answer, and what becomes of a run's outcome and of flags that meet."""

import subprocess
from functools import partial
from pathlib import Path

import pytest

from phase4_tui.artifacts.names import Artifact
from phase4_tui.journal.log import read_events
from phase4_tui.journal.state import read_state
from phase4_tui.journal.writer import journal_lock
from phase4_tui.rollback.incidents import look_for_incident
from phase4_tui.rollback.operations import operations_lock
from tests.cli.support import ENVIRONMENT, FAILED, HEALTHY, REFUSED, ask, command
from tests.cli.terminal import END, operator
from tests.rollback.support import site_of
from tests.runbook.documents import ALERT, Tag, without_alerts
from tests.runbook.support import until


@pytest.fixture
def bad(work: Path) -> Tag:
    """A tag with an open incident, newer than a good one."""
    without_alerts(work)
    Tag(work / "reports", "good")
    bad = Tag(work / "reports", "bad")
    bad.change(Artifact.MONITORING, partial(dict.update, status="ALERT", alerts=[ALERT]), age=1)
    look_for_incident(site_of(work), "bad")
    return bad


@pytest.mark.usefixtures("bad")
def test_what_was_typed_before_the_question_is_no_answer_to_it(work: Path) -> None:
    with operator(work, "rollback") as me:
        me.says("Do it?", "y")
        me.says("Switch to which tag?", "good\ny\ny")
        me.says("Switch to which tag?", "good")
        me.says("Do it?", END)
        assert me.status() == FAILED
    state = read_state(work / "reports")
    assert (list(state.frozen), state.active_tag) == (["bad"], None)


@pytest.mark.usefixtures("bad")
def test_lines_pasted_into_one_answer_are_kept_in_it_and_answer_no_other_question(work: Path) -> None:
    with operator(work, "rollback") as me:
        me.says("Do it?", "y")
        me.says("Switch to which tag?", "good")
        me.says("Do it?", "y\ny\ny")
        me.asked("several lines at once are no answer")
        me.says("Do it?", "y")
        me.says("Do it?", "y")
        me.says("Run the Phase 3 sequence as phase3_demo now?", "y")
        me.says("Cause?", "the calendar\ny\n# came late")
        me.says("Remediation?", "y\ny\ny\nrisk\ny\ny\ny")
        me.says("Owner", "risk")
        me.says("Closed when?", "healthy")
        me.asked("cause: the calendar␊y␊# came late")
        assert read_state(work / "reports").incident.root_causes == ()  # type: ignore[union-attr]
        me.says("Do it?", "y")
        me.asked("Tag of the rehearsal?")
    found = ask(work, "root-cause", "list", "--json").document()["root_causes"]
    assert [one["cause"] for one in found] == ["the calendar\ny\n# came late"]
    assert "the calendar␊y␊# came late" in ask(work, "root-cause", "list").out
    exported = ask(work, "incident", "export").out
    assert "- **Cause**: the calendar\\\n    y\\\n    \\# came late\n" in exported


@pytest.mark.usefixtures("bad")
def test_the_last_line_of_a_paste_may_have_no_end(work: Path) -> None:
    with operator(work, "escalate", "--owner", "risk", "--json") as me:
        assert me.status() == HEALTHY
    with operator(work, "escalate") as me:
        me.says("Whom to call", "risk")
        me.asked("What should risk know?")
        me.types("one\ntwo\nthree")
        assert me.status() == HEALTHY
    assert list(read_events(work / "reports"))[-1].detail["note"] == "one\ntwo\nthree"


@pytest.mark.usefixtures("bad")
def test_what_is_typed_while_the_next_question_is_prepared_is_dropped_and_that_is_said(work: Path) -> None:
    journal, operations = journal_lock(work / "reports"), operations_lock(work / "reports")
    with operator(work, "rollback") as me:
        me.asked("Do it?")
        journal.acquire()
        me.types("y\n")
        until(operations.is_held)  # the answer was read, and the tag waits for the journal to be frozen
        me.types("y\ny")
        journal.release()
        me.asked("what was typed before this question is no answer to it")
        me.says("Switch to which tag?", END)
        assert me.status() == FAILED
    assert list(read_state(work / "reports").frozen) == ["bad"]


@pytest.mark.usefixtures("bad")
def test_a_note_may_be_left_empty_and_one_that_was_given_is_not_asked_for(work: Path) -> None:
    with operator(work, "escalate") as me:
        me.says("Whom to call", "risk")
        me.says("What should risk know?", "")
        assert me.status() == HEALTHY
    with operator(work, "escalate", "--note", "look at bad") as me:
        me.says("Whom to call", "product")
        assert me.status() == HEALTHY
    incident = read_state(work / "reports").incident
    assert incident is not None
    assert [(call.owner, call.note) for call in incident.escalations] == [("risk", None), ("product", "look at bad")]


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
def test_a_stream_that_the_caller_has_closed_is_no_defect(bad: Tag, work: Path, closed: str) -> None:
    words = command("freeze", bad.name, "--reason", "R")
    found = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}', "sh", *words], cwd=work, env=ENVIRONMENT, stdin=subprocess.DEVNULL,
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert found.returncode == REFUSED
    assert b"Traceback" not in found.stderr


@pytest.mark.usefixtures("bad")
def test_a_post_mortem_is_written_under_json_too(work: Path) -> None:
    document = ask(work, "incident", "export", "--json", "--out", "pm.md").document()
    assert (work / "pm.md").read_text().strip() == document["markdown"].strip()


@pytest.mark.usefixtures("bad")
def test_a_comparison_that_notes_nothing_has_no_plan_to_note_it(work: Path) -> None:
    other = ask(work, "compare", "good", "bad", "--dry-run")
    assert other.status == HEALTHY
    assert "journal" not in other.out


def test_the_outcome_of_a_run_is_shown_though_its_incident_cannot_be_written(
    theirs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("phase4_tui.cli.run.look_for_incident", full)
    answer = ask(theirs, "run")
    assert "no incident was opened: [Errno 28] No space left on device" in answer.err
    assert answer.status == HEALTHY
