"""The decisions of the shown tag's report, with filters; any row is shown at once, whatever the report's size."""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import replace
from typing import Literal

from msgspec.structs import astuple
from textual.binding import Binding
from textual.widget import Widget
from textual.widgets import Static

from phase4_tui.artifacts.decision_row import NOTHING, ReportRow, Wanted
from phase4_tui.artifacts.names import Artifact, file_name
from phase4_tui.console.background import in_background
from phase4_tui.console.facts.report_pages import open_report
from phase4_tui.console.facts.report_rows import ReportRows, Search
from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.console.operations.availability import RUN
from phase4_tui.console.remedies import as_keys, error_as_keys
from phase4_tui.console.symbols import SYMBOLS
from phase4_tui.errors import FORESEEN, Remedy, command_line
from phase4_tui.tui.screens.view import ViewScreen
from phase4_tui.tui.text import Part, clip, content, lines
from phase4_tui.tui.timers import every
from phase4_tui.tui.widgets.rows import Rows

REFRESH_SECONDS = 0.1
CHECK_SECONDS = 1.0
RATIONALE_LINES = 3
WRITE_REPORT = Remedy("step_1", command_line("step", "1"), "writes it")
# Title, width, and the minimum screen width at which the column is shown.
COLUMNS = (
    ("row", 11, 124),
    ("underlying", 11, 0),
    ("time", 12, 0),
    ("slot", 7, 70),
    ("action", 9, 0),
    ("confidence", 11, 110),
    ("score", 6, 0),
    ("size", 5, 100),
    ("gate", 16, 0),
    ("event", 14, 76),
    ("regime", 15, 96),
)
RIGHT = ("row", "score", "size")
KNOWN = {
    "gate": ("PASS", "EVENT_BLOCK", "PORTFOLIO_BLOCK"),
    "action": ("BUY_CALL", "BUY_PUT", "NO_TRADE"),
    "regime": ("TREND", "MEAN_REVERSION", "NEUTRAL"),
}


class DecisionsScreen(ViewScreen):
    """The rows of a report."""

    CSS_PATH = "decisions.tcss"
    BINDINGS = [
        Binding("g", "cycle('gate')", "gate", show=False),
        Binding("a", "cycle('action')", "action", show=False),
        Binding("r", "cycle('regime')", "regime", show=False),
        Binding("x", "clear", "clear", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._tag: str | None = None
        self._source: ReportRows | None = None
        self._search: Search | None = None
        self._wanted = Wanted()
        self._note = ""
        self._trouble: str | None = None
        self._drawn: object = None

    def hint(self) -> str:
        """Return the line that says what to press."""
        keys = {name: self.own_key(f"cycle('{name}')") for name in KNOWN}
        names = [f"{key} {name}" for name, key in keys.items()]
        return " · ".join([*names, f"{self.own_key('clear')} clear", "↑↓ pgup pgdn home end scroll"])

    def main(self) -> Iterable[Widget]:
        """Columns, rows, the selected row's reasons."""
        yield Static("", classes="columns", markup=False)
        yield Rows(self._row, text=self._text_of, id="decisions")
        yield Static("", classes="detail", markup=False)

    def on_mount(self) -> None:
        """Draw a few times a second what the thread has found, and check whether the file was replaced."""
        self.query_one(Rows).focus()
        every(REFRESH_SECONDS, self, self._draw)
        every(CHECK_SECONDS, self, self._check)

    def on_resize(self) -> None:
        """Fit the columns."""
        self.query_one(".columns", Static).update(content("".join(_cell(t, t, w) for t, w in self._columns())))
        self._drawn = None
        self.call_after_refresh(self._draw)

    def look(self, snapshot: Snapshot) -> None:
        """Show the report of the tag that is shown."""
        tag = snapshot.focus.tag if snapshot.focus else None
        if tag is None or tag != self._tag or self._trouble is not None:
            self._tag = tag
            self._note = ""
            self._load()

    def failed(self, message: str) -> None:
        """Say why there are no rows."""
        self._trouble = message
        self._draw()

    def _load(self) -> None:
        self._source = self._search = self._trouble = None
        if self._tag is None:
            self._trouble = as_keys("there is no tag yet", (RUN,), self.console.keys)
        else:
            self.begin(self._read, self._tag, group="load", exclusive=True)
        self._draw()

    async def _read(self, tag: str) -> None:
        path = self.console.site.reports / file_name(tag, Artifact.REPORT)
        try:
            source = await in_background(lambda stop: open_report(path))
            self._source = source
            if self._wanted:
                self._seek()
            self._draw()
            await in_background(source.index)
        except FileNotFoundError:
            self._trouble = as_keys(f"{path.name} is not there", (WRITE_REPORT,), self.console.keys)
        except FORESEEN as error:
            self._trouble = f"{path.name} {error_as_keys(error, self.console.keys)}"
        self._draw()

    def _check(self) -> None:
        source = self._source
        if source is not None and self.app.screen is self:
            self.in_background(lambda stop: source.replaced(), lambda gone: self._gone(source, gone), "check")

    def _gone(self, source: ReportRows, gone: bool) -> None:
        if gone and source is self._source:
            self._note = "the report was written anew: read again"
            self._load()

    # Filter ----------------------------------------------------------------------------------------------------

    def action_cycle(self, name: Literal["gate", "action", "regime"]) -> None:
        """Filter by the next value; after the last one show all."""
        found = self._source.words[name] if self._source is not None else set()  # Phase 3 has its own values
        values = [None, *KNOWN[name], *sorted(found - set(KNOWN[name]))]
        now = getattr(self._wanted, name)
        at = values.index(now) if now in values else -1
        self._wanted = replace(self._wanted, **{name: values[(at + 1) % len(values)]})
        self._seek()

    def action_clear(self) -> None:
        """Show every row."""
        self._wanted = Wanted()
        self._seek()

    def _seek(self) -> None:
        source = self._source
        self._search = None
        self.workers.cancel_group(self, "search")
        if source is not None and self._wanted:
            search = self._search = Search(self._wanted)
            self.in_background(lambda stop: source.search(search, stop), lambda _: self._draw(), "search")
        self.query_one(Rows).show(0, 0)
        self._draw()

    # Drawing ---------------------------------------------------------------------------------------------------

    def _shown(self) -> int:
        count = self._source.count if self._source is not None else 0
        # The search may be ahead of the index, without which a row can't be read.
        return count if self._search is None else bisect_left(self._search.found, count)

    def _at(self, index: int) -> tuple[int, ReportRow]:
        assert self._source is not None
        row = self._search.found[index] if self._search is not None else index
        return row, self._source.row(row)

    def _draw(self) -> None:
        rows = self.query_one(Rows)
        count = self._shown()
        drawn = (count, self._title(), rows.cursor)
        if drawn == self._drawn:
            return
        self._drawn = drawn
        if count != rows.count:
            rows.show(count)
        self.title_is(*self._title())
        self._draw_detail()

    def on_rows_chosen(self, event: Rows.Chosen) -> None:
        """Open the whole row."""
        event.stop()
        if self._source is None or event.index >= self._shown():
            return
        from phase4_tui.tui.screens.viewer import RowScreen  # noqa: PLC0415 - when it is opened

        number, _ = self._at(event.index)
        self.app.push_screen(RowScreen(f"{self._tag}, row {number + 1:,}", self._source.value(number)))

    def on_rows_moved(self, event: Rows.Moved) -> None:
        """Show the reasons of the row under the cursor."""
        event.stop()
        self._draw_detail()

    def _draw_detail(self) -> None:
        rows, detail = self.query_one(Rows), self.query_one(".detail", Static)
        if rows.cursor >= self._shown():
            detail.update(content(""), layout=False)
            return
        number, row = self._at(rows.cursor)
        if row.broken is not None:
            shown = lines([[(f"row {number + 1:,} is broken", "bold $error")], [row.broken]])
        else:
            top = f"row {number + 1:,} · {row.underlying} · {row.time} · {row.slot} · confidence {row.confidence}"
            top += "" if row.event == NOTHING else f" · event {row.event}"
            width = max(detail.content_size.width, 20) * (RATIONALE_LINES - 1)
            shown = lines([[(top, "$foreground 70%")], [clip(row.rationale, width)]])
        detail.update(shown, layout=False)

    def _title(self) -> list[Part]:
        parts: list[Part] = [("DECISIONS  ", "bold"), f"{self._tag or 'no tag'}  "]
        source, search = self._source, self._search
        if self._trouble is not None:
            return [*parts, (f"{SYMBOLS['failed']} {self._trouble}", "bold $error")]
        if source is None:
            return [*parts, ("opening …", "$foreground 70%")]
        total = source.expected if source.expected is not None and not source.complete else None
        rows = "row" if source.count == 1 else "rows"
        told = f"{source.count:,} of {total:,} rows" if total else f"{source.count:,} {rows}"
        if search is not None:
            wanted = self._wanted
            named = (("gate", wanted.gate), ("action", wanted.action), ("regime", wanted.regime))
            parts.append((f"{' '.join(f'{name}={value}' for name, value in named if value)}  ", "bold $primary"))
            of = source.expected or source.count
            told = f"{len(search.found):,} found" + ("" if search.done else f", {search.scanned:,} of {of:,} rows read")
        elif not source.complete:
            told += ", indexing"
        parts.append(told)
        if source.problem is not None:
            parts.append((f"  ! {source.problem}", "$warning"))
        if self._note:
            parts.append((f"  ! {self._note}", "$accent"))
        return parts

    def _columns(self) -> list[tuple[str, int]]:
        return [(title, width) for title, width, needs in COLUMNS if self.size.width >= needs]

    def _text_of(self, index: int) -> str:
        """Return what a search looks at in a row: every value, also those without a column."""
        if index >= self._shown():
            return ""
        _, row = self._at(index)
        return row.broken or " ".join(astuple(row)[:-1])

    def _row(self, index: int) -> list[Part]:
        if index >= self._shown():
            return []
        number, row = self._at(index)
        if row.broken is not None:
            return [(f"{number + 1:,} ✘ {row.broken}", "$error")]
        values = {"row": f"{number + 1:,}", "time": _time(row.time)}
        return [
            (_cell(title, values.get(title) or getattr(row, title), width), _style(title, row))
            for title, width in self._columns()
        ]


def _cell(title: str, value: str, width: int) -> str:
    shown = clip(value, width - 1)
    return f"{shown:>{width - 1}} " if title in RIGHT else f"{shown:<{width}}"


def _time(text: str) -> str:
    return text[5:16].replace("T", " ") if len(text) >= 16 and text[10:11] == "T" else text


def _style(title: str, row: ReportRow) -> str:
    if title == "gate" and row.gate not in ("PASS", NOTHING):
        return "$warning"
    if title == "event" and row.event.endswith(" active"):
        return "bold"
    if title == "action":
        return "$foreground 70%" if row.action == "NO_TRADE" else "bold"
    return "$foreground 70%" if title in ("row", "time") else ""
