"""The questions: a plan to confirm, a text, a choice; every way out gives an answer, and No has the focus."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, ClassVar, TypeVar, cast

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.geometry import Offset
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Button, Input, OptionList, Static
from textual.widgets.option_list import Option
from textual.worker import Worker, WorkerState

from phase4_tui.console.operations.suggestions import NONE, Suggestions, common_beginning
from phase4_tui.console.symbols import SYMBOLS
from phase4_tui.tui.screen_keys import own_key
from phase4_tui.tui.screens.console_app import ConsoleApp
from phase4_tui.tui.screens.leavable import Leavable
from phase4_tui.tui.text import clip, content, hanging, lines
from phase4_tui.tui.widgets.selectable import place_in_lines
from phase4_tui.tui.widgets.text_field import TextField

T = TypeVar("T")
CSS = """
PlanScreen, TextScreen, ChoiceScreen { align: center middle; background: $background 60%; }
.dialog { width: 90%; max-width: 100; height: auto; max-height: 90%; padding: 1 2; }
.dialog { background: $panel; border: round $primary; }
.dialog-title { height: auto; margin-bottom: 1; }
.dialog-body { height: auto; }
.dialog-buttons { height: auto; margin-top: 1; align-horizontal: right; }
.dialog-buttons Button { margin-left: 2; min-width: 12; height: 1; min-height: 1; border: none; }
.dialog-buttons Button { background: $panel; color: $foreground; text-style: none; }
.dialog-buttons Button:focus { background: $panel; color: $foreground; text-style: bold reverse; }
.dialog.-low { width: 100%; padding: 0 2; max-height: 100%; }
.dialog.-low .dialog-title { margin: 0; }
.dialog.-low .dialog-buttons { margin: 0; }
.dialog OptionList { height: auto; min-width: 8; background: $panel; border: none; }
.dialog OptionList > .option-list--option-highlighted { background: $panel; color: $foreground; text-style: bold; }
.dialog OptionList:focus > .option-list--option-highlighted { text-style: bold reverse; }
.dialog Rows:focus > .rows--cursor { text-style: bold reverse; }
.dialog TextField:focus { background: $foreground 20%; text-style: bold; }
.dialog .dialog-hint { height: auto; }
"""


MOST_COLUMNS = 100
FRAME_COLUMNS = 8
"""Columns of a dialog besides its text: border, padding, scroll bar."""
LOW_ROWS = 30
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

    def get_widget_and_offset_at(self, x: int, y: int) -> tuple[Widget | None, Offset | None]:
        """Return the widget at a cell, and the place in its text, for selecting with the mouse."""
        return place_in_lines(self, x, y) or super().get_widget_and_offset_at(x, y)

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
        Binding("d", "unfold", "details"),
        Binding("left", "app.focus_previous", show=False),
        Binding("right", "app.focus_next", show=False),
        Binding("up", "read(-1)", show=False),
        Binding("down", "read(1)", show=False),
        Binding("pageup", "read(-8)", show=False),
        Binding("pagedown,space", "read(8)", show=False),
    ]

    def __init__(self, question: str, plan: Sequence[str], yes: str = "Do it", details: Sequence[str] = ()) -> None:
        super().__init__()
        self._question = question
        self._plan = plan
        self._yes = yes
        self._details = details
        self._unfolded = False

    def compose(self) -> ComposeResult:
        """Question, plan, No and Yes."""
        with Vertical(classes="dialog"):
            yield Static(content((self._question, "bold")), classes="dialog-title", markup=False)
            with VerticalScroll(classes="dialog-body", can_focus=False):
                yield Static(self._body(), id="plan", markup=False)
            if self._details:
                yield Static(self._hint(), classes="dialog-hint", markup=False)
            with Horizontal(classes="dialog-buttons"):
                yield Button(content("No (n)"), id="no")
                yield Button(content(f"{self._yes} (y)"), id="yes")

    def _body(self) -> Content:
        shown = [*self._plan, *(("", *self._details) if self._unfolded else ())]
        columns, rows_there = self.app.size
        width = min(columns if rows_there < LOW_ROWS else columns * 9 // 10, MOST_COLUMNS) - FRAME_COLUMNS
        rows = ((hanging(line, width), "bold $warning" if line.lstrip().startswith("!") else "") for line in shown)
        return lines([[row] for row in rows])

    def _hint(self) -> Content:
        told = "hides them" if self._unfolded else "shows every path and command line"
        return content((own_key(type(self), "unfold"), "bold"), (f" {told}", "$text-muted"))

    def action_unfold(self) -> None:
        """Show every path and command line, or hide them again."""
        if self._details and self.query("#plan"):  # a key may arrive before the plan is drawn
            self._unfolded = not self._unfolded
            self.query_one("#plan", Static).update(self._body())
            self.query_one(".dialog-hint", Static).update(self._hint())

    def on_mount(self) -> None:
        """No has the focus."""
        self.query_one("#no").focus()

    def on_resize(self) -> None:
        """Keep the answers in sight."""
        for plan in self.query("#plan").results(Static):
            plan.update(self._body())
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
    """Asks for one text; None when the operator leaves it.

    The question stays open until `check` finds no problem. What there is to choose from stands below the field.
    """

    CSS = CSS
    BINDINGS = [
        Binding("escape", "leave", "leave"),
        Binding("tab", "complete", "complete", priority=True),
        Binding("up", "choose(-1)", show=False, priority=True),
        Binding("down", "choose(1)", show=False, priority=True),
    ]

    def __init__(
        self,
        question: str,
        note: str = "",
        value: str = "",
        *,
        needed: bool = True,
        check: Callable[[str], Awaitable[str | None]] | None = None,
        known: Suggestions = NONE,
    ) -> None:
        super().__init__()
        self._question = question
        self._note = note
        self._value = value
        self._needed = needed
        self._check = check
        self._checking = False
        self._known = known

    def compose(self) -> ComposeResult:
        """Question, field, what there is to choose from."""
        with Vertical(classes="dialog"):
            yield Static(content((self._question, "bold")), classes="dialog-title", markup=False)
            yield TextField(self._value, id="answer", compact=True)
            if self._known.values:
                rows = OptionList(*_options(self._known.values), markup=False)
                rows.can_focus = False
                yield rows
            note = f"{self._note}; " if self._note else ""
            yield Static(content(note, (self._ways(), "$text-muted")), id="note", markup=False)

    def _ways(self) -> str:
        choose = "↑ ↓ choose, tab completes, " if self._known.values else ""
        return f"{choose}enter accepts, escape leaves"

    def on_mount(self) -> None:
        """The field has the focus."""
        self.query_one(Input).focus()
        self._mark(self._value)

    def on_resize(self) -> None:
        """Keep the question in sight."""
        _fit(self, "OptionList")

    def _say(self, text: str, style: str = "bold $warning") -> None:
        for note in self.query("#note").results(Static):
            note.update(content((text, style)))

    def _mark(self, value: str) -> None:
        """Mark the suggestion that stands in the field."""
        values = [value for value, _ in self._known.values]
        for rows in self.query(OptionList):
            rows.highlighted = values.index(value) if value in values else None

    def on_input_changed(self, event: Input.Changed) -> None:
        """Mark what is typed, if it is one of what there is."""
        event.stop()
        self._mark(event.value)

    def action_choose(self, by: int) -> None:
        """Put the next suggestion into the field."""
        for rows in self.query(OptionList):
            last = len(self._known.values) - 1
            at = rows.highlighted
            to = (0 if by > 0 else last) if at is None else min(max(at + by, 0), last)
            self._put(self._known.values[to][0])

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Put what was clicked on into the field."""
        event.stop()
        self._put(self._known.values[event.option_index][0])

    def _put(self, value: str) -> None:
        for field in self.query(TextField):
            field.value = value
            field.cursor_position = len(value)

    def action_complete(self) -> None:
        """Complete what is typed as far as what there is allows, or say which ways it could go on."""
        typed = "".join(field.value for field in self.query(TextField))
        found = self._known.complete(typed)
        common = common_beginning(found)
        if len(common) > len(typed):
            self._put(common)
        elif found and list(found) != [typed]:
            self._say(clip(", ".join(found), 300), "$text-muted")
        elif not found:
            self._say("nothing here begins like that")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Accept what was typed, once it was checked."""
        event.stop()
        text = self.query_one(TextField).text
        if self._needed and not text:
            self._say("it is needed; escape leaves")
        elif self._check is None:
            self.answer(text)
        elif not self._checking:
            self._checking = True
            self._say("looking at it …", "$text-muted")
            begun: Any = partial(self._checked, text)  # called by the worker, so that none is left unawaited
            self.run_worker(begun, exit_on_error=False)

    async def _checked(self, text: str) -> None:
        assert self._check is not None
        try:
            problem = await self._check(text)
        finally:
            self._checking = False
        if problem is None:
            self.answer(text)
        else:
            self._say(f"{SYMBOLS['failed']} {problem}", "bold $error")

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Show what nobody foresaw."""
        error = event.worker.error
        if event.state is WorkerState.ERROR and error is not None:
            console = cast("ConsoleApp", self.app)
            if not console.take_defect(error, event.worker):
                self._say(f"{SYMBOLS['failed']} {type(error).__name__}: {error}", "bold $error")

    def action_leave(self) -> None:
        """Leave without an answer."""
        self.answer(None)


def _options(choices: Sequence[tuple[str, str]]) -> list[Option]:
    return [Option(content((value, "bold"), f"  {told}"), id=str(at)) for at, (value, told) in enumerate(choices)]


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
            yield OptionList(*_options(self._choices), markup=False)
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
