"""The runbook, opened at the section for the present state."""

from bisect import bisect_right
from collections.abc import Iterable
from typing import TYPE_CHECKING

from textual.binding import Binding
from textual.containers import Horizontal
from textual.widget import Widget

from phase4_tui.console.background import Stop
from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.runbook.runbook_text import present, sections
from phase4_tui.tui.screens.view import LookingScreen
from phase4_tui.tui.text import Part
from phase4_tui.tui.widgets.rows import Rows
from phase4_tui.tui.widgets.text_lines import Paper

if TYPE_CHECKING:
    from phase4_tui.tui.widgets.markdown_lines import Line

MARGIN = 2


class RunbookScreen(LookingScreen):
    """The runbook."""

    CSS_PATH = "runbook.tcss"
    HINT = "[ ] section before, next · ↑↓ pgup pgdn scroll · tab list of sections"
    BINDINGS = [
        Binding("left_square_bracket", "section(-1)", "section before", show=False),
        Binding("right_square_bracket", "section(1)", "next section", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._sections = sections()
        self._names = list(self._sections)
        self._now: int | None = None
        self._why = ""
        self._width = 0
        self._lines: list[Line] = []
        self._begins: list[int] = []

    def main(self) -> Iterable[Widget]:
        """The sections' names beside their text."""
        with Horizontal(id="book"):
            yield Rows(self._heading, id="sections")
            yield Paper(self._line, id="text")

    def on_mount(self) -> None:
        """Keys scroll the text."""
        self.query_one(Paper).focus()

    def look(self, snapshot: Snapshot) -> None:
        """Mark the section for the present state, and go there when it is another than before."""
        healthy = snapshot.level not in ("incident", "warning")
        now, why = present(snapshot.state.incident, runs=snapshot.holder is not None, healthy=healthy)
        at = self._names.index(now)
        self.title_is(("RUNBOOK  ", "bold"), f"▶ {self._names[at]}", (f"  {why}", "$foreground 70%"))
        moved, self._now, self._why = at != self._now, at, why
        if moved:
            self.query_one("#sections", Rows).show(len(self._names), at)
            self._go(at)

    def on_resize(self) -> None:
        """Render for the new width."""
        self.call_after_refresh(self._typeset)

    def _typeset(self) -> None:
        width = max(self.query_one(Paper).size.width - MARGIN - 2, 20)
        if width == self._width:
            return
        self._width = width
        texts = [f"## {name}\n{body}" for name, body in self._sections.items()]
        colours = dict(self.app.theme_variables)

        def render(stop: Stop) -> "list[list[Line]]":
            from phase4_tui.tui.widgets.markdown_lines import render_markdown  # noqa: PLC0415 - its loading would be felt

            return [render_markdown(text, width, colours) for text in texts]

        self.in_background(render, self._take)

    def _take(self, rendered: "list[list[Line]]") -> None:
        at = self._at() if self._lines else self._now or 0
        self._lines, self._begins = [], []
        for one in rendered:
            self._begins.append(len(self._lines))
            self._lines += [*one, []]
        self._go(at)

    def on_rows_moved(self, event: Rows.Moved) -> None:
        """Go to the section under the cursor."""
        event.stop()
        self._go(event.index)

    def on_rows_chosen(self, event: Rows.Chosen) -> None:
        """Go to the section and read on there."""
        event.stop()
        self._go(event.index)
        self.query_one(Paper).focus()

    def action_section(self, by: int) -> None:
        """Go to the section before or after."""
        at = min(max(self._at() + by, 0), len(self._names) - 1)
        self._go(at)
        self.query_one("#sections", Rows).show(len(self._names), at)

    def _at(self) -> int:
        return max(bisect_right(self._begins, self.query_one(Paper).top) - 1, 0)

    def _go(self, at: int) -> None:
        if self._begins:
            self.query_one(Paper).show(len(self._lines), self._begins[at])

    def _heading(self, index: int) -> list[Part]:
        now = index == self._now
        return [("▶ " if now else "  ", "bold $warning"), (self._names[index], "bold" if now else "")]

    def _line(self, index: int) -> list[Part]:
        at = bisect_right(self._begins, index) - 1
        now = at == self._now
        beside: list[Part] = [(f"   ▶ now: {self._why}", "bold $warning")] if now and index == self._begins[at] else []
        return [("▌ " if now else "  ", "$warning"), *self._lines[index], *beside]
