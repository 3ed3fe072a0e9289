"""What the rows of a report of any layout have in common: a row is decoded when it is drawn, and kept for a while."""

import os
from array import array
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from phase4_tui.artifacts.decision_row import ReportRow, Wanted
from phase4_tui.artifacts.index import Identity

CACHED_ROWS = 512
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
        return identity_of(info) != self.identity


def identity_of(info: os.stat_result) -> Identity:
    """Return what changes when a file's content does."""
    return info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns


def count_of(head: dict[str, object]) -> int | None:
    """Return the number of rows that a report says it has, None when it says none that can be."""
    count = head.get("record_count")
    return count if isinstance(count, int) and not isinstance(count, bool) and count >= 0 else None
