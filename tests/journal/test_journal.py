"""The journal: an unbroken chain whoever writes, what is read is what was written, and no event that poisons it."""

import os
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phase4_tui.artifacts.nesting import DEPTH_LIMIT
from phase4_tui.journal.actor import Actor
from phase4_tui.journal.events import MAX_LINE_BYTES, BadEvent, Event, decode_line, encode_line
from phase4_tui.journal.locks import Busy
from phase4_tui.journal.log import Draft, JournalDamaged, last_event, read_events
from phase4_tui.journal.state import StateUnreadable, read_state
from phase4_tui.journal.writer import journal_lock, record
from tests.artifacts.support import documents, texts
from tests.deadline import within
from tests.figures import Figures
from tests.journal.support import (
    MARIA,
    ended,
    file_in,
    folded,
    forked,
    lines_in,
    note,
    problems,
    raises_with_command,
    sealed,
    with_history,
    write_at_once,
    write_head,
)

PROCESSES, EACH = 8, 500

TIME = "2026-02-17T03:45:00.000000Z"
tags = st.sampled_from(["t1", "t2", "t3"])
frozen = st.fixed_dictionaries({"manifest_sha256": texts, "at": st.just(TIME), "by": texts, "reason": texts})
findings = st.fixed_dictionaries({"file": texts, "key": texts, "value": documents})
incidents = st.fixed_dictionaries(
    {"id": st.just("INC-1"), "class": st.sampled_from(["P0", "P1", "P2", None]), "rule": texts, "tag": tags,
     "owner": st.sampled_from(["risk", None]), "opened_at": st.just(TIME), "opened_by": texts},
    optional={"evidence": st.lists(findings, max_size=2)},
)  # fmt: skip
changes = st.fixed_dictionaries(
    {},
    optional={
        "active_tag": st.one_of(st.none(), tags),
        "active_reason": st.one_of(st.none(), texts),
        "evaluation_mode": st.sampled_from(["phase4", "phase3_only"]),
        "incident": st.one_of(st.none(), incidents),
        "frozen": st.dictionaries(tags, frozen, max_size=2),
        "pinned": st.lists(tags, max_size=2),
        "revision": st.integers(),
        "no such key": documents,
    },
)
details = st.fixed_dictionaries(
    {},
    optional={
        "outcome": st.sampled_from(["intent", "done", "failed", ""]),
        "intent": st.integers(1, 6),
        "changes": changes,
        "reason": texts,
        "found": documents,
    },
)
drafts = st.builds(
    Draft,
    st.sampled_from(["freeze", "note"]),
    st.one_of(st.none(), tags),
    st.just("INC-1"),
    st.one_of(st.none(), details),
)


def append_many(reports: Path, count: int, operator: str = "maria") -> None:
    """What another process does."""
    for number in range(count):
        record(reports, Actor(operator), Draft("note", detail={"changes": {"active_tag": f"t{number}"}}))


@given(st.lists(drafts, min_size=1, max_size=6), texts)
@settings(max_examples=40, deadline=None)
def test_the_state_is_what_all_events_make_of_nothing_whatever_they_hold(given: list[Draft], operator: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        reports, returned, revision = Path(directory), list[Event](), 0
        for draft in given:
            event, after = record(reports, Actor(operator, "desk"), draft)
            returned.append(event)
            revision += bool((draft.detail or {}).get("changes"))
            assert after == read_state(reports) == folded(reports)
            assert after.revision == revision
        assert list(read_events(reports)) == returned
        assert problems(reports) == []
        file_in(reports, "state.json").unlink()
        assert read_state(reports) == after


def test_processes_that_append_at_once_make_one_unbroken_chain(in_memory: Path, figures: Figures) -> None:
    operators = [f"operator{number}" for number in range(PROCESSES)]
    children = [forked(partial(append_many, in_memory, EACH, operator)) for operator in operators]
    assert [ended(child) for child in children] == [0] * PROCESSES
    events = list(read_events(in_memory))
    assert [event.seq for event in events] == list(range(1, PROCESSES * EACH + 1))
    for operator in operators:
        mine = [event.detail["changes"]["active_tag"] for event in events if event.operator == operator]
        assert mine == [f"t{each}" for each in range(EACH)]
    assert problems(in_memory) == []
    assert read_state(in_memory).revision == PROCESSES * EACH
    figures.total("{:,} events", len(events))


def test_readers_meet_no_error_and_no_step_back_while_another_process_appends(tmp_path: Path) -> None:
    seqs, looks = [0], 0
    writer = forked(partial(append_many, tmp_path, 150))
    while os.waitid(os.P_PID, writer, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        known = read_state(tmp_path).journal.seq
        last = last_event(tmp_path)
        newer = [event.seq for event in read_events(tmp_path, after=known)]
        assert newer == list(range(known + 1, known + len(newer) + 1))
        assert (last.seq if last else 0) >= known
        seqs += [known, last.seq if last else 0]
        looks += 1
    assert seqs == sorted(seqs)
    assert looks > 20
    assert (ended(writer), read_state(tmp_path).revision) == (0, 150)


@pytest.mark.parametrize(
    "bad",
    [
        {"changes": {"evaluation_mode": "both"}},
        {"changes": {"frozen": {"t1": "x"}}},
        {"changes": {"incident": {"id": 1}}},
        {"changes": [1]},
        {"changes": "active_tag"},
    ],
)
def test_an_event_that_makes_no_state_is_refused_before_it_is_written(tmp_path: Path, bad: dict[str, Any]) -> None:
    before = lines_in(with_history(tmp_path))
    with pytest.raises(StateUnreadable, match="event 4"):
        note(tmp_path, **bad)
    assert lines_in(tmp_path) == before
    assert note(tmp_path).seq == 4


def nested(depth: int) -> list[Any]:
    inner: list[Any] = []
    for _ in range(depth):
        inner = [inner]
    return inner


@pytest.mark.parametrize(
    "bad",
    [object(), 1j, nested(DEPTH_LIMIT), nested(5000), ["x" * 4000] * 270],
    ids=["an object", "a complex number", "beyond the limit of nesting", "endless nesting", "too long"],
)
def test_what_no_line_can_hold_is_refused_and_nothing_is_written(tmp_path: Path, bad: object) -> None:
    before = lines_in(with_history(tmp_path))
    with pytest.raises(BadEvent):
        note(tmp_path, value=bad)
    assert lines_in(tmp_path) == before
    assert note(tmp_path).seq == 4


def test_a_detail_at_the_limit_of_nesting_is_read_as_it_was_written(tmp_path: Path) -> None:
    deep = nested(DEPTH_LIMIT - 3)  # in the event, in its detail, and the innermost
    assert note(tmp_path, value=deep).detail == {"value": deep}
    assert problems(tmp_path) == []
    with pytest.raises(BadEvent, match="nested too deeply: more than"):
        note(tmp_path, value=[deep])


def test_a_thousand_frozen_tags_with_long_reasons_are_still_one_line(tmp_path: Path) -> None:
    entry = {"manifest_sha256": "0" * 64, "at": TIME, "by": "maria@desk", "reason": "x" * 500}
    note(tmp_path, changes={"frozen": {f"t{number}": entry for number in range(1000)}})
    note(tmp_path, changes={"active_tag": "t7"})
    assert (len(read_state(tmp_path).frozen), read_state(tmp_path).active_tag) == (1000, "t7")
    assert problems(tmp_path) == []


@pytest.mark.parametrize("draft", [Draft("\ud800"), Draft("note", tag="\ud800"), Draft("note", incident="\udfff")])
def test_a_surrogate_where_no_text_of_others_belongs_is_refused(tmp_path: Path, draft: Draft) -> None:
    with pytest.raises(BadEvent):
        record(tmp_path, MARIA, draft)
    assert lines_in(with_history(tmp_path)) != []


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (10**30, 10**30),
        (5e-324, 5e-324),
        ((1, (2,)), [1, [2]]),
        ({3: {None: 1}}, {"3": {"None": 1}}),
        ("a\x1b]52;c;x\x07\ud800", "a␛]52;c;x␇⟨U+D800⟩"),
    ],
)
def test_a_hostile_value_is_kept_so_that_it_can_be_read_again(tmp_path: Path, value: object, kept: object) -> None:
    event = note(tmp_path, value=value)
    assert event.detail == {"value": kept}
    assert list(read_events(tmp_path)) == [event]
    assert problems(tmp_path) == []


def test_the_name_of_operator_and_host_is_made_safe(tmp_path: Path) -> None:
    event, _ = record(tmp_path, Actor("a\x1b\udc80", "h\x9b\udcff"), Draft("note"))
    assert (event.operator + event.host).isprintable()
    assert list(read_events(tmp_path)) == [event]


lengths = st.one_of(st.integers(0, 500), st.integers(0, 20_000), st.integers(0, 400_000))


@given(st.lists(lengths, min_size=30, max_size=60), st.data())
@settings(max_examples=15, deadline=None)
def test_events_after_any_one_are_found_by_bisection_whatever_their_lengths(
    sizes: list[int], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        reports = Path(directory)
        events = write_at_once(reports, [{"text": "é" * size} for size in sizes])
        torn = data.draw(st.sampled_from([b"", b"{", b"x" * 60_000, b"x" * 900_000]))
        with file_in(reports, "journal.jsonl").open("ab") as file:
            file.write(torn)
        for after in data.draw(st.lists(st.integers(0, len(events) + 1), min_size=5, max_size=5)):
            assert list(read_events(reports, after)) == events[after:]
        assert last_event(reports) == events[-1]


@pytest.mark.parametrize("length", [MAX_LINE_BYTES - 1, MAX_LINE_BYTES])
def test_the_longest_line_is_read_and_followed(tmp_path: Path, length: int) -> None:
    empty = len(encode_line(sealed([{"text": ""}])[0]))
    [event] = write_at_once(tmp_path, [{"text": "x" * (length - empty)}])
    assert [len(line) for line in lines_in(tmp_path)] == [length]
    assert last_event(tmp_path) == event
    assert note(tmp_path).seq == 2
    assert problems(tmp_path) == []


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(2 << 30)


@pytest.mark.parametrize(
    "put",
    [_sparse, os.mkfifo, Path.mkdir, lambda path: path.symlink_to(path)],
    ids=["2 GB without a line", "FIFO", "directory", "link to itself"],
)
def test_what_is_no_journal_is_damage_and_neither_a_hang_nor_a_traceback(
    tmp_path: Path, put: Callable[[Path], None]
) -> None:
    with_history(tmp_path)
    path = file_in(tmp_path, "journal.jsonl")
    path.unlink()
    put(path)
    with within(5):
        with pytest.raises(JournalDamaged, match=r"journal\.jsonl"):
            list(read_events(tmp_path))
        with pytest.raises(JournalDamaged, match=r"journal\.jsonl"):
            last_event(tmp_path)
        with pytest.raises(StateUnreadable, match=r"journal\.jsonl"):
            note(tmp_path)
        assert "journal" in problems(tmp_path)


def test_nothing_is_written_while_another_holds_the_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = lines_in(with_history(tmp_path))
    monkeypatch.setattr("phase4_tui.journal.writer.LOCK_SECONDS", 0.05)
    with journal_lock(tmp_path), pytest.raises(Busy):
        note(tmp_path)
    assert lines_in(tmp_path) == before
    assert note(tmp_path).seq == 4


@pytest.mark.parametrize("anchored", [0, 1, 4, 5])
def test_an_anchor_elsewhere_than_at_the_end_or_one_before_it_stops_every_append(tmp_path: Path, anchored: int) -> None:
    events = write_at_once(tmp_path, [{}] * 6)
    write_head(tmp_path, events[:anchored])
    before = lines_in(tmp_path)
    if anchored == 5:
        assert note(tmp_path).seq == 7
    else:
        with raises_with_command("phase4 verify", JournalDamaged, StateUnreadable):
            note(tmp_path)
        assert lines_in(tmp_path) == before


@given(st.binary(max_size=300))
def test_a_line_of_anything_is_an_event_or_said_to_be_none(line: bytes) -> None:
    with pytest.raises(BadEvent):
        decode_line(line)


@given(st.sampled_from([b'{"a":', b"[", b'"\\ud800"', b"\xff", b"1e999", b'{"detail":', b'"\\u0000"', b","]), st.data())
def test_a_line_that_is_nested_or_badly_coded_is_said_to_be_none(part: bytes, data: st.DataObject) -> None:
    line = encode_line(sealed([{"x": 1}])[0]).replace(b'"x":1', b'"x":' + part * data.draw(st.integers(1, 5000)))
    with pytest.raises(BadEvent):
        decode_line(line[:-1])
