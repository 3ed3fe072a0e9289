"""The rows of a report that this program wrote: one per line, so that counting lines finds them."""

import os
import weakref
from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

import msgspec

from phase4_tui.artifacts.decision_row import ReportRow, describe
from phase4_tui.artifacts.index import Identity
from phase4_tui.artifacts.nesting import is_deep
from phase4_tui.artifacts.report import tolerant_row
from phase4_tui.artifacts.strict_json import BadJson, parse_object
from phase4_tui.console.facts.report_rows import GONE, ReportRows, Search, Stop

CHUNK = 1 << 20
TAIL_BYTES = 64 << 10
BLOCK_ROWS = 64
CACHED_BLOCKS = 32


class LineRows(ReportRows):
    """The rows of a report that this program wrote."""

    def __init__(self, path: Path, identity: Identity, expected: int | None, descriptor: int, start: int) -> None:
        super().__init__(path, identity, expected)
        self._descriptor = descriptor
        weakref.finalize(self, os.close, descriptor)  # once neither the screen nor a thread uses it
        self._start = start
        self._offsets = array("Q")
        self._firsts = array("Q")
        """The row that begins at the offset with the same index."""
        self._blocks: OrderedDict[int, list[bytes]] = OrderedDict()

    def index(self, stop: Stop) -> None:
        """Find where every n-th row begins."""
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
        """Read every line, and decode those that may match."""
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
        """Yield whole lines with their first row and their offset; a line that is too long is cut."""
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
        rest = os.pread(self._descriptor, TAIL_BYTES, position)
        try:
            parse_object(begin + rest)
        except BadJson as error:
            self.problem = f"behind its rows the report {error}"

    def value(self, index: int) -> object:
        """Return a row, decoded from the file."""
        at = bisect_right(self._firsts, index) - 1
        lines = self._block(at)
        place = index - self._firsts[at]
        if place >= len(lines):
            return GONE
        line = lines[place]
        if len(line) >= CHUNK:
            return f"a row of more than {CHUNK:,} bytes, which is too long to be one"
        return tolerant_row(_without_comma(line), index + 1)

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


def _quick_row(line: bytes) -> ReportRow:
    data = _without_comma(line)
    try:
        return describe(msgspec.json.decode(data) if not is_deep(data) else tolerant_row(data, 0))
    except (msgspec.DecodeError, ValueError):
        return describe(tolerant_row(data, 0))


def _without_comma(line: bytes) -> bytes:
    return line[:-1] if line.endswith(b",") else line
