"""The run tags: which is active, pinned, frozen, and how each one stands; filtered by what is typed after `/`."""

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.reactive import var
from textual.widgets import Input

from phase4_tui.runbook.status import TagRow
from phase4_tui.runbook.symbols import SYMBOLS
from phase4_tui.tui.messages import TagChosen
from phase4_tui.tui.snapshot import Snapshot
from phase4_tui.tui.text import Part, clip
from phase4_tui.tui.widgets.lines import Lines
from phase4_tui.tui.widgets.rows import Rows

STYLES = {"ok": "$success", "warning": "$warning", "incident": "bold $error", "unknown": "$text-muted"}


class TagList(Vertical):
    """The list of tags, and its filter."""

    snapshot: var[Snapshot | None] = var(None)
    DEFAULT_CSS = """
    TagList { height: 1fr; }
    TagList #tags-title { height: 1; color: $text-muted; }
    TagList Input { height: 1; border: none; padding: 0; display: none; }
    TagList Input.-shown { display: block; }
    """

    def __init__(self) -> None:
        super().__init__(id="tags")
        self._shown: list[TagRow] = []
        self._filter = ""
        self._drawn: object = None

    def compose(self) -> ComposeResult:
        """Title, filter, list."""
        yield Lines(id="tags-title")
        yield Rows(self._row, id="tags-rows")

    def watch_snapshot(self) -> None:
        """Draw what is new."""
        self._draw()

    def start_filter(self) -> None:
        """Let the operator type a filter."""
        fields = self.query(Input)
        if not fields:  # made at its first use: the first paint does without
            self.mount(Input(placeholder="part of a tag", id="tags-filter", compact=True), after="#tags-title")
            fields = self.query(Input)
        field = fields.first()
        field.add_class("-shown")
        field.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while it is typed."""
        self._filter = event.value.strip().lower()
        self._draw()

    def on_input_submitted(self) -> None:
        """Go to the list that is left."""
        self._leave_filter()

    def on_key(self, event: events.Key) -> None:
        """Leave the filter, and show every tag again."""
        if event.key == "escape" and isinstance(self.app.focused, Input):
            event.stop()
            event.prevent_default()
            self.query_one(Input).value = ""
            self._leave_filter()

    def _leave_filter(self) -> None:
        self.query_one(Input).set_class(bool(self._filter), "-shown")
        self.query_one(Rows).focus()

    def on_rows_moved(self, event: Rows.Moved) -> None:
        """Show the tag under the cursor."""
        event.stop()
        self._choose(event.index)

    def on_rows_chosen(self, event: Rows.Chosen) -> None:
        """Show the tag."""
        event.stop()
        self._choose(event.index)

    def _choose(self, index: int) -> None:
        if index < len(self._shown):
            self.post_message(TagChosen(self._shown[index].tag))

    def _draw(self) -> None:
        snapshot = self.snapshot
        if snapshot is None or not self.is_mounted:
            return
        drawn = (snapshot.rows, snapshot.tags, snapshot.focus and snapshot.focus.tag, snapshot.state.active_tag,
                 snapshot.known_good, self._filter)  # fmt: skip
        if drawn == self._drawn:
            return
        self._drawn = drawn
        self._shown = [row for row in snapshot.rows if self._filter in row.tag.lower()]
        waiting = snapshot.tags - len(snapshot.rows)
        count = f"{len(self._shown)} of {snapshot.tags}" if self._filter else str(snapshot.tags)
        note = f" · reading {waiting}" if waiting > 0 else ""
        self.query_one(Lines).show([(("RUN TAGS ", "bold"), (f"{count}{note}  / filter", "$text-muted"))])
        focus = snapshot.focus.tag if snapshot.focus else None
        cursor = next((index for index, row in enumerate(self._shown) if row.tag == focus), None)
        self.query_one(Rows).show(len(self._shown), cursor)

    def _row(self, index: int) -> list[Part]:
        row, snapshot = self._shown[index], self.snapshot
        assert snapshot is not None
        state = snapshot.state
        word = row.severity_class or {"ok": "OK", "warning": "WARN", "unknown": "?"}.get(row.level, "")
        width = max(self.query_one(Rows).size.width - 3 - len(word) - 1, 4)
        name = clip(row.tag, width)
        return [
            (f"{mark(row, state.active_tag, state.known_good_tag)} ", ""),
            f"{name:<{width}} ",
            (word, STYLES[row.level]),
        ]


def mark(row: TagRow, active: str | None, good: str | None) -> str:
    """Return the symbol that says most about a tag: tampered, active, quarantined, known-good, frozen."""
    if row.frozen == "tampered":
        return SYMBOLS["tampered"]
    if row.tag == active:
        return SYMBOLS["active"]
    if row.quarantined:
        return SYMBOLS["quarantined"]
    if row.pinned or row.tag == good:
        return SYMBOLS["known_good"]
    return SYMBOLS["frozen"] if row.frozen == "intact" else " "
