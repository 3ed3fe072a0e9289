"""A run proves that its steps can't write the state of operations, or its record and `phase4 doctor` say why not."""

import json
import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from phase4_tui.runbook import isolation
from phase4_tui.runbook.children import run_child
from phase4_tui.runbook.doctor import Finding, examine
from phase4_tui.runbook.isolation import NOT_TRIED, READ_ONLY, probe_barrier
from phase4_tui.runbook.provenance import runs_of
from phase4_tui.runbook.settings import load_settings
from tests.runbook.as_users import HELD_OFF, USERS
from tests.runbook.documents import Tag
from tests.runbook.support import ENVIRONMENT, TAG, foreign, listing, misled, run, states, step


def test_the_probe_proves_the_protection_exactly_where_the_kernel_has_it(tmp_path: Path) -> None:
    proof = probe_barrier("seccomp", tmp_path)
    assert proof.proven
    assert proof.protects_state == (USERS[0] in HELD_OFF)
    assert proof.state_protection == READ_ONLY or "can't be made read-only" in proof.state_protection
    assert proof.state_protection in proof.detail
    assert list(tmp_path.iterdir()) == []


def test_the_same_probe_writes_without_the_protection_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolation, "run_child", lambda spec, cancel: run_child(replace(spec, cage=None), cancel))
    proof = probe_barrier("seccomp", tmp_path)
    assert proof.proven
    assert proof.state_protection == "none (the probe could write)"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("said", ["", "'state': 'blocked: No space left on device'", "'state': 'written'"])
def test_a_probe_that_met_something_else_than_the_mount_is_no_proof_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    script = tmp_path / "probe.py"
    ways = ", ".join(f"'{way}': 'blocked'" for way in ("tcp", "udp", "unix", "abstract", "libc"))
    script.write_text(f"import json; print(json.dumps({{{ways}, {said}}}))")
    monkeypatch.setattr(isolation, "PROBE", script)
    proof = probe_barrier("seccomp", tmp_path)
    assert proof.proven
    assert not proof.protects_state
    assert proof.state_protection.startswith("none (")


def test_without_a_directory_nothing_is_claimed() -> None:
    assert probe_barrier("seccomp").state_protection == NOT_TRIED


FORGES = """
import os, runpy
for name, mode in (("kept", "w"), ("new", "x")):
    try:
        with open(f"reports/.phase4/{name}", mode) as file:
            file.write("forged")
        print("done")
    except OSError as error:
        print(error.strerror)
runpy.run_path("original.py", run_name="__main__")
"""


def forging(directory: Path) -> Path:
    """Lay out a directory whose first step tries to forge, and then does its work."""
    work = misled(directory, "pipeline", FORGES)
    (work / "reports" / ".phase4").mkdir()
    (work / "reports" / ".phase4" / "kept").write_text("as it was")
    return work


def untouched(work: Path) -> bool:
    state = work / "reports" / ".phase4"
    return (state / "kept").read_text() == "as it was" and not (state / "new").exists()


def test_a_run_protects_the_state_from_its_steps_says_so_on_record_and_writes_it_itself(tmp_path: Path) -> None:
    work = forging(tmp_path / "w")
    record = run(work)
    assert set(states(record).values()) == {"passed"}
    assert record.isolation.protects_state == (USERS[0] in HELD_OFF)
    assert untouched(work) == record.isolation.protects_state
    assert next(runs_of(work / "reports", TAG)) == record
    transcript = Path(step(record, "pipeline").transcript or "").read_text()
    assert ("done" in transcript.splitlines()) != record.isolation.protects_state


def test_where_the_protection_is_not_to_be_had_a_run_goes_on_and_its_record_says_why(tmp_path: Path) -> None:
    work = forging(tmp_path / "w")
    (work / "reports" / ".phase4").rename(tmp_path / "state")
    (work / "reports" / ".phase4").symlink_to(tmp_path / "state")
    record = run(work)
    assert set(states(record).values()) == {"passed"}
    assert record.isolation.proven
    assert record.isolation.state_protection.startswith("none (")
    assert "can't be made read-only" in record.isolation.detail
    assert untouched(work), "a step may not write where the link leads"


def test_a_step_forges_what_the_settings_let_it_write_so_the_other_tests_can_fail(tmp_path: Path) -> None:
    work = forging(tmp_path / "w")
    (work / "reports" / ".phase4").rename(tmp_path / "state")
    (work / "reports" / ".phase4").symlink_to(tmp_path / "state")
    with (work / "phase4.toml").open("a") as file:
        file.write(f'[isolation]\nwritable = ["{tmp_path}/state"]\n')
    assert not run(work).isolation.protects_state
    assert not untouched(work)


def test_reports_behind_a_link_or_on_another_file_system_are_protected_as_well(tmp_path: Path) -> None:
    shared = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    for parent in {None, shared}:
        with tempfile.TemporaryDirectory(dir=parent) as elsewhere:
            work = forging(tmp_path / f"w{parent is None}")
            shutil.move(work / "reports", f"{elsewhere}/reports")
            (work / "reports").symlink_to(f"{elsewhere}/reports")
            record = run(work)
            assert set(states(record).values()) == {"passed"}
            assert untouched(work) == (USERS[0] in HELD_OFF)


def test_a_record_of_before_the_protection_still_loads(tag: Tag) -> None:
    record = tag.ran(pipeline="passed")
    (path,) = (tag.reports / ".phase4" / "runs" / tag.name).glob("*.json")
    content = json.loads(path.read_text())
    del content["isolation"]["state_protection"]
    path.write_text(json.dumps(content))
    assert next(runs_of(tag.reports, tag.name)) == record
    assert record.isolation.state_protection == NOT_TRIED


def finding(work: Path) -> Finding:
    found = examine(load_settings(work, ENVIRONMENT), work, ENVIRONMENT)
    return next(finding for finding in found if finding.name == "state protection")


def test_doctor_shows_the_protection_and_makes_no_state_to_show_it(tmp_path: Path) -> None:
    work = foreign(tmp_path / "w")
    (work / "reports").rmdir()
    shown = finding(work)
    assert shown.advisory
    assert shown.ok == (USERS[0] in HELD_OFF)
    assert "does not exist yet" in shown.detail
    assert not (work / "reports").exists()


def test_doctor_looks_at_the_state_that_is_there_and_leaves_it_as_it_was(tmp_path: Path) -> None:
    work = forging(tmp_path / "w")
    before = listing(work / "reports")
    shown = finding(work)
    assert shown.ok == (USERS[0] in HELD_OFF)
    assert f"for {work / 'reports' / '.phase4'}" in shown.detail
    assert listing(work / "reports") == before


def test_doctor_says_why_there_is_no_protection_and_calls_the_machine_fit(tmp_path: Path) -> None:
    work = forging(tmp_path / "w")
    (work / "reports" / ".phase4").rename(tmp_path / "state")
    (work / "reports" / ".phase4").symlink_to(tmp_path / "state")
    shown = finding(work)
    assert (shown.ok, shown.advisory) == (False, True)
    assert shown.detail.startswith("none (")
