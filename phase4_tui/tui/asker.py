"""The asker of the dashboard, whose questions are modal screens, and what dialogues need from this face."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from textual.app import App

from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.console.operations.asker import Check, Left, Line, Offer, Question, Severity
from phase4_tui.console.operations.queue import OperationQueue
from phase4_tui.console.operations.suggestions import NONE, Suggestions
from phase4_tui.console.remedies import as_keys, parts_of, short
from phase4_tui.console.views import View
from phase4_tui.errors import FORESEEN, Refused, Remedy
from phase4_tui.journal.state import read_state
from phase4_tui.rollback.operations import Done
from phase4_tui.runbook.run_plan import RunPlan
from phase4_tui.tui.screens.console_app import ConsoleApp
from phase4_tui.tui.screens.questions import ChoiceScreen, PlanScreen, TextScreen

T = TypeVar("T")


class ModalAsker:
    """Asks with modal screens; leaving a question ends the dialogue silently."""

    attended = True

    def __init__(self, app: App[None], console: ConsoleApp) -> None:
        self._app = app
        self._console = console

    async def reason(self, what: str, proposed: str = "") -> str:
        """Ask why."""
        return await self.text(f"Reason to {what}?", default=proposed)

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
        """Ask for a text; what is wrong with an answer stands under the field, and the question stays open."""

        async def problem_of(text: str) -> str | None:
            try:
                await check(text)  # type: ignore[misc]  # only called where there is a check
            except FORESEEN as error:
                return parts_of(error)[0]  # what to do about it is to type another
            return None

        checked = problem_of if check is not None else None
        screen = TextScreen(question, note, default, needed=needed, check=checked, known=known)
        answer = await self._app.push_screen_wait(screen)
        if answer is None:
            raise Left(f"nothing was done: `{question}` was left without an answer")
        return answer

    async def choose(
        self,
        question: str,
        choices: Sequence[tuple[str, str]],
        first: str | None = None,
        *,
        instead: Remedy | None = None,
    ) -> str:
        """Ask for one of several."""
        answer = await self._app.push_screen_wait(ChoiceScreen(question, choices, first))
        if answer is None:
            raise Left(f"nothing was done: `{question}` was left without an answer")
        return answer

    async def confirm(self, question: Question) -> bool:
        """Ask for yes or no."""
        return await self._app.push_screen_wait(
            PlanScreen(question.text, question.lines, question.yes, question.details)
        )

    async def offer(self, offer: Offer) -> bool:
        """Show a plan and ask; a plan with nothing to do needs no answer."""
        return offer.nothing is not None or await self.confirm(offer.question)

    async def open(self, view: View, *tags: str) -> bool:
        """Open the view's screen, where the operator continues."""
        self._console.open(view, *tags)
        return True

    def word(self, message: str, remedies: Sequence[Remedy] = (), *, digests: Sequence[str] = ()) -> str:
        """Return a message with its remedies as keys and each sha256 shortened."""
        return as_keys(short(message, digests), remedies, self._console.keys)

    def show(self, lines: Sequence[Line]) -> None:
        """Do nothing: the questions of this face show these facts themselves."""

    def tell(self, text: str, severity: Severity = "information", *, remedies: Sequence[Remedy] = ()) -> None:
        """Show a notice."""
        self._console.tell(text, severity=severity, remedies=remedies)

    def report(self, done: Done) -> None:
        """Say what was done."""
        self._console.tell("\n".join(done.worded(self.word)) or f"{done.plan.title}: done")


class DashboardFace:
    """Does work in threads and runs in the background; its facts are the last snapshot with the present state."""

    def __init__(self, console: ConsoleApp, queue: OperationQueue, start_run: Callable[[RunPlan], None]) -> None:
        self._console = console
        self._queue = queue
        self._start_run = start_run

    async def work(self, function: Callable[[], T]) -> T:
        """Do blocking work in a thread."""
        return await asyncio.to_thread(function)

    async def write(self, function: Callable[[], T]) -> T:
        """Do work that writes into the journal in a thread."""
        return await self._queue.write(function)

    async def carry_out(self, function: Callable[[], T]) -> T:
        """Carry an operation out in a thread."""
        return await self._queue.carry_out(function)

    async def run(self, plan: RunPlan) -> bool:
        """Start a run, which continues in the background."""
        self._start_run(plan)
        return False

    async def facts(self) -> Snapshot:
        """Return the last snapshot with the present state."""
        snapshot = self._console.snapshot
        if snapshot is None:
            raise Refused("the first look is not over yet")
        return replace(snapshot, state=await asyncio.to_thread(read_state, self._console.site.reports))

    def did(self, command: str) -> None:
        """Keep the command of what was just done, to be copied."""
        self._queue.command = command
