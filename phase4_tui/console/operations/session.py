"""One operator at one face: what every dialogue does its work with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from shlex import join
from typing import Protocol, TypeVar

from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.console.operations.asker import Asker, Declined, Offer, Question
from phase4_tui.console.operations.availability import RUN
from phase4_tui.console.operations.defaults import Default
from phase4_tui.errors import Refused
from phase4_tui.journal.state import OperationsState, read_state
from phase4_tui.rollback.operations import Done, Plan, carry_out
from phase4_tui.runbook.run_plan import Request, RunPlan, plan_run
from phase4_tui.runbook.site import Site

T = TypeVar("T")


class Face(Protocol):
    """What a dialogue needs of the face that it runs in."""

    async def work(self, function: Callable[[], T]) -> T:
        """Do blocking work, off the event loop where there is one."""

    async def write(self, function: Callable[[], T]) -> T:
        """Do blocking work that writes into the journal; the face does not tell it as another operator's."""

    async def carry_out(self, function: Callable[[], T]) -> T:
        """As `write`, for an operation: the next one waits for its end, and so does leaving."""

    async def run(self, plan: RunPlan) -> bool:
        """Start a run; True when it has ended, False when it goes on by itself. Raises Left when it was interrupted."""

    async def facts(self) -> Snapshot:
        """Return what is on disk, with the state of this moment."""

    def typed(self, command: str) -> None:
        """Note the command that does just what was chosen."""


@dataclass(frozen=True)
class Session:
    """A dialogue's site, its asker and its face; `is_typed` when it was given as one whole command."""

    site: Site
    ask: Asker
    face: Face
    is_typed: bool = False

    async def give(
        self,
        make: Callable[[], Plan],
        *,
        question: str | None = None,
        shown: Sequence[str] = (),
        is_light: bool = False,
    ) -> Done:
        """Make a plan, offer it, carry that same plan out, and say what was done; raises Declined.

        A light operation gives nothing up: typed as a whole command it is not asked about again.
        """
        plan = await self.face.work(make)
        nothing, lines = plan.why_nothing(self.ask.word), plan.describe(self.ask.word)[1:]
        asked = Question(question or f"{plan.title}?", [*shown, *lines])
        if not await self.ask.offer(Offer(asked, plan.title, is_light and self.is_typed, nothing, plan)):
            raise Declined("nothing was done", revision=plan.revision)
        done = await self.face.carry_out(lambda: carry_out(self.site, plan))
        self.ask.told(done)
        return done

    async def plan_run(self, request: Request) -> RunPlan:
        """Return the plan of a run; raises Refused and what else `plan_run` raises."""
        site = self.site
        return await self.face.work(lambda: plan_run(site.settings, site.workdir, site.environment, request))

    async def run(self, plan: RunPlan, *, question: str | None = None) -> bool:
        """Offer the plan of a run and start it; True when it has ended already. Raises Declined."""
        asked = Question(question or question_of(plan), plan.describe(self.ask.word), "Run")
        typed_is_enough = question is None  # who is asked "now?" has typed no command
        if not await self.ask.offer(Offer(asked, f"run {plan.tag}", typed_is_enough, None, plan)):
            raise Declined("nothing was run")
        return await self.face.run(plan)

    async def state(self) -> OperationsState:
        """Return the state of operations now; raises StateUnreadable."""
        return await self.face.work(lambda: read_state(self.site.reports))

    async def default(self, default: Default) -> str:
        """Return the tag that an operation is about by default; raises Refused when there is none."""
        tag = default(await self.face.facts(), self.site.settings)
        if tag is None:
            raise Refused("there is no tag yet", remedy=RUN)
        return tag

    def typed(self, *words: str) -> None:
        """Note the command that does just what was chosen here."""
        self.face.typed(join(["phase4", *words]))


def question_of(plan: RunPlan) -> str:
    """Return what is asked before a run."""
    step = plan.to_run[0].step if plan.to_run else None
    if plan.request.only is not None and step is not None:
        return f"Run step {step.number} {step.name} of {plan.tag} alone?"
    if plan.resumes is not None and step is not None:
        return f"Resume {plan.tag} at step {step.number} {step.name}?"
    return f"Rehearse Phase 4 as {plan.tag}?" if plan.request.rehearsal else f"Run {plan.tag}?"
