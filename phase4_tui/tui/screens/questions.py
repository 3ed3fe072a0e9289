"""The questions: a plan to confirm, a text, a choice; every way out gives an answer, and No has the focus."""

from collections.abc import Sequence
from typing import Any, ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Input, OptionList, Static
from textual.widgets.option_list import Option

from phase4_tui.tui.screens.leavable import Leavable
from phase4_tui.tui.text import content, lines
from phase4_tui.tui.widgets.text_field import TextField

T = TypeVar("T")
CSS = """
PlanScreen, TextScreen, ChoiceScreen { align: center middle; background: $background 60%; }
.dialog { width: 90%; max-width: 100; height: auto; max-height: 90%; padding: 1 2; }
.dialog { background: $panel; border: round $primary; }
.dialog-title { height: auto; margin-bottom: 1; }
.dialog-body { height: auto; }
.dialog-buttons { height: auto; margin-top: 1; align-horizontal: right; }
.dialog-buttons Button { margin-left: 2; min-width: 12; }
.dialog.-low { padding: 0 2; max-height: 100%; }
.dialog.-low .dialog-title { margin: 0; }
.dialog.-low .dialog-buttons { margin: 0; }
.dialog.-low .dialog-buttons Button { height: 1; min-height: 1; border: none; text-style: none; }
.dialog.-low .dialog-buttons Button:focus { text-style: bold reverse; }
.dialog OptionList { height: auto; min-width: 8; background: $panel; border: none; }
"""


LOW_ROWS = 24
"""A screen with fewer rows drops the empty ones."""


def _fit(screen: ModalScreen[Any], body: str) -> None:
    """Give the body the rows that are left, so that neither question nor answers are pushed off the screen."""
    low = screen.size.height < LOW_ROWS
    screen.query(".dialog").set_class(low, "-low")
    rows = screen.size.height - 8 if low else screen.size.height * 9 // 10 - 12
    for found in screen.query(body):
        found.styles.max_height = max(rows, 1)


class Question(Leavable, ModalScreen[T]):
    """A question is answered once: of several keys sent at once only the first answer counts."""

    CANCELLED: ClassVar[Any] = None
    """The answer of one who leaves the question."""
    _answered = False

    def answer(self, value: T) -> None:
        """Close the question with a value."""
        if not self._answered and self.is_current:
            self._answered = True
            self.dismiss(value)


class PlanScreen(Question[bool]):
    """Shows a plan and asks whether to carry it out."""

    CANCELLED = False
    CSS = CSS
    BINDINGS = [
        Binding("escape,n", "answer(False)", "no"),
        Binding("y", "answer(True)", "yes"),
        Binding("left", "app.focus_previous", show=False),
        Binding("right", "app.focus_next", show=False),
        Binding("up", "read(-1)", show=False),
        Binding("down", "read(1)", show=False),
        Binding("pageup", "read(-8)", show=False),
        Binding("pagedown,space", "read(8)", show=False),
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

    def on_resize(self) -> None:
        """Keep the answers in sight."""
        _fit(self, ".dialog-body")

    def action_read(self, rows: int) -> None:
        """Scroll the plan."""
        for body in self.query(".dialog-body"):  # a key may arrive before the body exists
            body.scroll_relative(y=rows, animate=False)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Answer by button."""
        event.stop()
        self.answer(event.button.id == "yes")

    def action_answer(self, answer: bool) -> None:
        """Answer by key."""
        self.answer(answer)


class TextScreen(Question[str | None]):
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
            yield TextField(self._value, id="answer", compact=True)
            yield Static(
                content((self._note or "enter accepts, escape leaves", "$text-muted")), id="note", markup=False
            )

    def on_mount(self) -> None:
        """The field has the focus."""
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Accept what was typed."""
        event.stop()
        text = self.query_one(TextField).text
        if self._needed and not text:
            self.query_one("#note", Static).update(content(("it is needed; escape leaves", "bold $warning")))
            return
        self.answer(text)

    def action_leave(self) -> None:
        """Leave without an answer."""
        self.answer(None)


class ChoiceScreen(Question[str | None]):
    """Asks for one of several; None when the operator leaves it. Only `first` is preselected."""

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

    def on_resize(self) -> None:
        """Keep the question in sight."""
        _fit(self, "OptionList")

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Answer with what was chosen."""
        event.stop()
        self.answer(self._choices[event.option_index][0])

    def action_leave(self) -> None:
        """Leave without an answer."""
        self.answer(None)
