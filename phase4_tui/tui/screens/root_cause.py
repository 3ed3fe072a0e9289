"""The root-cause form: cause, remediation, owner, evidence, and closure criteria."""

import asyncio
from collections.abc import Iterable

from textual import events
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button, Input, Label, Static

from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.console.operations.dialogues.incidents import root_cause as dialogue
from phase4_tui.console.operations.session import Session
from phase4_tui.console.symbols import SYMBOLS
from phase4_tui.journal.incident import Incident, Owner
from phase4_tui.runbook.evidence_words import evidence_words
from phase4_tui.tui.screens.base import FactsScreen
from phase4_tui.tui.screens.questions import PlanScreen
from phase4_tui.tui.text import clip, content
from phase4_tui.tui.widgets.hint_line import HintLine
from phase4_tui.tui.widgets.owner_field import OwnerField
from phase4_tui.tui.widgets.text_field import TextField

FIELDS = {
    "cause": ("Cause", True, "what went wrong, e.g. the event calendar was a day late"),
    "remediation": ("Remediation", True, "what corrects it, e.g. the feed is checked before a run"),
    "evidence": ("Evidence", False, "event_block 100 > 50 HIGH"),
    "closure": ("Closed when", False, "e.g. a rehearsal is healthy"),
}
CHARACTERS = 4000
SHOWN_FINDINGS = 3


class RootCauseScreen(FactsScreen):
    """Fills in a root cause and logs it; what was typed stays until it is logged."""

    CSS_PATH = "root_cause.tcss"
    IS_FORM = True
    VERTICAL_BREAKPOINTS = [(0, "-low"), (22, "-tall")]
    BINDINGS = [
        Binding("ctrl+s,f2", "save", "save", show=True, key_display="^s"),
        # At once, before the field passes them on: keys sent right behind them are for the next field.
        Binding("tab,down", "app.focus_next", show=False, priority=True),
        Binding("shift+tab,up", "app.focus_previous", show=False, priority=True),
        Binding("enter", "next_field", show=False, priority=True),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._first: dict[str, str] = {}
        self._incident: Incident | None = None
        self._tag: str | None = None
        """The tag that the cause is logged for, where no incident is open."""

    def body(self) -> Iterable[Widget]:
        """The fields, and the way to log them."""
        self._incident = self.snapshot.state.incident if self.snapshot else None
        focus = self.snapshot.focus if self.snapshot else None
        self._tag = focus.tag if focus is not None and self._incident is None else None
        evidence = evidence_of(self._incident)
        given = {"evidence": evidence, "closure": "a rehearsal is healthy"}
        # Here, not in `on_mount`: the first key may arrive before that.
        self._first = {name: given.get(name, "").strip() for name in FIELDS} | {"owner": self._own_owner()}
        yield Static(self._title(), id="cause-title", markup=False)
        with VerticalScroll(id="cause-form", can_focus=False):
            for name, (title, needed, example) in FIELDS.items():
                if name == "evidence":
                    yield self._owner()
                with Horizontal(classes="field"):
                    yield Label(content((title, "bold"), (" needed" if needed else "", "$text-muted")), markup=False)
                    yield TextField(
                        given.get(name, ""),
                        placeholder=example,
                        id=f"field-{name}",
                        compact=True,
                        max_length=CHARACTERS,
                    )
                yield Static("", id=f"note-{name}", classes="note", markup=False)
            with Horizontal(id="cause-buttons"):
                yield Button(content("Save (^s)"), id="save", variant="primary", compact=True)
                yield Button(content("Leave (esc)"), id="leave", compact=True)
        yield HintLine()

    def _owner(self) -> Horizontal:
        field = OwnerField(self._own_owner())
        return Horizontal(Label(content(("Owner", "bold")), markup=False), field, classes="field")

    def _own_owner(self) -> Owner:
        return (self._incident.owner if self._incident else None) or "engineering"

    def on_mount(self) -> None:
        """Begin with the cause."""
        self.query_one("#field-cause").focus()
        self.query_one(HintLine).tell(
            "tab or ↓ next field · ", ("ctrl+s", "bold"), " or F2 shows the plan and logs it · escape leaves"
        )

    def watch_snapshot(self) -> None:
        """Say when the incident is no longer open; what is typed stays."""
        if self.is_mounted:
            self.query_one("#cause-title", Static).update(self._title())

    async def on_key(self, event: events.Key) -> None:
        """Letters are for the fields: none of them gives an operation here."""
        if event.is_printable and event.key != "space":
            event.stop()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Unmark a field that was missing."""
        event.stop()
        if event.value.strip():
            self._mark(str(event.input.id).removeprefix("field-"), missing=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """In a field enter goes on to the next one; on a button it presses it."""
        return isinstance(self.focused, Input) if action == "next_field" else True

    def action_next_field(self) -> None:
        """Go on to the next field."""
        self.focus_next()

    async def on_button_pressed(self, event: Button.Pressed) -> None:
        """Save or leave."""
        event.stop()
        if event.button.id == "save":
            await self.action_save()
        else:
            self.action_back()

    async def action_save(self) -> None:
        """Show the plan and log it; an empty field that is needed is marked instead."""
        for field in self.query(Input):
            await _caught_up(field)
        values = self._values()
        missing = [name for name, (_, needed, _) in FIELDS.items() if needed and not values[name]]
        for name in missing:
            self._mark(name, missing=True)
        if missing:
            self.query_one(f"#field-{missing[0]}").focus()
            return
        about = {"tag": self._tag or "", "incident": self._incident.id if self._incident is not None else ""}
        entry = {name: value for name, value in (values | about).items() if value}

        async def log(session: Session) -> None:
            await dialogue(session, **entry)
            if self.is_current:
                self.app.pop_screen()

        self.console.operate(log)

    def action_back(self) -> None:
        """Leave; what was typed is not thrown away without a question."""
        if not self.query(OwnerField) or self._values() == self._first:
            self.app.pop_screen()
            return

        async def ask(session: Session) -> None:
            question = PlanScreen("Leave the form? What was typed is lost.", ["nothing was logged yet"], "Leave")
            if await self.app.push_screen_wait(question) and self.is_current:
                self.app.pop_screen()

        self.console.operate(ask)

    def _values(self) -> dict[str, str]:
        values = {name: self.query_one(f"#field-{name}", TextField).text for name in FIELDS}
        return values | {"owner": self.query_one(OwnerField).owner}

    def _mark(self, name: str, *, missing: bool) -> None:
        self.query_one(f"#field-{name}").set_class(missing, "-missing")
        note = self.query_one(f"#note-{name}", Static)
        note.update(content((f"{SYMBOLS['warning']} {FIELDS[name][0]} is needed", "bold $warning")) if missing else "")
        note.set_class(missing, "-shown")

    def _title(self) -> Content:
        now = self.snapshot.state.incident if self.snapshot else None
        shown = self._incident
        if shown is None:
            told = (f"for {clip(self._tag, 40)}", "bold") if self._tag else ("no incident is open", "bold $warning")
            return content(("ROOT CAUSE  ", "bold"), told)
        parts = [("ROOT CAUSE  ", "bold"), (f"{shown.severity_class or 'no class'} ", "bold $error")]
        parts.append((f"{shown.rule.replace('_', ' ')} · {clip(shown.tag, 40)}", ""))
        if now is None or now.id != shown.id:
            parts.append(("  ! closed meanwhile: this is still logged for it", "bold $warning"))
        return content(*parts)


async def _caught_up(field: Input) -> None:
    """Wait until a field has processed every key sent to it."""
    done = asyncio.Event()
    if field.call_later(done.set):
        await done.wait()


def evidence_of(incident: Incident | None) -> str:
    """Return an incident's first pieces of evidence in words, on one line."""
    return safe_line("; ".join(evidence_words(incident)[:SHOWN_FINDINGS]) if incident else "", CHARACTERS)
