"""Streams: whatever the spelling and wherever the window cuts, the batches are the records."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from phase4_tui.artifacts.json_stream import BadElement, Cursor, decode_array, read_object
from phase4_tui.artifacts.records import BadInput, RecordFile, open_records
from phase4_tui.artifacts.strict_json import BadJson
from phase4_tui.policy.phase4.record import Record
from tests.artifacts.support import (
    OPTIONAL,
    RECORD,
    Fields,
    array_spellings,
    documents,
    line_spellings,
    put,
    records,
    texts,
    window,
    windows,
)
from tests.deadline import within

MEBIBYTE = 1 << 20
rows_of_records = st.lists(records, max_size=6)
LINE = json.dumps(RECORD)


def read(data: bytes) -> list[Fields]:
    """Return the fields of the records in `data`, all batches together."""
    file = RecordFile(Path("batch.json"), io.BytesIO(data), Record)
    return [msgspec.structs.asdict(record) for batch in file for record in batch]


def as_records(rows: list[Fields]) -> list[Fields]:
    """Return the fields of `rows` with the defaults filled in."""
    return [msgspec.structs.asdict(msgspec.convert(row, Record)) for row in rows]


@given(rows_of_records, windows, st.data())
def test_an_array_is_read_as_its_records_however_it_is_spelled_and_cut(
    rows: list[Fields], size: int, data: st.DataObject
) -> None:
    with window(size):
        assert read(data.draw(array_spellings(rows))) == as_records(rows)


@given(st.lists(records, min_size=1, max_size=6), st.integers(1, 60), st.data())
def test_json_lines_are_read_as_their_records_however_they_are_spelled_and_cut(
    rows: list[Fields], more: int, data: st.DataObject
) -> None:
    text = data.draw(line_spellings(rows))
    with within(5), window(data.draw(st.sampled_from([max(map(len, text.split(b"\n"))) + more, MEBIBYTE]))):
        assert read(text) == as_records(rows)


@given(records, windows, st.sampled_from([1, 4, "\t"]), st.booleans())
def test_one_object_over_many_lines_is_one_record(row: Fields, size: int, indent: int | str, ascii_only: bool) -> None:
    with window(size):
        assert read(json.dumps(row, indent=indent, ensure_ascii=ascii_only).encode() + b"\n\n") == as_records([row])


@pytest.mark.parametrize("size", [64, 200])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n"])
def test_a_line_longer_than_the_window_is_read_whole(size: int, end: str) -> None:
    with within(2), window(size):
        assert read((LINE + end).encode() * 3) == as_records([RECORD] * 3)


@pytest.mark.parametrize("head", ["", "\n", "\r\n \t"])
def test_an_object_on_one_line_is_one_record(head: str) -> None:
    assert read((head + LINE).encode()) == as_records([RECORD])


def test_an_empty_array_holds_no_records() -> None:
    assert read(b"[]") == []
    assert read(b" [ \n ] \n") == []


def test_a_batch_of_several_windows_comes_in_several_batches(tmp_path: Path) -> None:
    rows = [RECORD | {"event_name": f"event {number} }}, {{"} for number in range(12_000)]
    file, found = open_records(put(tmp_path / "batch.json", rows), Record)
    with file:
        batches = list(found)
    assert len(batches) > 2
    assert [record.event_name for batch in batches for record in batch] == [row["event_name"] for row in rows]
    assert found.bytes_read == (tmp_path / "batch.json").stat().st_size


def test_blank_lines_of_a_whole_window_before_the_first_line_change_nothing() -> None:
    with within(2):
        assert read(b"\n" * (MEBIBYTE - 100) + (LINE + "\n").encode() * 3) == as_records([RECORD] * 3)


def test_blank_lines_of_many_windows_between_lines_change_nothing() -> None:
    with within(5):
        assert read(LINE.encode() + b"\n" * (3 * MEBIBYTE) + LINE.encode()) == as_records([RECORD] * 2)


def test_a_line_too_long_is_refused_also_when_it_begins_with_a_window() -> None:
    first = (LINE + "\n").encode()
    too_long = json.dumps(RECORD | {"event_name": "x" * (3 * MEBIBYTE)}).encode()
    with within(4), pytest.raises(BadInput, match=r"batch\.json, record 2: is longer than 1048576 bytes"):
        read(first + b"\n" * (MEBIBYTE - len(first)) + too_long + b"\n")


def test_an_element_too_long_is_refused_with_its_number() -> None:
    too_long = RECORD | {"event_name": "x" * (3 * MEBIBYTE)}
    with within(4), pytest.raises(BadInput, match=r"record 2"):
        read(json.dumps([RECORD, too_long]).encode())


@given(st.lists(records, min_size=1, max_size=5), windows, st.data())
def test_a_key_given_twice_is_refused_wherever_it_stands(rows: list[Fields], size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(rows) - 1))
    key = data.draw(st.sampled_from(sorted(rows[index])))
    if data.draw(st.booleans()):  # the number of keys in the batch stays what it is without the duplicate
        rows = [row if at == index else {k: row[k] for k in row if k != OPTIONAL[0]} for at, row in enumerate(rows)]
    spelled = [json.dumps(row) for row in rows]
    again = f"{json.dumps(key)}: {json.dumps(rows[index][key])}"
    spelled[index] = data.draw(
        st.sampled_from([f"{{{again}, {spelled[index][1:]}", f"{spelled[index][:-1]}, {again}}}"])
    )
    as_array = data.draw(st.booleans())
    text = f"[{', '.join(spelled)}]" if as_array else "\n".join(spelled)
    with window(size if as_array else MEBIBYTE), pytest.raises(BadInput) as refused:
        read(text.encode())
    assert refused.value.number == index + 1
    assert f"'{key}' twice" in str(refused.value)


@pytest.mark.parametrize("omitted", OPTIONAL)
@pytest.mark.parametrize("pattern", ["[{}]", "{}"], ids=["array", "lines"])
def test_a_key_given_twice_is_refused_when_another_record_lacks_one_so_that_the_totals_match(
    omitted: str, pattern: str
) -> None:
    shorter = json.dumps({key: value for key, value in RECORD.items() if key != omitted})
    twice = LINE.replace('"options_bias"', '"session_slot": "CLOSE", "options_bias"')
    for order in ([shorter, twice], [LINE, shorter, twice], [LINE, twice, shorter]):
        text = pattern.format((",\n" if pattern == "[{}]" else "\n").join(order))
        with pytest.raises(BadInput, match="'session_slot' twice") as refused:
            read(text.encode())
        assert refused.value.number == order.index(twice) + 1


@pytest.mark.parametrize("pattern", ["[{}]", "{}"], ids=["array", "lines"])
def test_a_key_given_twice_is_refused_when_quotes_in_the_first_records_text_make_up_for_it(pattern: str) -> None:
    quoted = json.dumps(RECORD | {"event_name": '""'})
    twice = LINE.replace('"options_bias"', '"iv_percentile": 1, "options_bias"')
    text = pattern.format((",\n" if pattern == "[{}]" else "\n").join([quoted, twice]))
    with pytest.raises(BadInput, match="record 2: has the key 'iv_percentile' twice"):
        read(text.encode())


@pytest.mark.parametrize("optional", [True, False])
def test_a_line_holds_one_record_whether_or_not_all_keys_are_there(optional: bool) -> None:
    row = RECORD if optional else {key: RECORD[key] for key in RECORD if key not in OPTIONAL}
    line = json.dumps(row)
    with pytest.raises(BadInput, match="record 2"):
        read(f"{line}\n{line} {line}\n".encode())


# An object, key by key ------------------------------------------------------------------------------------------------


def pairs_of(data: bytes) -> tuple[list[tuple[str, object]], list[object]]:
    """Return the pairs in file order, and the elements of `results`."""
    pairs: list[tuple[str, object]] = []
    rows: list[object] = []
    stream: Iterator[tuple[str, object] | list[object]] = read_object(
        Cursor(io.BytesIO(data)), "results", decode_array(dict), lambda element, _number: json.loads(element)
    )
    for item in stream:
        if isinstance(item, list):
            rows += item
        else:
            pairs.append(item)
    return pairs, rows


def spell(pairs: list[tuple[str, object]], comma: str = ", ", colon: str = ": ") -> bytes:
    text = comma.join(f"{json.dumps(key)}{colon}{json.dumps(value, ensure_ascii=False)}" for key, value in pairs)
    return ("{" + text + "}").encode()


heads = st.lists(
    st.tuples(texts.filter(lambda key: key != "results"), documents), max_size=5, unique_by=lambda pair: pair[0]
)
objects = st.lists(st.dictionaries(texts, documents, max_size=3), max_size=5)


@given(heads, heads, objects, windows, st.sampled_from([", ", ",", "\n ,\r\n"]), st.sampled_from([":", " : "]))
@example([("x", 12.5)], [], [], 9, ", ", ": ")
def test_the_keys_before_and_after_the_streamed_array_come_in_order(
    before: list[tuple[str, object]],
    after: list[tuple[str, object]],
    rows: list[object],
    size: int,
    comma: str,
    colon: str,
) -> None:
    names = {key for key, _ in before}
    after = [pair for pair in after if pair[0] not in names]
    with window(size):
        found, streamed = pairs_of(spell([*before, ("results", rows), *after], comma, colon))
    assert [pair for pair in found if pair != ("results", [])] == [*before, *after]
    assert streamed == rows


@pytest.mark.parametrize("number", ["12.5", "1.25e3", "1E+2", "-0.5", "1e-7", "100", "-3"])
def test_a_number_is_whole_wherever_the_window_cuts_it(number: str) -> None:
    text = f'{{"x": {number}, "y": [{number}], "results": [], "z": {number}}}'.encode()
    for size in range(1, len(text)):
        with window(size):
            pairs = dict(pairs_of(text)[0])
        assert (pairs["x"], pairs["y"], pairs["z"]) == (float(number), [float(number)], float(number)), size


@given(heads, st.integers(0, 9), windows)
def test_a_top_level_key_given_twice_is_refused(before: list[tuple[str, object]], at: int, size: int) -> None:
    pairs: list[tuple[str, object]] = [("k", 1), *[pair for pair in before if pair[0] != "k"], ("results", [{"a": 1}])]
    pairs.insert(min(at, len(pairs)), ("k", 2))
    with window(size), pytest.raises(BadJson, match="'k' twice"):
        pairs_of(spell(pairs))


def test_a_second_streamed_array_is_refused() -> None:
    with pytest.raises(BadJson, match="'results' twice"):
        pairs_of(b'{"results": [{"a": 1}], "x": 1, "results": [{"a": 2}]}')


@pytest.mark.parametrize("value", ["{}", "1", "null", '"text"', '{"0": {}}'])
def test_a_streamed_key_that_holds_no_array_comes_as_a_pair(value: str) -> None:
    assert pairs_of(f'{{"results": {value}}}'.encode()) == ([("results", json.loads(value))], [])


BROKEN_OBJECTS = {
    "nothing": b"",
    "an array": b"[]",
    "a byte order mark": b"\xef\xbb\xbf{}",
    "no end": b'{"a": 1',
    "no value": b'{"a":',
    "no colon": b'{"a" 1}',
    "no comma": b'{"a": 1 "b": 2}',
    "a trailing comma": b'{"a": 1,}',
    "a key that is no text": b"{1: 1}",
    "text behind": b'{"a": 1} x',
    "a second object": b'{"results": [{}]} {}',
    "an array without end": b'{"results": [{"a": 1}',
    "an array cut in an element": b'{"results": [{"a": 1}, {"a',
    "an array with a trailing comma": b'{"results": [{"a": 1},]}',
    "an array with two commas": b'{"results": [{"a": 1},, {"a": 1}]}',
    "an array without a comma": b'{"results": [{"a": 1} {"a": 1}]}',
    "an array closed as an object": b'{"results": [{"a": 1}}',
    "NaN at the top": b'{"a": NaN}',
    "a duplicate key inside": b'{"a": {"b": 1, "b": 2}}',
    "too many keys": spell([(str(number), 0) for number in range(300)]),
    "100,000 brackets": b'{"a": ' + b"[" * 100_000,
    "100,000 brackets as rows": b'{"results": ' + b"[" * 100_000,
    "NULs": b'{"results": [' + b"\x00" * 4096,
}


@pytest.mark.parametrize("size", [1, 7, 64, MEBIBYTE])
@pytest.mark.parametrize("data", BROKEN_OBJECTS.values(), ids=BROKEN_OBJECTS.keys())
def test_a_broken_object_is_refused_wherever_it_is_cut(data: bytes, size: int) -> None:
    if len(data) > 10_000 and size < 64:
        size = 4096
    with within(5), window(size), pytest.raises((BadJson, BadElement)) as refused:
        pairs_of(data)
    assert str(refused.value).isprintable()


def test_white_space_of_many_windows_does_not_stop_the_reading() -> None:
    blank = b" " * (3 * MEBIBYTE)
    text = (
        b'{"a": 1' + blank + b', "results": [' + blank + b'{"b": 2}]' + blank + b', "c":' + blank + b"3" + blank + b"}"
    )
    with within(4):
        assert pairs_of(text) == ([("a", 1), ("c", 3)], [{"b": 2}])
