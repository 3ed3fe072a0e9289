"""The session: one operator at one face, with all that a dialogue needs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from shlex import join
from typing import Protocol, TypeVar

from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.console.operations.asker import Asker, Declined, Offer, Question
from phase4_tui.console.operations.availability import RUN
from phase4_tui.console.operations.defaults import Default
from phase4_tui.console.operations.run_lines import run_lines
from phase4_tui.errors import Refused
from phase4_tui.journal.state import OperationsState, read_state
from phase4_tui.rollback.operations import Done, Plan, carry_out
from phase4_tui.runbook.run_plan import Request, RunPlan, plan_run
from phase4_tui.runbook.site import Site

T = TypeVar("T")


class Face(Protocol):
    """What a dialogue needs from the face that it runs in."""

    async def work(self, function: Callable[[], T]) -> T:
        """Do blocking work, off the event loop where there is one."""

    async def write(self, function: Callable[[], T]) -> T:
        """Do blocking work that writes into the journal; its events are not announced as another operator's."""

    async def carry_out(self, function: Callable[[], T]) -> T:
        """Do as `write` does for an operation: the next one, and leaving, wait for its end."""

    async def run(self, plan: RunPlan) -> bool:
        """Start a run; True when it has ended, False when it goes on in the background. Raises Left if interrupted."""

    async def facts(self) -> Snapshot:
        """Return a snapshot with the present state."""

    def did(self, command: str) -> None:
        """Note the command of what was just done."""


@dataclass(frozen=True)
class Session:
    """A dialogue's site, asker and face; `is_typed` when it was given as one whole command."""

    site: Site
    ask: Asker
    face: Face
    is_typed: bool = False

    async def give(
        self,
        make: Callable[[], Plan],
        command: Sequence[str],
        *,
        question: str | None = None,
        is_light: bool = False,
    ) -> Done:
        """Make a plan, offer it, carry that same plan out, and show what was done; raises Declined.

        `command` are the words of the command that does the same. A light operation (`is_light`) loses nothing: typed
        as a whole command it needs no confirmation.
        """
        plan = await self.face.work(make)
        nothing, lines = plan.why_nothing(self.ask.word), plan.describe(self.ask.word, whole=False)[1:]
        asked = Question(question or f"{plan.title}?", lines, details=details_of(plan.details, command))
        if not await self.ask.offer(Offer(asked, plan.title, is_light and self.is_typed, nothing, plan)):
            raise Declined(f"nothing was done: {plan.title}", revision=plan.revision)
        done = await self.face.carry_out(lambda: carry_out(self.site, plan))
        if done.event is not None:
            self.did(*command)
        self.ask.report(done)
        return done

    async def plan_run(self, request: Request) -> RunPlan:
        """Return the plan of a run; raises what the runbook's `plan_run` raises."""
        site = self.site
        return await self.face.work(lambda: plan_run(site.settings, site.workdir, site.environment, request))

    async def run(self, plan: RunPlan, command: Sequence[str], *, question: str | None = None) -> bool:
        """Offer the plan of a run and start it; True when it has ended already. Raises Declined.

        `command` are the words of the command that does the same.
        """
        lines = await self.face.work(lambda: run_lines(self.site, plan, self.ask.word))
        asked = Question(question or question_of(plan), lines, "Run", details=details_of(plan.details(), command))
        typed_is_enough = question is None  # a `question` means that no whole command was typed
        if not await self.ask.offer(Offer(asked, f"run {plan.tag}", typed_is_enough, None, plan)):
            raise Declined(f"nothing was run: {plan.tag}")
        ended = await self.face.run(plan)
        self.did(*command)
        return ended

    async def state(self) -> OperationsState:
        """Return the state of operations now; raises StateUnreadable."""
        return await self.face.work(lambda: read_state(self.site.reports))

    async def default(self, default: Default) -> str:
        """Return the tag that an operation is about by default; raises Refused when there is none."""
        tag = default(await self.face.facts(), self.site.settings)
        if tag is None:
            raise Refused("there is no tag yet", remedy=RUN)
        return tag

    def did(self, *words: str) -> None:
        """Note the words of the command that does what was just done."""
        self.face.did(join(["phase4", *words]))


def details_of(lines: Sequence[str], command: Sequence[str]) -> list[str]:
    """Return what a plan unfolds: its own details, and the command that does the same."""
    return [*(f"  {line}" for line in lines), f"  on the command line: {join(['phase4', *command])}"]


def question_of(plan: RunPlan) -> str:
    """Return the question to ask before a run."""
    step = plan.to_run[0].step if plan.to_run else None
    if plan.request.only is not None and step is not None:
        return f"Run step {step.number} {step.name} of {plan.tag} alone?"
    if plan.resumes is not None and step is not None:
        return f"Resume {plan.tag} at step {step.number} {step.name}?"
    return f"Rehearse Phase 4 as {plan.tag}?" if plan.request.rehearsal else f"Run {plan.tag}?"
