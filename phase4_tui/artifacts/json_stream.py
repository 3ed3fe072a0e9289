"""Streams JSON of any size in constant memory: an object key by key, an array or lines batch by batch.

An array is cut where an element seems to end, and the piece is decoded as a whole. A parser reads from left to
right, so a piece that begins at an element and decodes was cut at an element's end; a piece that does not decode,
because of the cut or of its content, is decoded element by element.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

import msgspec

from phase4_tui.artifacts.nesting import DEPTH_LIMIT, TOO_DEEP, is_deep
from phase4_tui.artifacts.strict_json import BadJson, parse, stops_early, without_duplicates
from phase4_tui.errors import Unusable

T = TypeVar("T")
Batch = Callable[[bytes], list[T]]
"""Decodes a JSON array (or lines); raises ValueError when any element is not as expected."""
Single = Callable[[bytes, int], T]
"""Decodes or explains one element, numbered from 1."""

CHUNK = 1 << 20
ELEMENT_LIMIT = 1 << 20
KEY_LIMIT = 256
_SPACE = b" \t\r\n"
_NOT_SPACE = re.compile(rb"[^ \t\r\n]")
_BETWEEN_OBJECTS = re.compile(rb"\}[ \t\r\n]*(,)[ \t\r\n]*\{")
_NUMBER = re.compile(r"[-+.0-9eE]+")
_BRACKETS = re.compile(r'[\[\]{}]|"(?:[^"\\]|\\.)*+"', re.DOTALL)
_BETWEEN_LINES = re.compile(rb"\}[ \t\r]*\n[ \t\r\n]*\{")
_BOUNDARY_TRIES = 64
_decoder = json.JSONDecoder(parse_int=float)  # only finds the end of values; without a limit on digits


class BadElement(Unusable, ValueError):
    """An element of a stream that can't be used."""

    def __init__(self, number: int, reason: str) -> None:
        super().__init__(f"record {number} {reason}", record=number)
        self.number = number
        self.reason = reason


class Readable(Protocol):
    """A source of bytes."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, none at the end."""


class Cursor:
    """A moving window over a binary file, at least one chunk wide unless the file ends."""

    def __init__(self, file: Readable, chunk: int = CHUNK) -> None:
        self._file = file
        self.chunk = chunk
        self.buffer = b""
        self.at_end = False
        self.bytes_read = 0
        self.fill()

    @property
    def position(self) -> int:
        """The offset in the file at which the window begins."""
        return self.bytes_read - len(self.buffer)

    def fill(self) -> bool:
        """Read one more chunk, or as much again as the window holds if that is more; return False at the end."""
        chunk = b"" if self.at_end else self._file.read(max(self.chunk, len(self.buffer)))
        self.at_end = not chunk
        self.bytes_read += len(chunk)
        self.buffer += chunk
        return bool(chunk)

    def drop(self, count: int) -> None:
        """Move the window's start forward."""
        self.buffer = self.buffer[count:]

    def peek(self) -> bytes:
        """Skip white space and return the next byte, or nothing at the end."""
        while True:
            found = _NOT_SPACE.search(self.buffer)
            if found:
                self.drop(found.start())
                return found.group()
            self.buffer = b""
            if not self.fill():
                return b""

    def expect(self, byte: bytes, where: str) -> None:
        """Step over `byte` or raise BadJson."""
        found = self.peek()
        if found != byte:
            shown = f"found {found.decode('latin-1')!a}" if found else "the file ends"
            raise BadJson(f"is not JSON: expected {byte.decode()!r} {where}, {shown}", truncated=not found)
        self.drop(1)

    def value(self) -> object:
        """Step over one value of at most ELEMENT_LIMIT bytes and return it; raises BadJson."""
        self.peek()
        while True:
            end = _value_end(self.buffer.decode("latin-1"), 0, self.at_end)
            if end is not None:
                value = parse(self.buffer[:end])
                self.drop(end)
                return value
            if self.at_end:
                parse(self.buffer)
                raise BadJson("ends inside a value", truncated=True)
            if len(self.buffer) > ELEMENT_LIMIT:
                raise BadJson(f"holds a value that is broken or longer than {ELEMENT_LIMIT} bytes")
            self.fill()


def _value_end(latin1: str, start: int, at_end: bool) -> int | None:
    """Return where the value at `start` ends, None when it does not end here. Latin-1 keeps byte positions."""
    number = _NUMBER.match(latin1, start)
    if number is not None and number.end() == len(latin1) and not at_end:
        return None  # its next digit may be in the next chunk
    try:
        return _decoder.raw_decode(latin1, start)[1]
    except (ValueError, RecursionError):
        levels, end = _brackets(latin1, start)
        return end if levels > DEPTH_LIMIT else None


def _brackets(latin1: str, start: int) -> tuple[int, int | None]:
    """Return how deeply the value at `start` is nested, whatever else is wrong with it, and where its brackets end."""
    depth = deepest = 0
    if latin1.startswith(("{", "["), start):
        for token in _BRACKETS.finditer(latin1, start):
            depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(token.group(), 0)
            deepest = max(deepest, depth)
            if depth == 0:
                return deepest, token.end()
    return deepest, None


def _last_boundary(buffer: bytes) -> int | None:
    """Return the position of the last comma that seems to separate two objects, or None."""
    at = len(buffer)
    for _ in range(_BOUNDARY_TRIES):
        at = buffer.rfind(b"}", 0, at)
        if at < 0:
            return None
        match = _BETWEEN_OBJECTS.match(buffer, at)
        if match:
            return match.start(1)
    return None


def read_array(cursor: Cursor, batch: Batch[T], single: Single[T]) -> Iterator[list[T]]:
    """Yield the elements of the array whose `[` was just stepped over; leaves the cursor behind its `]`.

    Raises BadElement for invalid JSON, and whatever `single` raises for an element that it rejects.
    """
    if cursor.peek() == b"]":
        cursor.drop(1)
        return
    number = 0
    while True:
        if len(cursor.buffer) < cursor.chunk:
            cursor.fill()
        comma = cursor.buffer.rfind(b"]") if cursor.at_end else _last_boundary(cursor.buffer)
        if comma is not None and comma >= 0:
            try:
                items = batch(b"[" + cursor.buffer[:comma] + b"]")
            except ValueError:
                items = []  # not an error yet: decoding element by element finds the cause
            if items:
                cursor.drop(comma + 1)
                number += len(items)
                yield items
                if cursor.at_end:
                    return
                continue
        items, ended = _take_apart(cursor, single, number)
        number += len(items)
        if items:
            yield items
        if ended:
            return


def _take_apart(cursor: Cursor, single: Single[T], number: int) -> tuple[list[T], bool]:
    """Return the whole elements of the window one by one, and whether the array ended."""
    items: list[T] = []
    latin1 = cursor.buffer.decode("latin-1")
    position = 0
    while True:
        start = _skip_space(latin1, position)
        end = _value_end(latin1, start, cursor.at_end)
        after = len(latin1) if end is None else _skip_space(latin1, end)
        if end is None or after == len(latin1):
            cursor.drop(start)
            if not items and (len(cursor.buffer) > ELEMENT_LIMIT or not cursor.fill()):
                raise BadElement(number + 1, _why_no_element(cursor.buffer, cursor.at_end))
            return items, False
        if latin1[after] not in ",]":
            raise BadElement(number + len(items) + 1, "is not followed by a comma or the end of the array")
        items.append(single(cursor.buffer[start:end], number + len(items) + 1))
        position = after + 1
        if latin1[after] == "]":
            cursor.drop(position)
            return items, True


def _skip_space(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t\r\n":
        position += 1
    return position


def _why_no_element(rest: bytes, at_end: bool) -> str:
    if not rest.strip(_SPACE):
        return "is missing: the file ends before the array does"
    latin1 = rest.decode("latin-1")
    if _brackets(latin1, 0)[0] > DEPTH_LIMIT:
        return TOO_DEEP
    try:
        _decoder.raw_decode(latin1)
    except json.JSONDecodeError as error:
        cut_short = at_end and stops_early(error)
        return "is cut short: the file ends inside it" if cut_short else f"is not JSON: {error.msg}"
    except ValueError as error:
        return f"holds a number that can't be read: {error}"
    return "is not followed by the end of the array" if at_end else f"is longer than {ELEMENT_LIMIT} bytes"


def read_lines(cursor: Cursor, batch: Batch[T], single: Single[T]) -> Iterator[list[T]]:
    """Yield the elements of JSON Lines; blank lines are skipped."""
    number = 0
    while True:
        if len(cursor.buffer) < cursor.chunk:
            cursor.fill()
        end = len(cursor.buffer) if cursor.at_end else cursor.buffer.rfind(b"\n") + 1
        if end == 0 and not cursor.at_end:
            if len(cursor.buffer) > ELEMENT_LIMIT:
                raise BadElement(number + 1, f"is longer than {ELEMENT_LIMIT} bytes")
            cursor.fill()
            continue
        data = cursor.buffer[:end]
        cursor.drop(end)
        try:
            items = _one_a_line(data, batch(data))
        except ValueError:
            lines = [line for line in data.split(b"\n") if line.strip(_SPACE)]
            items = [single(line.strip(_SPACE), number + i) for i, line in enumerate(lines, 1)]
        number += len(items)
        if items:
            yield items
        if cursor.at_end:
            return


def _one_a_line(data: bytes, items: list[T]) -> list[T]:
    """Return `items`, or raise ValueError when a line may hold two: the decoder accepts that."""
    if len(items) != len(_BETWEEN_LINES.findall(data)) + 1:
        raise ValueError("not one record a line")
    return items


def read_object(
    cursor: Cursor, streamed: str, batch: Batch[T], single: Single[T]
) -> Iterator[tuple[str, object] | list[T]]:
    """Yield an object's (key, value) pairs in file order; of the key `streamed`, batches of its array's elements.

    The first batch is empty, so that an empty array is seen too. If the value of `streamed` is no array, it is yielded
    as a pair. Raises BadJson, BadElement.
    """
    seen: list[tuple[str, object]] = []
    cursor.expect(b"{", "at the beginning")
    if cursor.peek() == b"}":
        cursor.drop(1)
    else:
        while True:
            if cursor.peek() != b'"':
                cursor.expect(b'"', "before a key")
            key = str(cursor.value())
            seen.append((key, None))
            without_duplicates(seen)
            if len(seen) > KEY_LIMIT:
                raise BadJson(f"has more than {KEY_LIMIT} keys")
            cursor.expect(b":", f"after the key {ascii(key)[:80]}")
            if key == streamed and cursor.peek() == b"[":
                cursor.drop(1)
                yield []
                yield from read_array(cursor, batch, single)
            else:
                yield key, cursor.value()
            if cursor.peek() == b"}":
                cursor.drop(1)
                break
            cursor.expect(b",", f"after the value of {ascii(key)[:80]}")
    if cursor.peek():
        raise BadJson("has more text after the end of the object")


def decode_array(kind: type[T]) -> Batch[T]:
    """Return a batch decoder for arrays of `kind`, which refuses deep nesting and what is no UTF-8.

    It refuses them in keys that `kind` lacks, and in what it leaves undecoded, too.
    """
    decode = msgspec.json.Decoder(list[kind]).decode  # type: ignore[valid-type]  # a type built at run time

    def batch(data: bytes) -> list[T]:
        if is_deep(data, 1 + DEPTH_LIMIT):
            raise ValueError(TOO_DEEP)
        if not data.isascii():
            data.decode("utf-8")
        return decode(data)

    return batch
