"""Whatever is changed on record is found: a byte, a line, an order, a tail, and with a frozen tag a whole rewriting."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phase4_tui.artifacts.atomic_files import to_json
from phase4_tui.journal.events import encode_line
from phase4_tui.journal.journal_check import check_journal
from phase4_tui.journal.log import Head, JournalDamaged, read_events
from phase4_tui.journal.state import StateUnreadable
from phase4_tui.rollback.verification import verify
from tests.journal.support import (
    file_in,
    json_in,
    lines_in,
    note,
    problems,
    raises_with_command,
    sealed,
    write_at_once,
    write_head,
)
from tests.rollback.support import freeze, site_of
from tests.runbook.documents import Tag
from tests.runbook.support import laid_out

HISTORY: list[dict[str, Any]] = [
    {"outcome": "intent", "plan": ["Make t1 active"]},
    {"outcome": "done", "intent": 1, "changes": {"active_tag": "t1", "active_reason": 'é\\ " \n😀'}},
    {"severity": "HIGH", "value": 1.5, "of": [1, None, True, {"a": -0.25}]},
    {"changes": {"evaluation_mode": "phase3_only", "pinned": ["t1"]}},
    {"note": ""},
]


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    write_at_once(tmp_path, HISTORY)
    return tmp_path


def refuses_to_go_on(reports: Path) -> None:
    """Nothing is added to what was changed, and nothing of it is mended."""
    before = lines_in(reports)
    with raises_with_command("phase4 verify", JournalDamaged, StateUnreadable):
        note(reports)
    assert lines_in(reports) == before


def rewrite(reports: Path, lines: list[bytes]) -> None:
    file_in(reports, "journal.jsonl").write_bytes(b"".join(lines))


def test_what_nobody_changed_holds(reports: Path) -> None:
    check = check_journal(reports)
    assert check.problems == []
    assert check.head == Head(**json_in(reports, "journal.head"))
    assert [check.holds(Head(seq=event.seq, hash=event.hash)) for event in read_events(reports)] == [True] * 5
    assert check.holds(Head())


def test_a_long_journal_is_never_held_as_a_whole(reports: Path) -> None:
    write_at_once(reports, [{"reason": "x" * 200}] * 20_000)
    size = file_in(reports, "journal.jsonl").stat().st_size
    tracemalloc.start()
    check = check_journal(reports)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert check.count == 20_000
    assert check.holds(check.head)
    assert peak < size / 4


def test_an_event_behind_the_state_that_makes_none_is_found(reports: Path) -> None:
    true = [event.detail for event in read_events(reports)]
    write_at_once(reports, true)
    events = sealed([*true, {"changes": {"active_tag": 5}}])
    file_in(reports, "journal.jsonl").write_bytes(b"".join(map(encode_line, events)))
    write_head(reports, events)
    check = check_journal(reports)
    assert check.state is None
    assert [(one.kind, "makes no state" in one.detail) for one in check.problems] == [("state", True)]


def test_a_byte_that_is_flipped_anywhere_in_the_journal_is_found(reports: Path) -> None:
    path = file_in(reports, "journal.jsonl")
    good = path.read_bytes()
    for position in range(len(good)):
        bad = bytearray(good)
        bad[position] ^= 1 << position % 8
        path.write_bytes(bad)
        assert problems(reports) != [], position
    path.write_bytes(good)
    assert problems(reports) == []


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_a_byte_that_becomes_any_other_is_found(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    reports = tmp_path_factory.getbasetemp() / "any-other"
    write_at_once(reports, HISTORY)
    path = file_in(reports, "journal.jsonl")
    bad = bytearray(path.read_bytes())
    position = data.draw(st.integers(0, len(bad) - 1))
    bad[position] = data.draw(st.integers(0, 255).filter(lambda byte: byte != bad[position]))
    path.write_bytes(bad)
    assert problems(reports) != []


@pytest.mark.parametrize("name", ["journal.head", "state.json"])
def test_a_byte_that_is_flipped_in_a_value_beside_the_journal_is_found(reports: Path, name: str) -> None:
    path = file_in(reports, name)
    good = path.read_bytes()
    content = json_in(reports, name)
    for position in range(len(good)):
        bad = bytearray(good)
        bad[position] ^= 1
        path.write_bytes(bad)
        found = problems(reports)
        if not found:
            # White space, and the name of a key whose value is the default anyway, say nothing.
            read = json_in(reports, name)
            lost = [key for key in content if read.get(key) != content[key]]
            assert [content[key] for key in lost if content[key] not in (None, [], {})] == [], position


@pytest.mark.parametrize("gone", range(5))
def test_a_line_that_is_deleted_is_found(reports: Path, gone: int) -> None:
    lines = lines_in(reports)
    rewrite(reports, lines[:gone] + lines[gone + 1 :])
    assert {"journal", "anchor"} & set(problems(reports))


@pytest.mark.parametrize("first", range(5))
@pytest.mark.parametrize("second", range(5))
def test_two_lines_that_are_swapped_or_one_that_is_there_twice_are_found(
    reports: Path, first: int, second: int
) -> None:
    lines = lines_in(reports)
    if first == second:
        lines.insert(first, lines[first])
    else:
        lines[first], lines[second] = lines[second], lines[first]
    rewrite(reports, lines)
    assert "journal" in problems(reports)


@pytest.mark.parametrize("left", range(5))
def test_a_tail_that_is_cut_off_at_any_line_is_found_and_nothing_is_added_to_the_rest(reports: Path, left: int) -> None:
    rewrite(reports, lines_in(reports)[:left])
    assert {"anchor", "state"} <= set(problems(reports))
    refuses_to_go_on(reports)


def test_a_tail_that_is_cut_off_anywhere_within_a_line_is_found(reports: Path) -> None:
    good = file_in(reports, "journal.jsonl").read_bytes()
    for length in range(0, len(good), 5):
        file_in(reports, "journal.jsonl").write_bytes(good[:length])
        assert "anchor" in problems(reports), length
    refuses_to_go_on(reports)


def test_a_journal_that_is_gone_is_found(reports: Path) -> None:
    file_in(reports, "journal.jsonl").unlink()
    assert {"anchor", "state"} <= set(problems(reports))
    with raises_with_command("phase4 verify", StateUnreadable):
        note(reports)
    assert not file_in(reports, "journal.jsonl").exists()


def test_an_event_that_is_sealed_anew_in_the_middle_is_found(reports: Path) -> None:
    other = sealed([*HISTORY[:2], {"severity": "LOW"}])[2]
    lines = lines_in(reports)
    lines[2] = encode_line(other)
    rewrite(reports, lines)
    assert problems(reports) == ["journal"]


@pytest.mark.parametrize("behind", [2, 3, 5])
def test_an_anchor_that_is_further_behind_than_a_crash_leaves_it_is_found(reports: Path, behind: int) -> None:
    write_head(reports, list(read_events(reports))[: 5 - behind])
    assert "anchor" in problems(reports)
    refuses_to_go_on(reports)


def test_what_a_crash_leaves_is_no_tampering(reports: Path) -> None:
    write_head(reports, list(read_events(reports))[:4])
    assert problems(reports) == []
    write_at_once(reports, HISTORY)
    with file_in(reports, "journal.jsonl").open("ab") as file:
        file.write(b'{"at":')
    assert problems(reports) == ["torn"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("active_tag", "t2"),
        ("revision", 3),
        ("evaluation_mode", "phase4"),
        ("pinned", []),
        ("pending", [{"seq": 1, "kind": "note", "tag": None, "by": "m@d", "at": "", "detail": {}}]),
        ("quarantine", [{"tag": "t1", "report_sha256": None, "report_size": None, "reason": "", "at": ""}]),
    ],
)
def test_a_state_that_the_journal_does_not_make_is_found_and_named(reports: Path, key: str, value: object) -> None:
    file_in(reports, "state.json").write_bytes(to_json(json_in(reports, "state.json") | {key: value}))
    [problem] = check_journal(reports).problems
    assert (problem.kind, key in problem.detail) == ("state", True)


@pytest.mark.parametrize("longer", [0, 3])
def test_a_journal_that_is_written_anew_with_anchor_and_state_is_found_by_a_frozen_tags_manifest(
    tmp_path: Path, longer: int
) -> None:
    work = laid_out(tmp_path)
    reports = work / "reports"
    Tag(reports)
    note(reports, reason="what is to be forgotten")
    freeze(work, "t1")
    assert verify(site_of(work)).problems == ()
    true = [event.detail for event in read_events(reports)]
    events = write_at_once(reports, [{"reason": "what is to be believed"}, *true[1:], *[{}] * longer])
    assert len(events) == len(true) + longer
    assert problems(reports) == [], "the chain as such can't tell"
    found = verify(site_of(work))
    assert [problem.kind for problem in found.problems] == ["journal"]
    assert "rewritten" in found.problems[0].detail


@pytest.mark.parametrize("name", ["journal.jsonl", "journal.head", "state.json"])
@pytest.mark.parametrize("put", [Path.mkdir, lambda path: path.write_bytes(b"\xff\xfe{"), Path.touch])
def test_whatever_else_lies_there_is_a_problem_and_no_traceback(
    reports: Path, name: str, put: Callable[[Path], None]
) -> None:
    file_in(reports, name).unlink()
    put(file_in(reports, name))
    assert problems(reports) != []
