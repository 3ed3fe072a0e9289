"""Reading a document takes little memory and time, whatever fills the megabytes that a document may have."""

import os
import time
from pathlib import Path

import pytest

from phase4_tui.artifacts.documents import look, look_json
from phase4_tui.artifacts.models import QualityCheck, ReleaseCheck
from phase4_tui.artifacts.nesting import CONTAINER_LIMIT, TOO_MANY
from phase4_tui.artifacts.regular_files import MAX_DOCUMENT_BYTES
from phase4_tui.artifacts.strict_json import BadJson, parse
from tests.fuzz.campaign import SLOWEST_SECONDS, peak, peak_since_now

MOST_BYTES = 16 * MAX_DOCUMENT_BYTES
"""For the largest documents: the bytes themselves, their text, and what is made of it."""

ITEMS = {
    "arrays": "[]",
    "objects": '{"a":1}',
    "objects in arrays": '[{"a":[{}]}]',
    "texts": '"a"',
    "numbers": "7",
    "escapes": '"\\u0000\\ud83d\\ude00"',
    "brackets in texts": '"[{[{[{"',
}


@pytest.mark.parametrize("item", ITEMS)
def test_a_document_of_megabytes_of_one_thing_is_judged_soon_and_in_little_memory(tmp_path: Path, item: str) -> None:
    path = tmp_path / "A_release_check.json"
    one = ITEMS[item].encode() + b","
    path.write_bytes(b'{"passed": true, "checks": {"x": [' + one * ((MAX_DOCUMENT_BYTES - 100) // len(one)) + b"1]}}")
    os.utime(path, (1, 1))
    for read in (look_json, lambda at: look(at, ReleaseCheck), lambda at: look(at, QualityCheck)):
        before, began = peak_since_now(), time.process_time()
        assert read(path).problems or read is look_json or "[" not in item
        assert time.process_time() - began < SLOWEST_SECONDS
        assert peak() - before < MOST_BYTES


def test_as_many_arrays_and_objects_as_a_document_may_hold_are_read_and_no_more() -> None:
    most: list[list[object]] = [[]] * (CONTAINER_LIMIT - 1)
    text = str(most).encode()
    assert parse(text) == most
    with pytest.raises(BadJson, match=TOO_MANY):
        parse(text[:-1] + b",{}]")
    assert parse(b'["' + b"[{" * CONTAINER_LIMIT + b'"]'), "brackets in texts are no arrays"
