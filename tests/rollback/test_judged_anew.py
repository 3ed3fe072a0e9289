"""At the moment of a switch or a reopening nothing is believed: the gates judge the report again, and a lie refuses."""

import json
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from phase4_tui.artifacts.names import Artifact
from phase4_tui.journal.log import read_events
from phase4_tui.rollback.freeze import freeze_now
from phase4_tui.rollback.known_good import candidates, plan_switch
from phase4_tui.rollback.operations import carry_out
from phase4_tui.runbook import judged_anew
from phase4_tui.runbook.isolation import Proof
from phase4_tui.steps.phase4_monitor_runner import monitor
from tests.rollback.lies import FEWER_ROWS, INVISIBLE, SAME, Change, at, copied, leave_one_out, lie, told
from tests.rollback.support import freeze, state_of
from tests.runbook.misbehaving import CRASHES, gate
from tests.runbook.support import foreign, laid_out, listing, run


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working directory with a real run of `tue` by this program's steps."""
    work = laid_out(tmp_path_factory.mktemp("ours"))
    run(work, tag="tue")
    return work


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working directory with a real run of `tue` by the desk's own scripts."""
    work = foreign(tmp_path_factory.mktemp("theirs"))
    run(work, tag="tue")
    return work


def refused(work: Path) -> str:
    return told(lambda: plan_switch(at(work), "tue", "why"))


def other_total(content: dict[str, Any]) -> None:
    content["total_records"] = 99_999


def another_directory(content: dict[str, Any]) -> None:
    content["outdir"] = "/elsewhere/archive"


def list_issues(content: dict[str, Any]) -> None:
    content["checks"]["output_schema_valid"]["issues"] = ["record 1: no action", "record 2: no action"]


def count_five_alerts(content: dict[str, Any]) -> None:
    content["alert_count"] = 5


def exceed(content: dict[str, Any]) -> None:
    content["snapshot"]["kpis"]["event_block_pct"] = 64.5


LIES: dict[str, tuple[Artifact, Change, str]] = {
    "fewer rows": FEWER_ROWS,
    "99,999 records": (Artifact.SUMMARY, other_total, r"tue_summary\.json: total_records is 99999"),
    "another directory": (
        Artifact.RELEASE_CHECK,
        another_directory,
        r"tue_release_check\.json: outdir is '/elsewhere/archive', but the file is in .*/reports",
    ),
    "issues": (
        Artifact.QUALITY_CHECK,
        list_issues,
        r"tue_quality_check\.json: checks\.output_schema_valid\.passed is true, "
        r"but checks\.output_schema_valid\.issues lists 2 issues",
    ),
    "five alerts": (
        Artifact.MONITORING,
        count_five_alerts,
        r"tue_monitoring\.json: status is 'OK', but alert_count is 5",
    ),
    "KPIs past the rules": (
        Artifact.MONITORING,
        exceed,
        r"status is 'OK' and snapshot\.kpis\.event_block_pct 64\.5, but max_event_block_pct is 50\.0 in the present",
    ),
}


@pytest.mark.parametrize("name", LIES)
@pytest.mark.parametrize("on_record", [False, True])
def test_a_lie_with_unchanged_times_refuses_the_switch_and_names_file_key_and_both_values(
    ours: Path, tmp_path: Path, name: str, on_record: bool
) -> None:
    work = copied(ours, tmp_path, on_record=on_record)
    artifact, change, expected = LIES[name]
    lie(work, artifact, change)
    assert re.search(expected, refused(work))
    assert "phase4 known-good list" in refused(work)
    assert state_of(work).active_tag is None


@pytest.mark.parametrize("name", INVISIBLE)
@pytest.mark.parametrize("is_frozen", [False, True])
def test_what_no_look_at_the_files_shows_refuses_the_plan_whether_the_tag_is_frozen_or_not(
    ours: Path, tmp_path: Path, name: str, is_frozen: bool
) -> None:
    work = copied(ours, tmp_path)
    artifact, change, expected = INVISIBLE[name]
    lie(work, artifact, change)
    if is_frozen:
        freeze(work, "tue")
    (row,) = candidates(at(work))
    assert row.known_good, "an index judges nothing anew"
    answer = refused(work)
    assert re.search(expected, answer)
    assert "`phase4 run --tag tue` runs it again" in answer


@pytest.mark.parametrize("which", ["ours", "theirs"])
@pytest.mark.parametrize("is_frozen", [False, True])
def test_an_honest_tag_is_switched_to_and_the_plan_says_how_long_judging_took(
    request: pytest.FixtureRequest, tmp_path: Path, which: str, is_frozen: bool
) -> None:
    work = copied(request.getfixturevalue(which), tmp_path)
    if is_frozen:
        freeze(work, "tue")
    before = listing(work / "reports")
    plan = plan_switch(at(work), "tue", "why")
    assert listing(work / "reports") == before, "judging writes nothing there"
    assert [line for line in plan.lines if SAME.fullmatch(line)]
    carry_out(at(work), plan)
    assert state_of(work).active_tag == "tue"


def test_the_private_directory_is_gone_afterwards(
    theirs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    plan_switch(at(copied(theirs, tmp_path)), "tue", "why")
    assert list(temporary.iterdir()) == []


def test_a_working_directory_that_was_moved_or_copied_as_a_whole_can_be_switched(ours: Path, tmp_path: Path) -> None:
    work = copied(ours, tmp_path)
    lie(work, Artifact.RELEASE_CHECK, lambda content: content.update(outdir="/the/place/before/reports"))
    assert plan_switch(at(work), "tue", "why").lines


def test_a_tag_of_an_older_gate_can_be_switched_to_as_long_as_the_present_one_passes_it(
    ours: Path, tmp_path: Path
) -> None:
    work = copied(ours, tmp_path)
    lie(work, Artifact.MONITORING, lambda content: content["snapshot"]["kpis"].pop("no_trade_pct"))
    checks = {"event_policy": {"passed": True, "issues": []}}
    lie(work, Artifact.QUALITY_CHECK, lambda content: content.update(checks=checks))
    assert plan_switch(at(work), "tue", "why").lines
    lie(work, Artifact.SUMMARY, lambda content: content.pop("portfolio_block_pct"))
    wanted = "tue_release_check.json: passed is true, judged anew false (tue_summary.json: key `portfolio_block_pct`"
    assert wanted in refused(work)


def test_rules_that_became_stricter_refuse_a_tag_that_was_good_under_the_old_ones(ours: Path, tmp_path: Path) -> None:
    work = copied(ours, tmp_path)
    (work / "monitoring_rules.json").write_text('{"max_no_trade_pct": 0.0}')
    assert "but max_no_trade_pct is 0.0 in the present rules" in refused(work)
    (work / "monitoring_rules.json").unlink()
    assert "monitoring_rules.json is missing; `phase4 init` lays out what is missing" in refused(work)


def test_a_lie_told_after_the_plan_is_found_once_the_tag_is_frozen(
    ours: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = copied(ours, tmp_path)
    plan = plan_switch(at(work), "tue", "why")

    def told_just_before(*arguments: Any) -> object:
        lie(work, Artifact.REPORT, leave_one_out)
        return freeze_now(*arguments)

    monkeypatch.setattr("phase4_tui.rollback.known_good.freeze_now", told_just_before)
    assert "tue_report.json: record_count is" in told(lambda: carry_out(at(work), plan))
    assert state_of(work).active_tag is None
    assert [event.outcome for event in read_events(work / "reports")][-1] == "failed"


def test_a_tag_written_while_it_is_judged_is_refused_though_size_and_time_are_put_back(
    ours: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = copied(ours, tmp_path)
    report = work / "reports" / f"tue{Artifact.REPORT}"
    real = monitor

    def meanwhile(*arguments: Any) -> object:
        before = report.stat()
        report.write_bytes(report.read_bytes())
        os.utime(report, ns=(before.st_atime_ns, before.st_mtime_ns))
        return real(*arguments)

    monkeypatch.setattr(judged_anew, "monitor", meanwhile)
    assert "tue was written while it was judged anew" in refused(work)


# The desk's own gates


def judge_by(work: Path, step: str, code: str) -> Path:
    """Replace one of the desk's own scripts after its run."""
    (work / f"phase4_{step}.py").write_text(code)
    return work


BROKEN = {
    "crashes": (CRASHES, "exit status 1: KeyError: 'session_slot'"),
    "hangs": ("import time; time.sleep(60)", "took longer than 1 s and was stopped"),
    "writes nothing": (gate(True, 0, write=False), "tue_quality_check.json was not written"),
    "says otherwise": (gate(False, 2), "tue_quality_check.json: passed is true, judged anew false"),
    "connects": ("import socket; socket.create_connection(('127.0.0.1', 9))", "Permission denied"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_the_desks_own_gate_judges_in_its_cage_and_whatever_it_does_wrong_refuses(
    theirs: Path, tmp_path: Path, how: str
) -> None:
    code, expected = BROKEN[how]
    work = judge_by(copied(theirs, tmp_path), "quality_check", code)
    (work / "phase4.toml").write_text("[steps.quality_check]\ntimeout_seconds = 1\n" if how == "hangs" else "")
    assert expected in refused(work)


def test_a_gate_that_writes_into_the_reports_directory_is_kept_from_it(theirs: Path, tmp_path: Path) -> None:
    work = copied(theirs, tmp_path)
    freeze(work, "tue")
    judge_by(work, "quality_check", "open('reports/tue_other.json', 'w').write('{}')")
    before = listing(work / "reports")
    assert "Read-only file system" in refused(work)
    assert listing(work / "reports") == before


def test_without_a_proven_barrier_the_desks_own_gates_do_not_run(
    theirs: Path, ours: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unproven = Proof(barrier="seccomp", proven=False, ways={}, reached=0, detail="no proof: no filter")
    monkeypatch.setattr(judged_anew, "probe_barrier", lambda *_: unproven)
    assert "precondition isolation: no proof: no filter" in refused(theirs)
    assert plan_switch(at(copied(ours, tmp_path)), "tue", "why").lines, "this program's own gates need none"


def test_a_command_line_of_the_settings_judges_into_the_private_directory(ours: Path, tmp_path: Path) -> None:
    work = copied(ours, tmp_path)
    (work / "gate.py").write_text(gate(True, 0))
    line = [sys.executable, "gate.py", "--out-json", "{outdir}/{tag}_quality_check.json"]
    (work / "phase4.toml").write_text(f"[steps.quality_check]\nargv = {json.dumps(line)}\n")
    before = listing(work / "reports")
    assert plan_switch(at(work), "tue", "why").lines
    assert listing(work / "reports") == before
    (work / "gate.py").write_text(gate(False, 2))
    assert "tue_quality_check.json: passed is true, judged anew false" in refused(work)


def test_a_command_line_that_can_not_write_elsewhere_is_refused_and_not_run(ours: Path, tmp_path: Path) -> None:
    work = copied(ours, tmp_path)
    (work / "gate.py").write_text("open('ran', 'w')")
    (work / "phase4.toml").write_text(
        f'[steps.quality_check]\nargv = [{json.dumps(sys.executable)}, "gate.py", "{{tag}}"]\n'
    )
    answer = refused(work)
    assert "quality_check (settings): its command line in phase4.toml does not name" in answer
    assert "{outdir}/{tag}_quality_check.json" in answer
    assert not (work / "ran").exists()
