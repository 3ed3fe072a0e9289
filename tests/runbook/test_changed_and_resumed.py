"""Resuming goes by what the kept steps really used, not by what their run had planned."""

import shutil
from pathlib import Path

import pytest

from phase4_tui.artifacts.names import Artifact, file_name
from phase4_tui.errors import Refused
from phase4_tui.runbook.provenance import RunRecord, runs_of, save_run
from tests.runbook.support import TAG, Recording, foreign, plan, run, script_of, step, verdict
from tests.runbook.test_changed_during_run import INPUT, RULES, Editor, appending, changes, sha

MARKDOWN = file_name(TAG, Artifact.REPORT_MD)


def stopped(work: Path, observer: Recording) -> RunRecord:
    """Make a run that crashes in its third step, and then mend that step's script as it was."""
    record = run(work, observer=observer)
    assert [one.state for one in record.steps[:3]] == ["passed", "passed", "crashed"]
    (work / "mended").touch()
    return record


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """An operator's directory whose third step crashes until there is a file `mended`."""
    work = foreign(tmp_path / "w")
    script = script_of(work, "quality_check")
    script.write_text(f"import os\nassert os.path.exists('mended')\n{script.read_text()}")
    return work


def test_an_input_that_changed_before_its_step_is_the_one_that_a_resumed_run_goes_on_with(work: Path) -> None:
    first = stopped(work, Editor(pipeline=appending(work / INPUT)))
    assert changes(first) == [(INPUT, "pipeline")]
    record = run(work, resume=True)
    assert record.resumes == first.run_id
    assert record.changed == ()
    assert record.input.sha256 == record.input_used == first.input_used == sha(work / INPUT)
    assert verdict(work)[1].level == "ok"


def test_the_planned_input_put_back_is_not_the_one_that_the_kept_step_used(work: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    shutil.copy(work / INPUT, kept)
    record = stopped(work, Editor(pipeline=appending(work / INPUT)))
    shutil.copy(kept, work / INPUT)
    assert sha(work / INPUT) == record.input.sha256
    words = f"the input .sha256 {(record.input_used or '')[:12]} → {sha(kept)[:12]}"
    with pytest.raises(Refused, match=words):
        plan(work, resume=True)


@pytest.mark.parametrize("name", ["phase4_release_check.py", f"reports/{MARKDOWN}"])
def test_what_a_kept_step_used_and_was_put_back_afterwards_keeps_a_run_from_being_resumed(
    work: Path, tmp_path: Path, name: str
) -> None:
    path, kept = work / name, tmp_path / "kept"

    def edit() -> None:
        shutil.copy(path, kept)
        appending(path)()

    stopped(work, Editor("release_check", lambda: kept.replace(path), release_check=edit))
    with pytest.raises(Refused, match=f"these changed: {path.name} "):
        plan(work, resume=True)


def test_a_file_is_named_once_however_often_it_changed(work: Path) -> None:
    stopped(work, Editor("pipeline", appending(work / "reports" / MARKDOWN)))
    appending(work / "reports" / MARKDOWN)()
    with pytest.raises(Refused, match="these changed") as refused:
        plan(work, resume=True)
    assert refused.value.message.count(MARKDOWN) == 1


def test_what_a_kept_step_used_may_not_change_in_the_resumed_run_either(work: Path) -> None:
    stopped(work, Recording())
    record = run(work, resume=True, observer=Editor(signoff=appending(work / INPUT)))
    assert changes(record) == [(INPUT, None)]
    assert verdict(work)[1].rule == "changed_during_run"


def test_the_record_of_an_older_version_is_resumed_as_before(work: Path) -> None:
    first = stopped(work, Recording())
    old = [one.model_copy(update={"used": {}, "seen": {}}) for one in first.steps]
    save_run(work / "reports", first.model_copy(update={"steps": tuple(old)}))
    assert next(runs_of(work / "reports", TAG)).input_used == first.input.sha256
    record = run(work, resume=True)
    assert (record.resumes, record.changed) == (first.run_id, ())
    assert step(record, "monitor").used[RULES] == sha(work / RULES)
    assert verdict(work)[1].level == "ok"
