"""A check is fresh when what it judged is what is there now, by the best proof that exists."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from phase4_tui.artifacts.names import Artifact, file_name
from phase4_tui.errors import Refused
from phase4_tui.rollback.known_good import plan_switch
from phase4_tui.runbook.judging import Judgement, judge_tag
from phase4_tui.runbook.steps import find_step
from tests.rollback.support import freeze, site_of, state_of
from tests.runbook.documents import Tag, quality
from tests.runbook.support import TAG, foreign, laid_out, plan, run

DAY = 86_400.0
CHECKS = (Artifact.RELEASE_CHECK, Artifact.QUALITY_CHECK, Artifact.MONITORING, Artifact.PHASE4_SIGNOFF)


def judged(work: Path, tag: str = TAG) -> Judgement:
    return judge_tag(site_of(work), tag, state_of(work), patient=False)


def level(work: Path, tag: str = TAG) -> str:
    return judged(work, tag).classification.level


def path(work: Path, artifact: Artifact, tag: str = TAG) -> Path:
    return work / "reports" / file_name(tag, artifact)


def date(file: Path, ahead: float) -> None:
    moment = time.time() + ahead
    os.utime(file, (moment, moment))


def bad_batch(work: Path) -> Path:
    """Return an input of other records than the sample's."""
    records = json.loads((work / "sample_batch_input.json").read_bytes())
    records[0] |= {"event_name": "RBI", "event_window_active": True, "current_portfolio_exposure_pct": 99.0}
    (work / "other.json").write_text(json.dumps(records[:3]))
    return work / "other.json"


@pytest.fixture(params=["ours", "theirs"])
def work(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A working directory in which a sequence was run."""
    work = (laid_out if request.param == "ours" else foreign)(tmp_path / "w")
    run(work)
    assert level(work) == "ok"
    return work


@pytest.mark.parametrize("ahead", [-DAY, 0, DAY])
def test_step_1_on_another_batch_makes_every_check_stale_whatever_the_times_are(work: Path, ahead: float) -> None:
    run(work, only=find_step("pipeline"), input=str(bad_batch(work)))
    for artifact in CHECKS:
        date(path(work, artifact), ahead)
    found = judged(work)
    assert {check.state for check in found.health.checks.values()} == {"stale"}
    assert (found.classification.level, found.rung) == ("unknown", "parses")
    with pytest.raises(Refused):
        plan_switch(site_of(work), TAG, "why")


def test_step_1_that_writes_the_very_same_report_leaves_every_check_fresh(work: Path) -> None:
    run(work, only=find_step("pipeline"))
    assert level(work) == "ok"


def test_a_report_edited_after_the_run_is_noticed_though_its_times_are_put_back(work: Path) -> None:
    report = path(work, Artifact.REPORT)
    before = report.stat()
    report.write_bytes(report.read_bytes().replace(b"BUY_CALL", b"BUY_PUTS", 1))
    os.utime(report, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert {check.state for check in judged(work).health.checks.values()} == {"stale"}


def test_a_check_edited_after_the_run_is_noticed_though_it_is_newer(work: Path) -> None:
    check = path(work, Artifact.QUALITY_CHECK)
    check.write_text(check.read_text() + "\n")
    found = judged(work)
    assert found.health["quality_check"].state == "stale"
    assert (
        found.health["quality_check"].issues[-1]
        == "was changed since its step wrote it; run its step, or the sequence, again"
    )
    assert found.classification.level == "unknown"


def test_times_alone_make_nothing_stale_that_the_record_proves(work: Path) -> None:
    for artifact in CHECKS:
        date(path(work, artifact), -DAY)
    assert level(work) == "ok"


def rsync(source: Path, target: Path) -> None:
    """Copy as `rsync -r` does: new times, one file after the other by name."""
    if shutil.which("rsync"):
        subprocess.run(["rsync", "-r", f"{source}/", f"{target}/"], check=True)
        return
    shutil.copytree(source, target, copy_function=shutil.copyfile)


def tar(source: Path, target: Path) -> None:
    target.mkdir()
    packed = target.with_suffix(".tar")
    subprocess.run(["tar", "cf", packed, "-C", source, "."], check=True)
    subprocess.run(["tar", "xmf", packed, "-C", target], check=True)


WAYS: dict[str, Callable[[Path, Path], object]] = {
    "cp -r": lambda source, target: subprocess.run(["cp", "-r", source, target], check=True),
    "rsync -r": rsync,
    "tar xm": tar,
    "mv": shutil.move,
}


@pytest.mark.parametrize("way", WAYS)
def test_a_copy_of_a_healthy_directory_is_healthy_in_whatever_sequence_its_files_were_copied(
    work: Path, tmp_path: Path, way: str
) -> None:
    freeze(work, TAG)
    run(work, tag="other")
    copy = tmp_path / "copy"
    WAYS[way](work, copy)
    for tag in (TAG, "other"):
        names = [artifact for artifact in Artifact if path(copy, artifact, tag).exists()]
        for seconds, artifact in enumerate(reversed(names)):  # as a slow copy, the report last
            date(path(copy, artifact, tag), seconds * 60 - DAY)
        assert level(copy, tag) == "ok"
    assert judged(copy).evidence.frozen == "intact"


def test_a_copy_is_as_stale_as_what_was_copied(work: Path, tmp_path: Path) -> None:
    run(work, only=find_step("pipeline"), input=str(bad_batch(work)))
    subprocess.run(["cp", "-r", work, tmp_path / "copy"], check=True)
    assert level(tmp_path / "copy") == "unknown"


def test_a_frozen_tag_that_no_run_is_on_record_of_is_judged_by_its_manifest_wherever_it_was_copied(
    tmp_path: Path,
) -> None:
    work = laid_out(tmp_path / "w")
    Tag(work / "reports", "t1")
    freeze(work, "t1")
    for seconds, artifact in enumerate(reversed([one for one in Artifact if path(work, one, "t1").exists()])):
        date(path(work, artifact, "t1"), seconds * 60 - DAY)
    assert level(work, "t1") == "ok"


# The sign-off note


def test_a_gate_that_is_run_again_with_the_same_result_leaves_the_note_fresh(work: Path) -> None:
    run(work, only=find_step("quality_check"))
    assert level(work) == "ok"


def test_without_records_a_note_older_than_the_gates_that_it_quotes_is_stale(tmp_path: Path) -> None:
    tag = Tag(tmp_path / "reports")
    tag.put(Artifact.QUALITY_CHECK, quality(), age=1)
    assert judged(tmp_path, tag.name).health["signoff"].state == "stale"
    assert "t1_quality_check.json" in judged(tmp_path, tag.name).health["signoff"].issues[0]


def test_the_programs_own_no_go_note_beside_gates_that_passed_later_is_not_healthy(tmp_path: Path) -> None:
    work = laid_out(tmp_path / "w")
    run(work)
    gate = path(work, Artifact.QUALITY_CHECK)
    good = gate.read_bytes()
    gate.write_text(json.dumps(quality(False, {"score_and_sizing_valid": ["record 1"]})))
    run(work, only=find_step("signoff"))
    assert "NO-GO" in path(work, Artifact.PHASE4_SIGNOFF).read_text()
    gate.write_bytes(good)
    run(work, only=find_step("quality_check"))
    found = judged(work)
    assert found.health["signoff"].state == "stale"
    assert found.classification.level != "ok"


# A run by the console, and then the runbook's commands by hand


def by_hand(work: Path, batch: str, *, steps: int = 5) -> None:
    """Run the first steps of the sequence as the runbook writes them, without the console."""
    for command in plan(work, input=batch).commands[:steps]:
        subprocess.run(command.argv, cwd=command.cwd, check=True, capture_output=True)


def test_a_sequence_run_by_hand_on_another_batch_is_as_fresh_as_one_run_by_the_console(work: Path) -> None:
    smaller(work)
    by_hand(work, "smaller.json")
    assert level(work) == "ok"


def test_step_1_run_by_hand_leaves_the_checks_of_the_run_before_stale(work: Path) -> None:
    smaller(work)
    by_hand(work, "smaller.json", steps=1)
    assert {check.state for check in judged(work).health.checks.values()} == {"stale"}


def test_checks_put_back_after_a_report_was_edited_are_stale_with_whatever_time_they_are_given(work: Path) -> None:
    report = path(work, Artifact.REPORT)
    report.write_bytes(report.read_bytes().replace(b"BUY_CALL", b"BUY_PUTS", 1))
    date(report, -60)
    for artifact in CHECKS:
        date(path(work, artifact), -30)
    assert level(work) == "unknown"


def smaller(work: Path) -> None:
    """Put a batch there that is a part of the sample, and as healthy."""
    records = json.loads((work / "sample_batch_input.json").read_bytes())
    (work / "smaller.json").write_text(json.dumps(records[:9]))
