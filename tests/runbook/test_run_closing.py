"""The record of a run is closed whatever goes wrong after it was opened, and the next run is possible at once."""

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from phase4_tui.journal.log import read_events
from phase4_tui.journal.state import StateUnreadable
from phase4_tui.runbook import provenance, run_closing, sequence
from phase4_tui.runbook.provenance import RunRecord, StepRecord, runs_of
from phase4_tui.runbook.run_holder import HOLDER_FILE, running
from phase4_tui.runbook.sequence import run_plan
from phase4_tui.runbook.settings import load_settings
from phase4_tui.runbook.steps import Command, find_step
from tests.cli.support import ask
from tests.runbook.support import ENVIRONMENT, TAG, Recording, foreign, plan, run, states

FIRST = find_step("pipeline")
Spoil = Callable[[pytest.MonkeyPatch, Path], Recording]


class Broken(Exception):
    """An error that nobody foresaw."""


def no_environment(patch: pytest.MonkeyPatch, work: Path) -> Recording:
    def refuse(*_: object) -> dict[str, str]:
        raise PermissionError(errno.EACCES, "Permission denied", "/root/.pyenv")

    patch.setattr(sequence, "step_environment", refuse)
    return Recording()


def who_shows_the_start_breaks(patch: pytest.MonkeyPatch, work: Path) -> Recording:
    class Breaks(Recording):
        def run_started(self, record: RunRecord) -> None:
            raise Broken("the screen is gone")

    return Breaks()


def who_shows_a_step_breaks(patch: pytest.MonkeyPatch, work: Path) -> Recording:
    class Breaks(Recording):
        def step_started(self, command: Command) -> None:
            raise Broken("the screen is gone")

    return Breaks()


def interrupted_between_steps(patch: pytest.MonkeyPatch, work: Path) -> Recording:
    class Interrupted(Recording):
        def step_ended(self, record: StepRecord) -> None:
            raise KeyboardInterrupt

    return Interrupted()


def no_place_for_a_transcript(patch: pytest.MonkeyPatch, work: Path) -> Recording:
    class Occupies(Recording):
        def step_started(self, command: Command) -> None:
            (record,) = (work / "reports" / ".phase4" / "runs" / TAG).glob("*.json")
            record.with_suffix(".1-pipeline.log").touch()

    return Occupies()


def a_disk_without_room_for_a_transcript(patch: pytest.MonkeyPatch, work: Path) -> Recording:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    patch.setattr(sequence, "run_child", full)
    return Recording()


def damage_journal(work: Path) -> None:
    head = work / "reports" / ".phase4" / "journal.head"
    head.write_text(head.read_text().replace('"seq": ', '"seq": 9'))


def a_journal_damaged_before_its_start_is_noted(patch: pytest.MonkeyPatch, work: Path) -> Recording:
    def save(reports: Path, record: RunRecord) -> None:
        provenance.save_run(reports, record)
        damage_journal(work)
        patch.setattr(sequence, "save_run", provenance.save_run)

    patch.setattr(sequence, "save_run", save)
    return Recording()


WAYS: dict[Spoil, tuple[type[BaseException], str]] = {
    no_environment: (PermissionError, "Permission denied"),
    who_shows_the_start_breaks: (Broken, "the screen is gone"),
    who_shows_a_step_breaks: (Broken, "the screen is gone"),
    interrupted_between_steps: (KeyboardInterrupt, "KeyboardInterrupt"),
    no_place_for_a_transcript: (FileExistsError, "File exists"),
    a_disk_without_room_for_a_transcript: (OSError, "No space left"),
    a_journal_damaged_before_its_start_is_noted: (StateUnreadable, "journal"),
}


@pytest.mark.parametrize("spoil", WAYS, ids=lambda spoil: spoil.__name__)
def test_a_run_is_closed_with_its_error_and_the_caller_gets_that_error(
    spoil: Spoil, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = foreign(tmp_path / "w")
    run(work, tag="before", only=FIRST)
    kind, words = WAYS[spoil]
    with monkeypatch.context() as patch, pytest.raises(kind) as caught:
        run(work, observer=spoil(patch, work))
    assert words in str(caught.value) or words == caught.type.__name__
    (closed,) = runs_of(work / "reports", TAG)
    assert closed.state == "interrupted"
    assert closed.ended_at is not None
    assert closed.error is not None
    assert closed.error.startswith("interrupted: ")
    assert words in closed.error
    assert "running" not in states(closed).values()
    assert running(work / "reports") is None
    assert not (work / "reports" / ".phase4" / "running" / HOLDER_FILE).exists()


@pytest.mark.parametrize(
    "spoil", [way for way in WAYS if WAYS[way][0] is not StateUnreadable], ids=lambda it: it.__name__
)
def test_the_journal_says_so_and_the_next_run_is_possible_at_once(
    spoil: Spoil, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = foreign(tmp_path / "w")
    with monkeypatch.context() as patch, pytest.raises(WAYS[spoil][0]):
        run(work, observer=spoil(patch, work))
    noted = [event.detail for event in read_events(work / "reports") if event.kind == "run"]
    assert [detail["state"] for detail in noted] == ["running", "interrupted"]
    assert WAYS[spoil][1] in noted[-1]["error"]
    assert run(work, only=FIRST).state == "finished"
    assert [kept.state for kept in runs_of(work / "reports", TAG)] == ["finished", "interrupted"]


def test_status_says_why_the_run_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = foreign(tmp_path / "w")
    with pytest.raises(Broken):
        run(work, observer=who_shows_a_step_breaks(monkeypatch, work))
    assert "stopped at pipeline: interrupted: the screen is gone" in ask(work, "status").out


def test_a_record_that_a_full_disk_left_open_is_closed_by_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = foreign(tmp_path / "w")

    class Filled(Recording):
        def run_started(self, record: RunRecord) -> None:
            def full(*_: object) -> None:
                raise OSError(errno.ENOSPC, "No space left on device")

            monkeypatch.setattr(sequence, "save_run", full)
            monkeypatch.setattr(run_closing, "save_run", full)

    with pytest.raises(OSError, match="No space left"):
        run(work, observer=Filled())
    assert running(work / "reports") is None
    monkeypatch.undo()
    run(work, tag="other", only=FIRST)
    (closed,) = runs_of(work / "reports", TAG)
    assert closed.state == "interrupted"
    assert closed.error == "interrupted: the process that ran it ended"


def test_a_record_that_cannot_be_closed_hinders_no_run_of_another_tag(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = foreign(tmp_path / "w")
    killed = plan(work)
    settings = load_settings(work, ENVIRONMENT)

    def never(reports: Path, record: RunRecord) -> None:
        if record.tag == TAG and record.state == "interrupted":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        provenance.save_run(reports, record)

    monkeypatch.setattr(run_closing, "save_run", never)
    with monkeypatch.context() as patch, pytest.raises(PermissionError):
        run_plan(killed, settings, ENVIRONMENT, no_environment(patch, work), threading.Event())
    assert run(work, tag="other", only=FIRST).state == "finished"
