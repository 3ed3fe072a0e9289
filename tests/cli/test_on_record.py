"""What is on record, as documents: their keys, the journal's filters, its repair, and one that can't be read."""

import os
import re
from pathlib import Path

import pytest

from tests.cli.half_way import ASKING, COMPARE, NOT_ASKING, REASON, events_of
from tests.cli.support import FAILED, HEALTHY, REFUSED, ask, listing

INCIDENT = {"id", "class", "opened_at", "stage", "tag", "rule", "owner", "evidence", "contained_at", "recovered_at"}
ROW = {"tag", "class", "level", "frozen", "quarantined", "pinned", "known_good", "first_failed_rung", "modified_at"}


@pytest.fixture
def work(half_done: Path) -> Path:
    """An incident half-way."""
    return half_done


def test_the_documents_of_what_is_on_record_have_their_keys(work: Path) -> None:
    verified = ask(work, "verify", "--json")
    assert verified.status == FAILED
    found = verified.document()
    assert set(found) == {"ok", "problems", "journal"}
    assert [set(problem) for problem in found["problems"]] == [{"kind", "where", "detail"}]
    assert set(found["journal"]) == {"events", "head"}
    events = events_of(work)
    assert (found["journal"]["events"], found["journal"]["head"]) == (len(events), events[-1]["hash"])
    shown = ask(work, "incident", "show", "--json").document()
    assert set(shown) >= INCIDENT
    listed = ask(work, "incident", "list", "--json").document()
    assert set(listed) == {"incidents"}
    assert shown.pop("next_move")["operation"] == "restore"
    assert listed["incidents"] == [shown]
    for arguments in (["tags"], ["known-good", "list"]):
        rows = ask(work, *arguments, "--json").document()
        assert set(rows) == {"tags"}
        assert [set(row) for row in rows["tags"]] == [ROW] * 3
    compared = ask(work, *COMPARE, "--json").document()
    assert set(compared) >= {"same_input", "same_rules", "kpis", "checks", "decisions", "verdict"}
    differences = [*compared["kpis"], *compared["checks"], *compared["decisions"]]
    assert {frozenset(one) for one in differences} == {frozenset({"key", "bad", "known_good", "rerun", "label"})}


def test_the_journal_is_filtered_by_kind_tag_and_time(work: Path) -> None:
    everything = events_of(work)
    third = everything[2]["at"]
    assert [event["kind"] for event in ask(work, "journal", "--json", "--kind", "pin").document()["events"]] == [
        "pin"
    ] * 2
    tagged = ask(work, "journal", "--json", "--tag", "good").document()["events"]
    assert {event["tag"] for event in tagged} == {"good"}
    for since, count in ((third, len(everything) - 2), ("2999-01-01", 0), ("2020-01-01T00:00", len(everything))):
        assert len(ask(work, "journal", "--json", "--since", since).document()["events"]) == count
    for same in ("20200101", "2020-01-01T05:30:00+05:30", "2020-01-01T00:00:00Z"):
        assert len(ask(work, "journal", "--json", "--since", same).document()["events"]) == len(everything)
    hour = f"{int(third[11:13]):02d}:{third[14:26]}"
    ahead = f"{third[:11]}{hour}-12:00"
    assert ask(work, "journal", "--json", "--since", ahead).document()["events"] == [], "half a day later, in UTC"


def test_a_repair_is_one_document_too_and_only_told_in_a_dry_run(work: Path) -> None:
    state = work / "reports" / ".phase4" / "state.json"
    state.write_text("[]")
    before = listing(work)
    dry = ask(work, "verify", "--repair", *REASON, "--dry-run", "--json")
    assert "state" in [problem["kind"] for problem in dry.document()["problems"]]
    assert "would" in dry.err
    assert ask(work, "verify", "--repair", "--json").status == REFUSED, "without a reason"
    assert listing(work) == before
    mended = ask(work, "verify", "--repair", *REASON, "--json")
    assert "state" not in [problem["kind"] for problem in mended.document()["problems"]]
    assert mended.err


@pytest.mark.parametrize("damage", ["a directory", "a fifo", "a torn line", "another line"])
def test_a_journal_that_can_not_be_read_is_one_clear_line_at_every_command(work: Path, damage: str) -> None:
    journal = work / "reports" / ".phase4" / "journal.jsonl"
    text = journal.read_text()
    journal.unlink()
    if damage == "a directory":
        journal.mkdir()
    elif damage == "a fifo":
        os.mkfifo(journal)
    else:
        journal.write_text(text[:-20] if damage == "a torn line" else text.replace('"kind":"pin"', '"kind":"pun"'))
    looks = [["journal"], ["incident", "list"], ["root-cause", "list"], ["incident", "export"], ["rollback", "--json"]]
    for arguments in (*looks, *ASKING, *NOT_ASKING):
        answer = ask(work, *arguments, "--yes")
        assert answer.status in (HEALTHY, FAILED, REFUSED), arguments
        assert answer.err.count("\n") <= 1, arguments
    assert ask(work, "verify").status == FAILED


def test_the_journal_is_told_a_line_an_operation_and_written_event_by_event(work: Path) -> None:
    ask(work, "freeze", "good", "--reason", "evidence", "--yes")
    events = ask(work, "journal", "--json", "--kind", "freeze", "--tag", "good").document()["events"]
    assert [event["detail"]["outcome"] for event in events] == ["intent", "done"]
    (line,) = ask(work, "journal", "--kind", "freeze", "--tag", "good").out.splitlines()
    assert re.fullmatch(r" *\d+ \d\d:\d\d:\d\d UTC [^ ]+@[^ ]+ \[inc-\d{6}\] freeze good: evidence", line), line
    none = ask(work, "journal", "--incident", "inc-1")
    assert none.out == "no event\n"
