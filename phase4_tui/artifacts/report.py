"""Writes and reads reports of any size in constant memory.

A report is one JSON object that begins with its head (tag, input, count, summary). The head is known last, so space
is reserved for it and filled in at the end. Each row of `results` is one line.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Generic, TypeVar

import msgspec

from phase4_tui.artifacts.json_stream import Batch, Cursor, Single, read_object
from phase4_tui.artifacts.nesting import TOO_DEEP, is_deep
from phase4_tui.artifacts.regular_files import open_regular
from phase4_tui.artifacts.strict_json import decode_text, read_int, without_duplicates

T = TypeVar("T")
_HEAD_ROOM = 2048
_encoder = msgspec.json.Encoder()


class ReportWriter:
    """Writes one report into `file`; call `add` per batch, then `finish` once."""

    def __init__(self, file: BinaryIO, run_tag: str, input_file: str) -> None:
        self._file = file
        self._names = {"run_tag": run_tag, "input_file": input_file}
        self._room = _HEAD_ROOM + len(msgspec.json.encode(self._names))
        self.count = 0
        file.write(b" " * self._room + b'"results": [')

    def add(self, rows: Sequence[object]) -> None:
        """Append rows to `results`."""
        lines = _encoder.encode_lines(rows)
        if lines:
            self._file.write((b",\n" if self.count else b"\n") + lines[:-1].replace(b"\n", b",\n"))
            self.count += len(rows)

    def finish(self, summary: dict[str, object]) -> None:
        """Close the array and fill in the head."""
        self._file.write(b"\n]}\n")
        head = self._names | {"record_count": self.count, "summary": summary}
        text = msgspec.json.format(_encoder.encode(head), indent=2)[:-2] + b","
        if len(text) >= self._room:
            raise ValueError(f"the report's head of {len(text)} bytes does not fit into {self._room}")
        self._file.seek(0)
        self._file.write(text.ljust(self._room - 1) + b"\n")


@dataclass
class ReportReader(Generic[T]):
    """Reads one report: iterate to get batches of rows, after which `head` holds the other keys."""

    path: Path
    batch: Batch[T]
    single: Single[T]

    def __post_init__(self) -> None:
        self.head: dict[str, object] = {}
        self.has_rows = False

    def __iter__(self) -> Iterator[list[T]]:
        """Yield batches of rows; raises FileNotFoundError, Unreadable, BadJson, BadElement, and as `single` does."""
        with open_regular(self.path, contained=True) as file:
            for item in read_object(Cursor(file), "results", self.batch, self.single):
                if isinstance(item, list):
                    self.has_rows = True
                    if item:
                        yield item
                else:
                    key, value = item
                    self.head[key] = value


def tolerant_row(data: bytes, number: int) -> object:
    """Decode one row, NaN and infinities included; an unreadable row becomes a text that says why."""
    if is_deep(data):
        return f"a row that {TOO_DEEP}"
    try:
        return json.loads(decode_text(data), parse_int=read_int, object_pairs_hook=without_duplicates)
    except ValueError as error:
        return f"a row that can't be read: {error}"
