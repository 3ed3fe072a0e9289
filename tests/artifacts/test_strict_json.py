"""The one parser: what it accepts has one meaning for every reader, and what it refuses it explains."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phase4_tui.artifacts.strict_json import BadJson, decode_text, parse, parse_object, without_duplicates
from tests.artifacts.support import documents, texts
from tests.deadline import within

objects = st.dictionaries(texts, documents, max_size=5)

HOSTILE: dict[str, tuple[bytes, str]] = {
    "100,000 brackets": (b"[" * 100_000, "nested too deeply"),
    "100,000 objects": (b'{"a":' * 100_000, "nested too deeply"),
    "balanced and deep": (b"[" * 500 + b"]" * 500, "nested too deeply"),
    "deep beyond the limit": (b'{"a":' * 250 + b"1" + b"}" * 250, "nested too deeply"),
    "duplicate key": (b'{"passed": false, "passed": true}', "'passed' twice"),
    "duplicate key inside": (b'{"checks": [{"issues": [], "issues": []}]}', "'issues' twice"),
    "duplicate key spelled in two ways": (b'{"a": 1, "\\u0061": 2}', "'a' twice"),
    "NaN": (b'{"x": NaN}', "'x' is not a finite number"),
    "Infinity": (b'{"x": Infinity}', "'x' is not a finite number"),
    "-Infinity": (b'{"x": -Infinity}', "'x' is not a finite number"),
    "1e999": (b'{"x": 1e999}', "'x' is not a finite number"),
    "-1e999": (b'{"x": -1e999}', "'x' is not a finite number"),
    "NaN in a list": (b'{"x": [1, NaN]}', "not finite"),
    "NaN alone": (b"NaN", "not finite"),
    "5,000 digits": (b'{"x": ' + b"9" * 5000 + b"}", "can't be read"),
    "UTF-8 byte order mark": (b'\xef\xbb\xbf{"a": 1}', "byte order mark"),
    "UTF-16": ('{"a": 1}'.encode("utf-16"), "UTF-16"),
    "UTF-16 big-endian": (b"\xfe\xff" + '{"a": 1}'.encode("utf-16-be"), "UTF-16"),
    "UTF-16 without a mark": ('{"a": 1}'.encode("utf-16-le"), "is not JSON"),
    "UTF-32": ('{"a": 1}'.encode("utf-32"), "UTF-16"),
    "latin-1": ('{"a": "café"}'.encode("latin-1"), "is not UTF-8 at byte 11"),
    "an encoded surrogate": (b'{"a": "\xed\xa0\x80"}', "is not UTF-8"),
    "overlong UTF-8": (b'{"a": "\xc0\xaf"}', "is not UTF-8"),
    "a lone high surrogate": (b'{"a": "\\ud800"}', "lone surrogate"),
    "a lone low surrogate": (b'{"a": ["\\uDFFF"]}', "lone surrogate"),
    "a lone surrogate in a key": (b'{"\\ud800": 1}', "lone surrogate"),
    "surrogates the wrong way round": (b'{"a": "\\ude00\\ud83d"}', "lone surrogate"),
    "truncated": (b'{"a": [1, 2', "is not JSON"),
    "empty": (b"", "is empty"),
    "white space": (b" \r\n\t", "is empty"),
    "trailing comma": (b'{"a": 1,}', "is not JSON"),
    "trailing text": (b'{"a": 1} {"a": 2}', "Extra data"),
    "single quotes": (b"{'a': 1}", "is not JSON"),
    "a comment": (b'{"a": 1} // done', "Extra data"),
    "a raw control character": (b'{"a": "\x01"}', "control character"),
    "a raw NUL": (b'{"a": "\x00"}', "control character"),
    "NULs only": (b"\x00" * 64, "is not JSON"),
    "a leading zero": (b'{"a": 01}', "is not JSON"),
    "hexadecimal": (b'{"a": 0x10}', "is not JSON"),
}


@pytest.mark.parametrize(("data", "reason"), HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_json_is_refused_with_its_reason(data: bytes, reason: str) -> None:
    with within(2), pytest.raises(BadJson) as refused:
        parse(data)
    assert reason in str(refused.value)
    assert len(str(refused.value)) < 300
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("value", ["[1]", '"text"', "1", "null", "true"])
def test_a_document_that_is_no_object_is_refused_where_an_object_is_needed(value: str) -> None:
    assert parse(value.encode()) == json.loads(value)
    with pytest.raises(BadJson, match="must be a JSON object"):
        parse_object(value.encode())


@given(documents, st.booleans(), st.sampled_from([None, 1, "\t"]))
def test_whatever_is_sound_is_read_as_it_was_written(value: object, ascii_only: bool, indent: int | str | None) -> None:
    assert parse(json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode()) == value


@given(objects, st.data())
def test_a_key_given_twice_is_refused_wherever_it_stands(value: dict[str, object], data: st.DataObject) -> None:
    value = value | {"k": 1}
    pairs = list(value.items())
    pairs.insert(data.draw(st.integers(0, len(pairs))), ("k", data.draw(documents)))
    inner = "{" + ", ".join(f"{json.dumps(key)}: {json.dumps(item)}" for key, item in pairs) + "}"
    wrapped = data.draw(st.sampled_from(["%s", "[%s]", '{"outer": %s}', '[{"o": [[%s]]}]'])).replace("%s", inner)
    with pytest.raises(BadJson, match="'k' twice"):
        parse(wrapped.encode())


@given(st.text(alphabet='[]{},:"\\-+.0123456789eEtruefalsnINaN \n\u00e9\ud800', max_size=40))
def test_any_text_is_either_refused_as_bad_json_or_has_only_finite_and_encodable_content(text: str) -> None:
    try:
        value = parse(text.encode("utf-8", "surrogatepass"))
    except BadJson as error:
        assert str(error)
    else:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()


@given(st.binary(max_size=60))
def test_any_bytes_are_either_refused_as_bad_json_or_read(data: bytes) -> None:
    try:
        parse(data)
    except BadJson as error:
        assert str(error)


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")], ids=["lists", "objects"])
def test_depth_is_accepted_up_to_a_limit_and_refused_beyond_however_deep(opening: bytes, closing: bytes) -> None:
    assert parse(opening * 190 + b"1" + closing * 190)
    for depth in range(210, 1200):
        with pytest.raises(BadJson, match="nested too deeply"):
            parse(opening * depth + b"1" + closing * depth)


def test_a_duplicate_key_among_very_many_is_found_in_moderate_time() -> None:
    keys = b",".join(b'"%d":0' % number for number in range(200_000))
    with within(3), pytest.raises(BadJson, match="'199999' twice"):
        parse(b"{" + keys + b',"199999":0}')


def test_without_duplicates_returns_the_object_in_order() -> None:
    assert list(without_duplicates([("b", 1), ("a", 2)]).items()) == [("b", 1), ("a", 2)]


WHOLE = (
    r'{"yes": true, "no": false, "none": null, "minus": -12, "float": 0.25, "exp": -1.5e-3, "list": [{"a": 1}, []],'
    r' "text": "a \"quoted\" \\ \u00e9 \ud83d\ude00", "raw": "é 😀"}'
).encode()


def test_every_beginning_of_a_document_counts_as_cut_short_and_not_as_broken() -> None:
    assert isinstance(parse(WHOLE), dict)
    misjudged = []
    for length in range(len(WHOLE)):
        with pytest.raises(BadJson) as refused:
            parse(WHOLE[:length])
        if not refused.value.truncated:
            misjudged.append(WHOLE[:length][-12:])
    assert misjudged == []


@pytest.mark.parametrize(
    "data", [b'{"a": x', b'{"a" 1', b"{'a': 1}", b'{"a": 1}}', b'{"a": nul}', b'{"a": 1,,', b'{"a": "\xe9", "b']
)
def test_what_no_more_text_could_mend_does_not_count_as_cut_short(data: bytes) -> None:
    with pytest.raises(BadJson) as refused:
        parse(data)
    assert not refused.value.truncated


def test_text_cut_inside_a_character_counts_as_cut_short() -> None:
    with pytest.raises(BadJson) as refused:
        decode_text("caf\u00e9".encode()[:-1])
    assert refused.value.truncated


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_a_number_is_read_exactly_when_it_is_finite(number: float) -> None:
    data = json.dumps({"x": number}).encode()
    if math.isfinite(number):
        assert parse(data) == {"x": number}
    else:
        with pytest.raises(BadJson, match="'x'"):
            parse(data)
