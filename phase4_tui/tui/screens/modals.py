"""The questions: a plan to confirm, a text to give, a choice to make. Every way out gives a value; No has the focus."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Input, OptionList, Static
from textual.widgets.option_list import Option

from phase4_tui.tui.text import content, lines

CSS = """
PlanScreen, TextScreen, ChoiceScreen { align: center middle; background: $background 60%; }
.dialog { width: 90%; max-width: 100; height: auto; max-height: 90%; padding: 1 2; }
.dialog { background: $panel; border: round $primary; }
.dialog-title { height: auto; margin-bottom: 1; }
.dialog-body { height: auto; max-height: 18; }
.dialog-buttons { height: auto; margin-top: 1; align-horizontal: right; }
.dialog-buttons Button { margin-left: 2; min-width: 12; }
.dialog OptionList { height: auto; max-height: 14; background: $panel; border: none; }
"""


class PlanScreen(ModalScreen[bool]):
    """Shows a plan and asks whether to carry it out."""

    CSS = CSS
    BINDINGS = [
        Binding("escape,n", "answer(False)", "no"),
        Binding("y", "answer(True)", "yes"),
        Binding("left,up", "app.focus_previous", show=False),
        Binding("right,down", "app.focus_next", show=False),
    ]

    def __init__(self, question: str, plan: Sequence[str], yes: str = "Do it") -> None:
        super().__init__()
        self._question = question
        self._plan = plan
        self._yes = yes

    def compose(self) -> ComposeResult:
        """Question, plan, No and Yes."""
        with Vertical(classes="dialog"):
            yield Static(content((self._question, "bold")), classes="dialog-title", markup=False)
            with VerticalScroll(classes="dialog-body", can_focus=False):
                rows = [[(line, "bold $warning" if line.lstrip().startswith("!") else "")] for line in self._plan]
                yield Static(lines(rows), markup=False)
            with Horizontal(classes="dialog-buttons"):
                yield Button(content("No (n)"), id="no")
                yield Button(content(f"{self._yes} (y)"), id="yes", variant="primary")

    def on_mount(self) -> None:
        """No has the focus."""
        self.query_one("#no").focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Answer by button."""
        event.stop()
        self.dismiss(event.button.id == "yes")

    def action_answer(self, answer: bool) -> None:
        """Answer by key."""
        self.dismiss(answer)


class TextScreen(ModalScreen[str | None]):
    """Asks for one text; None when the operator leaves it."""

    CSS = CSS
    BINDINGS = [Binding("escape", "leave", "leave")]

    def __init__(self, question: str, note: str = "", value: str = "", *, needed: bool = True) -> None:
        super().__init__()
        self._question = question
        self._note = note
        self._value = value
        self._needed = needed

    def compose(self) -> ComposeResult:
        """Question, field."""
        with Vertical(classes="dialog"):
            yield Static(content((self._question, "bold")), classes="dialog-title", markup=False)
            yield Input(self._value, id="answer", compact=True)
            yield Static(
                content((self._note or "enter accepts, escape leaves", "$text-muted")), id="note", markup=False
            )

    def on_mount(self) -> None:
        """The field has the focus."""
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Accept what was typed."""
        event.stop()
        text = event.value.strip()
        if self._needed and not text:
            self.query_one("#note", Static).update(content(("it is needed; escape leaves", "bold $warning")))
            return
        self.dismiss(text)

    def action_leave(self) -> None:
        """Leave without an answer."""
        self.dismiss(None)


class ChoiceScreen(ModalScreen[str | None]):
    """Asks for one of several; None when the operator leaves it. Nothing is chosen beforehand but `first`."""

    CSS = CSS
    BINDINGS = [Binding("escape", "leave", "leave")]

    def __init__(self, question: str, choices: Sequence[tuple[str, str]], first: str | None = None) -> None:
        super().__init__()
        self._question = question
        self._choices = choices
        self._first = first

    def compose(self) -> ComposeResult:
        """Question, list."""
        with Vertical(classes="dialog"):
            yield Static(content((self._question, "bold")), classes="dialog-title", markup=False)
            options = [
                Option(content((value, "bold"), f"  {told}"), id=str(at))
                for at, (value, told) in enumerate(self._choices)
            ]
            yield OptionList(*options, markup=False)
            yield Static(content(("enter chooses, escape leaves", "$text-muted")), markup=False)

    def on_mount(self) -> None:
        """The list has the focus."""
        choices = self.query_one(OptionList)
        choices.focus()
        values = [value for value, _ in self._choices]
        choices.highlighted = values.index(self._first) if self._first in values else None

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Answer with what was chosen."""
        event.stop()
        self.dismiss(self._choices[event.option_index][0])

    def action_leave(self) -> None:
        """Leave without an answer."""
        self.dismiss(None)
