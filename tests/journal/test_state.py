"""The state of operations: defaults where nobody has operated, and no guess where the file can't be used."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from phase4_tui.artifacts.atomic_files import to_json
from phase4_tui.journal.log import read_events
from phase4_tui.journal.state import OperationsState, StateUnreadable, fold, read_state
from tests.journal.support import (
    file_in,
    folded,
    note,
    raises_with_command,
    sealed,
    with_history,
    write_at_once,
    write_head,
)

HISTORY: list[dict[str, Any]] = [{"changes": {"active_tag": f"t{number}"}} for number in range(4)]

INCIDENT = {"id": "i", "class": "P1", "rule": "r", "tag": "t", "owner": "risk", "opened_by": "maria"}
INCIDENT |= {"opened_at": "2026-02-17T03:45:00.000000Z"}


def write(reports: Path, content: object) -> Path:
    path = reports / ".phase4" / "state.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    os.utime(path, (10**9, 10**9))
    return path


def test_without_a_file_nobody_has_operated(tmp_path: Path) -> None:
    state = read_state(tmp_path)
    assert state == OperationsState()
    assert (state.revision, state.active_tag, state.evaluation_mode, state.quarantine) == (0, None, "phase4", ())
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_read_and_unknown_keys_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path, {"revision": 7, "active_tag": "t1", "evaluation_mode": "phase3_only", "later": 1})
    state = read_state(tmp_path)
    assert (state.revision, state.active_tag, state.evaluation_mode) == (7, "t1", "phase3_only")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        {"evaluation_mode": "both"},
        {"revision": "many"},
        {"quarantine": {}},
        '{"revision": 1, "revision": 2}',
        {"mode_since": "yesterday"},
        {"active_since": "2026-02-17T03:45:00"},
        {"incident": INCIDENT | {"opened_at": "\x1b[2Jsoon"}},
        {"incident": INCIDENT | {"contained_at": ""}},
        {"incident": INCIDENT | {"escalations": [{"owner": "risk", "by": "maria", "at": "9999999999"}]}},
    ],
)
def test_a_file_that_can_not_be_used_is_an_error_that_names_it(tmp_path: Path, content: object) -> None:
    path = write(tmp_path, content)
    with pytest.raises(StateUnreadable) as caught:
        read_state(tmp_path)
    assert str(path) in str(caught.value)
    assert str(caught.value).isprintable()


def test_an_event_whose_times_are_none_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(StateUnreadable, match="event 1 makes no state"):
        note(tmp_path, changes={"incident": INCIDENT | {"recovered_at": "some day"}})
    assert list(read_events(tmp_path)) == []


def write_state(reports: Path, state: OperationsState) -> None:
    file_in(reports, "state.json").write_bytes(to_json(state.model_dump(by_alias=True)))


def test_every_event_that_changes_the_state_is_one_revision_and_no_other_is(tmp_path: Path) -> None:
    revisions = []
    details: list[dict[str, Any]] = [{"outcome": "intent"}, {}, {"changes": {}}]
    for detail in (HISTORY[0], *details, *HISTORY[:2]):
        note(tmp_path, **detail)
        revisions.append(read_state(tmp_path).revision)
    assert revisions == [1, 1, 1, 1, 2, 3]


def test_an_event_can_not_set_what_the_state_counts_itself(tmp_path: Path) -> None:
    note(tmp_path, changes={"revision": 99, "journal": {"seq": 99, "hash": "x"}, "pending": []}, outcome="intent")
    state = read_state(tmp_path)
    assert (state.revision, state.journal.seq, len(state.pending)) == (1, 1, 1)


def test_an_operation_is_pending_from_its_intent_to_its_own_end(tmp_path: Path) -> None:
    first, second = note(tmp_path, outcome="intent"), note(tmp_path, outcome="intent")
    note(tmp_path, outcome="failed", intent=first.seq)
    assert [pending.seq for pending in read_state(tmp_path).pending] == [second.seq]
    note(tmp_path, outcome="done", intent=second.seq)
    assert read_state(tmp_path).pending == ()


@pytest.mark.parametrize("behind", [1, 2, 4])
def test_a_state_that_is_behind_or_missing_is_made_up_from_the_journal(tmp_path: Path, behind: int) -> None:
    events = write_at_once(tmp_path, HISTORY)
    if behind == 4:
        file_in(tmp_path, "state.json").unlink()
    else:
        write_state(tmp_path, fold(events[:-behind]))
    assert read_state(tmp_path) == fold(events)
    note(tmp_path)
    assert read_state(tmp_path) == folded(tmp_path)
    assert json.loads(file_in(tmp_path, "state.json").read_bytes())["revision"] == 4


def test_an_event_that_a_crash_left_without_its_anchor_counts(tmp_path: Path) -> None:
    events = write_at_once(tmp_path, HISTORY)
    write_state(tmp_path, fold(events[:3]))
    write_head(tmp_path, events[:3])
    assert read_state(tmp_path) == fold(events)
    note(tmp_path, changes={"pinned": ["t9"]})
    assert (read_state(tmp_path).active_tag, read_state(tmp_path).pinned) == ("t3", ("t9",))


def test_a_state_that_knows_more_than_the_journal_is_not_trusted(tmp_path: Path) -> None:
    events = sealed(HISTORY)
    for known in range(2, 5):
        write_at_once(tmp_path, HISTORY[: known - 1])
        write_state(tmp_path, fold(events[:known]))
        with raises_with_command("phase4 verify", StateUnreadable):
            read_state(tmp_path)


@pytest.mark.parametrize("known", [1, 3, 4])
def test_a_state_of_another_journal_is_not_trusted(tmp_path: Path, known: int) -> None:
    write_at_once(tmp_path, HISTORY)
    write_state(tmp_path, fold(sealed([{"changes": {"active_tag": "forged"}}, *HISTORY[1:]])[:known]))
    with raises_with_command("phase4 verify", StateUnreadable):
        read_state(tmp_path)


def test_an_anchor_of_another_journal_is_not_trusted(tmp_path: Path) -> None:
    write_at_once(tmp_path, HISTORY)
    write_head(tmp_path, sealed([{}, *HISTORY[1:]]))
    with raises_with_command("phase4 verify", StateUnreadable):
        read_state(tmp_path)


@pytest.mark.parametrize("gone", [["journal.jsonl"], ["journal.head"], ["journal.jsonl", "journal.head"]])
def test_a_state_without_the_journal_that_made_it_is_not_trusted(tmp_path: Path, gone: list[str]) -> None:
    write_at_once(tmp_path, HISTORY)
    for name in gone:
        file_in(tmp_path, name).unlink()
    with raises_with_command("phase4 verify", StateUnreadable):
        read_state(tmp_path)


def test_an_event_between_state_and_anchor_that_is_missing_is_found_by_reading(tmp_path: Path) -> None:
    events = write_at_once(with_history(tmp_path), HISTORY)
    write_state(tmp_path, fold(events[:1]))
    lines = file_in(tmp_path, "journal.jsonl").read_bytes().splitlines(keepends=True)
    file_in(tmp_path, "journal.jsonl").write_bytes(b"".join([*lines[:2], *lines[3:]]))
    with raises_with_command("phase4 verify", StateUnreadable):
        read_state(tmp_path)
    assert len(list(read_events(tmp_path))) == 3
