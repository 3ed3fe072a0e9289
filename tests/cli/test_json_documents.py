"""`--json`: one document on stdout and nothing else, in exactly the shape that scripts rely on."""

import json
from pathlib import Path
from typing import Any

import pytest

from phase4_tui.artifacts.names import Artifact
from tests.cli.support import ask, call
from tests.runbook import misbehaving
from tests.runbook.documents import ALERT, Tag
from tests.runbook.support import STEP_NAMES, foreign

STATUS = {
    "workdir",
    "reports",
    "tag",
    "active_tag",
    "known_good_tag",
    "evaluation_mode",
    "frozen",
    "health",
    "classification",
    "incident",
    "preconditions",
    "fallback",
    "pending",
    "next_move",
    "runs",
}
CHECKS = {"release_check", "quality_check", "monitoring", "signoff"}
CHECK = {"state", "ok", "expected", "found", "issues", "file", "modified_at"}
CLASSIFICATION = {"class", "level", "rule", "evidence", "owner"}
STEP = {"name", "state", "exit_code", "seconds", "produced", "error"}
ROW = {
    "tag",
    "class",
    "level",
    "frozen",
    "quarantined",
    "pinned",
    "known_good",
    "first_failed_rung",
    "modified_at",
}


def check_status(found: dict[str, Any]) -> None:
    """Assert the shape of a status document."""
    assert set(found) == STATUS
    assert set(found["health"]) == CHECKS
    for check in found["health"].values():
        assert set(check) == CHECK
        assert isinstance(check["ok"], bool)
        assert isinstance(check["issues"], list)
        assert check["modified_at"] is None or check["modified_at"].endswith("Z")
    assert set(found["classification"]) == CLASSIFICATION
    assert all(set(evidence) == {"file", "key", "value"} for evidence in found["classification"]["evidence"])
    assert found["preconditions"]
    assert all(set(condition) == {"name", "ok", "detail"} for condition in found["preconditions"])


def test_status_has_exactly_its_keys_where_nothing_is_there_yet(work: Path) -> None:
    found = ask(work, "status", "--json").document()
    check_status(found)
    assert (found["tag"], found["active_tag"], found["known_good_tag"], found["incident"]) == (None,) * 4
    assert (found["evaluation_mode"], found["frozen"]) == ("phase4", "no")
    assert (found["workdir"], found["reports"]) == (str(work), str(work / "reports"))
    assert found["classification"] | {"evidence": []} == {
        "class": None,
        "level": "unknown",
        "rule": found["classification"]["rule"],
        "evidence": [],
        "owner": found["classification"]["owner"],
    }


def test_status_of_a_tag_with_an_incident(tag: Tag, work: Path) -> None:
    tag.change(Artifact.MONITORING, lambda content: content.update(status="ALERT", alerts=[ALERT]))
    found = ask(work, "status", "--json", "--tag", "t1").document()
    check_status(found)
    assert found["tag"] == "t1"
    assert (found["classification"]["class"], found["classification"]["level"]) == ("P1", "incident")
    assert found["classification"]["evidence"][0]["value"] == 95.0
    assert found["health"]["monitoring"]["state"] == "alert"


def test_status_of_a_phase_3_tag(work: Path) -> None:
    Tag(work / "reports", "p3", phase=3)
    found = ask(work, "status", "--json").document()
    check_status(found)
    assert (found["health"]["monitoring"]["state"], found["health"]["monitoring"]["ok"]) == ("not_applicable", True)


def test_run_has_exactly_its_keys_and_nothing_else_is_printed(theirs: Path) -> None:
    answer = call(theirs, "run", "--json", "--tag", "t9")
    assert answer.err == ""
    found = answer.document()
    assert set(found) == {"tag", "run_id", "steps", "status"}
    assert found["tag"] == "t9"
    assert [step["name"] for step in found["steps"]] == STEP_NAMES
    for step in found["steps"]:
        assert set(step) == STEP
        assert (step["state"], step["exit_code"], step["error"]) == ("passed", 0, None)
        assert step["seconds"] > 0
    assert found["steps"][0]["produced"] == ["t9_report.json", "t9_report.md", "t9_summary.json"]
    check_status(found["status"])
    assert found["status"]["tag"] == "t9"


def test_run_tells_each_state_by_its_word(tmp_path: Path) -> None:
    scripts = {"release_check": misbehaving.gate(False, 2), "quality_check": misbehaving.KILLED}
    found = ask(foreign(tmp_path / "w", **scripts), "run", "--json").document()
    told = [(step["state"], step["exit_code"]) for step in found["steps"]]
    assert told == [("passed", 0), ("failed_gate", 2), ("crashed", None), ("not_run", None), ("not_run", None)]
    assert "signal 9" in found["steps"][2]["error"]
    assert found["status"]["classification"]["class"] == "P0"


def test_step_prints_the_document_of_its_run(theirs: Path) -> None:
    found = ask(theirs, "step", "pipeline", "--json").document()
    assert [step["name"] for step in found["steps"]] == ["pipeline"]
    assert set(found) == {"tag", "run_id", "steps", "status"}


def test_tags_has_exactly_its_keys(tag: Tag, work: Path) -> None:
    assert ask(work, "tags", "--json").document().keys() == {"tags"}
    (row,) = ask(work, "tags", "--json").document()["tags"]
    assert set(row) == ROW
    assert row | {"modified_at": ""} == {
        "tag": "t1",
        "class": None,
        "level": "ok",
        "frozen": "no",
        "quarantined": False,
        "pinned": False,
        "known_good": True,
        "first_failed_rung": None,
        "modified_at": "",
    }


def test_tags_of_an_empty_directory_is_an_empty_list(work: Path) -> None:
    assert ask(work, "tags", "--json").document() == {"tags": []}


@pytest.mark.parametrize(
    "arguments",
    [["audit"], ["path", "report_json"], ["doctor"], ["init"], ["run", "--dry-run"], ["step", "1", "--dry-run"]],
)
def test_every_other_command_prints_one_document_too(tag: Tag, work: Path, arguments: list[str]) -> None:
    assert tag.path(Artifact.REPORT).exists()
    answer = ask(work, *arguments, "--json")
    assert isinstance(answer.document(), dict)
    assert answer.err == ""


def test_a_refusal_under_json_prints_no_half_document(work: Path) -> None:
    answer = ask(work, "run", "--json", "--tag", "../x")
    assert answer.out == ""
    assert answer.status == 2


NAMES = [
    "input",
    "phase3_input",
    "rules",
    "report",
    "report_row",
    "phase3_report_row",
    "summary",
    "phase3_summary",
    "release_check",
    "quality_check",
    "monitoring",
    "status",
    "settings",
]


@pytest.mark.parametrize("name", NAMES)
def test_every_format_has_a_schema(work: Path, name: str) -> None:
    answer = ask(work, "schema", name)
    assert answer.status == 0
    found = answer.document()
    assert "properties" in json.dumps(found)


def test_the_schemas_name_the_keys_that_the_files_have(work: Path) -> None:
    def keys(name: str) -> set[str]:
        found = ask(work, "schema", name).document()
        if "$ref" in found:
            found = found["$defs"][found["$ref"].rpartition("/")[2]]
        return set(found["properties"])

    assert keys("status") == STATUS
    assert {"underlying", "timestamp", "session_slot", "max_portfolio_exposure_pct"} <= keys("input")
    assert {"options_liquidity_ok", "daily_realized_pnl_pct"} <= keys("phase3_input")
    assert keys("rules") == {
        "max_event_block_pct",
        "max_portfolio_block_pct",
        "max_no_trade_pct",
        "min_directional_pct",
    }
    assert {"passed", "missing_files", "validation_errors"} <= keys("release_check")
    assert {"status", "alerts", "snapshot"} <= keys("monitoring")
    assert {"timeout_seconds", "steps", "isolation", "phase3"} <= keys("settings")
