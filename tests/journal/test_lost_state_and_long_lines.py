"""`verify` where `state.json` is missing, and where a line is longer than any event may be."""

import os
from pathlib import Path

import pytest

from phase4_tui.artifacts.atomic_files import to_json
from phase4_tui.errors import error_as_commands
from phase4_tui.journal.events import GENESIS, MAX_LINE_BYTES, BadEvent, Event, canonical, encode_line
from phase4_tui.journal.journal_check import JournalCheck, Problem, check_journal
from phase4_tui.journal.locks import Exchanged
from phase4_tui.journal.log import Head, JournalDamaged, last_event, read_events
from phase4_tui.journal.state import OperationsState, StateUnreadable, read_state
from phase4_tui.rollback import verification
from phase4_tui.rollback.verification import repair, verify
from tests.journal.support import file_in, folded, json_in, lines_in, note, sealed, with_history, write_at_once
from tests.rollback.support import freeze, site_of
from tests.runbook.documents import Tag

MISSING = Problem("state", "state.json", "is missing")


# Without state.json


def test_a_state_that_is_missing_is_a_problem_and_what_the_journal_makes_of_it_is_known(tmp_path: Path) -> None:
    with_history(tmp_path)
    before = read_state(tmp_path)
    file_in(tmp_path, "state.json").unlink()
    check = check_journal(tmp_path)
    assert check.problems == [MISSING]
    assert (check.count, check.whole, check.state) == (3, True, before)
    assert read_state(tmp_path) == before


def test_the_next_event_writes_a_missing_state_anew(tmp_path: Path) -> None:
    with_history(tmp_path)
    file_in(tmp_path, "state.json").unlink()
    note(tmp_path, changes={"pinned": ["t9"]})
    assert check_journal(tmp_path).problems == []
    assert (read_state(tmp_path).active_tag, read_state(tmp_path).pinned) == ("t2", ("t9",))
    assert read_state(tmp_path) == folded(tmp_path)


def test_verify_looks_at_frozen_tags_without_a_state_too_and_repair_brings_it_back(tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    Tag(reports)
    freeze(tmp_path, "t1")
    site = site_of(tmp_path)
    before = json_in(reports, "state.json")
    file_in(reports, "state.json").unlink()
    found = verify(site)
    assert not found.ok
    assert [(one.kind, one.where, one.detail) for one in found.problems] == [
        (MISSING.kind, MISSING.where, MISSING.detail)
    ]
    (reports / "t1_report.md").write_text("# Another\n")
    assert [one.kind for one in verify(site).problems] == ["state", "changed"]
    assert repair(site, "it was lost") == ["the state was written anew from the journal"]
    assert json_in(reports, "state.json") == before
    assert [one.kind for one in verify(site).problems] == ["changed"]


@pytest.mark.parametrize("files", [(), ("journal.jsonl",)])
def test_where_nothing_was_ever_recorded_no_state_is_missing(tmp_path: Path, files: tuple[str, ...]) -> None:
    file_in(tmp_path, "").mkdir()
    for name in files:
        file_in(tmp_path, name).touch()
    check = check_journal(tmp_path)
    assert (check.problems, check.count, check.head, check.first) == ([], 0, Head(), None)
    assert check.state == OperationsState()
    assert not (check.holds(Head(seq=1, hash=GENESIS)) or check.holds(Head(seq=-1, hash="")))


def test_an_anchor_without_journal_and_state_is_what_is_said(tmp_path: Path) -> None:
    with_history(tmp_path)
    for name in ("journal.jsonl", "state.json"):
        file_in(tmp_path, name).unlink()
    (problem,) = check_journal(tmp_path).problems
    assert (problem.kind, problem.where) == ("anchor", "journal.head")
    assert "names event 3" in problem.detail


def test_the_first_event_is_kept_and_every_event_is_known_by_its_hash(tmp_path: Path) -> None:
    with_history(tmp_path)
    check = check_journal(tmp_path)
    events = list(read_events(tmp_path))
    assert check.first == events[0]
    assert all(check.holds(Head(seq=event.seq, hash=event.hash)) for event in events)
    assert not any(check.holds(Head(seq=event.seq + step, hash=event.hash)) for event in events for step in (-4, 1, 3))
    assert check.holds(Head(seq=0, hash="whatever")), "before the first event there is nothing to hold"


def test_a_state_that_can_not_be_read_is_named_before_an_event_that_makes_none(tmp_path: Path) -> None:
    put_chain(tmp_path, sealed([{"text": "a"}, {"changes": {"active_tag": 5}}]))
    (problem,) = check_journal(tmp_path).problems
    assert "event 2 makes no state" in problem.detail
    file_in(tmp_path, "state.json").write_text("[]")
    (problem,) = check_journal(tmp_path).problems
    assert (problem.kind, problem.where) == ("state", "state.json")
    assert problem.detail.startswith(str(file_in(tmp_path, "state.json")))


# A line that is too long


def chain_with_line(length: int, at: int) -> list[Event]:
    """Return a chain of three events, one of which has a line of that length, newline included."""
    empty = len(canonical(sealed([{"text": ""}])[0])) + 1
    details: list[dict[str, object]] = [{"text": "a"}, {"text": "b"}, {"text": "c"}]
    details[at] = {"text": "x" * (length - empty)}
    events = sealed(details)
    assert len(canonical(events[at]) + b"\n") == length
    return events


def put_chain(reports: Path, events: list[Event]) -> None:
    """Write a whole chain with its anchor and no state, whatever a line may be."""
    file_in(reports, "").mkdir()
    file_in(reports, "journal.jsonl").write_bytes(b"".join(canonical(event) + b"\n" for event in events))
    file_in(reports, "journal.head").write_bytes(to_json({"seq": events[-1].seq, "hash": events[-1].hash}))


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_line_longer_than_any_event_is_damage_though_its_hash_is_right(tmp_path: Path, at: int) -> None:
    events = chain_with_line(MAX_LINE_BYTES + 1, at)
    with pytest.raises(BadEvent, match=f"of {MAX_LINE_BYTES + 1} bytes is longer than the journal's"):
        encode_line(events[at])
    put_chain(tmp_path, events)
    check = check_journal(tmp_path)
    told = f"is longer than {MAX_LINE_BYTES} bytes: no event is"
    assert check.problems == [Problem("journal", f"journal.jsonl line {at + 1}", told)]
    assert (check.whole, check.count) == (False, at)
    assert check.head == (Head(seq=at, hash=events[at - 1].hash) if at else Head())


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_line_of_the_greatest_length_is_an_event(tmp_path: Path, at: int) -> None:
    events = chain_with_line(MAX_LINE_BYTES, at)
    write_at_once(tmp_path, [event.detail for event in events])
    check = check_journal(tmp_path)
    assert (check.problems, check.whole, check.count) == ([], True, 3)
    assert list(read_events(tmp_path)) == events
    assert last_event(tmp_path) == events[-1]


@pytest.mark.parametrize("newline", [b"", b"\n"])
def test_what_lies_behind_the_last_event_is_torn_only_while_it_could_be_a_line(tmp_path: Path, newline: bytes) -> None:
    with_history(tmp_path)
    path = file_in(tmp_path, "journal.jsonl")
    good = path.read_bytes()
    path.write_bytes(good + b"x" * (MAX_LINE_BYTES + 1) + newline)
    check = check_journal(tmp_path)
    assert [(one.kind, one.where) for one in check.problems] == [("journal", "journal.jsonl line 4")]
    assert "longer than" in check.problems[0].detail
    assert not check.whole
    with pytest.raises((JournalDamaged, StateUnreadable)) as refused:
        note(tmp_path)
    assert "phase4 verify" in error_as_commands(refused.value)
    assert path.stat().st_size == len(good) + MAX_LINE_BYTES + 1 + len(newline)
    os.truncate(path, len(good) + MAX_LINE_BYTES)
    check = check_journal(tmp_path)
    assert [(one.kind, one.where) for one in check.problems] == [("torn", "journal.jsonl line 4")]
    assert f"{MAX_LINE_BYTES} bytes that a crash left" in check.problems[0].detail
    assert (check.whole, check.count) == (True, 3)


def test_a_line_that_is_too_long_is_set_aside_by_repair_with_the_state_that_was_known(tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    with_history(reports)
    known = read_state(reports)
    path = file_in(reports, "journal.jsonl")
    path.write_bytes(path.read_bytes() + b"x" * (MAX_LINE_BYTES + 1) + b"\n")
    told = repair(site_of(tmp_path), "a line without end")
    assert told[-1] == "a new journal begins with the last state that could be told"
    assert check_journal(reports).problems == []
    assert len(lines_in(reports)) == 1
    assert read_state(reports).active_tag == known.active_tag


@pytest.mark.parametrize("name", ["reports", "reports/.phase4"])
def test_a_file_in_the_place_of_a_directory_is_what_verify_says(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.touch()
    with pytest.raises(StateUnreadable, match="is no directory") as refused:
        read_state(tmp_path / "reports")
    assert "--repair" not in error_as_commands(refused.value), "there is nothing that could be repaired"
    found = verify(site_of(tmp_path))
    assert not found.ok
    assert [(one.kind, one.where) for one in found.problems] == [("directory", str(path))]


def test_a_repair_of_a_directory_that_was_exchanged_meanwhile_changes_nothing_in_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports, away = tmp_path / "reports", tmp_path / "away"
    note(away)
    note(away)
    note(reports)
    before = {path.name: path.read_bytes() for path in (away / ".phase4").iterdir() if path.is_file()}

    def exchanged(where: Path) -> JournalCheck:
        found = check_journal(where)
        reports.rename(tmp_path / "elsewhere")
        away.rename(reports)
        return found

    monkeypatch.setattr(verification, "check_journal", exchanged)
    with pytest.raises(Exchanged, match="exchanged meanwhile"):
        repair(site_of(tmp_path), "because")
    after = {path.name: path.read_bytes() for path in (reports / ".phase4").iterdir() if path.is_file()}
    assert after == before
