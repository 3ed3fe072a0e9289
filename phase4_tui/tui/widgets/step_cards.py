"""The five steps of the rollback as cards: done ones on one line, the next one in full with what a run in it does."""

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.message import Message
from textual.widgets import Static

from phase4_tui.artifacts.clock import moment
from phase4_tui.console.symbols import SYMBOLS
from phase4_tui.rollback.guided import GuidedStep
from phase4_tui.tui.text import Part, content, lines
from phase4_tui.tui.widgets.searchable import Pattern, Searchable

STYLES = {"done": "$success", "next": "bold $accent", "open": "$foreground 70%", "tampered": "bold $error"}
WORDS = {"done": "done", "next": "NEXT", "open": "open", "tampered": "TAMPERED"}
ROOMY, TIGHT = 26, 18
"""From so many rows on, open steps are shown in full; below so many, each on one line."""


class StepCard(Vertical):
    """One step: its title with its state, the runbook's sentence, its progress, its command, and a run's progress."""

    DEFAULT_CSS = """
    StepCard { height: auto; padding: 0 1; border-left: thick $panel; }
    StepCard Static { height: auto; text-wrap: nowrap; text-overflow: ellipsis; }
    StepCard .live { display: none; height: 1; color: $primary; text-style: bold; }
    StepCard.-running .live { display: block; }
    StepCard.-next { border-left: thick $accent; background: $accent 12%; }
    StepCard.-done { border-left: thick $success 60%; }
    StepCard.-tampered { border-left: thick $error; background: $error 12%; }
    StepCard.-cursor { background: $primary 25%; }
    StepCard.-cursor Static, StepCard.-next Static { text-wrap: wrap; }
    """

    def __init__(self, number: int) -> None:
        super().__init__(id=f"step-{number}")
        self.number = number

    def compose(self) -> ComposeResult:
        """What is known of the step, what a run in it does now."""
        yield Static("", classes="told", markup=False)
        yield Static("", classes="live", markup=False)

    def show(self, step: GuidedStep, *, cursor: bool, room: int, to_do: str = "") -> None:
        """Draw the step, an open one in `room` lines; `to_do` is what the next step needs, with its key."""
        style = STYLES[step.state]
        title: list[Part] = [
            (f"{SYMBOLS[step.state]} {step.number} {step.title}  ", style), (WORDS[step.state], style)
        ]  # fmt: skip
        if step.state == "done":
            title.append((f"  {moment(step.at)}" if step.at else "", "$foreground 70%"))
        sentence: list[Part] = [(step.sentence, "italic $foreground 70%")]
        command: list[Part] = [("$ ", "$foreground 70%"), (step.command, "$primary")]
        rows: list[list[Part]]
        is_loud = step.state in ("next", "tampered")
        if is_loud or cursor or (step.state == "open" and room == 4):
            rows = [title, sentence, [step.detail], [(to_do, "bold")], command]
            if not (to_do and is_loud):
                del rows[3]
        elif step.state == "done":
            rows = [[*title, f"  {step.detail}"]]
        else:
            rows = [title, sentence][:room]
        self.query_one(".told", Static).update(lines(rows))
        for name in STYLES:
            self.set_class(step.state == name, f"-{name}")
        self.set_class(cursor, "-cursor")

    def tell(self, running: str) -> None:
        """Show how a run in this step goes; nothing without one."""
        self.set_class(bool(running), "-running")
        live, told = self.query_one(".live", Static), content(f"{SYMBOLS['running']} {running}" if running else "")
        if live.content != told:
            live.update(told, layout=False)

    def on_resize(self) -> None:
        """Keep the whole card in sight where the cursor is on it: it has its new height only now."""
        if self.has_class("-cursor"):
            self.call_after_refresh(self.scroll_visible, animate=False)

    def on_click(self) -> None:
        """Move to the step; a second click acts. Where text was selected, do nothing."""
        if not self.screen.selections:
            self.post_message(StepCards.Clicked(self.number))


class StepCards(VerticalScroll, Searchable, can_focus=True):  # Textual takes the styles of the first base alone
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
        self._to_do = ""

    def show(self, steps: tuple[GuidedStep, ...], to_do: str) -> None:
        """Show the steps, and what the next one needs; the cursor follows that one, unless it was moved elsewhere."""
        before = next((step.number for step in self._steps if step.state in ("next", "tampered")), 0)
        after = next((step.number for step in steps if step.state in ("next", "tampered")), 0)
        if self.cursor in (0, before):
            self.cursor = after or 5
        self._steps, self._to_do = steps, to_do
        self._draw()

    @property
    def search_count(self) -> int:
        """The number of steps."""
        return len(self._steps)

    @property
    def search_from(self) -> int:
        """The step with the cursor."""
        return max(self.cursor - 1, 0)

    def search_text(self, line: int) -> str:
        """Return all that is known of a step."""
        step = self._steps[line]
        return " ".join((step.title, WORDS[step.state], step.sentence, step.detail, step.command))

    def search_show(self, pattern: Pattern | None, match: int) -> None:
        """Put the cursor on the step that the search is at."""
        self.pattern, self.match = pattern, match
        if match >= 0:
            self.move_to(match + 1)

    def tell(self, number: int, running: str) -> None:
        """Show how the run in a step goes; 0 for no run."""
        for card in self.query(StepCard):
            card.tell(running if card.number == number else "")

    def on_resize(self, event: events.Resize) -> None:
        """Fit to the new height."""
        self._draw()

    def _draw(self) -> None:
        room = 4 if self.size.height >= ROOMY else 2 if self.size.height >= TIGHT else 1
        for step in self._steps:
            card = self.query_one(f"#step-{step.number}", StepCard)
            card.show(step, cursor=step.number == self.cursor, room=room, to_do=self._to_do)
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
