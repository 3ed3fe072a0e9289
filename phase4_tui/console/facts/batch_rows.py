"""The rows of a report in a foreign layout: one pass over the file finds where each batch of rows begins."""

import io
import os
import time
import weakref
from array import array
from bisect import bisect_right
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from phase4_tui.artifacts.decision_row import describe
from phase4_tui.artifacts.index import Identity
from phase4_tui.artifacts.json_stream import BadElement, Cursor, decode_array, read_array, read_object
from phase4_tui.artifacts.report import tolerant_row
from phase4_tui.artifacts.strict_json import BadJson
from phase4_tui.console.facts.report_rows import GONE, ReportRows, Search, Stop, count_of

BATCH_BYTES = 64 << 10
CACHED_BATCHES = 4
POLL_SECONDS = 0.02
_any_rows = decode_array(object)  # rows from an operator's own script may be anything


class BatchRows(ReportRows):
    """The rows of a report that another program wrote."""

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
            for item in read_object(cursor, "results", _any_rows, tolerant_row):
                if isinstance(item, list):
                    has_rows = True
                    if item:
                        self._note(begin, cursor.position, len(item))
                    begin = cursor.position
                elif item[0] == "record_count":
                    self.expected = count_of(dict([item]))
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
        self.count += rows  # last: a thread that draws meanwhile reads rows below it

    def search(self, search: Search, stop: Stop) -> None:
        """Decode every batch again, as soon as it is found."""
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
        # The byte after the last row is a comma, or the bracket that ends the rows.
        cursor = Cursor(io.BytesIO(data.rstrip(b" \t\r\n")[:-1] + b"]"), BATCH_BYTES)
        try:
            return [row for rows in read_array(cursor, _any_rows, tolerant_row) for row in rows]
        except BadElement:
            return []  # the file was changed

    def value(self, index: int) -> object:
        """Return a row, decoded from the file."""
        at = bisect_right(self._firsts, index) - 1
        rows = self._batches.get(at)
        if rows is None:
            rows = self._batches[at] = self._batch(at)
            if len(self._batches) > CACHED_BATCHES:
                self._batches.popitem(last=False)
        place = index - self._firsts[at]
        return rows[place] if place < len(rows) else GONE


@dataclass
class _Bytes:
    """The bytes of an open file from an offset; the file's own position, which threads share, does not move."""

    descriptor: int
    position: int

    def read(self, size: int, /) -> bytes:
        """Return the next bytes."""
        data = os.pread(self.descriptor, size, self.position)
        self.position += len(data)
        return data
