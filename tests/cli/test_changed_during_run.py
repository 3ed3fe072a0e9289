"""What changed during a run is told by every command that is asked about the run, with the status of an unknown."""

from pathlib import Path

import pytest

from tests.cli.support import HEALTHY, UNKNOWN, ask
from tests.runbook.support import TAG, foreign, script_of

WORDS = "monitoring_rules.json changed during the run: sha256 "


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """An operator's directory whose third step adds a blank to the rules."""
    work = foreign(tmp_path / "theirs")
    script = script_of(work, "quality_check")
    script.write_text(f"open('monitoring_rules.json', 'a').write(' ')\n{script.read_text()}")
    return work


def test_run_and_status_end_with_unknown_and_say_what_to_do(theirs: Path) -> None:
    for command in ("run", "status"):
        answer = ask(theirs, command)
        assert answer.status == UNKNOWN
        assert "UNKNOWN changed during run" in answer.out
        assert "  why: monitoring_rules.json changed during the run (" in answer.out
        assert f"next: run {TAG} again: monitoring_rules.json changed during the run" in answer.out


def test_run_audit_and_incident_say_the_change_in_their_documents_and_in_words(theirs: Path) -> None:
    document = ask(theirs, "run", "--json").document()
    (change,) = document["changed"]
    assert (change["file"], change["step"]) == ("monitoring_rules.json", "monitor")
    assert document["status"]["classification"]["rule"] == "changed_during_run"
    audited = ask(theirs, "audit", "--json")
    assert audited.status == HEALTHY, "every artifact is present"
    assert audited.document()["changed"] == [change]
    assert f"! {WORDS}{change['before'][:8]} → {change['after'][:8]}, used by monitor" in ask(theirs, "audit").out
    assert ask(theirs, "incident", "reclassify", "P1", "--reason", "the desk says so", "--yes").status == HEALTHY
    assert ask(theirs, "incident", "show", "--json").document()["changed"] == [change]
    assert WORDS in ask(theirs, "incident", "show").out
    assert ask(theirs, "incident", "list", "--json").document()["incidents"][0]["changed"] == [change]


def test_a_run_without_a_change_says_none(tmp_path: Path) -> None:
    work = foreign(tmp_path / "w")
    assert "changed" not in ask(work, "run", "--json").document()
    assert ask(work, "audit", "--json").document()["changed"] == []
    assert "changed" not in ask(work, "audit").out
