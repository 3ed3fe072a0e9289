"""The run log, newest first: a row for each operation, in words; with filters, and the full text of its events."""

import json
from collections.abc import Iterable
from functools import partial

import msgspec
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import Static

from phase4_tui.artifacts.clock import iso, now_ns
from phase4_tui.artifacts.counting import counted
from phase4_tui.console.facts.journal_rows import Journal, More, OperationRow, events_of, read_all, read_last, read_more
from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.console.symbols import SYMBOLS
from phase4_tui.errors import Remedy, as_commands, command_line
from phase4_tui.journal.events import Event
from phase4_tui.journal.incident import short_id
from phase4_tui.tui.screens.choice import LongChoiceScreen
from phase4_tui.tui.screens.view import ViewScreen
from phase4_tui.tui.text import Part, clip, content, lines
from phase4_tui.tui.widgets.rows import Rows

DETAIL_LINES = 300
ALL_LINES = Remedy("", command_line("journal", "--json"), "shows them all")
LINE_CHARS = 1000
ALL = "every one"
SYMBOL_OF = {"unfinished": "running", "done": "done", "failed": "failed"}
STYLE_OF = {"failed": "bold $error", "unfinished": "bold $warning"}
TIME_CELLS = 16


class JournalScreen(ViewScreen):
    """The operations of the journal."""

    CSS_PATH = "journal.tcss"
    BINDINGS = [
        Binding("K", "choose('kind')", "kind", show=False),
        Binding("T", "choose('tag')", "tag", show=False),
        Binding("O", "choose('operator')", "operator", show=False),
        Binding("I", "choose('incident')", "incident", show=False),
        Binding("X", "clear", "clear", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._journal: Journal | None = None
        self._shown: list[OperationRow] = []
        self._wanted: dict[str, str] = {}
        self._trouble: str | None = None
        self._seen: object = None
        self._busy = True
        self._incidents = False
        self._detail_of: OperationRow | None = None
        self._today = ""

    def hint(self) -> str:
        """Return the line that says what to press."""
        keys = {name: self.own_key(f"choose('{name}')") for name in ("kind", "tag", "operator", "incident")}
        names = [f"{key} {name}" for name, key in keys.items()]
        return " · ".join([*names, f"{self.own_key('clear')} clear", "tab detail", "↑↓ move"])

    def main(self) -> Iterable[Widget]:
        """Events above the selected one's text."""
        yield Static("", classes="columns", markup=False)
        yield Rows(self._row, text=self._text_of, id="events")
        with VerticalScroll(id="detail") as detail:
            yield Static("", markup=False)
        detail.can_focus = True

    def on_mount(self) -> None:
        """Show the last events at once, the whole journal soon after."""
        self.query_one(Rows).focus()
        self.in_background(lambda stop: read_last(self.console.site.reports), self._take_last)

    def on_resize(self) -> None:
        """Fit the columns."""
        self._draw()

    def look(self, snapshot: Snapshot) -> None:
        """Follow new events."""
        if self._seen is not None and (snapshot.state.journal != self._seen or self._trouble is not None):
            self._follow()
        self._seen = snapshot.state.journal

    def failed(self, message: str) -> None:
        """Say what is wrong with the journal; what was read before stays."""
        self._trouble, self._busy = message, False
        self._draw()

    def _take_last(self, journal: Journal) -> None:
        self._journal = journal
        self._filter()
        self._read_all()

    def _read_all(self) -> None:
        self._busy = True
        self.in_background(lambda stop: read_all(self.console.site.reports, stop), self._take)

    def _take(self, journal: Journal) -> None:
        self._journal, self._busy, self._trouble = journal, False, None
        self._filter()
        if not journal.problems:
            self._follow()  # for events added meanwhile

    def _follow(self) -> None:
        journal = self._journal
        if self._busy:
            return
        if journal is None or journal.problems:
            self._read_all()  # it may have been repaired
        else:
            reports = self.console.site.reports
            take = partial(self._take_more, journal)
            self.in_background(lambda stop: read_more(reports, journal), take, "follow")

    def _take_more(self, known: Journal, more: More | None) -> None:
        if known is not self._journal:
            return  # the journal was read again meanwhile
        if more is None:
            self._read_all()
        elif more.rows or self._trouble is not None:
            self._trouble = None
            known.add(more)
            self._filter()

    # Filter ----------------------------------------------------------------------------------------------------

    def action_choose(self, name: str) -> None:
        """Ask which operations to show."""
        if self._journal is None:
            return
        choices = [(ALL, ""), *((value, counted(count, "row")) for value, count in self._journal.choices(name))]

        def take(chosen: str | None) -> None:
            if chosen is None:
                return
            self._wanted.pop(name, None)
            if chosen != ALL:
                self._wanted[name] = chosen
            self._filter()

        self.app.push_screen(LongChoiceScreen(f"Which {name}?", choices, self._wanted.get(name, ALL)), take)

    def action_clear(self) -> None:
        """Show every operation."""
        self._wanted.clear()
        self._filter()

    def _filter(self) -> None:
        journal, rows = self._journal, self.query_one(Rows)
        if journal is None:
            return
        before = self._selected()
        self._incidents = any(row.incident for row in journal.rows)
        self._today = iso(now_ns())[:10]
        wanted = self._wanted.items()
        self._shown = [row for row in journal.rows if all(getattr(row, name) == value for name, value in wanted)]
        stays = before is not None and rows.cursor > 0
        # At the top the cursor follows the newest event; further down it stays on its event.
        at = next((at for at in range(len(self._shown)) if before in self._numbers(at)), 0) if stays else 0
        rows.show(len(self._shown), at)
        self._draw()

    def _numbers(self, index: int) -> tuple[int, int]:
        row = self._at(index)
        return row.seq, row.begun

    def _at(self, index: int) -> OperationRow:
        return self._shown[len(self._shown) - 1 - index]

    def _selected(self) -> int | None:
        at = self.query_one(Rows).cursor
        return self._at(at).seq if at < len(self._shown) else None

    # Drawing ---------------------------------------------------------------------------------------------------

    def _draw(self) -> None:
        columns = [*self._columns(), ("what", 0)]
        self.query_one(".columns", Static).update(
            content("  " + "".join(f"{name:<{width}}" for name, width in columns))
        )
        self.title_is(*self._title())
        self._draw_detail()

    def _title(self) -> list[Part]:
        journal = self._journal
        parts: list[Part] = [("JOURNAL  ", "bold")]
        if self._wanted:
            told = " ".join(f"{name}={clip(value, 30)}" for name, value in self._wanted.items())
            parts += [(f"{told}  ", "bold $primary"), f"{len(self._shown):,} found  "]
        if self._trouble is not None:
            parts.append((f"{SYMBOLS['failed']} {self._trouble}", "bold $error"))
        elif journal is None:
            parts.append(("reading …", "$foreground 70%"))
        elif not journal.verified:
            parts.append((f"{counted(journal.seq, 'event')} · verifying …", "$foreground 70%"))
        elif journal.problems:
            told = f"{SYMBOLS['failed']} damaged after {journal.seq:,} good events: {journal.problems[0]}"
            parts.append((told, "bold $error"))
        else:
            parts.append((f"{SYMBOLS['ok']} verified {counted(journal.seq, 'event')}, the chain holds", "$success"))
        return parts

    def _columns(self) -> list[tuple[str, int]]:
        """Return the columns before the widest one, what was done."""
        wide = self.size.width >= 100
        columns = [("number", 8)] if wide else []
        columns.append(("time (UTC)", TIME_CELLS))
        columns += [("by", 16 if wide else 12)] if self.size.width >= 70 else []
        return columns + ([("incident", 12)] if wide and self._incidents else [])

    def _text_of(self, index: int) -> str:
        """Return what a search looks at in a row: each of its values, also where there is no column for it."""
        if index >= len(self._shown):
            return ""
        row = self._at(index)
        who = f"{row.operator}@{row.host}"
        return " ".join((str(row.seq), row.at, row.kind, row.tag, row.incident, who, row.outcome, row.what))

    def _row(self, index: int) -> list[Part]:
        if index >= len(self._shown):
            return []
        row = self._at(index)
        values = {
            "number": str(row.seq),
            "time (UTC)": _time(row.at, self._today),
            "by": f"{row.operator}@{row.host}",
            "incident": short_id(row.incident),
        }
        bad = row.kind in ("incident", "raised")
        style = "bold $error" if bad else STYLE_OF.get(row.outcome, "")
        symbol = SYMBOLS["incident" if bad else SYMBOL_OF.get(row.outcome, "not_run")]
        cells = "".join(f"{clip(values[name], width - 1):<{width}}" for name, width in self._columns())
        word = "unfinished: " if row.outcome == "unfinished" else ""
        return [(f"{symbol} ", style), (cells, "$foreground 70%"), (f"{word}{row.what}", style)]

    def on_rows_chosen(self, event: Rows.Chosen) -> None:
        """Go to the event's full text."""
        event.stop()
        self.query_one("#detail").focus()

    def on_rows_moved(self, event: Rows.Moved) -> None:
        """Show the event under the cursor."""
        event.stop()
        self._draw_detail()

    def _draw_detail(self) -> None:
        at = self.query_one(Rows).cursor
        row = self._at(at) if at < len(self._shown) else None
        if row == self._detail_of:
            return
        self._detail_of = row
        if row is None:
            self.query_one("#detail Static", Static).update(content(""))
            return
        reports = self.console.site.reports
        self.in_background(lambda stop: events_of(reports, row), partial(self._take_detail, row), "detail")

    def _take_detail(self, row: OperationRow, events: list[Event]) -> None:
        if not events:
            self._detail_of = None
            return
        rows: list[list[Part]] = [[(row.what, "bold")]]
        for event in events:
            told = json.dumps(msgspec.structs.asdict(event), indent=2, ensure_ascii=False).split("\n")
            rows += [[clip(line, LINE_CHARS)] for line in told[:DETAIL_LINES]]
            if len(told) > DETAIL_LINES:
                more = as_commands(f"… {len(told) - DETAIL_LINES} more lines", (ALL_LINES,))
                rows.append([(more, "$foreground 70%")])
        self.query_one("#detail Static", Static).update(lines(rows))
        self.query_one("#detail", VerticalScroll).scroll_home(animate=False, immediate=True)


def _time(at: str, today: str) -> str:
    """Return a time for the column, with its day unless that is today."""
    return at[11:19] if at[:10] == today else f"{at[5:10]} {at[11:19]}"
