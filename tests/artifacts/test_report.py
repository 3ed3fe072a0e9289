"""Reports: what is written is JSON with its head first, and what others wrote is read as it is."""

import io
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phase4_tui.artifacts.json_stream import BadElement, decode_array
from phase4_tui.artifacts.report import ReportReader, ReportWriter, tolerant_row
from phase4_tui.artifacts.strict_json import BadJson
from tests.artifacts.support import Fields, documents, nasty_text, put, tags, texts, window, windows
from tests.deadline import within

SUMMARY: Fields = {"total_records": 3, "action_counts": {"BUY_CALL": 1, "BUY_PUT": 0, "NO_TRADE": 2}}
rows_of_any_kind = st.lists(st.dictionaries(texts, documents, max_size=3), max_size=6)


def written(tag: str, input_file: str, batches: list[list[Fields]], summary: Fields = SUMMARY) -> bytes:
    file = io.BytesIO()
    writer = ReportWriter(file, tag, input_file)
    for batch in batches:
        writer.add(batch)
    writer.finish(summary)
    assert writer.count == sum(map(len, batches))
    return file.getvalue()


def read(path: Path) -> tuple[Fields, list[object], bool]:
    """Return head, rows, and whether there was an array of rows."""
    reader: ReportReader[object] = ReportReader(path, decode_array(dict), tolerant_row)
    rows = [row for batch in reader for row in batch]
    return reader.head, rows, reader.has_rows


@pytest.mark.parametrize("sizes", [[], [0], [1], [0, 1, 0], [2, 3], [1] * 7, [5000]])
def test_a_report_of_any_number_of_rows_is_one_json_object_with_its_head_first(
    tmp_path: Path, sizes: list[int]
) -> None:
    numbers = iter(range(sum(sizes)))
    batches: list[list[Fields]] = [[{"row": next(numbers)} for _ in range(size)] for size in sizes]
    data = written("a", "in.json", batches)
    report = json.loads(data)
    assert list(report) == ["run_tag", "input_file", "record_count", "summary", "results"]
    assert report == {
        "run_tag": "a",
        "input_file": "in.json",
        "record_count": sum(sizes),
        "summary": SUMMARY,
        "results": [row for batch in batches for row in batch],
    }
    assert data.endswith(b"\n")
    head, rows, has_rows = read(put(tmp_path / "a_report.json", data))
    assert head == {key: report[key] for key in report if key != "results"}
    assert (rows, has_rows) == (report["results"], True)


@settings(max_examples=50)
@given(tags, nasty_text, st.lists(rows_of_any_kind, max_size=3), st.dictionaries(texts, st.integers(), max_size=3))
def test_whatever_the_rows_hold_the_report_is_valid_json(
    tag: str, input_file: str, batches: list[list[Fields]], summary: Fields
) -> None:
    assert json.loads(written(tag, input_file, batches, summary)) == {
        "run_tag": tag,
        "input_file": input_file,
        "record_count": sum(map(len, batches)),
        "summary": summary,
        "results": [row for batch in batches for row in batch],
    }


def test_each_row_is_one_line() -> None:
    lines = written("a", "in.json", [[{"text": "two\nlines"}, {"b": 2}], [{"c": 3}]]).decode().splitlines()
    first = next(number for number, line in enumerate(lines) if line.endswith('"results": ['))
    assert lines[first + 1 :] == ['{"text":"two\\nlines"},', '{"b":2},', '{"c":3}', "]}"]


def test_the_longest_path_fits_into_the_head() -> None:
    path = "/".join(["\u0001\u0001" + "é" * 125] * 16)
    report = json.loads(written("a" * 64, path, [[{"a": 1}]]))
    assert report["input_file"] == path
    assert report["results"] == [{"a": 1}]


def test_a_summary_that_does_not_fit_is_an_error_and_no_broken_report() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        written("a", "in.json", [], {"x": "y" * 5000})


@given(
    rows_of_any_kind, windows, st.sampled_from([None, 0, 2, "\t"]), st.permutations(["run_tag", "results", "n", "pct"])
)
def test_a_report_that_others_wrote_is_read_in_any_order_and_indentation(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Fields], size: int, indent: int | str | None, order: list[str]
) -> None:
    content: Fields = {"run_tag": "a", "results": rows, "n": len(rows), "pct": -12.5}
    text = json.dumps({key: content[key] for key in order}, indent=indent)
    path = put(tmp_path_factory.getbasetemp() / "foreign_report.json", text)
    with window(size):
        head, found, has_rows = read(path)
    assert head == {key: content[key] for key in order if key != "results"}
    assert (found, has_rows) == (rows, True)


def test_a_large_indented_report_with_its_rows_first_is_read_in_several_batches(tmp_path: Path) -> None:
    rows = [{"input": {"n": number, "note": "}, {"}, "decision": {"tags": [1, 2]}} for number in range(15_000)]
    path = put(tmp_path / "a_report.json", json.dumps({"results": rows, "tail": [1, [2]]}, indent=2))
    reader: ReportReader[object] = ReportReader(path, decode_array(dict), tolerant_row)
    batches = list(reader)
    assert len(batches) > 1
    assert [row for batch in batches for row in batch] == rows
    assert reader.head == {"tail": [1, [2]]}


@pytest.mark.parametrize(
    "text", ['{"run_tag": "a"}', "{}", '{"results": {}}', '{"results": null}', '{"results": "[]"}']
)
def test_a_report_without_an_array_of_rows_says_so(tmp_path: Path, text: str) -> None:
    head, rows, has_rows = read(put(tmp_path / "a_report.json", text))
    assert (rows, has_rows) == ([], False)
    assert head == json.loads(text)


def test_rows_that_are_no_json_of_ours_reach_the_judge_as_they_are(tmp_path: Path) -> None:
    text = '{"results": [{"x": NaN}, {"x": Infinity}, {"x": 1e999}, {"x": "\\ud800"}, 5, null, [1]]}'
    rows = read(put(tmp_path / "a_report.json", text))[1]
    assert repr(rows) == repr(
        [{"x": float("nan")}, {"x": float("inf")}, {"x": float("inf")}, {"x": "\ud800"}, 5, None, [1]]
    )


UNDECODABLE_ROWS = {
    "a text in another encoding": b'{"a": "\xe9"}',
    "too deep": b'{"a": ' + b"[" * 3000 + b"]" * 3000 + b"}",
    "too deep in a list": b"[" * 3000 + b"]" * 3000,
}


@pytest.mark.parametrize("row", UNDECODABLE_ROWS.values(), ids=UNDECODABLE_ROWS.keys())
def test_a_row_that_nothing_can_decode_reaches_the_judge_as_no_object(tmp_path: Path, row: bytes) -> None:
    path = put(tmp_path / "a_report.json", b'{"results": [{"a": 1}, ' + row + b', {"b": 2}], "n": 3}')
    with within(3):
        head, rows, _ = read(path)
    assert (rows[0], rows[2], len(rows), head) == ({"a": 1}, {"b": 2}, 3, {"n": 3})
    assert isinstance(rows[1], str)


@pytest.mark.parametrize("digits", [20, 300, 400, 5000])
def test_a_number_of_any_length_reaches_the_judge(digits: int) -> None:
    row = tolerant_row(b'{"a": ' + b"9" * digits + b"}", 1)
    assert row == {"a": int("9" * digits) if digits <= 300 else float("inf")}


@pytest.mark.parametrize("rest", ['{"a": 1', '{"a": 1}', '{"a": 1},', '{"a": tr', "", '{"a": 1} {"a": 2}]}'])
def test_rows_that_do_not_end_are_an_error_of_the_report(tmp_path: Path, rest: str) -> None:
    path = put(tmp_path / "a_report.json", '{"results": [{"a": 1}, ' + rest)
    with within(3), pytest.raises((BadElement, BadJson)):
        read(path)


def test_a_report_that_is_not_there_is_told_apart_from_a_broken_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "a_report.json")
