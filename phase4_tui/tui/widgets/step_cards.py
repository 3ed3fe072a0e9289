"""The five steps of the rollback as cards: the card with the cursor in full, the others as far as there is room."""

from textual import events
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.message import Message
from textual.widgets import Static

from phase4_tui.console.symbols import SYMBOLS
from phase4_tui.rollback.guided import GuidedStep
from phase4_tui.tui.text import Part, lines

STYLES = {"done": "$success", "next": "bold $accent", "open": "$text-muted", "tampered": "bold $error"}
WORDS = {"done": "done", "next": "NEXT", "open": "open", "tampered": "TAMPERED"}


class StepCard(Static):
    """One step: its title with its state, the runbook's sentence, its progress, and its command."""

    DEFAULT_CSS = """
    StepCard { height: auto; padding: 0 1; border-left: thick $panel; text-wrap: nowrap; text-overflow: ellipsis; }
    StepCard.-next { border-left: thick $accent; }
    StepCard.-done { border-left: thick $success 60%; }
    StepCard.-tampered { border-left: thick $error; background: $error 12%; }
    StepCard.-cursor { background: $primary 25%; text-wrap: wrap; }
    """

    def __init__(self, number: int) -> None:
        super().__init__("", id=f"step-{number}", markup=False)
        self.number = number

    def show(self, step: GuidedStep, *, cursor: bool, room: int) -> None:
        """Draw the step in `room` lines; more when it has the cursor."""
        style = STYLES[step.state]
        rows: list[list[Part]] = [
            [(f"{SYMBOLS[step.state]} {step.number} {step.title}  ", style), (WORDS[step.state], style)],
            [(step.sentence, "italic $text-muted")],
            [step.detail],
            [("$ ", "$text-muted"), (step.command, "$primary")],
        ]
        if room < 4 and not cursor:
            rows = [rows[0], rows[2]][:room]
        elif room < 2:
            del rows[1]
        self.update(lines(rows))
        for name in STYLES:
            self.set_class(step.state == name, f"-{name}")
        self.set_class(cursor, "-cursor")

    def on_click(self) -> None:
        """Move to the step; a second click acts."""
        self.post_message(StepCards.Clicked(self.number))


class StepCards(VerticalScroll, can_focus=True):
    """The five cards; up and down move between them, enter acts."""

    BINDINGS = [
        Binding("up", "step(-1)", "step before", show=False),
        Binding("down", "step(1)", "next step", show=False),
        Binding("enter", "act", "act", show=True),
    ]

    class Chosen(Message):
        """A step is to be acted on."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    class Clicked(Chosen):
        """A card was clicked."""

    def __init__(self) -> None:
        super().__init__(*(StepCard(number) for number in range(1, 6)), id="steps")
        self.cursor = 0
        self._steps: tuple[GuidedStep, ...] = ()

    def show(self, steps: tuple[GuidedStep, ...]) -> None:
        """Show the steps; the cursor follows the next step, unless it was moved elsewhere."""
        before = next((step.number for step in self._steps if step.state in ("next", "tampered")), 0)
        after = next((step.number for step in steps if step.state in ("next", "tampered")), 0)
        if self.cursor in (0, before):
            self.cursor = after or 5
        self._steps = steps
        self._draw()

    def on_resize(self, event: events.Resize) -> None:
        """Fit to the new height."""
        self._draw()

    def _draw(self) -> None:
        room = 4 if self.size.height >= 24 else 2 if self.size.height >= 12 else 1
        for step in self._steps:
            self.query_one(f"#step-{step.number}", StepCard).show(step, cursor=step.number == self.cursor, room=room)
        self.set_class(room == 4, "-roomy")
        if self._steps:
            self.call_after_refresh(self.query_one(f"#step-{self.cursor}").scroll_visible, animate=False)

    def move_to(self, number: int) -> None:
        """Put the cursor on a step."""
        if self._steps and number != self.cursor:
            self.cursor = min(max(number, 1), 5)
            self._draw()

    def action_step(self, by: int) -> None:
        """Move the cursor."""
        self.move_to(self.cursor + by)

    def action_act(self) -> None:
        """Act on the step with the cursor."""
        if self._steps:
            self.post_message(self.Chosen(self.cursor))

    def on_step_cards_clicked(self, event: Clicked) -> None:
        """Move to the card that was clicked, or act on it."""
        event.stop()
        if event.number == self.cursor:
            self.action_act()
        else:
            self.move_to(event.number)
