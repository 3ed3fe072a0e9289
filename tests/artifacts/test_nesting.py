"""How deeply a record, a row or a document may be nested: to the same limit on every Python, in every reader."""

import io
import json
import random
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phase4_tui.artifacts.json_stream import Cursor, decode_array
from phase4_tui.artifacts.nesting import DEPTH_LIMIT, TOO_DEEP, is_deep
from phase4_tui.artifacts.records import BadInput, RecordFile
from phase4_tui.artifacts.report import ReportReader, tolerant_row
from phase4_tui.artifacts.strict_json import BadJson, parse
from phase4_tui.policy.phase4.quality import JudgedRow
from phase4_tui.policy.phase4.record import Record
from tests.artifacts.support import RECORD, documents, put
from tests.deadline import within

GOOD = json.dumps(RECORD)
DEEPER = [DEPTH_LIMIT + 1, 300, 600, 995, 5000, 100_000]  # below and above what each interpreter decodes
ROW = {
    "input": RECORD,
    "decision": {
        "action": "NO_TRADE",
        "confidence": "LOW",
        "confidence_score": 52.0,
        "position_size_multiplier": 0.0,
        "rationale": "none",
        "policy_tags": {
            "regime": "TREND",
            "event_risk": "LOW",
            "time_slot": "OPEN",
            "gate": "PASS",
            "exposure_utilization_pct": "34.29",
        },
    },
}


def nested(levels: int, kind: str = "[]") -> str:
    """Return a value of so many arrays, or objects, in each other."""
    begin, end = ("[", "]") if kind == "[]" else ('{"a":', "}")
    return begin * (levels - 1) + kind + end * (levels - 1)


def with_more(fields: object, levels: int) -> str:
    """Return `fields` with an unknown key more, so that the whole has so many levels."""
    return f'{json.dumps(fields)[:-1]}, "more": {nested(levels - 1)}}}'


def depth(value: object) -> int:
    """Return how many arrays and objects are in each other."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)


@given(documents, st.booleans(), st.sampled_from([None, 1]))
def test_the_levels_of_any_json_are_those_of_its_value(value: object, ascii_only: bool, indent: int | None) -> None:
    data = json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode()
    assert not is_deep(data, depth(value))
    assert depth(value) == 0 or is_deep(data, depth(value) - 1)


@given(st.text(alphabet='[]{}",\\', max_size=200))
def test_brackets_in_a_text_are_no_levels(text: str) -> None:
    assert not is_deep(json.dumps([text, {"a": text}, text]).encode(), 2)


@pytest.mark.parametrize(
    "text", ["[" * 500_000 + "]" * 500_000, '{"a":' * 200_000, (nested(200) + ",") * 2000, '["' * 400_000]
)
def test_no_million_bytes_take_long_to_measure(text: str) -> None:
    with within(1):
        is_deep(text.encode())


def refusal(data: str) -> BadInput:
    with within(4), pytest.raises(BadInput) as refused:
        list(RecordFile(Path("batch.json"), io.BytesIO(data.encode()), Record))
    return refused.value


LAYOUTS: dict[str, Callable[[str], str]] = {
    "an array": lambda record: f"[{GOOD}, {record}, {GOOD}]",
    "lines": lambda record: f"{GOOD}\n{record}\n{GOOD}\n",
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_a_record_at_the_limit_is_judged_by_its_fields(layout: Callable[[str], str]) -> None:
    error = refusal(layout(with_more(RECORD, DEPTH_LIMIT)))
    assert (error.number, error.field) == (2, "more")


@pytest.mark.parametrize("levels", DEEPER)
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_a_record_beyond_the_limit_is_refused_by_file_and_number(layout: Callable[[str], str], levels: int) -> None:
    assert str(refusal(layout(with_more(RECORD, levels)))) == f"batch.json, record 2: {TOO_DEEP}"
    assert f"is nested too deeply: more than {DEPTH_LIMIT} levels" == TOO_DEEP


@pytest.mark.parametrize("levels", DEEPER)
@pytest.mark.parametrize("broken", ["%s x", '{"a": x, "b": %s}', '{"a": %s, "b": x}'])
def test_a_broken_record_beyond_the_limit_is_refused_for_its_nesting(broken: str, levels: int) -> None:
    record = broken.replace("%s", nested(levels, "{}"))
    if not broken.endswith("x"):  # in an array, what follows a value is judged after it
        assert TOO_DEEP in str(refusal(f"[{GOOD}, {record}]"))
    assert TOO_DEEP in str(refusal(f"{GOOD}\n{record}\n"))


def test_an_object_over_several_lines_has_the_limit_too() -> None:
    for levels in (DEPTH_LIMIT, DEPTH_LIMIT + 1, 5000):
        error = refusal(json.dumps(RECORD, indent=1)[:-1] + f',\n"more": {nested(levels - 1)}}}')
        assert error.number == 1
        assert (TOO_DEEP in str(error)) is (levels > DEPTH_LIMIT)


@pytest.mark.parametrize("levels", DEEPER)
def test_a_record_that_ends_in_its_brackets_is_refused_for_them(levels: int) -> None:
    assert TOO_DEEP in str(refusal(f"[{GOOD}, {'[' * levels}"))


@pytest.mark.parametrize("kind", [object, dict, JudgedRow])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_row_at_the_limit_is_read_and_one_beyond_it_says_why_not(tmp_path: Path, kind: type, place: int) -> None:
    for levels in (DEPTH_LIMIT, *DEEPER):
        rows = [json.dumps(ROW)] * 3
        rows[place] = with_more(ROW, levels)
        path = put(tmp_path / "a_report.json", f'{{"results": [{", ".join(rows)}], "run_tag": "a"}}')
        reader: ReportReader[object] = ReportReader(path, decode_array(kind), tolerant_row)
        found = [row for batch in reader for row in batch]
        assert [isinstance(row, str) for row in found] == [at == place and levels > DEPTH_LIMIT for at in range(3)]
        assert found[place] == f"a row that {TOO_DEEP}" or levels == DEPTH_LIMIT
        assert reader.head == {"run_tag": "a"}


def test_the_fast_decoder_refuses_what_the_careful_one_does() -> None:
    decode = decode_array(object)
    assert decode(f"[{nested(DEPTH_LIMIT)}]".encode()) == [tolerant_row(nested(DEPTH_LIMIT).encode(), 1)]
    with pytest.raises(ValueError, match="nested too deeply"):
        decode(f"[{nested(DEPTH_LIMIT + 1)}]".encode())


@pytest.mark.parametrize("kind", ["[]", "{}"])
def test_a_document_has_the_same_limit(kind: str) -> None:
    limit = nested(DEPTH_LIMIT, kind).encode()
    assert parse(limit) == msgspec.json.decode(limit) == Cursor(io.BytesIO(limit)).value()
    for levels in DEEPER:
        for text in (nested(levels, kind), nested(levels, kind)[:-1], nested(levels + 1, kind).replace(kind, "x")):
            with pytest.raises(BadJson, match=f"^{TOO_DEEP}$"):
                parse(text.encode())
        with pytest.raises(BadJson, match=f"^{TOO_DEEP}$"):
            Cursor(io.BytesIO(nested(levels, kind).encode())).value()


def test_levels_are_counted_whatever_the_brackets_are() -> None:
    dice = random.Random(7)
    kinds = [dice.choice([("[", "]"), ('{"a":', "}")]) for _ in range(DEPTH_LIMIT)]
    text = "".join(begin for begin, _ in kinds) + "1" + "".join(end for _, end in reversed(kinds))
    assert not is_deep(text.encode())
    assert is_deep(f"[{text}]".encode())
