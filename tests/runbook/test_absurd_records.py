"""What stands in a record, an event or a note is damage where it is absurd: never a traceback, and never green."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from phase4_tui.artifacts.frozen import frozen_dir
from phase4_tui.artifacts.names import Artifact, state_dir
from phase4_tui.artifacts.regular_files import Unreadable
from phase4_tui.journal import noted_runs
from phase4_tui.journal.actor import Actor
from phase4_tui.journal.event_text import describe
from phase4_tui.journal.log import Draft, read_events
from phase4_tui.journal.writer import record
from phase4_tui.runbook.provenance import RunRecord, look_at_record, new_run_id, run_ids, save_run
from phase4_tui.runbook.run_closing import close_interrupted
from phase4_tui.runbook.run_holder import announce
from phase4_tui.runbook.signoff_note import LONGEST_NOTE, read_recommendation
from tests.cli.support import FAILED, HEALTHY, UNKNOWN, ask
from tests.rollback.support import site_of
from tests.runbook.support import TAG, laid_out, run


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A working directory in which a sequence was run."""
    work = laid_out(tmp_path / "w")
    run(work)
    return work


def newest(work: Path) -> Path:
    return max((state_dir(work / "reports") / "runs" / TAG).glob("*.json"))


def rewritten(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_bytes()) | changes))


ABSURD: dict[str, dict[str, Any]] = {
    "an end that is no time": {"ended_at": "tomorrow"},
    "an end without a zone": {"ended_at": "0001-01-01T00:00:00"},
    "a tag that is none": {"tag": "no tag!"},
    "another tag": {"tag": "other"},
    "an input that no file can have": {"input": {"path": "a\0b", "sha256": None}, "state": "interrupted"},
    "steps that are none": {"steps": []},
}


@pytest.mark.parametrize("name", ABSURD)
def test_a_record_with_absurd_values_is_unknown_in_every_look(work: Path, name: str) -> None:
    rewritten(newest(work), **ABSURD[name])
    report = work / "reports" / f"{TAG}{Artifact.REPORT}"
    report.write_text(report.read_text() + " ")
    assert ask(work, "status").status == UNKNOWN
    assert ask(work, "tags").status == HEALTHY
    assert ask(work, "verify").status == FAILED


def test_a_manifest_with_an_absurd_time_is_tampered(work: Path) -> None:
    assert ask(work, "freeze", TAG, "--reason", "r", "--yes").status == HEALTHY
    manifest = frozen_dir(work / "reports", TAG) / "manifest.json"
    manifest.chmod(0o644)
    rewritten(manifest, at="yesterday")
    assert ask(work, "status", "--json").document()["classification"]["rule"] == "tampered"


def test_a_link_that_leads_nowhere_among_the_records_hides_no_tag(work: Path) -> None:
    runs = state_dir(work / "reports") / "runs"
    (runs / "loop").symlink_to("loop")
    for artifact in (work / "reports").glob(f"{TAG}_*"):
        artifact.unlink()
    assert [row["tag"] for row in ask(work, "tags", "--json").document()["tags"]] == [TAG]


def test_a_tag_whose_files_and_records_are_gone_is_known_from_the_journal(work: Path) -> None:
    for artifact in (work / "reports").glob(f"{TAG}_*"):
        artifact.unlink()
    shutil.rmtree(state_dir(work / "reports") / "runs")
    assert ask(work, "status").status == UNKNOWN
    assert [row["tag"] for row in ask(work, "tags", "--json").document()["tags"]] == [TAG]


def test_a_record_that_the_journal_does_not_know_is_not_believed(work: Path) -> None:
    known = RunRecord.model_validate_json(newest(work).read_bytes())
    save_run(work / "reports", known.model_copy(update={"run_id": new_run_id()}))
    assert ask(work, "status", "--json").document()["classification"]["rule"] == "run_record_damaged"
    assert ask(work, "verify").status == FAILED


def test_a_run_killed_between_its_record_and_the_event_about_it_is_noted_by_the_next_one(work: Path) -> None:
    real = noted_runs.noted_runs(work / "reports")
    (run_id,) = run_ids(work / "reports", TAG)
    journal = state_dir(work / "reports") / "journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    assert json.loads(lines[-1])["detail"]["state"] == "finished"
    for name in ("journal.head", "state.json"):
        (state_dir(work / "reports") / name).unlink()
    journal.write_bytes(b"".join(lines[:-1]))
    assert ask(work, "status").status == UNKNOWN
    announce(work / "reports", TAG, run_id, "ada")
    close_interrupted(work / "reports", "killed", site_of(work).artifacts)
    assert real.of(TAG)[run_id].state == "finished"
    assert ask(work, "status").status == HEALTHY


def test_what_a_journal_that_can_not_be_read_now_says_is_asked_again(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest(work).unlink()
    noted_runs.noted_runs.cache_clear()
    with monkeypatch.context() as patched:

        def refuse(path: Path) -> object:
            raise Unreadable("can't be opened: Too many open files")

        patched.setattr(noted_runs, "open_regular", refuse)
        noted_runs.noted_runs(work / "reports").of(TAG)
    assert ask(work, "status").status == UNKNOWN


@pytest.mark.parametrize("detail", [{"changed": ["x"]}, {"changed": 5}, {"steps": ["a"]}, {"steps": 5}])
def test_an_event_of_another_shape_is_told_plainly(tmp_path: Path, detail: dict[str, Any]) -> None:
    (tmp_path / "reports").mkdir()
    record(tmp_path / "reports", Actor("ada"), Draft("run", "t", None, {"run": "r", "state": "finished"} | detail))
    (event,) = read_events(tmp_path / "reports")
    assert "run t" in (describe(event) or "")


def test_an_event_about_a_tag_that_is_none_keeps_nothing_from_being_verified(work: Path) -> None:
    record(work / "reports", Actor("ada"), Draft("run", "../../x", None, {"run": "r", "state": "finished"}))
    assert ask(work, "verify").status == HEALTHY
    assert ask(work, "status").status == HEALTHY


SLOW: dict[str, Callable[[], str]] = {
    "digits": lambda: "Recommendation: GO &#" + "9" * 5000 + ";",
    "a note that is no note": lambda: "Recommendation: GO\n" + "\ufdfa" * LONGEST_NOTE,
}


@pytest.mark.parametrize("name", SLOW)
def test_a_note_made_to_be_slow_or_to_break_is_read_or_refused_at_once(name: str) -> None:
    found = read_recommendation(SLOW[name]())
    assert found.verdict == ("GO" if name == "digits" else "NO-GO")


def test_older_records_of_a_tag_are_not_read(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = RunRecord.model_validate_json(newest(work).read_bytes())
    for number in range(30):
        save_run(work / "reports", known.model_copy(update={"run_id": f"2020010{number % 9}T000000Z-{number:010d}"}))
    looked: list[str] = []

    def look_at(reports: Path, tag: str, run_id: str) -> object:
        looked.append(run_id)
        return look_at_record(reports, tag, run_id)

    monkeypatch.setattr("phase4_tui.runbook.tag_runs.look_at_record", look_at)
    assert ask(work, "status").status == HEALTHY
    assert set(looked) == {known.run_id}


def test_a_copy_of_a_desk_that_was_run_with_an_absolute_reports_directory_is_healthy(tmp_path: Path) -> None:
    work = laid_out(tmp_path / "one")
    assert ask(work, "--reports", str(work / "reports"), "run").status == HEALTHY
    shutil.copytree(work, tmp_path / "two", symlinks=True)
    assert ask(tmp_path / "two", "status").status == HEALTHY
