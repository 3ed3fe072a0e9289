"""How a dialogue talks with the operator: one protocol, which a full screen and a plain terminal each implement."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from phase4_tui.console.views import View
from phase4_tui.errors import Phase4Error, Remedy
from phase4_tui.rollback.operations import Done, Plan
from phase4_tui.runbook.run_plan import RunPlan

Severity = Literal["information", "warning", "error"]
Tone = Literal["title", "warning", "good", "bad"]
Line = str | tuple[str, Tone]
"""A line of text, with its tone where it has one."""


class Left(Phase4Error):
    """The operator left a question without an answer; what was done before stays done."""


class Declined(Left):
    """The operator said no to a plan: nothing was done."""


@dataclass(frozen=True)
class Question:
    """A question that is answered with yes or no, and what there is to know before.

    `flag` is the option that says yes on the command line, where `--yes` does not: the answer needs a person.
    """

    text: str
    lines: Sequence[str] = ()
    yes: str = "Do it"
    flag: str | None = None


@dataclass(frozen=True)
class Offer:
    """A plan as it is shown before it is carried out.

    `typed_is_enough`: a command that was typed in full is not asked about again; the dashboard always asks.
    `nothing` says why there is nothing to do; then nobody is asked. `plan` is what a dry run prints as a document.
    """

    question: Question
    title: str
    typed_is_enough: bool
    nothing: str | None
    plan: Plan | RunPlan


class Asker(Protocol):
    """Asks and tells; every question raises Left when the operator leaves it."""

    @property
    def attended(self) -> bool:
        """True where somebody can be asked; a question that needs a person is answered with no elsewhere."""

    async def reason(self, what: str, proposed: str = "") -> str:
        """Ask why; `what` ends the sentence "Reason to ...?"."""

    async def text(
        self, question: str, *, default: str = "", note: str = "", needed: bool = True, instead: str = ""
    ) -> str:
        """Ask for a text; `note` stands under the field, `instead` is what to give where nobody can be asked."""

    async def choose(
        self, question: str, choices: Sequence[tuple[str, str]], first: str | None = None, *, instead: str = ""
    ) -> str:
        """Ask for one of several values, each with what it means; `first` is proposed."""

    async def confirm(self, question: Question) -> bool:
        """Ask for yes or no."""

    async def offer(self, offer: Offer) -> bool:
        """Show a plan and ask whether to carry it out."""

    async def open(self, view: View, *tags: str) -> bool:
        """Show a view; True when the operator goes on there by himself, False when the dialogue goes on."""

    def word(self, message: str, remedies: Sequence[Remedy] = (), *, digests: Sequence[str] = ()) -> str:
        """Return a message with its remedies, and the sha256 that stand in it, in the words of this face."""

    def show(self, lines: Sequence[Line]) -> None:
        """Show facts that belong to the next question, where the question itself does not show them."""

    def tell(self, text: str, severity: Severity = "information", *, remedies: Sequence[Remedy] = ()) -> None:
        """Say something that needs no answer, and what can be done about it."""

    def told(self, done: Done) -> None:
        """Say what was done."""
