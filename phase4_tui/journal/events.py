"""One event of the journal, its canonical JSON and its hash (docs formats, "journal.jsonl")."""

import hashlib
from typing import Annotated, Any

import msgspec

from phase4_tui.artifacts.models import LARGEST_COUNT
from phase4_tui.artifacts.nesting import TOO_DEEP, is_deep
from phase4_tui.artifacts.strict_json import not_utf8
from phase4_tui.errors import Unusable

GENESIS = "0" * 64
MAX_LINE_BYTES = 1 << 20
"""A change lists all frozen or quarantined tags, so this limits their number to some thousands."""


class BadEvent(Unusable):
    """A text or value that is no valid event, or an event that was changed after it was written."""


class Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A recorded event: `seq` counts from 1, `at` is UTC, `prev` is the hash of the event before."""

    seq: Annotated[int, msgspec.Meta(ge=1, le=LARGEST_COUNT)]
    at: str
    operator: str
    host: str
    kind: str
    tag: str | None
    incident: str | None
    detail: dict[str, Any]
    prev: str
    hash: str

    @property
    def outcome(self) -> str:
        """`intent`, `done` or `failed` for an operation; empty for other events."""
        return str(self.detail.get("outcome", ""))

    @property
    def changes(self) -> dict[str, Any]:
        """The new values that the event gives the state; empty when it changes nothing, or holds something else."""
        changes = self.detail.get("changes")
        return changes if isinstance(changes, dict) else {}


_decoder = msgspec.json.Decoder(Event)


def canonical(value: object) -> bytes:
    """Return `value` as JSON with sorted keys, without spaces, in UTF-8."""
    return msgspec.json.encode(value, order="sorted")


def seal(body: dict[str, Any]) -> Event:
    """Return the event of `body`, which holds every field but the hash, as it will be decoded from its line.

    Raises BadEvent for a value that JSON can't represent.
    """
    try:
        data = canonical(body)
        if is_deep(data):
            raise ValueError(f"it {TOO_DEEP}")
        plain = msgspec.json.decode(data)
        return _decoder.decode(canonical(plain | {"hash": _digest(plain)}))
    except (msgspec.MsgspecError, TypeError, ValueError, RecursionError) as error:
        raise BadEvent(f"the event can't be written: {error}") from None


def encode_line(event: Event) -> bytes:
    """Return the event as a line of the journal; raises BadEvent when it exceeds MAX_LINE_BYTES."""
    line = canonical(event) + b"\n"
    if len(line) > MAX_LINE_BYTES:
        raise BadEvent(f"the event of {len(line)} bytes is longer than the journal's {MAX_LINE_BYTES}")
    return line


def decode_line(line: bytes) -> Event:
    """Return the event of a line, given without its newline; raises BadEvent when a byte of it was changed."""
    if is_deep(line):
        raise BadEvent(f"is no event: it {TOO_DEEP}")
    try:
        event = _decoder.decode(line)
    except UnicodeDecodeError as error:
        raise BadEvent(f"is no event: {not_utf8(error)}") from None
    except msgspec.DecodeError as error:
        raise BadEvent(f"is no event: {error}") from None
    if canonical(event) != line:
        raise BadEvent(f"event {event.seq} is not written as the journal writes")
    body = msgspec.structs.asdict(event)
    if body.pop("hash") != _digest(body):
        raise BadEvent(f"event {event.seq} does not match its hash: it was changed after it was written")
    return event


def _digest(body: dict[str, Any]) -> str:
    return hashlib.sha256(canonical(body)).hexdigest()
