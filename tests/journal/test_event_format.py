"""What a line of the journal is, byte by byte: journals that were written before must be read and verified for ever."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from phase4_tui.journal.events import GENESIS, BadEvent, decode_line, encode_line, seal

BODY: dict[str, Any] = {
    "seq": 1,
    "at": "2026-02-17T03:45:00.000000Z",
    "operator": "maria",
    "host": "desk",
    "kind": "note",
    "tag": "t1",
    "incident": None,
    "detail": {"z": 1, "a": {"é": [1.5, True, None], "b": '"\\\n😀'}, "outcome": "done"},
    "prev": "0" * 64,
}
LINE = (
    b'{"at":"2026-02-17T03:45:00.000000Z","detail":{"a":{"b":"\\"\\\\\\n\xf0\x9f\x98\x80","\xc3\xa9":[1.5,true,null]},'
    b'"outcome":"done","z":1},"hash":"%s","host":"desk","incident":null,"kind":"note","operator":"maria",'
    b'"prev":"%s","seq":1,"tag":"t1"}\n'
)
HASH = "c84bb7e81ca38135c81997ac7ee10e8a492aa9ede4458999463062f5a3680bbc"


def by_the_book(body: dict[str, Any]) -> bytes:
    """Return canonical JSON as any other program would write it."""
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def test_the_first_event_follows_64_zeros() -> None:
    assert GENESIS == "0" * 64


def test_an_event_is_sorted_json_without_spaces_and_its_hash_that_of_the_rest() -> None:
    event = seal(BODY)
    assert event.hash == HASH == hashlib.sha256(by_the_book(BODY)).hexdigest()
    line = LINE % (HASH.encode(), GENESIS.encode())
    assert encode_line(event) == line == by_the_book(BODY | {"hash": HASH}) + b"\n"
    assert decode_line(line[:-1]) == event
    assert (event.outcome, event.detail) == ("done", BODY["detail"])


def test_an_event_that_names_no_outcome_has_none() -> None:
    assert seal(BODY | {"detail": {}}).outcome == ""


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda line: line.replace(b'"seq":1', b'"seq": 1'), "event 1 is not written as the journal writes"),
        (lambda line: line.replace(b'"host":"desk",', b"").replace(b"{", b'{"host":"desk",', 1), "is not written"),
        (lambda line: line.replace(b"maria", b"Maria"), "event 1 does not match its hash"),
        (lambda line: line.replace(b'"seq":1', b'"more":0,"seq":1'), "is no event"),
        (lambda line: line.replace(b',"seq":1', b""), "is no event"),
        (lambda line: line.replace(b"maria", b"\xff"), "is no event"),
        (lambda line: line[:-2], "is no event"),
        (lambda line: b"[" * 100_000, "is no event"),
    ],
)
def test_a_line_that_differs_in_anything_is_no_event_and_says_why(spoil: Callable[[bytes], bytes], words: str) -> None:
    with pytest.raises(BadEvent, match=words):
        decode_line(spoil(encode_line(seal(BODY))[:-1]))
