"""The base of the rows of a report in any layout: a row is decoded when it is drawn, then cached."""

from abc import ABC, abstractmethod
from array import array
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from phase4_tui.artifacts.decision_row import ReportRow, Wanted, describe
from phase4_tui.artifacts.index import Identity, identity_of

CACHED_ROWS = 512
Stop = Callable[[], bool]
GONE = "the file was changed: this row is gone"


@dataclass
class Search:
    """A search under way in a thread: the rows found and the number scanned so far."""

    wanted: Wanted
    found: "array[int]" = field(default_factory=lambda: array("L"))
    scanned: int = 0
    done: bool = False


class ReportRows(ABC):
    """The rows of one report; `index` and `search` run in a thread, the rest is for drawing meanwhile."""

    def __init__(self, path: Path, identity: Identity, expected: int | None) -> None:
        self.path = path
        self.identity = identity
        self.expected = expected
        """The number of rows that the report claims."""
        self.count = 0
        self.complete = False
        self.problem: str | None = None
        self.words: dict[str, set[str]] = {"gate": set(), "action": set(), "regime": set()}
        """The gates, actions and regimes of the rows drawn so far."""
        self._rows: OrderedDict[int, ReportRow] = OrderedDict()

    @abstractmethod
    def index(self, stop: Stop) -> None:
        """Find the rows."""

    @abstractmethod
    def search(self, search: Search, stop: Stop) -> None:
        """Find the rows that match."""

    def row(self, index: int) -> ReportRow:
        """Return a row below `count`, decoded now."""
        row = self._rows.get(index)
        if row is None:
            row = self._rows[index] = describe(self.value(index))
            if len(self._rows) > CACHED_ROWS:
                self._rows.popitem(last=False)
            if row.broken is None:
                for name, words in self.words.items():
                    words.add(getattr(row, name))
        return row

    @abstractmethod
    def value(self, index: int) -> object:
        """Return a row below `count` as the report has it, or a text that says why it can't be read."""

    def _ended(self) -> None:
        """Mark the rows as complete; a wrong record_count becomes the problem."""
        if self.problem is None and self.expected not in (None, self.count):
            self.problem = f"its record_count is {self.expected:,}, its rows are {self.count:,}"
        self.complete = True

    def replaced(self) -> bool:
        """True when the file was replaced or written to."""
        try:
            info = self.path.stat()
        except OSError:
            return True
        return identity_of(info) != self.identity


def count_of(head: dict[str, object]) -> int | None:
    """Return the number of rows that a report claims, None without a plausible one."""
    count = head.get("record_count")
    return count if isinstance(count, int) and not isinstance(count, bool) and count >= 0 else None
