"""One rule says whether an event follows, and whoever reads the journal judges by it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from phase4_tui.console.facts.journal_rows import read_all
from phase4_tui.journal.chain import anchor_fault, contradicts, follows, is_left_behind
from phase4_tui.journal.journal_check import check_journal
from phase4_tui.journal.log import Head, JournalDamaged, read_events
from phase4_tui.journal.state import StateUnreadable, read_state
from tests.journal.support import file_in, lines_in, note, sealed, with_history, write_at_once, write_head

EVENTS = sealed([{}] * 5)


def test_an_event_follows_only_the_one_whose_number_and_hash_it_names() -> None:
    assert follows(EVENTS[0], Head())
    assert follows(EVENTS[1], EVENTS[0])
    assert not follows(EVENTS[2], EVENTS[0])
    assert not follows(EVENTS[1], Head(seq=1, hash="0" * 64))
    assert not follows(EVENTS[0], EVENTS[0])
    assert contradicts(EVENTS[1], Head(seq=2, hash="f" * 64))
    assert not contradicts(EVENTS[1], EVENTS[1])
    assert not contradicts(EVENTS[1], Head(seq=3, hash="f" * 64))


@pytest.mark.parametrize(
    ("anchor", "fault"),
    [
        (EVENTS[4], None),
        (EVENTS[3], None),  # a crash came between the event and the anchor
        (EVENTS[2], "left behind"),
        (Head(seq=6, hash="f" * 64), "cut off"),
        (Head(seq=5, hash="f" * 64), "rewritten"),
        (Head(seq=-1), "rewritten"),
        (Head(), "left behind"),
    ],
)
def test_an_anchor_may_be_one_event_behind_and_no_more(anchor: Head, fault: str | None) -> None:
    assert anchor_fault(anchor, len(EVENTS), lambda seq: EVENTS[seq - 1].hash) == fault
    assert not is_left_behind(1, Head())
    assert is_left_behind(2, Head())


def _without_line(reports: Path) -> None:
    lines = lines_in(reports)
    file_in(reports, "journal.jsonl").write_bytes(b"".join(lines[:2] + lines[3:]))


def _swapped(reports: Path) -> None:
    one, two, three, *rest = lines_in(reports)
    file_in(reports, "journal.jsonl").write_bytes(b"".join([one, three, two, *rest]))


def _tail_cut(reports: Path) -> None:
    file_in(reports, "journal.jsonl").write_bytes(b"".join(lines_in(reports)[:-1]))


def _written_anew(reports: Path) -> None:
    kept = {name: file_in(reports, name).read_bytes() for name in ("journal.head", "state.json")}
    write_at_once(reports, [{"changes": {"active_tag": "other"}}] * 5)
    for name, content in kept.items():
        file_in(reports, name).write_bytes(content)


def _anchor_left_behind(reports: Path) -> None:
    write_head(reports, list(read_events(reports))[:2])


@pytest.mark.parametrize("damage", [_without_line, _swapped, _tail_cut, _written_anew, _anchor_left_behind])
def test_state_verification_screen_and_the_next_operation_see_the_same_damage(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    reports = with_history(tmp_path, 5)
    assert check_journal(reports).problems == []
    assert read_all(reports, lambda: False).problems == ()
    damage(reports)
    assert check_journal(reports).problems
    assert read_all(reports, lambda: False).problems
    if damage in (_without_line, _swapped):  # in the middle, where only who reads everything looks
        file_in(reports, "state.json").unlink()
    with pytest.raises(StateUnreadable):
        read_state(reports)
    with pytest.raises((StateUnreadable, JournalDamaged)):
        note(reports)
