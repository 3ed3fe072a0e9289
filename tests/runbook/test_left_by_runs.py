"""A run that did not come to its end is not made up for by new times of the files that it left, as in a copy."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from phase4_tui.artifacts.names import Artifact, file_name
from phase4_tui.runbook.steps import find_step
from phase4_tui.runbook.tag_runs import read_runs
from tests.rollback.support import site_of
from tests.runbook.support import TAG, foreign, laid_out, run, script_of, verdict

CRASHES = "raise SystemExit(1)"


def copied(work: Path, tmp_path: Path) -> Path:
    """Copy the directory as `cp -r` does, and let the copies be newer than all on record."""
    subprocess.run(["cp", "-r", work, tmp_path / "copy"], check=True)
    touched(tmp_path / "copy")
    return tmp_path / "copy"


def touched(work: Path) -> Path:
    """Give every artifact the present time."""
    for path in (work / "reports").glob(f"{TAG}_*"):
        os.utime(path)
    return work


WAYS: dict[str, Callable[[Path, Path], Path]] = {"copied": copied, "touched": lambda work, _: touched(work)}


@pytest.fixture(params=WAYS)
def renew(request: pytest.FixtureRequest) -> Callable[[Path, Path], Path]:
    """What gives the files new times."""
    return WAYS[request.param]


@pytest.mark.parametrize("step", ["pipeline", "monitor"])
def test_a_step_that_crashed_counts_though_its_files_have_new_times(
    tmp_path: Path, renew: Callable[[Path, Path], Path], step: str
) -> None:
    work = foreign(tmp_path / "w")
    run(work)
    script_of(work, step).write_text(CRASHES)
    run(work)
    renewed = renew(work, tmp_path)
    assert verdict(renewed)[1].rule == "step_broken"
    for name in ("pipeline_runner.py", "phase4_monitor_runner.py"):
        shutil.copy(Path(__file__).parent.parent / "foreign" / name, renewed)
    run(renewed)
    assert verdict(renewed)[1].level == "ok"


def test_a_run_on_another_batch_that_was_killed_leaves_no_green_verdict_of_checks_that_no_run_made(
    tmp_path: Path, renew: Callable[[Path, Path], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    work = laid_out(tmp_path / "w")
    run(work)
    shutil.rmtree(work / "reports" / ".phase4")  # so that no record says what the checks judged
    (work / "batch.json").write_text(json.dumps(json.loads((work / "sample_batch_input.json").read_bytes())[::-1]))
    die_after_the_pipeline(work)
    run(work, tag="other")  # closes what the dead left
    renewed = renew(work, tmp_path)
    assert verdict(renewed)[1].rule == "run_interrupted"


def die_after_the_pipeline(work: Path) -> None:
    """Run a sequence whose process is killed when its second step starts."""
    code = (
        "import os, signal; from pathlib import Path; from tests.runbook import support\n"
        "class Dies(support.Recording):\n"
        "    def step_started(self, command):\n"
        "        if command.step.number == 2: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"support.run(Path({str(work)!r}), observer=Dies(), input='batch.json')\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], timeout=60)


def test_a_step_that_crashed_is_made_up_for_by_hand_with_another_result(tmp_path: Path) -> None:
    work = foreign(tmp_path / "w")
    run(work)
    script_of(work, "signoff").write_text(CRASHES)
    run(work, only=find_step("signoff"))
    assert verdict(work)[1].rule == "step_broken"
    note = work / "reports" / file_name(TAG, Artifact.PHASE4_SIGNOFF)
    note.write_text("# Sign-off by hand\n\nRecommendation: **GO**\n")
    assert verdict(work)[1].level == "ok"
    assert note.stat().st_mtime <= time.time()


def test_the_record_of_a_run_that_died_is_not_believed_when_it_says_that_each_step_passed(tmp_path: Path) -> None:
    work = laid_out(tmp_path / "w")
    run(work)
    (work / "batch.json").write_text(json.dumps(json.loads((work / "sample_batch_input.json").read_bytes())[::-1]))
    die_after_the_pipeline(work)
    assert verdict(work)[1].rule == "run_interrupted"
    record = max((work / "reports" / ".phase4" / "runs" / TAG).glob("*.json"))
    content = json.loads(record.read_bytes())
    for step in content["steps"]:
        step["state"] = "passed"
    for state in ("running", "finished"):
        record.write_text(json.dumps(content | {"state": state}))
        assert verdict(touched(work))[1].rule in {"run_record_damaged", "artifacts_not_usable"}
        assert [one.file for one in read_runs(site_of(work), TAG, under_way=False).damaged] == [str(record)]
        assert read_runs(site_of(work), TAG, under_way=True).damaged == ()
