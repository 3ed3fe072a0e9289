"""The exit status tells a script how it stands, for every class, and says why nothing was done."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from phase4_tui.artifacts.names import Artifact
from phase4_tui.rollback.operations import one_at_a_time
from tests.cli.support import FAILED, HEALTHY, P0, P1, P2, REFUSED, UNKNOWN, WARNING, ask, call, command, listing
from tests.runbook import misbehaving
from tests.runbook.documents import ALERT, Tag, quality
from tests.runbook.support import fed, foreign, misled

POLICY = {"event_and_portfolio_policy_enforced": ["record 2: traded in a high-risk event"]}


def alerted(tag: Tag, severity: str) -> None:
    alert = {"status": "ALERT", "alerts": [ALERT | {"severity": severity}]}
    tag.change(Artifact.MONITORING, lambda content: content.update(alert))


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        (lambda tag: None, HEALTHY, ["OK"]),
        (lambda tag: tag.put(Artifact.QUALITY_CHECK, quality(False, POLICY)), P0, ["P0", "owner risk"]),
        (lambda tag: tag.ran(quality_check="crashed") and tag.remove(Artifact.QUALITY_CHECK), P0, ["engineering"]),
        (lambda tag: alerted(tag, "HIGH"), P1, ["P1", "owner risk"]),
        (lambda tag: tag.remove(Artifact.REPORT_MD), P2, ["P2", "owner engineering", "t1_report.md"]),
        (lambda tag: alerted(tag, "LOW"), WARNING, ["WARNING"]),
        (lambda tag: tag.remove(Artifact.RELEASE_CHECK), UNKNOWN, ["UNKNOWN", "t1_release_check.json"]),
    ],
)
def test_status_ends_with_the_status_of_the_class(
    tag: Tag, work: Path, change: Callable[[Tag], object], status: int, words: list[str]
) -> None:
    change(tag)
    answer = ask(work, "status")
    assert answer.status == status
    assert all(word in answer.out for word in words), answer.out
    assert ask(work, "status", "--json").status == status
    assert answer.err == ""


@pytest.mark.parametrize(("severity", "status"), [("HIGH", P1), ("MEDIUM", WARNING)])
def test_a_process_of_its_own_ends_with_the_same_status(tag: Tag, work: Path, severity: str, status: int) -> None:
    alerted(tag, severity)
    answer = call(work, "status")
    assert (answer.status, answer.err) == (status, "")


def test_run_in_an_operators_directory_is_healthy(theirs: Path) -> None:
    answer = call(theirs, "run")
    assert (answer.status, answer.err) == (HEALTHY, "")
    assert answer.out.count("✔") >= 9, "five steps and four checks"


def test_run_beside_nothing_but_input_and_rules_is_healthy(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    for name in ("sample_batch_input.json", "monitoring_rules.json"):
        (tmp_path / name).write_bytes((root / name).read_bytes())
    assert ask(tmp_path, "run").status == HEALTHY
    assert ask(tmp_path, "status").status == HEALTHY


@pytest.mark.parametrize(
    ("scripts", "status", "words"),
    [
        ({"quality_check": misbehaving.gate(False, 2)}, P0, ["P0", "✔ 5 monitor"]),
        ({"release_check": misbehaving.CRASHES}, P0, ["P0", "engineering", "KeyError: 'session_slot'", ".log"]),
        ({"signoff": misbehaving.CRASHES}, P2, ["P2", "engineering"]),
    ],
)
def test_run_ends_with_the_class_that_its_steps_left(
    tmp_path: Path, scripts: dict[str, str], status: int, words: list[str]
) -> None:
    answer = ask(foreign(tmp_path / "w", **scripts), "run")
    assert answer.status == status
    assert all(word in answer.out for word in words), answer.out


def test_run_on_a_batch_that_breaks_a_monitoring_rule_is_p1(theirs: Path) -> None:
    records = json.loads((theirs / "sample_batch_input.json").read_text())
    idle = [record | {"options_bias": "NEUTRAL"} for record in records]
    (theirs / "sample_batch_input.json").write_text(json.dumps(idle))
    answer = ask(theirs, "run")
    assert answer.status == P1
    assert "no_trade_pct" in answer.out


def test_a_run_ends_with_its_class_though_its_incident_can_not_be_opened_now(
    theirs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = json.loads((theirs / "sample_batch_input.json").read_text())
    (theirs / "idle.json").write_text(json.dumps([record | {"options_bias": "NEUTRAL"} for record in records]))
    monkeypatch.setattr("phase4_tui.rollback.operations.LOCK_SECONDS", 0.05)
    with one_at_a_time(theirs / "reports"):
        answer = ask(theirs, "run", "--input", "idle.json", "--json")
    assert answer.status == P1
    assert answer.document()["status"]["incident"] is None
    assert "no incident was opened" in answer.err
    assert answer.err.count("\n") == 1


def test_run_on_bad_input_names_the_record_and_leaves_no_artifact(work: Path) -> None:
    records = json.loads((work / "sample_batch_input.json").read_text())
    records[3]["trend_strength"] = 7
    (work / "sample_batch_input.json").write_text(json.dumps(records))
    answer = ask(work, "run")
    assert answer.status == P0
    assert "record 4" in answer.out
    assert "trend_strength" in answer.out
    assert [path.name for path in (work / "reports").iterdir()] == [".phase4"]


@pytest.mark.parametrize(
    ("name", "code", "status"),
    [
        ("quality_check", misbehaving.gate(True, 0), HEALTHY),
        ("quality_check", misbehaving.gate(False, 2), P0),
        ("quality_check", misbehaving.gate(False, 0), P0),
        ("quality_check", misbehaving.CRASHES, FAILED),
        ("pipeline", misbehaving.SILENT, FAILED),
        ("release_check", misbehaving.KILLED, FAILED),
    ],
)
def test_step_ends_with_its_own_verdict(tmp_path: Path, name: str, code: str, status: int) -> None:
    work = foreign(tmp_path / "w", **{name: code})
    assert ask(work if name == "pipeline" else fed(work), "step", name).status == status


def test_step_that_takes_too_long_has_failed(tmp_path: Path) -> None:
    work = misled(tmp_path / "w", "signoff", misbehaving.HANGS)
    assert ask(work, "step", "4", PHASE4_TIMEOUT_SECONDS="0.4").status == FAILED


def test_step_by_number_and_by_name_with_our_own_steps(work: Path) -> None:
    assert ask(work, "step", "1").status == HEALTHY
    assert ask(work, "step", "release_check").status == HEALTHY
    before = listing(work)
    refused = ask(work, "step", "signoff", "--tag", "never-run")
    assert refused.status == REFUSED
    assert "step 1 pipeline makes it" in refused.complaint()
    assert listing(work) == before


@pytest.mark.parametrize(
    "arguments",
    [
        ["no-such-command"],
        ["run", "--no-such-option"],
        ["run", "--phase", "5"],
        ["run", "--tag"],
        ["run", "--input", "gone.json"],
        ["run", "--rules", "gone.json"],
        ["run", "--resume"],
        ["run", "--without-isolation", " "],
        ["step"],
        ["step", "6"],
        ["step", "../pipeline"],
        ["path", "report"],
        ["path", "report_json", "--tag", "../x"],
        ["audit"],
        ["schema", "no-such-format"],
        ["status", "extra"],
    ],
)
def test_wrong_usage_and_refusals_end_with_2_and_say_why(work: Path, arguments: list[str]) -> None:
    answer = ask(work, *arguments)
    assert answer.status == REFUSED
    assert answer.out == ""
    assert answer.err.strip()
    assert "Traceback" not in answer.err


def test_a_working_directory_that_is_not_there_is_refused(tmp_path: Path) -> None:
    answer = ask(tmp_path / "gone", "status")
    assert answer.status == REFUSED
    assert "gone" in answer.complaint()


def test_a_setting_that_can_not_be_used_is_refused_with_file_line_and_key(work: Path) -> None:
    (work / "phase4.toml").write_text("\ntga = 1\n")
    for arguments in (["run"], ["status"], ["tags"], ["doctor"]):
        answer = ask(work, *arguments)
        assert answer.status == REFUSED
        assert f"{work / 'phase4.toml'}, line 2" in answer.complaint()
        assert "tga" in answer.complaint()


def test_a_variable_that_enables_live_orders_is_refused(work: Path) -> None:
    answer = ask(work, "run", FYERS_ALLOW_LIVE_ORDERS="1")
    assert answer.status == REFUSED
    assert "FYERS_ALLOW_LIVE_ORDERS" in answer.complaint()
    assert list((work / "reports").iterdir()) == []
    assert ask(work, "status", "--json", FYERS_ALLOW_LIVE_ORDERS="1").document()["preconditions"][2]["ok"] is False


def test_a_state_that_can_not_be_read_has_failed(work: Path) -> None:
    (work / "reports" / ".phase4").mkdir()
    (work / "reports" / ".phase4" / "state.json").write_text("[]")
    for name in ("status", "tags", "run"):
        answer = ask(work, name)
        assert answer.status == FAILED
        assert "state.json" in answer.complaint()


def test_phase_4_is_refused_in_phase3_only_unless_it_is_a_rehearsal(work: Path) -> None:
    (work / "reports" / ".phase4").mkdir()
    (work / "reports" / ".phase4" / "state.json").write_text('{"evaluation_mode": "phase3_only"}')
    answer = ask(work, "run", "--phase", "4")
    assert answer.status == REFUSED
    assert "Phase 3 only" in answer.complaint()
    assert ask(work, "run", "--rehearsal", "--dry-run").status == HEALTHY
    assert ask(work, "run").status == HEALTHY
    assert (work / "reports" / "phase3_demo_phase3_signoff.md").exists()


def test_a_reports_directory_that_can_not_be_made_has_one_clear_line(work: Path) -> None:
    answer = ask(work, "--reports", "sample_batch_input.json/reports", "run")
    assert answer.status in (FAILED, REFUSED)
    assert "sample_batch_input.json" in answer.complaint()


def test_without_a_command_nothing_is_done_and_the_commands_are_listed(work: Path) -> None:
    done = subprocess.run(command(), cwd=work, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=30)
    assert done.returncode == REFUSED
    assert all(name in done.stdout + done.stderr for name in ("status", "watch", "run"))
