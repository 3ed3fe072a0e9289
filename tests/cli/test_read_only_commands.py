"""The commands that only look: tags, audit, path, doctor; and what `status` says of older and half-done runs."""

import hashlib
import os
import threading
from pathlib import Path

import pytest

from phase4_tui.artifacts.names import Artifact
from phase4_tui.runbook.children import ChildSpec, run_child
from tests.cli.support import ENVIRONMENT, ask, command
from tests.runbook.documents import ALERT, Tag


def test_tags_are_listed_with_class_age_and_what_they_lack(work: Path) -> None:
    Tag(work / "reports", "good")
    bad = Tag(work / "reports", "bad")
    bad.change(Artifact.MONITORING, lambda content: content.update(status="ALERT", alerts=[ALERT]))
    assert ask(work, "freeze", "good", "--reason", "evidence", "--yes").status == 0
    lines = {line.split()[0]: line for line in ask(work, "tags").out.splitlines()}
    assert set(lines) == {"good", "bad"}
    assert "known-good" in lines["good"]
    assert "frozen" in lines["good"]
    assert "50 s" in lines["good"]
    assert "P1" in lines["bad"]
    assert "monitoring is not OK" in lines["bad"]


def test_an_empty_directory_says_what_to_do(work: Path) -> None:
    assert "phase4 run" in ask(work, "tags").out
    assert "phase4 run" in ask(work, "audit").complaint()
    assert "phase4 run" in ask(work, "status").out


def test_audit_lists_each_artifact_with_its_sha256(tag: Tag, work: Path) -> None:
    answer = ask(work, "audit")
    assert answer.status == 0
    for artifact in (Artifact.REPORT, Artifact.RELEASE_CHECK, Artifact.QUALITY_CHECK, Artifact.MONITORING):
        digest = hashlib.sha256(tag.path(artifact).read_bytes()).hexdigest()
        assert f"{digest}  {tag.path(artifact).name}" in answer.out
    tag.remove(Artifact.MONITORING)
    answer = ask(work, "audit", "--tag", "t1")
    assert any("missing" in line and "t1_monitoring.json" in line for line in answer.out.splitlines())


@pytest.mark.parametrize("artifact", list(Artifact))
def test_path_prints_where_an_artifact_of_the_active_tag_is(tag: Tag, work: Path, artifact: Artifact) -> None:
    (work / "reports" / ".phase4").mkdir()
    (work / "reports" / ".phase4" / "state.json").write_text('{"active_tag": "other"}')
    key = artifact.value[1:].replace(".", "_")
    assert ask(work, "path", key).out == f"{work / 'reports' / 'other'}{artifact.value}\n"
    assert ask(work, "path", key, "--tag", "t1").out == f"{tag.path(artifact)}\n"


def test_doctor_finds_a_laid_out_directory_fit(work: Path) -> None:
    answer = ask(work, "doctor")
    assert answer.status == 0
    for word in ("packages", "isolation", "seccomp", "paper_mode", "clock", "limits", "terminal", "rights"):
        assert word in answer.out
    found = ask(work, "doctor", "--json").document()
    assert found["ok"] is True
    assert {"name", "ok", "detail"} <= set(found["checks"][0])
    assert list((work / "reports").iterdir()) == []


@pytest.mark.parametrize(
    ("environment", "name"),
    [({"BROKER_DRY_RUN": "0"}, "paper_mode"), ({"PHASE4_INPUT": "gone.json"}, "working_directory")],
)
def test_doctor_says_what_is_not_fit(work: Path, environment: dict[str, str], name: str) -> None:
    answer = ask(work, "doctor", "--json", **environment)
    assert answer.status == 1
    failing = {check["name"] for check in answer.document()["checks"] if not check["ok"] and not check["advisory"]}
    assert name in failing


def test_doctor_tells_of_an_interpreter_that_is_not_there_and_of_all_the_rest(work: Path) -> None:
    answer = ask(work, "doctor", PHASE4_PYTHON="python9")
    assert answer.status == 1
    assert "python9" in answer.out
    assert "isolation" in answer.out


def test_status_of_an_older_run_says_what_is_off(tag: Tag, work: Path) -> None:
    tag.change(Artifact.SUMMARY, lambda content: content.pop("portfolio_block_count"), age=100)
    tag.change(Artifact.RELEASE_CHECK, lambda content: content.pop("validation_errors"))
    answer = ask(work, "status")
    assert answer.status == 0
    assert "validation_errors" in answer.out
    assert "portfolio_block_count" in answer.out


def test_status_shows_state_scope_file_age_and_the_next_step(tag: Tag, work: Path) -> None:
    tag.change(Artifact.QUALITY_CHECK, lambda content: content.update(passed=False))
    out = ask(work, "status").out
    assert "t1" in out
    assert "PAPER" in out
    (line,) = [line for line in out.splitlines() if "QUALITY CHECK" in line]
    assert "failed" in line
    assert "did not pass; 3 of 3 sections hold" in line
    assert "50 s" in line
    assert f"in reports/{tag.path(Artifact.QUALITY_CHECK).name}" in out
    assert "next:" in out


def test_status_tells_the_truth_where_this_program_itself_may_open_no_socket(tag: Tag, work: Path) -> None:
    assert tag.name
    argv = [str(part) for part in command("status", "--json")]
    result = run_child(ChildSpec(argv, work, ENVIRONMENT, "seccomp", 30, 0.5), threading.Event())
    assert result.exit_code == 0, result.tail[-3:]
    assert any('"name": "isolation"' in line for line in result.tail)


def test_looking_takes_no_notice_of_a_fifo_or_a_huge_file(tag: Tag, work: Path) -> None:
    os.mkfifo(work / "reports" / "t9_report.json")
    with tag.path(Artifact.MONITORING).open("r+b") as file:
        file.truncate(2 << 30)
    assert ask(work, "tags").status == 0
    answer = ask(work, "status", "--tag", "t1")
    assert answer.status == 14
    assert "too large" in answer.out
