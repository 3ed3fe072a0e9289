"""The differences between three tags as a table: checks, KPIs, decisions, each labelled by symbol and word."""

import re
from collections.abc import Sequence

from phase4_tui.console.symbols import SYMBOLS
from phase4_tui.rollback.comparison import ComparisonResult, Difference
from phase4_tui.tui.text import Part, clip
from phase4_tui.tui.widgets.rows import Rows

LABELS = {
    "gone": (SYMBOLS["done"], "$success"),
    "still there": (SYMBOLS["failed"], "bold $error"),
    "new": (SYMBOLS["warning"], "bold $error"),
    "within tolerance": ("≈", "$success"),
    "incomparable": ("?", "$warning"),
}
DETAIL_CHARS = 2000
KEY_CHARS = 32
_MOMENT = re.compile(r"\d{4}-(\d\d-\d\d)T(\d\d:\d\d)\S*")
LABEL_WIDTH = 2 + max(map(len, LABELS))
Line = str | Difference


class Differences(Rows):
    """The differences between a bad tag, a known-good tag and a rehearsal."""

    def __init__(self) -> None:
        super().__init__(self._line, text=self._whole, id="compare-rows")
        self._result: ComparisonResult | None = None
        self._table: list[Line] = []

    def take(self, result: ComparisonResult | None) -> None:
        """Show a comparison; a new one from its first line."""
        cursor = None
        if result is not self._result:
            self._result, self._table = result, table_of(result) if result else []
            cursor = next((at for at, one in enumerate(self._table) if isinstance(one, Difference)), 0)
        self.show(len(self._table), cursor)

    def columns(self, key: str, bad: str, good: str, rerun: str, label: str) -> str:
        """Return one line of the table, its columns fitted to the width."""
        room = max(self.app.size.width - 5 - LABEL_WIDTH, 16)
        value = max((room - max(min(KEY_CHARS, room * 42 // 100), room // 4)) // 3, 4)
        name = max(room - 3 * value, 4)
        cells = [f"{clip(key, name - 1):<{name}}", *(f"{clip(one, value - 1):<{value}}" for one in (bad, good, rerun))]
        return f"{''.join(cells)} {label}"

    def detail(self) -> list[list[Part]]:
        """Return the line under the cursor in full."""
        one = self._table[self.cursor] if self.cursor < len(self._table) else ""
        if isinstance(one, str):
            return [[(one, "$text-muted")]]
        symbol, style = LABELS[one.label]
        told: list[list[Part]] = [[(f"{one.key}  ", "bold"), (f"{symbol} {one.label}", style)]]
        for name, value in (("bad", one.bad), ("known-good", one.known_good), ("re-run", one.rerun)):
            told.append([(f"{name:<11} ", "$text-muted"), clip(shown(value), DETAIL_CHARS)])
        return told

    def _whole(self, index: int) -> str:
        """Return a line of the table with its values in full, for a search."""
        one = self._table[index]
        if isinstance(one, str):
            return one
        return " ".join((one.key, *map(shown, (one.bad, one.known_good, one.rerun)), one.label))

    def _line(self, index: int) -> list[Part]:
        one = self._table[index]
        if isinstance(one, str):
            return [(one, "bold $primary")]
        symbol, style = LABELS[one.label]
        key = _MOMENT.sub(r"\1 \2", one.key)
        cells = self.columns(f" {key}", brief(one.bad), brief(one.known_good), brief(one.rerun), "")
        return [cells, (f"{symbol} {one.label}", style)]


def table_of(result: ComparisonResult) -> list[Line]:
    """Return the lines of the table, each section under its heading."""
    counts = result.decision_counts
    differ = sum(count for label, count in counts.items() if label != "same")
    told = ", ".join(f"{count} {label}" for label, count in counts.items())
    more = f"; the first {len(result.decisions)} are shown" if differ > len(result.decisions) else ""
    none = "nothing differs" if result.comparable else "incomparable"
    table: list[Line] = [heading("CHECKS", result.checks, none), *result.checks]
    table += [heading("KPIS", result.kpis, none), *result.kpis]
    return [*table, f"DECISIONS  {differ} differ ({told or 'none'}{more})", *result.decisions]


def heading(name: str, found: Sequence[Difference], none: str) -> str:
    """Return the heading of a section; `none` is what an empty one says."""
    return f"{name}  {len(found)} differ" if found else f"{name}  {none}"


def shown(value: object) -> str:
    """Return a value of a report as text; a missing value is a dash."""
    if value is None:
        return "–"
    if isinstance(value, dict):
        return ", ".join(f"{key}={shown(part)}" for key, part in value.items())
    return f"{value:g}" if isinstance(value, float) else str(value)


def brief(value: object) -> str:
    """Return a value short enough for the table: of a decision the values without their keys."""
    return " ".join(map(shown, value.values())) if isinstance(value, dict) else shown(value)
