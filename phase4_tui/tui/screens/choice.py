"""The question with any number of answers: only the visible ones are drawn, and `/` filters them."""

from collections.abc import Sequence

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Input, Static

from phase4_tui.tui.screen_keys import own_key
from phase4_tui.tui.screens.questions import CSS, LOW_ROWS, Question
from phase4_tui.tui.text import Part, content
from phase4_tui.tui.widgets.rows import Rows

FRAME_ROWS = 8
"""Rows of the dialog besides the list."""


class LongChoiceScreen(Question[str | None]):
    """Asks for one of many; None when the operator leaves it."""

    CSS = (
        CSS
        + """
    LongChoiceScreen { align: center middle; background: $background 60%; }
    LongChoiceScreen Input { display: none; }
    LongChoiceScreen Input.-shown { display: block; }
    """
    )
    BINDINGS = [Binding("escape", "leave", "leave"), Binding("slash", "filter", "filter")]

    def __init__(self, question: str, choices: Sequence[tuple[str, str]], first: str | None = None) -> None:
        super().__init__()
        self._question = question
        self._choices = choices
        self._shown = choices
        self._first = next((at for at, (value, _) in enumerate(choices) if value == first), 0)

    def compose(self) -> ComposeResult:
        """Question, filter, list."""
        with Vertical(classes="dialog"):
            yield Static(content((self._question, "bold")), classes="dialog-title", markup=False)
            yield Input(placeholder="part of it", compact=True)
            yield Rows(self._row)
            yield Static(content((self._hint(), "$text-muted")), markup=False)

    @classmethod
    def _hint(cls) -> str:
        return f"enter chooses, {own_key(cls, 'filter')} filters, {own_key(cls, 'leave')} leaves"

    def on_mount(self) -> None:
        """The list has the focus, its cursor on the first choice."""
        self.query_one(Rows).focus()
        self._draw(self._first)

    def on_resize(self) -> None:
        """Keep the question in sight."""
        low = self.size.height < LOW_ROWS
        self.query(".dialog").set_class(low, "-low")
        room = self.size.height * 9 // 10 - FRAME_ROWS
        for rows in self.query(Rows):  # the height is that of all choices, so that a filter does not move the dialog
            rows.styles.height = max(min(len(self._choices), room), 1)

    def _row(self, index: int) -> list[Part]:
        value, told = self._shown[index]
        return [(value, "bold"), f"  {told}"]

    def _draw(self, cursor: int) -> None:
        self.query_one(Rows).show(len(self._shown), cursor)

    def action_filter(self) -> None:
        """Let the operator type part of a choice."""
        field = self.query_one(Input)
        field.add_class("-shown")
        field.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while it is typed."""
        event.stop()
        part = event.value.strip().lower()
        self._shown = [one for one in self._choices if part in one[0].lower()]
        self._draw(0)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Answer with the first choice that is left."""
        event.stop()
        if self._shown:
            self.answer(self._shown[0][0])

    def on_key(self, event: events.Key) -> None:
        """From the filter the arrows lead to the list."""
        if event.key in ("up", "down") and isinstance(self.focused, Input):
            self.query_one(Rows).focus()

    def on_rows_chosen(self, event: Rows.Chosen) -> None:
        """Answer with what was chosen."""
        event.stop()
        chosen = event.of(self._shown)
        if chosen is not None:
            self.answer(chosen[0])

    def action_leave(self) -> None:
        """Show every choice again, then leave without an answer."""
        field = self.query_one(Input)
        if not field.value and self.focused is not field:
            self.answer(None)
            return
        field.value = ""
        field.remove_class("-shown")
        self.query_one(Rows).focus()
