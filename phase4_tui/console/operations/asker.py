"""How a dialogue talks with the operator: one protocol, which the dashboard and the plain terminal implement."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from phase4_tui.console.operations.suggestions import NONE, Suggestions
from phase4_tui.console.views import View
from phase4_tui.errors import Phase4Error, Remedy
from phase4_tui.rollback.operations import Done, Plan
from phase4_tui.runbook.run_plan import RunPlan

Severity = Literal["information", "warning", "error"]
Tone = Literal["title", "warning", "good", "bad"]
Line = str | tuple[str, Tone]
"""A line of text, perhaps with its tone."""
Check = Callable[[str], Awaitable[object]]
"""A coroutine function that raises what is foreseen for an answer that can't be used; the question then stays open."""


class Left(Phase4Error):
    """The operator left a question without an answer; what was done before stays done."""


class Declined(Left):
    """The operator said no to a plan: nothing was done."""


@dataclass(frozen=True)
class Question:
    """A yes-or-no question, and what to know before answering it.

    `flag` is the command-line option that answers yes where `--yes` does not, since the answer needs a person.
    `details` need not be read before answering: every path, command line and sha256 in full.
    """

    text: str
    lines: Sequence[str] = ()
    yes: str = "Do it"
    flag: str | None = None
    details: Sequence[str] = ()


@dataclass(frozen=True)
class Offer:
    """A plan as it is shown before it is carried out.

    With `typed_is_enough` a command typed in full needs no confirmation; the dashboard always asks. `nothing` says why
    there is nothing to do; then nobody is asked. `plan` is what a dry run prints as a document.
    """

    question: Question
    title: str
    typed_is_enough: bool
    nothing: str | None
    plan: Plan | RunPlan


class Asker(Protocol):
    """Asks questions and shows results; every question raises Left when the operator leaves it."""

    @property
    def attended(self) -> bool:
        """True where an operator can be asked; elsewhere a question that needs a person is answered with no."""

    async def reason(self, what: str, proposed: str = "") -> str:
        """Ask why; `what` ends the sentence "Reason to ...?"."""

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
        """Ask for a text until `check` takes it or the operator leaves; `known` is what there is to choose from.

        `note` stands under the question, `instead` is the remedy where nobody can be asked.
        """

    async def choose(
        self,
        question: str,
        choices: Sequence[tuple[str, str]],
        first: str | None = None,
        *,
        instead: Remedy | None = None,
    ) -> str:
        """Ask for one of several values, each with its meaning; `first` is proposed."""

    async def confirm(self, question: Question) -> bool:
        """Ask for yes or no."""

    async def offer(self, offer: Offer) -> bool:
        """Show a plan and ask whether to carry it out."""

    async def open(self, view: View, *tags: str) -> bool:
        """Show a view; True when the operator continues there, False when the dialogue continues."""

    def word(self, message: str, remedies: Sequence[Remedy] = (), *, digests: Sequence[str] = ()) -> str:
        """Return a message with its remedies in the words of this face; `digests` are the sha256 in it."""

    def show(self, lines: Sequence[Line]) -> None:
        """Show facts that belong to the next question, where the question itself does not show them."""

    def tell(self, text: str, severity: Severity = "information", *, remedies: Sequence[Remedy] = ()) -> None:
        """Show a message that needs no answer, with its remedies."""

    def report(self, done: Done) -> None:
        """Show what was done."""
