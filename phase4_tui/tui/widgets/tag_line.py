"""The tags on one line, for a narrow terminal, and the field that filters them at any size."""

from collections.abc import Mapping

from textual.binding import Binding
from textual.containers import Horizontal
from textual.reactive import var
from textual.widgets import Input, Static

from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.console.next_move_text import as_key
from phase4_tui.tui.text import Part, clip, content
from phase4_tui.tui.widgets.lines import Lines
from phase4_tui.tui.widgets.tag_list import mark, matching


class TagLine(Lines):
    """The shown tag between its neighbours."""

    snapshot: var[Snapshot | None] = var(None)
    tag_filter: var[str] = var("")

    def __init__(self, keys: Mapping[str, str]) -> None:
        super().__init__(id="tag-line")
        self._keys = keys

    def watch_snapshot(self) -> None:
        """Draw what is new."""
        self._draw()

    def watch_tag_filter(self) -> None:
        """Show the tags that are left."""
        self._draw()

    def _draw(self) -> None:
        if self.snapshot is not None:
            self.show([tuple(_tag_parts(self.snapshot, self.tag_filter, self._keys))])


def _tag_parts(snapshot: Snapshot, wanted: str, keys: Mapping[str, str]) -> list[Part]:
    if not snapshot.tags:
        move = snapshot.next_move
        return [(f"no tag yet{f' · next: {as_key(move, keys)}' if move else ''}", "$text-muted")]
    rows, state = matching(snapshot, wanted), snapshot.state
    shown = snapshot.focus.tag if snapshot.focus else None
    at = next((index for index, row in enumerate(rows) if row.tag == shown), 0)
    parts: list[Part] = [("[ or ] ", "$text-muted")]
    for row in rows[max(at - 1, 0) : at + 3]:
        symbol = mark(row, state.active_tag, state.known_good_tag).strip()
        text = f"{symbol} {clip(row.tag, 18)}".strip() + f" {row.severity_class or row.level.upper()}"
        here = row.tag == shown
        parts.append((f"▶{text}  " if here else f" {text}  ", "bold" if here else "$text-muted"))
    count = f"{len(rows)} of {snapshot.tags}" if wanted else f"of {snapshot.tags}"
    return [*parts, (count, "$text-muted")]


class FilterLine(Horizontal):
    """The line to type part of a tag in; it stays visible while it hides tags."""

    DEFAULT_CSS = """
    FilterLine { height: 1; padding: 0 1; background: $primary 30%; display: none; }
    FilterLine.-shown { display: block; }
    FilterLine Static { width: auto; }
    FilterLine Input { width: 1fr; background: $primary 30%; }
    DashboardScreen.-tiny FilterLine, DashboardScreen.-flat FilterLine { display: none; }
    """

    def begin(self) -> None:
        """Take the focus at once: keys sent right after the first are meant for here too."""
        if not self.query(TagFilter):  # made at its first use, to keep the first paint fast
            self.mount(Static(content(("filter ", "bold")), markup=False), TagFilter())
        self.add_class("-shown")
        self.screen.set_focus(self.query_one(TagFilter))

    def end(self) -> bool:
        """Remove the filter; False when there was none."""
        shown = self.has_class("-shown")
        self.remove_class("-shown")
        for field in self.query(TagFilter):
            field.value = ""
        return shown


class TagFilter(Input):
    """The field of the filter."""

    BINDINGS = [
        Binding("enter", "submit", "take the first", show=True),
        Binding("down", "submit", show=False),
        Binding("escape", "screen.back", "all tags", show=True),
    ]

    def __init__(self) -> None:
        super().__init__(placeholder="part of a tag", compact=True)
