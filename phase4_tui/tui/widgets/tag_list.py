"""The run tags that the filter leaves: which are active, pinned or frozen, and the verdict on each."""

import time
from collections.abc import Mapping, Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.reactive import var

from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.console.remedies import how
from phase4_tui.console.symbols import SYMBOLS
from phase4_tui.runbook.status import TagRow
from phase4_tui.tui.messages import TagChosen, TagOpened
from phase4_tui.tui.text import Part, clip
from phase4_tui.tui.widgets.lines import Lines
from phase4_tui.tui.widgets.rows import Rows

STYLES = {"ok": "$success", "warning": "$warning", "incident": "bold $error", "unknown": "$text-muted"}
WORDS = {"ok": "OK", "warning": "WARN", "unknown": "?"}
ARRIVES_SECONDS = 1.0


class TagList(Vertical):
    """The list of tags that the filter leaves."""

    snapshot: var[Snapshot | None] = var(None)
    tag_filter: var[str] = var("")
    DEFAULT_CSS = """
    TagList { height: 1fr; }
    TagList #tags-title { height: 1; color: $text-muted; }
    """

    def __init__(self, keys: Mapping[str, str]) -> None:
        super().__init__(id="tags")
        self._keys = keys
        self._shown: Sequence[TagRow] = ()
        self._chosen: tuple[str, float] = ("", -ARRIVES_SECONDS)
        self._drawn: object = None

    def compose(self) -> ComposeResult:
        """Title, list."""
        yield Lines(id="tags-title")
        yield Rows(self._row, id="tags-rows")

    def watch_snapshot(self) -> None:
        """Draw what is new."""
        self._draw()

    def watch_tag_filter(self) -> None:
        """Show the tags that are left."""
        self._draw()

    def take_first(self) -> bool:
        """Show the first tag that the filter leaves; False when it leaves none."""
        self._choose(next(iter(self._shown), None))
        self.query_one(Rows).show(len(self._shown), 0)
        return bool(self._shown)

    def on_rows_moved(self, event: Rows.Moved) -> None:
        """Show the tag under the cursor."""
        event.stop()
        self._choose(event.of(self._shown))

    def on_rows_chosen(self, event: Rows.Chosen) -> None:
        """Show the tag and its artifacts."""
        event.stop()
        self._choose(event.of(self._shown))
        self.post_message(TagOpened())

    def _choose(self, row: TagRow | None) -> None:
        if row is not None:
            self._chosen = row.tag, time.monotonic()
            self.post_message(TagChosen(self._chosen[0]))

    def _draw(self) -> None:
        snapshot = self.snapshot
        if snapshot is None or not self.is_mounted:
            return
        drawn = (snapshot.rows, snapshot.tags, snapshot.focus and snapshot.focus.tag, snapshot.state.active_tag,
                 snapshot.known_good, self.tag_filter,
                 snapshot.holder and snapshot.holder.tag)  # fmt: skip
        if drawn == self._drawn:
            return
        self._drawn = drawn
        self._shown = matching(snapshot, self.tag_filter)
        waiting = snapshot.tags - len(snapshot.rows)
        count = f"{len(self._shown)} of {snapshot.tags}" if self.tag_filter else str(snapshot.tags)
        note = f" · reading {waiting}" if waiting > 0 else ""
        self.query_one(Lines).show(
            [(("RUN TAGS ", "bold"), (f"{count}{note}  {how('filter', self._keys)} filter", "$text-muted"))]
        )
        chosen, since = self._chosen
        focus = snapshot.focus.tag if snapshot.focus else None
        if focus != chosen and time.monotonic() - since < ARRIVES_SECONDS:
            focus = chosen  # the snapshot is older than the choice: the cursor must not go back
        cursor = next((index for index, row in enumerate(self._shown) if row.tag == focus), None)
        self.query_one(Rows).show(len(self._shown), cursor)

    def _row(self, index: int) -> list[Part]:
        row, snapshot = self._shown[index], self.snapshot
        assert snapshot is not None
        state = snapshot.state
        runs = snapshot.holder is not None and snapshot.holder.tag == row.tag
        word = "RUNS" if runs else row.severity_class or WORDS.get(row.level, "")
        width = max(self.query_one(Rows).size.width - 3 - len(word) - 1, 4)
        name = clip(row.tag, width)
        return [
            (f"{mark(row, state.active_tag, state.known_good_tag)} ", ""),
            f"{name:<{width}} ",
            (word, "bold $primary" if runs else STYLES[row.level]),
        ]


def matching(snapshot: Snapshot, wanted: str) -> Sequence[TagRow]:
    """Return the tags whose name contains `wanted`, ignoring case."""
    return [row for row in snapshot.rows if wanted in row.tag.lower()] if wanted else snapshot.rows


def mark(row: TagRow, active: str | None, good: str | None) -> str:
    """Return the symbol of the first that holds for a tag: tampered, active, quarantined, known-good, frozen."""
    if row.frozen == "tampered":
        return SYMBOLS["tampered"]
    if row.tag == active:
        return SYMBOLS["active"]
    if row.quarantined:
        return SYMBOLS["quarantined"]
    if row.pinned or row.tag == good:
        return SYMBOLS["known_good"]
    return SYMBOLS["frozen"] if row.frozen == "intact" else " "
