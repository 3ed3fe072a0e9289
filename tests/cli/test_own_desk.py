"""The command line at a desk with steps and checks of its own, with that desk's scripts."""

import json
import re
from pathlib import Path

import pytest

from tests.cli.support import HEALTHY, P1, P2, REFUSED, ask
from tests.runbook.own_desk import SETTINGS, own_desk, own_tag
from tests.runbook.support import STEP_NAMES, TAG

FAILS = """import json, sys
json.dump({"passed": False, "issues": ["record 3: 40 minutes"]}, open(sys.argv[-1], "w"))
sys.exit(2)
"""
OWN = ["shadow_duration", "desk_note", "shadow_minutes"]


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    return own_desk(tmp_path / "w")


def test_run_tells_of_each_own_step_and_status_of_each_own_check(desk: Path) -> None:
    answer = ask(desk, "run", "--json")
    assert answer.status == HEALTHY
    document = answer.document()
    assert [step["name"] for step in document["steps"]] == [*STEP_NAMES, "shadow_duration", "desk_note"]
    assert [step["state"] for step in document["steps"]] == ["passed"] * 7
    assert document["steps"][5]["produced"] == [f"{TAG}_shadow_duration.json"]
    health = ask(desk, "status", "--json").document()["health"]
    assert list(health) == ["release_check", "quality_check", "monitoring", "signoff", *OWN]
    assert set(health["shadow_duration"]) == set(health["release_check"])
    text = ask(desk, "status").out
    assert re.search("✔ SHADOW DURATION passed +\\d+ s ago", text)
    assert "✔ SIGN-OFF        present" in text, "titles stand in one column"


def test_a_gate_that_fails_is_told_with_its_reason_and_its_exit_status(desk: Path) -> None:
    (desk / "shadow_duration_check.py").write_text(FAILS)
    answer = ask(desk, "run")
    assert answer.status == P1
    assert "✘ 6 shadow_duration did not pass" in answer.out
    assert "✔ 7 desk_note       passed" in answer.out
    assert "✘ SHADOW DURATION failed" in answer.out
    assert "    · 40 minutes, record 3" in answer.out
    assert "P1 own check shadow duration · owner product" in answer.out
    assert f"why: {TAG}_shadow_duration.json: passed is false" in answer.out
    assert "own check shadow duration" in ask(desk, "incident", "show").out
    found = ask(desk, "status", "--json").document()["classification"]
    assert (found["class"], found["rule"], found["owner"]) == ("P1", "own_check_shadow_duration", "product")
    assert ask(desk, "known-good", "list").out.count("Shadow duration") == 1


def test_a_step_that_crashes_is_p2_and_names_its_transcript(desk: Path) -> None:
    (desk / "desk_note.py").write_text("import no_such_module\n")
    answer = ask(desk, "run")
    assert answer.status == P2
    assert "✘ 7 desk_note       crashed" in answer.out
    assert "No module named 'no_such_module'" in answer.out


@pytest.mark.parametrize("name", ["6", "shadow_duration", "shadow-duration"])
def test_one_step_alone_by_number_or_name(desk: Path, name: str) -> None:
    own_tag(desk)
    (desk / "reports" / "t1_shadow_duration.json").unlink()
    assert ask(desk, "step", name, "--tag", "t1").status == HEALTHY
    assert json.loads((desk / "reports" / "t1_shadow_duration.json").read_text())["passed"] is True


def test_what_is_no_step_is_refused_with_the_steps_of_this_desk(desk: Path) -> None:
    answer = ask(desk, "step", "8")
    assert answer.status == REFUSED
    assert "6 shadow_duration, 7 desk_note" in answer.complaint()


def test_their_paths_and_their_audit(desk: Path) -> None:
    own_tag(desk)
    reports = desk / "reports"
    assert ask(desk, "path", "shadow_duration_json").out == f"{reports / 't1_shadow_duration.json'}\n"
    assert ask(desk, "path", "desk_note_md").out == f"{reports / 't1_desk_note.md'}\n"
    assert "shadow_duration_json" in ask(desk, "path", "nothing").complaint()
    names = [one["name"] for one in ask(desk, "audit", "--json").document()["artifacts"]]
    assert names[-2:] == ["t1_shadow_duration.json", "t1_desk_note.md"]


def test_a_comparison_lists_them(desk: Path) -> None:
    own_tag(desk, "bad", passed=False, shadow={"minutes": 300, "trades": 14})
    own_tag(desk, "again")
    document = ask(desk, "compare", "bad", "again", "--json", "--yes").document()
    assert [(one["key"], one["label"]) for one in document["checks"]] == [("shadow_duration", "gone")]
    assert "shadow_duration.shadow.trades" in [one["key"] for one in document["kpis"]]


@pytest.mark.parametrize("command", [["status"], ["tags"], ["run"], ["dash"], ["journal"]])
def test_every_command_refuses_a_bad_entry_with_its_place(desk: Path, command: list[str]) -> None:
    text = SETTINGS.replace('class = "P2"', 'class = "P4"')
    (desk / "phase4.toml").write_text(text)
    line = text.splitlines().index('class = "P4"') + 1
    answer = ask(desk, *command)
    assert answer.status == REFUSED
    assert f"{desk / 'phase4.toml'}, line {line}: key `own_checks.1.class`" in answer.complaint()


def test_the_schema_of_the_settings_shows_their_keys(desk: Path) -> None:
    schema = ask(desk, "schema", "settings").document()
    assert set(schema["$defs"]["OwnStep"]["required"]) == {"name", "argv", "expects"}
    assert set(schema["$defs"]["OwnCheck"]["required"]) == {"name", "title", "file", "class", "owner"}
    assert schema["$defs"]["OwnCheck"]["properties"]["owner"]["enum"] == ["engineering", "risk", "product"]
    assert list(schema["properties"]["steps"]["properties"]) == STEP_NAMES


def test_a_desk_that_takes_its_entries_away_is_as_any_other(desk: Path) -> None:
    own_tag(desk, passed=False)
    assert ask(desk, "status", "--tag", "t1").status == P1
    (desk / "phase4.toml").write_text("")
    answer = ask(desk, "status", "--tag", "t1", "--json")
    assert (answer.status, len(answer.document()["health"])) == (HEALTHY, 4)
