"""A record's timestamp is ISO 8601 with date, time and offset, and is kept verbatim (docs policy, "Phase 4 input")."""

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phase4_tui.policy.phase3.record import Record as Phase3Record
from phase4_tui.policy.phase4.record import Record as Phase4Record
from phase4_tui.policy.timestamps import check_timestamp
from tests.policy.strategies import PHASE3_DEFAULTS, PHASE4_DEFAULTS, PROPERTY, phase3_record, phase4_record, timestamps

OFFSET = re.compile(r"(Z|[+-]\d\d(:?\d\d)?)$")
ACCEPTED = [
    "2026-02-17T09:20:00+05:30",
    "2026-02-17T09:20:00-03:00",
    "2026-02-17T09:20:00Z",
    "2026-02-17T09:20:00+00:00",
    "2026-02-17T09:20+05:30",
    "2026-02-17T09:20:00.5+05:30",
    "2026-02-17T09:20:00.123456+05:30",
    "2026-02-17T09:20:00,250+05:30",
    "2026-02-17T09:20:00+05",
    "2026-02-17T09:20:00+23:59",
    "20260217T092000+0530",
    "20260217T092000Z",
    "2026-W08-2T09:20:00+05:30",
    "2024-02-29T00:00:00Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59-23:59",
]
WITHOUT_OFFSET = ["2026-02-17", "2026-02-17T09:20:00", "2026-02-17T09:20", "20260217T092000", "2026-02-17 09:20:00"]
REJECTED = [
    "",
    " ",
    "T",
    "Z",
    "now",
    "1771300200",
    "17/02/2026 09:20",
    "2026-02-17T",
    "2026-02-17TZ",
    "2026-02-17Z",
    "T09:20:00Z",
    "2026-02-17T+05:30",
    "2026-02-17 09:20:00+05:30",
    "2026-02-17_09:20:00+05:30",
    "2026-02-1709:20:00+05:30",
    "2026-02-30T09:20:00Z",
    "2025-02-29T09:20:00Z",
    "2026-13-01T09:20:00Z",
    "2026-00-17T09:20:00Z",
    "2026-02-17T25:20:00Z",
    "2026-02-17T09:60:00Z",
    "2026-02-17T09:20:61Z",
    "2026-02-17T9:20:00Z",
    "26-02-17T09:20:00Z",
    "2026-02-17T09:20:00+",
    "2026-02-17T09:20:00+5:30",
    "2026-02-17T09:20:00+24:00",
    "2026-02-17T09:20:00+05:30+05:30",
    "2026-02-17T09:20:00 IST",
    " 2026-02-17T09:20:00+05:30",
    "2026-02-17T09:20:00+05:30 ",
    "2026-02-17T09:20:00+05:30\n",
    "2026-02-17T09:20:00−05:30",
    "２０２６-02-17T09:20:00Z",
]
NOT_ISO_ALTHOUGH_LENIENT_PARSERS_TAKE_IT = [
    "2026-02-17T09:20:00 +05:30",
    "2026-02-17T09:20:00x+05:30",
    "2026-02-17T09:20:00T+05:30",
    "2026-02-17T09:20:00\x00+05:30",
    "2026-02-17T09:20:000+05:30",
    "2026-02-17T09:020+05:30",
    "2026-02-17T09:20:Z",
    "2026-02-17T09:20:00.Z",
    "2026-02-17T09:20:00+05:99",
    "2026-02-17T09:20:00+05.30",
    "2026-02-17T09:20:00+05:30:15",
    "2026-02-17T09:20:00+05:30\x00",
]


@pytest.mark.parametrize("text", ACCEPTED)
def test_iso_8601_with_an_offset_is_accepted_and_kept_as_it_came(text: str) -> None:
    assert phase4_record(timestamp=text).timestamp == text
    assert phase3_record(timestamp=text).timestamp == text


@PROPERTY
@given(timestamps())
def test_any_moment_is_accepted_in_any_form(text: str) -> None:
    check_timestamp(text)


@pytest.mark.parametrize("text", WITHOUT_OFFSET)
def test_a_timestamp_without_an_offset_is_refused_for_that(text: str) -> None:
    with pytest.raises(ValueError, match=r"^timestamp\b.*offset"):
        check_timestamp(text)


@pytest.mark.parametrize("text", REJECTED)
def test_what_is_not_iso_8601_is_refused_by_the_field_name(text: str) -> None:
    with pytest.raises(ValueError, match=r"^timestamp\b"):
        check_timestamp(text)


@pytest.mark.parametrize("text", NOT_ISO_ALTHOUGH_LENIENT_PARSERS_TAKE_IT)
def test_what_only_a_lenient_parser_takes_is_refused_too(text: str) -> None:
    with pytest.raises(ValueError, match=r"^timestamp\b"):
        check_timestamp(text)


@PROPERTY
@given(timestamps())
def test_no_moment_is_accepted_without_its_offset_or_its_t(text: str) -> None:
    for spoiled in (OFFSET.sub("", text), text.replace("T", " "), text.replace("T", "")):
        with pytest.raises(ValueError, match=r"^timestamp\b"):
            check_timestamp(spoiled)


@PROPERTY
@given(timestamps(), st.text(min_size=1, max_size=3))
def test_no_moment_is_accepted_with_something_around_it(text: str, extra: str) -> None:
    for spoiled in (f"{extra}{text}", f"{text}\n", f"{text} {extra}"):
        with pytest.raises(ValueError, match=r"^timestamp\b"):
            check_timestamp(spoiled)


@PROPERTY
@given(st.text())
def test_any_other_text_is_refused_or_accepted_but_nothing_else_happens(text: str) -> None:
    try:
        check_timestamp(text)
    except ValueError as error:
        assert str(error).startswith("timestamp")


@pytest.mark.parametrize(("kind", "fields"), [(Phase4Record, PHASE4_DEFAULTS), (Phase3Record, PHASE3_DEFAULTS)])
@pytest.mark.parametrize("value", ["2026-02-17T09:20:00", "yesterday", 1771300200, None])
def test_a_record_with_a_bad_timestamp_is_refused_by_the_field_name(
    kind: type[msgspec.Struct], fields: dict[str, object], value: object
) -> None:
    text = msgspec.json.encode(fields | {"timestamp": value})
    with pytest.raises(msgspec.ValidationError, match="timestamp"):
        msgspec.json.decode(text, type=kind)
