"""Of the journal's new events the session's own are known, so that only others' are told, each once."""

from pathlib import Path

import pytest

from phase4_tui.console.facts.journal_news import NewEvents, OwnEvents
from phase4_tui.journal.actor import Actor
from phase4_tui.journal.events import Event
from phase4_tui.journal.log import Draft, JournalDamaged
from phase4_tui.journal.writer import record
from tests.journal.support import file_in, note, with_history, write_at_once
from tests.rollback.support import site_of


def given(reports: Path, operator: str, kind: str = "freeze", tag: str = "A", **detail: object) -> Event:
    """Put an event on record."""
    return record(reports, Actor(operator), Draft(kind, tag, detail=detail))[0]


def test_what_stands_in_the_journal_at_first_is_not_new_and_the_rest_is_once(tmp_path: Path) -> None:
    new = NewEvents(with_history(tmp_path))
    new.begin()
    assert list(new.read()) == []
    events = [note(tmp_path, number=number) for number in range(3)]
    assert list(new.read()) == events
    assert list(new.read()) == []


def test_a_journal_that_did_not_exist_at_first_is_new(tmp_path: Path) -> None:
    new = NewEvents(tmp_path)
    new.begin()
    assert list(new.read()) == []
    event = note(tmp_path)
    assert list(new.read()) == [event]


def test_events_before_a_damaged_line_are_read_once_and_those_behind_it_when_it_is_gone(tmp_path: Path) -> None:
    new = NewEvents(with_history(tmp_path))
    new.begin()
    events = [note(tmp_path), note(tmp_path)]
    journal = file_in(tmp_path, "journal.jsonl")
    whole = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([*whole[:4], b"[/nope]\n", *whole[4:]]))
    read = []
    with pytest.raises(JournalDamaged):
        for event in new.read():
            read.append(event)
    assert read == events[:1]
    journal.write_bytes(b"".join(whole))
    assert list(new.read()) == events[1:]


def test_after_a_repair_the_new_journals_last_event_is_told_and_all_behind_it(tmp_path: Path) -> None:
    new = NewEvents(with_history(tmp_path, 9))
    new.begin()
    restarted = write_at_once(tmp_path, [{"reason": "damaged"}])
    assert list(new.read()) == restarted
    event = note(tmp_path)
    assert list(new.read()) == [event]


def test_a_journal_that_is_out_of_reach_for_a_while_is_not_told_again(tmp_path: Path) -> None:
    new = NewEvents(with_history(tmp_path))
    new.begin()
    journal = file_in(tmp_path, "journal.jsonl")
    journal.rename(tmp_path / "away")
    assert list(new.read()) == []
    (tmp_path / "away").rename(journal)
    assert list(new.read()) == []


def test_others_results_are_news_and_what_was_done_here_is_not(tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    own = OwnEvents(site_of(tmp_path))
    mine = own.during(lambda: given(reports, "maria"))
    theirs = given(reports, "sam", reason="evidence")
    elsewhere = given(reports, "maria")  # another session of the same operator
    begun = given(reports, "sam", "freeze", outcome="intent")
    lines = own.news_of_others([mine, theirs, elsewhere, begun])
    assert [line.partition(": ")[0] for line in lines] == [f"sam@{theirs.host}", "another session"]
    assert lines[0].endswith("freeze A: evidence")


def test_what_every_dashboard_finds_or_shows_by_itself_is_no_news_unless_another_found_it(tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    own = OwnEvents(site_of(tmp_path))
    kinds = ("incident", "raised", "evidence", "recovered")
    assert own.news_of_others([given(reports, "maria", kind) for kind in kinds]) == []
    assert len(own.news_of_others([given(reports, "sam", kind) for kind in kinds])) == 2


def test_a_run_that_was_started_here_is_no_news_until_its_end_was_seen(tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    own = OwnEvents(site_of(tmp_path))
    own.runs.add("A")
    events = [given(reports, "maria", "run", state=state) for state in ("running", "finished", "running")]
    lines = own.news_of_others(events)
    assert len(lines) == 1, "the third is of another session"
    assert own.runs == set()


def test_what_was_written_is_remembered_though_the_work_failed(tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    own = OwnEvents(site_of(tmp_path))
    written = []

    def fails() -> None:
        written.append(given(reports, "maria"))
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        own.during(fails)
    assert own.news_of_others(written) == []
