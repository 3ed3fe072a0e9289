"""The asker of a plain terminal: prompts on stderr, plans as lines; it honours `--yes`, `--dry-run` and `--json`."""

import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

import typer

from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.cli.context import DONE, FAILED, Desk, emit, say
from phase4_tui.cli.fresh_answers import ask, confirmed
from phase4_tui.cli.run import INTERRUPTED, WHOLE, execute_plan
from phase4_tui.console.facts.once import read_snapshot
from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.console.operations.asker import Check, Declined, Left, Line, Offer, Question, Severity, Tone
from phase4_tui.console.operations.session import Session
from phase4_tui.console.operations.suggestions import NONE, Suggestions
from phase4_tui.console.views import View
from phase4_tui.errors import FORESEEN, Refused, Remedy, as_commands
from phase4_tui.rollback.known_good import candidates
from phase4_tui.rollback.operations import Done, Plan
from phase4_tui.runbook.run_plan import RunPlan

T = TypeVar("T")
SHOWN_TAGS = 8
STYLES: dict[Severity, str] = {"information": "", "warning": "yellow", "error": "red"}
TONES: dict[Tone, str] = {"title": "bold", "warning": "yellow", "good": "bold green", "bad": "bold red"}


class Previewed(Left):
    """A dry run ends here: the plan was printed."""


class TerminalAsker:
    """Asks at the terminal that the command was typed in."""

    def __init__(self, desk: Desk, *, is_typed: bool) -> None:
        self._desk = desk
        self._is_typed = is_typed

    @property
    def attended(self) -> bool:
        """True where an operator can be asked."""
        return not self._desk.yes and not self._desk.json and sys.stdin.isatty()

    async def reason(self, what: str, proposed: str = "") -> str:
        """Return the proposed reason; ask only without one."""
        return proposed or await self.text(f"Reason to {what}?", instead=Remedy(effect="give `--reason R`"))

    async def text(
        self,
        question: str,
        *,
        default: str = "",
        note: str = "",
        needed: bool = True,
        instead: Remedy | None = None,
        check: Check | None = None,
        known: Suggestions = NONE,
    ) -> str:
        """Ask until an answer can be used; raises Left under `--yes`, Refused where nobody can answer.

        `instead` is the remedy then.
        """
        if note:
            say(safe_line(f"  {note}"), "yellow")
        if self._desk.yes and not self._is_typed:
            raise Left(f"stopped at `{question}`, which `--yes` can't answer", remedy=instead or ())
        if not self.attended:
            raise Refused(f"`{question}` needs an answer", remedy=instead or ())
        for value, told in known.values:
            say(safe_line(f"  {value}  {told}"))
        while True:
            answer = self._answer(question, default or (None if needed else ""))
            try:
                if check is not None:
                    await check(answer)
            except FORESEEN as error:
                say(safe_line(f"  {error}"), "yellow")
            else:
                return answer

    def _answer(self, question: str, default: str | None) -> str:
        try:
            return "\n".join(ask(question, default, " ")).strip()
        except typer.Abort:
            raise Left("") from None

    async def choose(
        self,
        question: str,
        choices: Sequence[tuple[str, str]],
        first: str | None = None,
        *,
        instead: Remedy | None = None,
    ) -> str:
        """Ask for one of several values until one of them is given."""
        names = [name for name, _ in choices]
        asked = f"{question.removesuffix('?')}, of {', '.join(names)}?"
        while True:
            answer, *_ = (await self.text(asked, default=first or "", instead=instead)).split("\n")
            if answer in names:
                return answer
            say(f"  {answer!a} is none of them", "yellow")

    async def confirm(self, question: Question) -> bool:
        """Ask for yes or no; `--yes` answers unless a person is needed, and the end of input means no."""
        if question.flag is not None and not self.attended:
            return False
        if self._desk.yes:
            return True
        need_terminal()
        return confirmed(question.text)

    async def offer(self, offer: Offer) -> bool:
        """Show a plan and ask; `--dry-run` only shows it."""
        if self._desk.dry_run:
            self._preview(offer)
            raise Previewed("")
        if offer.nothing is not None or offer.typed_is_enough or self._desk.yes:
            return True
        need_terminal()
        self._print(offer, aside=self._desk.json)
        asked = "Do it?" if offer.question.text == f"{offer.title}?" else offer.question.text
        return confirmed(asked)

    async def open(self, view: View, *tags: str) -> bool:
        """Print as much of the view as a dialogue needs."""
        if view is View.KNOWN_GOOD:
            good = [row.tag for row in candidates(self._desk.site) if row.known_good]
            more = ", …" if len(good) > SHOWN_TAGS else ""
            say(safe_line(f"  known-good: {', '.join(good[:SHOWN_TAGS]) or 'none'}{more}"))
        return False

    def word(self, message: str, remedies: Sequence[Remedy] = (), *, digests: Sequence[str] = ()) -> str:
        """Return a message with its remedies as commands; each sha256 stays whole."""
        return as_commands(message, remedies)

    def show(self, lines: Sequence[Line]) -> None:
        """Print facts that belong to the next question."""
        if not self._desk.json:
            for line in lines:
                text, tone = (line, None) if isinstance(line, str) else line
                say(safe_line(text), "" if tone is None else TONES[tone])

    def tell(self, text: str, severity: Severity = "information", *, remedies: Sequence[Remedy] = ()) -> None:
        """Print a line, under `--json` on stderr."""
        say(safe_line(f"  {self.word(text, remedies)}"), STYLES[severity], aside=self._desk.json)

    def report(self, done: Done) -> None:
        """Print what was done."""
        if self._desk.json:
            seq = done.event.seq if done.event else None
            emit({"done": done.worded(), "revision": done.state.revision, "event": seq})
            return
        for line in done.worded():
            say(line, "green" if done.event else "")

    def _preview(self, offer: Offer) -> None:
        if self._desk.json:
            document: dict[str, object] = {"plan": offer.plan.describe()}
            emit(document | ({"nothing": offer.nothing, "dry_run": True} if isinstance(offer.plan, Plan) else {}))
        else:
            self._print(offer, aside=False)
            if offer.question.details:
                say(f"  {WHOLE}")

    def _print(self, offer: Offer, *, aside: bool) -> None:
        for line in (offer.title, *offer.question.lines):
            say(safe_line(line), "yellow" if line.startswith("  !") else "", aside=aside)
        if offer.nothing:
            say(f"  {offer.nothing}", aside=aside)


def need_terminal() -> None:
    """Raise Refused when nobody can be asked."""
    if not sys.stdin.isatty():
        advice = Remedy(effect="give `--yes`, or `--dry-run` to see the plan")
        raise Refused("this asks before it acts, and there is no terminal", remedy=advice)


class TerminalFace:
    """Does work in this thread, waits for a run's end, and reads facts when they are needed."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def work(self, function: Callable[[], T]) -> T:
        """Do the work."""
        return function()

    async def write(self, function: Callable[[], T]) -> T:
        """Do the work."""
        return function()

    async def carry_out(self, function: Callable[[], T]) -> T:
        """Carry the operation out."""
        return function()

    async def run(self, plan: RunPlan) -> bool:
        """Run to the end; an interrupt leaves the dialogue."""
        if execute_plan(self._desk, plan) > INTERRUPTED:
            raise Left("")
        return True

    async def facts(self) -> Snapshot:
        """Return a snapshot of what is on disk now."""
        return read_snapshot(self._desk.site)

    def did(self, command: str) -> None:
        """Do nothing: the command was typed here."""


def session_of(desk: Desk, *, is_typed: bool = False) -> Session:
    """Return the session for a dialogue; `is_typed` for one that is given as a whole command."""
    return Session(desk.site, TerminalAsker(desk, is_typed=is_typed), TerminalFace(desk), is_typed)


def result_of(dialogue: Coroutine[Any, Any, T]) -> T:
    """Run a dialogue to its end and return its result, without an event loop: this face never suspends."""
    try:
        dialogue.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    dialogue.close()
    raise RuntimeError("a dialogue waits for what this face does not have")


def give(desk: Desk, dialogue: Coroutine[Any, Any, object]) -> int:
    """Run the dialogue of a command and return its exit status."""
    try:
        result_of(dialogue)
    except Previewed:
        return DONE
    except Declined as left:
        if desk.json:
            emit({"done": [], "revision": left.context.get("revision"), "event": None})
        else:
            say(left.message)
        return FAILED
    except Left as left:
        if left.message:
            say(as_commands(left.message, left.remedies), aside=desk.json)
        return FAILED
    return DONE
