"""Bad input: every refusal names the file, the record and the field, and says what was found."""

import io
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phase4_tui.artifacts.records import BadInput, RecordFile, open_records
from phase4_tui.policy.phase4.record import Record
from tests.artifacts.support import RECORD, Fields, put
from tests.deadline import within

GOOD = json.dumps(RECORD)

LATIN_1 = GOOD.replace("NONE", "café").encode("latin-1")


def with_value(field: str, text: str) -> str:
    """Return a record whose `field` has the JSON `text` as its value."""
    marked = json.dumps(RECORD | {field: "@@"})
    return marked.replace('"@@"', text)


def without(field: str) -> str:
    return json.dumps({key: value for key, value in RECORD.items() if key != field})


def refusal(data: bytes) -> BadInput:
    with within(4), pytest.raises(BadInput) as refused:
        for _ in RecordFile(Path("batch.json"), io.BytesIO(data), Record):
            pass
    return refused.value


BAD_RECORDS: dict[str, tuple[str, str | None, str]] = {
    "an unknown field": (with_value("surprise", "1"), "surprise", "unknown field"),
    "a field of another phase": (with_value("event_risk_high", "true"), "event_risk_high", "unknown field"),
    "a text for a number": (with_value("trend_strength", '"0.5"'), "trend_strength", '"0.5"'),
    "a number for a text": (with_value("timestamp", "20260217"), "timestamp", "20260217"),
    "a boolean for a number": (with_value("iv_percentile", "true"), "iv_percentile", "true"),
    "a number for a boolean": (with_value("event_window_active", "1"), "event_window_active", "found 1"),
    "null for a number": (with_value("underlying_change_pct", "null"), "underlying_change_pct", "null"),
    "null for an optional field": (with_value("event_name", "null"), "event_name", "null"),
    "an array for a text": (with_value("event_name", '["RBI"]'), "event_name", "RBI"),
    "an unknown underlying": (with_value("underlying", '"GOLD"'), "underlying", "GOLD"),
    "an underlying in lower case": (with_value("underlying", '"nifty50"'), "underlying", "nifty50"),
    "an unknown slot": (with_value("session_slot", '"NIGHT"'), "session_slot", "NIGHT"),
    "an unknown bias": (with_value("options_bias", '"LONG"'), "options_bias", "LONG"),
    "trend above 1": (with_value("trend_strength", "1.01"), "trend_strength", "1.01"),
    "trend below -1": (with_value("trend_strength", "-1.01"), "trend_strength", "-1.01"),
    "a percentile above 100": (with_value("iv_percentile", "100.5"), "iv_percentile", "100.5"),
    "a percentile below 0": (with_value("iv_percentile", "-0.5"), "iv_percentile", "-0.5"),
    "negative exposure": (
        with_value("current_portfolio_exposure_pct", "-1"),
        "current_portfolio_exposure_pct",
        "found -1",
    ),
    "a maximum of 0": (with_value("max_portfolio_exposure_pct", "0"), "max_portfolio_exposure_pct", "found 0"),
    "NaN": (with_value("underlying_change_pct", "NaN"), "underlying_change_pct", "not a finite number"),
    "Infinity": (with_value("trend_strength", "Infinity"), "trend_strength", "not a finite number"),
    "-Infinity": (with_value("iv_percentile", "-Infinity"), "iv_percentile", "not a finite number"),
    "1e999": (with_value("underlying_change_pct", "1e999"), "underlying_change_pct", "not a finite number"),
    "400 digits": (with_value("underlying_change_pct", "9" * 400), "underlying_change_pct", "number"),
    "350 digits": (with_value("underlying_change_pct", "9" * 350), "underlying_change_pct", "ange"),
    "5,000 digits": (with_value("underlying_change_pct", "9" * 5000), "underlying_change_pct", "number"),
    "a time without offset": (with_value("timestamp", '"2026-02-17T09:20:00"'), "timestamp", "offset"),
    "no time at all": (with_value("timestamp", '"yesterday"'), "timestamp", "ISO 8601"),
    "a day that is not": (with_value("timestamp", '"2026-02-30T09:20:00Z"'), "timestamp", "ISO 8601"),
    "a lone surrogate": (with_value("event_name", '"\\ud800"'), "event_name", "surrogate"),
    "an event name padded behind": (
        with_value("event_name", '"RBI "'),
        "event_name",
        "begins or ends with white space",
    ),
    "an event name padded in front": (with_value("event_name", '"\u3000fed"'), "event_name", "white space"),
    "an event name with a line end": (with_value("event_name", '"EARNINGS\\n"'), "event_name", "white space"),
    "an unseen character in a name": (
        with_value("event_name", '"R\u200bBI"'),
        "event_name",
        "U+200B, which is not seen",
    ),
    "an escaped one in a name": (with_value("event_name", '"RBI\\u00ad"'), "event_name", "U+00AD, which is not seen"),
    "a duplicate key": (GOOD[:-1] + ', "iv_percentile": 1}', None, "'iv_percentile' twice"),
    "a duplicate key spelled anew": (GOOD[:-1] + ', "iv\\u005fpercentile": 1}', None, "'iv_percentile' twice"),
    "a number": ("12", None, "expected an object, found 12"),
    "a text": ('"NIFTY50"', None, "expected an object"),
    "null": ("null", None, "expected an object, found null"),
    "an array": ("[]", None, "expected an object, found []"),
    "an empty object": ("{}", "underlying", "missing"),
} | {
    f"no {field}": (without(field), field, "missing")
    for field in RECORD
    if field in {"underlying", "timestamp", "session_slot", "underlying_change_pct", "options_bias"}
}


@pytest.mark.parametrize("place", [1, 3])
@pytest.mark.parametrize(("bad", "field", "reason"), BAD_RECORDS.values(), ids=BAD_RECORDS.keys())
def test_a_bad_record_is_named_by_file_number_and_field(bad: str, field: str | None, reason: str, place: int) -> None:
    rows = [GOOD] * 4
    rows[place - 1] = bad
    texts = [f"[{', '.join(rows)}]", "[\n" + ",\n".join(rows) + "\n]"]
    if bad.startswith("{") or place > 1:
        texts.append("\n".join(rows))
    for text in texts:
        error = refusal(text.encode())
        assert (error.number, error.field) == (place, field)
        assert str(error).startswith(f"batch.json, record {place}" + (f", field {field}: " if field else ": "))
        assert reason in str(error)
        assert str(error).isprintable()
        assert len(str(error)) < 500


BROKEN_FILES: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", "batch.json: is empty"),
    "white space": (" \r\n\t", "batch.json: is empty"),
    "a number": ("12", "batch.json: holds no records"),
    "null": ("null", "batch.json: holds no records"),
    "CSV": ("underlying,timestamp\n", "batch.json: holds no records"),
    "a byte order mark": (b"\xef\xbb\xbf[]", "batch.json: begins with a UTF-8 byte order mark"),
    "UTF-16": (f"[{GOOD}]".encode("utf-16"), "batch.json: begins with a UTF-16"),
    "UTF-16 without a mark": (f"[{GOOD}]".encode("utf-16-le"), "record 1: is not JSON"),
    "latin-1": (LATIN_1, "record 1: is not UTF-8"),
    "latin-1 in an array": (f"[{GOOD}, ".encode() + LATIN_1 + b"]", "record 2: is not UTF-8"),
    "no closing bracket": (f"[{GOOD}", "record 1: is not followed by the end of the array"),
    "only an opening bracket": ("[", "record 1: is missing"),
    "cut short in a record": (f"[{GOOD}, {GOOD[:70]}", "record 2: is cut short"),
    "cut short behind a comma": (f"[{GOOD}, ", "record 2: is missing"),
    "a trailing comma": (f"[{GOOD},]", "record 2: is not JSON"),
    "two commas": (f"[{GOOD},, {GOOD}]", "record 2: is not JSON"),
    "no comma": (f"[{GOOD} {GOOD}]", "record 1: is not followed by a comma"),
    "closed with a brace": (f"[{GOOD}}}", "record 1: is not followed by a comma"),
    "text behind the array": (f"[{GOOD}] and more", "more text after the end of the array"),
    "two arrays": (f"[{GOOD}] [{GOOD}]", "more text after the end of the array"),
    "text behind the object": (json.dumps(RECORD, indent=1) + " and more", "record 1: is not JSON"),
    "commas behind lines": (f"{GOOD},\n{GOOD},\n", "record 1: is not JSON"),
    "a broken line": (f"{GOOD}\n{GOOD[:-1]}\n{GOOD}\n", "record 2: is not JSON"),
    "a broken first line": (f"{GOOD[:-2]}{{}}\n{GOOD}\n", "record 1: is not JSON"),
    "a last line cut short": (f"{GOOD}\n{GOOD[:-20]}", "record 2: is not JSON"),
    "a line with a tail": (f"{GOOD}\n{GOOD} x\n", "record 2: is not JSON"),
    "single quotes": ("[{'underlying': 'NIFTY50'}]", "record 1: is not JSON"),
    "100,000 brackets": ("[" * 100_000, "record 1: is nested too deeply"),
    "100,000 objects": ('{"a":' * 100_000, "record 1: is nested too deeply"),
    "deep in a field": (f"[{with_value('event_name', '[' * 3000 + ']' * 3000)}]", "record 1: is nested too deeply"),
    "an endless object": ('{"underlying": "' + "x" * (3 << 20), "begins like one object but goes on"),
    "a control character": (f"[{with_value('event_name', chr(34) + chr(1) + chr(34))}]", "record 1: is not JSON"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "reason"), BROKEN_FILES.values(), ids=BROKEN_FILES.keys())
def test_a_broken_file_is_refused_with_the_place_and_the_reason(content: str | bytes, reason: str) -> None:
    message = str(refusal(content.encode() if isinstance(content, str) else content))
    assert message.startswith("batch.json")
    assert reason in message
    assert message.isprintable()


def test_no_depth_of_a_field_exhausts_the_stack() -> None:
    for depth in range(100, 1100):
        nested = with_value("event_name", "[" * depth + "]" * depth)
        assert refusal(f"[{nested}]".encode()).number == 1


def test_a_record_of_very_many_keys_with_one_twice_is_refused_in_moderate_time() -> None:
    keys = ", ".join(f'"{number}": 0' for number in range(60_000))
    assert "'59999' twice" in str(refusal(f'[{{{keys}, "59999": 0}}]'.encode()))


def test_an_unknown_field_is_named_whatever_its_name_imitates() -> None:
    imitating = "x` - at `$.underlying"
    error = refusal(json.dumps([RECORD | {imitating: 1}]).encode())
    assert error.field != "underlying"


def test_a_hostile_file_name_field_and_value_are_shown_without_their_control_characters(tmp_path: Path) -> None:
    evil = "\x1b]52;c;RVZJTA==\x07\u202e"
    path = put(tmp_path / f"{evil}.json", [{evil: evil}])
    file, found = open_records(path, Record)
    with file, pytest.raises(BadInput) as refused:
        list(found)
    assert str(refused.value).isprintable()
    assert "\u202e" not in str(refused.value)


def a_huge_file(beginning: bytes) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        path.write_bytes(beginning)
        os.truncate(path, 2 << 30)

    return make


NO_FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a directory": (Path.mkdir, "is a directory"),
    "a FIFO": (os.mkfifo, "is a FIFO"),
    "a link to itself": (lambda path: path.symlink_to(path.name), "can't be opened"),
    "two gigabytes of nothing": (a_huge_file(b""), "holds no records"),
    "an array of two gigabytes": (a_huge_file(b"["), "record 1"),
    "an object of two gigabytes": (a_huge_file(b"{"), "begins like one object but goes on"),
    "lines of two gigabytes": (a_huge_file(GOOD.encode() + b"\n"), "record 2: is longer than"),
}


@pytest.mark.parametrize(("make", "reason"), NO_FILES.values(), ids=NO_FILES.keys())
def test_what_is_no_batch_is_refused_without_waiting(
    tmp_path: Path, make: Callable[[Path], object], reason: str
) -> None:
    path = tmp_path / "batch.json"
    make(path)
    with within(3), pytest.raises(BadInput) as refused:
        file, found = open_records(path, Record)
        with file:
            list(found)
    assert str(refused.value).startswith("batch.json")
    assert reason in str(refused.value)


def test_a_batch_that_is_not_there_is_told_apart_from_a_bad_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        open_records(tmp_path / "batch.json", Record)


@given(st.binary(max_size=80))
def test_any_bytes_are_either_records_or_refused(data: bytes) -> None:
    for text in (data, b"[" + data + b"]", b'[{"underlying": "' + data + b'"}]', GOOD.encode() + b"\n" + data):
        try:
            for batch in RecordFile(Path("batch.json"), io.BytesIO(text), Record):
                assert all(isinstance(record, Record) for record in batch)
        except BadInput as error:
            assert str(error).startswith("batch.json")


@given(st.sampled_from(sorted(RECORD)), st.text(max_size=10), st.integers(1, 5))
def test_a_wrong_text_in_any_field_is_named(field: str, text: str, place: int) -> None:
    rows: list[Fields] = [RECORD] * 5
    rows[place - 1] = RECORD | {field: [text]}
    error = refusal(json.dumps(rows).encode())
    assert (error.number, error.field) == (place, field)
