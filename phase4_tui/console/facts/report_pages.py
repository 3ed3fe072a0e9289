"""The rows of a report of any size: where some of them begin is indexed, and a row is decoded when it is drawn.

A report that this program wrote has one row a line, so its lines are counted. One of another layout is decoded
once from its front, to learn where each batch of its rows begins and how many they are.
"""

import io
import os
import re
import time
import weakref
from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from phase4_tui.artifacts.decision_row import ReportRow, Wanted, describe
from phase4_tui.artifacts.index import Identity
from phase4_tui.artifacts.json_stream import BadElement, Cursor, read_array, read_object
from phase4_tui.artifacts.regular_files import open_regular
from phase4_tui.artifacts.report import tolerant_row
from phase4_tui.artifacts.strict_json import BadJson, parse_object

CHUNK = 1 << 20
HEAD_BYTES = 64 << 10
BLOCK_ROWS = 64
BATCH_BYTES = 64 << 10
CACHED_BATCHES = 4
CACHED_BLOCKS = 32
CACHED_ROWS = 512
POLL_SECONDS = 0.02
# Only the writer of this program fills up the line before the rows.
_ROWS_BEGIN = re.compile(rb' \n"results": \[\n')
_any_rows = msgspec.json.Decoder(list[Any])
Stop = Callable[[], bool]
GONE = ReportRow(broken="the file was changed: this row is gone")


@dataclass
class Search:
    """A search under way in a thread: the rows found so far, and how many were looked at."""

    wanted: Wanted
    found: "array[int]" = field(default_factory=lambda: array("L"))
    scanned: int = 0
    done: bool = False


class ReportRows:
    """The rows of one report; `index` and `search` are for a thread, the rest for who draws meanwhile."""

    def __init__(self, path: Path, identity: Identity, expected: int | None) -> None:
        self.path = path
        self.identity = identity
        self.expected = expected
        """How many rows the report says that it has."""
        self.count = 0
        self.complete = False
        self.problem: str | None = None
        self.words: dict[str, set[str]] = {"gate": set(), "action": set(), "regime": set()}
        """Those of the rows that were drawn."""
        self._rows: OrderedDict[int, ReportRow] = OrderedDict()

    def index(self, stop: Stop) -> None:
        """Find the rows."""
        raise NotImplementedError

    def search(self, search: Search, stop: Stop) -> None:
        """Find the rows to show."""
        raise NotImplementedError

    def row(self, index: int) -> ReportRow:
        """Return a row below `count`, decoded now."""
        row = self._rows.get(index)
        if row is None:
            row = self._rows[index] = self._decoded(index)
            if len(self._rows) > CACHED_ROWS:
                self._rows.popitem(last=False)
            if row.broken is None:
                for name, words in self.words.items():
                    words.add(getattr(row, name))
        return row

    def _decoded(self, index: int) -> ReportRow:
        raise NotImplementedError

    def _ended(self) -> None:
        """All rows were found."""
        if self.problem is None and self.expected not in (None, self.count):
            self.problem = f"its record_count is {self.expected:,}, its rows are {self.count:,}"
        self.complete = True

    def replaced(self) -> bool:
        """True when another file is in the place of this one, or it was written to."""
        try:
            info = self.path.stat()
        except OSError:
            return True
        return _identity(info) != self.identity


def open_report(path: Path) -> ReportRows:
    """Open a report; raises FileNotFoundError, Unreadable."""
    with open_regular(path, contained=True) as file:
        identity = _identity(os.fstat(file.fileno()))
        begin = os.pread(file.fileno(), HEAD_BYTES, 0)
        descriptor = os.dup(file.fileno())
    match = _ROWS_BEGIN.search(begin)
    if match is not None:
        try:
            head = parse_object(begin[: match.end()] + b"]}")
        except BadJson:
            head = {}
        if head.get("results") == []:
            return LineRows(path, identity, _count_of(head), descriptor, match.end())
    return BatchRows(path, identity, descriptor)


class LineRows(ReportRows):
    """The rows of a report that this program wrote."""

    def __init__(self, path: Path, identity: Identity, expected: int | None, descriptor: int, start: int) -> None:
        super().__init__(path, identity, expected)
        self._descriptor = descriptor
        weakref.finalize(self, os.close, descriptor)  # once neither the screen nor a thread uses it
        self._start = start
        self._offsets = array("Q")
        self._firsts = array("Q")
        """Which row begins at the offset in the same place."""
        self._blocks: OrderedDict[int, list[bytes]] = OrderedDict()

    def index(self, stop: Stop) -> None:
        """Find where rows begin, of so many one."""
        for first, offset, data in self._lines(stop):
            row, position = first, 0
            while position < len(data):
                if (row - first) % BLOCK_ROWS == 0:
                    self._offsets.append(offset + position)
                    self._firsts.append(row)
                row += 1
                end = data.find(b"\n", position)
                position = len(data) if end < 0 else end + 1
            self.count = row
        if not stop():
            self._ended()

    def search(self, search: Search, stop: Stop) -> None:
        """Read every line, and decode those that may be of a row to show."""
        needles, wanted = search.wanted.needles, search.wanted
        for first, _, data in self._lines(stop):
            lines = data.split(b"\n")
            if not lines[-1]:
                lines.pop()
            for row, line in enumerate(lines, first):
                if all(needle in line for needle in needles) and wanted.takes(_quick_row(line)):
                    search.found.append(row)
            search.scanned = first + len(lines)
        search.done = not stop()

    def _lines(self, stop: Stop) -> Iterator[tuple[int, int, bytes]]:
        """Yield whole lines with the row that they begin with and their offset; of one too long only its beginning."""
        row, position = 0, self._start
        while not stop():
            data = os.pread(self._descriptor, CHUNK, position)
            end = 0 if data.startswith(b"]") else data.find(b"\n]") + 1 or None
            lines = data[: data.rfind(b"\n") + 1] if end is None else data[:end]
            if lines:
                yield row, position, lines
                row += lines.count(b"\n")
                position += len(lines)
            if end is not None:
                self._check_end(position)
                return
            if not lines:
                after = self._after_line(position + len(data), stop) if len(data) == CHUNK else None
                if data:
                    yield row, position, data
                row += 1
                if after is None:
                    self.problem = "the file ends before its rows do"
                    return
                position = after

    def _after_line(self, position: int, stop: Stop) -> int | None:
        while not stop():
            data = os.pread(self._descriptor, CHUNK, position)
            if not data:
                return None
            end = data.find(b"\n")
            if end >= 0:
                return position + end + 1
            position += len(data)
        return None

    def _check_end(self, position: int) -> None:
        begin = os.pread(self._descriptor, self._start, 0)
        rest = os.pread(self._descriptor, HEAD_BYTES, position)
        try:
            parse_object(begin + rest)
        except BadJson as error:
            self.problem = f"behind its rows the report {error}"

    def _decoded(self, index: int) -> ReportRow:
        at = bisect_right(self._firsts, index) - 1
        lines = self._block(at)
        place = index - self._firsts[at]
        if place >= len(lines):
            return GONE
        line = lines[place]
        if len(line) >= CHUNK:
            return ReportRow(broken=f"a row of more than {CHUNK:,} bytes, which is too long to be one")
        return describe(tolerant_row(_without_comma(line), index + 1))

    def _block(self, at: int) -> list[bytes]:
        lines = self._blocks.get(at)
        if lines is None:
            known = at + 1 < len(self._offsets)
            size = min(self._offsets[at + 1] - self._offsets[at], CHUNK) if known else CHUNK
            data = os.pread(self._descriptor, size, self._offsets[at])
            lines = self._blocks[at] = data.split(b"\n", BLOCK_ROWS)[:BLOCK_ROWS]
            if len(self._blocks) > CACHED_BLOCKS:
                self._blocks.popitem(last=False)
        else:
            self._blocks.move_to_end(at)
        return lines


class BatchRows(ReportRows):
    """The rows of a report of another layout."""

    def __init__(self, path: Path, identity: Identity, descriptor: int) -> None:
        super().__init__(path, identity, None)
        self._descriptor = descriptor
        weakref.finalize(self, os.close, descriptor)  # once neither the screen nor a thread uses it
        self._begins, self._ends, self._firsts = array("Q"), array("Q"), array("Q")
        self._batches: OrderedDict[int, list[Any]] = OrderedDict()

    def index(self, stop: Stop) -> None:
        """Find where batches of rows begin."""
        has_rows = False
        try:
            cursor = Cursor(_Bytes(self._descriptor, 0), BATCH_BYTES)
            begin = 0
            for item in read_object(cursor, "results", _any_rows.decode, tolerant_row):
                if isinstance(item, list):
                    has_rows = True
                    if item:
                        self._note(begin, cursor.position, len(item))
                    begin = cursor.position
                elif item[0] == "record_count":
                    self.expected = _count_of(dict([item]))
                if stop():
                    return
            if not has_rows:
                self.problem = "has no array `results`"
        except (BadElement, BadJson) as error:
            self.problem = f"the report {error}" if isinstance(error, BadJson) else str(error)
        self._ended()

    def _note(self, begin: int, end: int, rows: int) -> None:
        self._begins.append(begin)
        self._ends.append(end)
        self._firsts.append(self.count)
        self.count += rows  # last: whoever draws meanwhile asks for rows below it

    def search(self, search: Search, stop: Stop) -> None:
        """Decode every batch once more, as soon as it was found."""
        at = 0
        while not stop():
            complete = self.complete
            while at < len(self._firsts) and self._firsts[at] < self.count and not stop():
                for index, row in enumerate(self._batch(at), self._firsts[at]):
                    if search.wanted.takes(describe(row)):
                        search.found.append(index)
                at += 1
                search.scanned = self._firsts[at] if at < len(self._firsts) else self.count
            if complete:
                break
            time.sleep(POLL_SECONDS)
        search.done = not stop()

    def _batch(self, at: int) -> list[Any]:
        """Return the rows of a batch."""
        data = os.pread(self._descriptor, self._ends[at] - self._begins[at], self._begins[at])
        # Behind the last row of a batch stands what parted it from the next one, or the end of all rows.
        cursor = Cursor(io.BytesIO(data.rstrip(b" \t\r\n")[:-1] + b"]"), BATCH_BYTES)
        try:
            return [row for rows in read_array(cursor, _any_rows.decode, tolerant_row) for row in rows]
        except BadElement:
            return []  # the file was changed

    def _decoded(self, index: int) -> ReportRow:
        at = bisect_right(self._firsts, index) - 1
        rows = self._batches.get(at)
        if rows is None:
            rows = self._batches[at] = self._batch(at)
            if len(self._batches) > CACHED_BATCHES:
                self._batches.popitem(last=False)
        place = index - self._firsts[at]
        return describe(rows[place]) if place < len(rows) else GONE


@dataclass
class _Bytes:
    """The bytes of an open file from a place on; its own position, which threads share, is left alone."""

    descriptor: int
    position: int

    def read(self, size: int, /) -> bytes:
        """Return the next bytes."""
        data = os.pread(self.descriptor, size, self.position)
        self.position += len(data)
        return data


def _quick_row(line: bytes) -> ReportRow:
    data = _without_comma(line)
    try:
        return describe(msgspec.json.decode(data))
    except (msgspec.DecodeError, ValueError, RecursionError):
        return describe(tolerant_row(data, 0))


def _without_comma(line: bytes) -> bytes:
    return line[:-1] if line.endswith(b",") else line


def _identity(info: os.stat_result) -> Identity:
    return info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns


def _count_of(head: dict[str, object]) -> int | None:
    count = head.get("record_count")
    return count if isinstance(count, int) and not isinstance(count, bool) and count >= 0 else None
