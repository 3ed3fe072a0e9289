"""A text of several sections: a list of their names beside it, and keys that go from one to the next."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from textual.binding import Binding
from textual.containers import Horizontal
from textual.widget import Widget

from phase4_tui.console.background import Stop
from phase4_tui.tui.screens.view import ViewScreen
from phase4_tui.tui.text import Part
from phase4_tui.tui.widgets.rows import Rows
from phase4_tui.tui.widgets.text_lines import TextLines

if TYPE_CHECKING:
    from phase4_tui.tui.widgets.markdown_lines import Line

MARGIN = 2


class SectionsScreen(ViewScreen):
    """Sections of Markdown, each under its name; one of them may be marked."""

    CSS_PATH = "sections.tcss"
    WHAT = "section"
    BINDINGS = [
        Binding("left_square_bracket", "section(-1)", "section before", show=False),
        Binding("right_square_bracket", "section(1)", "next section", show=False),
    ]

    def __init__(self, sections: Mapping[str, str]) -> None:
        super().__init__()
        self._texts = list(sections.values())
        self._names = list(sections)
        self._marked: int | None = None
        self._mark = ""
        self._width = 0
        self._lines: list[Line] = []
        self._begins: list[int] = []

    def hint(self) -> str:
        """Return the line that says what to press."""
        before, after = self.own_key("section(-1)"), self.own_key("section(1)")
        return f"{before} {after} {self.WHAT} before, next · ↑↓ pgup pgdn scroll · tab list of {self.WHAT}s"

    def main(self) -> Iterable[Widget]:
        """The sections' names beside their text."""
        with Horizontal(id="sections-and-text"):
            yield Rows(self._heading, id="sections")
            yield TextLines(self._line, text=self._text_of, id="text")

    def on_mount(self) -> None:
        """Keys scroll the text."""
        self.query_one(TextLines).focus()

    def mark(self, at: int, words: str) -> None:
        """Mark a section with words beside its heading, and go there when the mark has moved."""
        moved, self._marked, self._mark = at != self._marked, at, words
        if moved:
            self.query_one("#sections", Rows).show(len(self._names), at)
            self._go(at)

    def on_resize(self) -> None:
        """Render for the new width."""
        self.call_after_refresh(self._typeset)

    def _typeset(self) -> None:
        width = max(self.query_one(TextLines).size.width - MARGIN - 2, 20)
        if width == self._width:
            return
        self._width = width
        texts, colours = self._texts, dict(self.app.theme_variables)

        def render(stop: Stop) -> "list[list[Line]]":
            from phase4_tui.tui.widgets.markdown_lines import render_markdown  # noqa: PLC0415 - its loading would be felt

            return [render_markdown(text, width, colours) for text in texts]

        self.in_background(render, self._take)

    def _take(self, rendered: "list[list[Line]]") -> None:
        at = self._at() if self._lines else self._marked or 0
        self._lines, self._begins = [], []
        for lines in rendered:
            self._begins.append(len(self._lines))
            self._lines += [*lines, []]
        self.query_one("#sections", Rows).show(len(self._names), at)
        self._go(at)

    def on_rows_moved(self, event: Rows.Moved) -> None:
        """Go to the section under the cursor."""
        event.stop()
        self._go(event.index)

    def on_rows_chosen(self, event: Rows.Chosen) -> None:
        """Go to the section and give its text the focus."""
        event.stop()
        self._go(event.index)
        self.query_one(TextLines).focus()

    def action_section(self, by: int) -> None:
        """Go to the section before or after."""
        at = min(max(self._at() + by, 0), len(self._names) - 1)
        self._go(at)
        self.query_one("#sections", Rows).show(len(self._names), at)

    def _at(self) -> int:
        return max(bisect_right(self._begins, self.query_one(TextLines).top) - 1, 0)

    def _go(self, at: int) -> None:
        if at < len(self._begins):
            self.query_one(TextLines).show(len(self._lines), self._begins[at])

    def _heading(self, index: int) -> list[Part]:
        marked = index == self._marked
        return [("▶ " if marked else "  ", "bold $warning"), (self._names[index], "bold" if marked else "")]

    def _text_of(self, index: int) -> str:
        return "".join(part if isinstance(part, str) else part[0] for part in self._lines[index])

    def _line(self, index: int) -> list[Part]:
        at = bisect_right(self._begins, index) - 1
        marked = at == self._marked
        first = marked and index == self._begins[at]
        beside: list[Part] = [(f"   ▶ {self._mark}", "bold $warning")] if first else []
        return [("▌ " if marked else "  ", "$warning"), *self._lines[index], *beside]
