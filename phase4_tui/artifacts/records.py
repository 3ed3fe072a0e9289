"""Reads a batch of input records: a JSON array, one object, or JSON Lines, in constant memory.

A batch of valid records decodes in C. Only when a record is invalid, or a key may be given twice (which the decoder
does not notice), is the batch read again record by record, to name the record, the field and the reason.
"""

import json
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Generic, TypeVar, get_args

import msgspec

from phase4_tui.artifacts.json_stream import ELEMENT_LIMIT, BadElement, Cursor, read_array, read_lines
from phase4_tui.artifacts.nesting import TOO_DEEP, is_deep
from phase4_tui.artifacts.regular_files import Unreadable, open_regular
from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.artifacts.strict_json import BadJson, decode_text, is_unicode, read_int, without_duplicates
from phase4_tui.artifacts.unique_keys import complete, prove_unique_keys
from phase4_tui.errors import Remedy, Unusable, error_as_commands

R = TypeVar("R", bound=msgspec.Struct)
_FIELD_PATH = re.compile(r" - at `\$\.(\w+)[^`]*`$")
_FIELD_NAMED = re.compile(r"(?:field `(?P<quoted>[^`]*)`|^(?P<leading>\w+): )")
SHOWN_CHARS = 60


class BadInput(Unusable):
    """Input that can't be used; the message names file, record and field."""

    def __init__(
        self, file: str, number: int | None, field: str | None, problem: str, *, remedy: Sequence[Remedy] = ()
    ) -> None:
        record = f", record {number}" if number else ""
        where = f", field {safe_line(field, SHOWN_CHARS)}" if field else ""
        message = f"{safe_line(file)}{record}{where}: {safe_line(problem, 300)}"
        super().__init__(message, remedy=remedy, file=file, record=number, field=field)
        self.number = number
        self.field = field


class RecordFile(Generic[R]):
    """An input file of records of one kind; iterate once to get the batches."""

    def __init__(self, path: Path, file: BinaryIO, kind: type[R]) -> None:
        self._path = path
        self._kind = kind
        self._cursor = _open_cursor(path, file)
        strict = complete(kind)
        # A complete kind has no field for an array or object: what is nested is left to `_one`.
        self._complete_array = msgspec.json.Decoder(list[strict]).decode  # type: ignore[valid-type]  # a type built at run time
        self._complete_line = msgspec.json.Decoder(strict).decode_lines
        self._record = msgspec.json.Decoder(kind)

    @property
    def bytes_read(self) -> int:
        """The number of bytes read so far."""
        return self._cursor.bytes_read

    def __iter__(self) -> Iterator[list[R]]:
        try:
            yield from self._batches()
        except BadElement as error:
            raise BadInput(self._path.name, error.number, None, error.reason) from None
        except BadJson as error:
            raise BadInput(self._path.name, None, None, error.message, remedy=error.remedies) from None

    def _batches(self) -> Iterator[list[R]]:
        cursor = self._cursor
        first = cursor.peek()
        if first == b"[":
            cursor.drop(1)
            yield from read_array(cursor, self._complete_records, self._one)
            if cursor.peek():
                raise BadJson("has more text after the end of the array")
        elif first == b"{":
            if self._first_line_is_whole():
                yield from read_lines(cursor, self._complete_lines, self._one)
            else:
                yield [self._single_object()]
        elif first:
            raise BadJson("holds no records: expected an array, an object or JSON Lines")
        else:
            raise BadJson("is empty: expected an array, an object or JSON Lines of records")

    def _first_line_is_whole(self) -> bool:
        cursor = self._cursor
        while b"\n" not in cursor.buffer and len(cursor.buffer) <= ELEMENT_LIMIT and cursor.fill():
            pass
        line, _, rest = cursor.buffer.partition(b"\n")
        if is_deep(line):
            return True
        try:
            json.loads(line, parse_int=read_int)
        except ValueError:
            # If the next line holds an object, the first is a broken line, not the start of an object over many lines.
            return rest.lstrip().startswith(b"{") and line.rstrip().endswith(b"}")
        return True

    def _single_object(self) -> R:
        while self._cursor.fill():
            if len(self._cursor.buffer) > 2 * ELEMENT_LIMIT:
                raise BadJson("begins like one object but goes on; a batch is an array or JSON Lines")
        return self._one(self._cursor.buffer.strip(), 1)

    def _complete_records(self, data: bytes) -> list[R]:
        return prove_unique_keys(data, self._complete_array(data))

    def _complete_lines(self, data: bytes) -> list[R]:
        return prove_unique_keys(data, self._complete_line(data))

    def _one(self, data: bytes, number: int) -> R:
        """Decode one record with every check; raises BadInput that names the field."""
        if is_deep(data):
            raise BadInput(self._path.name, number, None, TOO_DEEP)
        try:
            text = decode_text(data)
            fields = json.loads(text, object_pairs_hook=without_duplicates, parse_int=read_int)
        except json.JSONDecodeError as error:
            problem = f"is not JSON: {error.msg} at column {error.pos + 1}"
            raise BadInput(self._path.name, number, None, problem) from None
        except ValueError as error:
            raise BadInput(self._path.name, number, None, error_as_commands(error)) from None
        if not isinstance(fields, dict):
            problem = f"expected an object, found {_shown(fields)}"
            raise BadInput(self._path.name, number, None, problem)
        for name, value in fields.items():
            if isinstance(value, float) and not math.isfinite(value):
                raise BadInput(self._path.name, number, name, f"{value} is not a finite number")
            if not is_unicode(name) or (isinstance(value, str) and not is_unicode(value)):
                raise BadInput(self._path.name, number, name, "holds a lone surrogate, which is no text")
        try:
            return self._record.decode(data)
        except (msgspec.MsgspecError, ValueError) as error:
            raise self._explained(number, fields, str(error)) from None

    def _explained(self, number: int, fields: dict[str, object], message: str) -> BadInput:
        path = _FIELD_PATH.search(message)
        if path:
            message = message[: path.start()]
        named = _FIELD_NAMED.search(message)
        name = path.group(1) if path else (named["quoted"] or named["leading"]) if named else None
        if "missing required field" in message:
            return BadInput(self._path.name, number, name, "is missing")
        known = self._kind.__struct_fields__
        unknown = next((field for field in fields if field not in known), None)
        if unknown is not None:
            return BadInput(self._path.name, number, unknown, f"unknown field; the fields are {', '.join(known)}")
        if message.startswith("Invalid enum value"):
            words = next(get_args(field.type) for field in msgspec.structs.fields(self._kind) if field.name == name)
            message = f"must be one of {', '.join(words)}"
        if name is not None and name in fields:
            message = f"{message.removeprefix(f'{name}: ')}, found {_shown(fields[name])}"
        return BadInput(self._path.name, number, name, message)


def _open_cursor(path: Path, file: BinaryIO) -> Cursor:
    cursor = Cursor(file)
    try:
        decode_text(cursor.buffer[:4])  # a byte order mark or UTF-16 would be reported as bad syntax below
    except BadJson as error:
        if not error.truncated:
            raise BadInput(path.name, None, None, error.message, remedy=error.remedies) from None
    return cursor


def open_records(path: Path, kind: type[R]) -> tuple[BinaryIO, RecordFile[R]]:
    """Open an input file and return it with its reader; the caller closes it. Raises FileNotFoundError, BadInput."""
    try:
        file = open_regular(path)
    except Unreadable as error:
        raise BadInput(path.name, None, None, error.message, remedy=error.remedies) from None
    try:
        return file, RecordFile(path, file, kind)
    except BaseException:
        file.close()
        raise


def _shown(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= SHOWN_CHARS else text[: SHOWN_CHARS - 1] + "…"
