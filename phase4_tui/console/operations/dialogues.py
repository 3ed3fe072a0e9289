"""The operations of the dashboard as questions and plans: each asks, shows the plan, and carries that same plan out.

An operation runs in a thread. After the answer the operation itself looks at the disk again, and refuses a plan that
was made on a state that has changed since.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from shlex import join
from typing import TYPE_CHECKING, TypeVar, cast

from phase4_tui.artifacts.counting import counted
from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.console.operations import defaults
from phase4_tui.console.operations.defaults import Choice
from phase4_tui.console.remedies import how, in_keys
from phase4_tui.errors import Refused
from phase4_tui.journal.incident import Owner, SeverityClass
from phase4_tui.journal.state import read_state
from phase4_tui.rollback.fallback import plan_phase3_only
from phase4_tui.rollback.freeze import plan_freeze, plan_restore, plan_thaw
from phase4_tui.rollback.guided import lead
from phase4_tui.rollback.incidents import plan_acknowledge, plan_escalate, plan_no_good_tag, plan_reclassify
from phase4_tui.rollback.known_good import plan_pin, plan_switch, plan_unpin
from phase4_tui.rollback.operations import Done, Plan, carry_out
from phase4_tui.rollback.read_situation import is_spent, last_rehearsal
from phase4_tui.rollback.reopen import CHANGED, COMPARED, conditions, plan_compare, plan_reopen
from phase4_tui.rollback.root_cause import RootCause, plan_root_cause
from phase4_tui.runbook.escalation import OWNERS
from phase4_tui.runbook.provenance import last_sequence, resume_command
from phase4_tui.runbook.run_plan import Request, RunPlan, plan_run
from phase4_tui.runbook.steps import Phase, find_step
from phase4_tui.tui.screens.questions import ChoiceScreen, PlanScreen, TextScreen

if TYPE_CHECKING:
    from phase4_tui.tui.app import Phase4App

T = TypeVar("T")


class Flows:
    """One coroutine an operation; each is run in a worker of the application."""

    def __init__(self, app: "Phase4App") -> None:
        self._app = app
        self._site = app.site

    async def _thread(self, work: Callable[[], T]) -> T:
        return await asyncio.to_thread(work)

    def _snapshot(self) -> Snapshot:
        snapshot = self._app.snapshot
        if snapshot is None:
            raise Refused("the first look is not over yet")
        return snapshot

    def _chosen(self, choice: Choice) -> str:
        """Return the tag that an operation is about; the same choice gives its twin."""
        tag = choice(self._snapshot(), self._site.settings)
        if tag is None:
            raise Refused("no tag yet: `r` runs the sequence")
        return tag

    def _twin(self, *words: str) -> None:
        """Note the command that does just what was chosen here."""
        self._app.twin = join(["phase4", *words])

    async def _reason(self, what: str, value: str = "") -> str | None:
        return await self._app.push_screen_wait(TextScreen(f"Reason to {what}?", value=value))

    async def _ask(self, question: str, told: Sequence[str], yes: str = "Do it") -> bool:
        told = [in_keys(line, self._app.keys) for line in told]
        return await self._app.push_screen_wait(PlanScreen(question, told, yes))

    async def give(self, make: Callable[[], Plan], *, asks: bool = True) -> Done | None:
        """Make a plan, show it, ask, and carry it out; None when the answer was no."""
        plan = await self._thread(make)
        if plan.nothing is not None:
            self._app.tell(plan.nothing)
            return None
        if asks and not await self._ask(f"{plan.title}?", plan.describe()[1:]):
            self._app.tell("nothing was done")
            return None
        done = await self._app.queue.carry_out(lambda: carry_out(self._site, plan))
        self._app.tell("\n".join(done.lines) or f"{plan.title}: done")
        return done

    async def freeze(self, tag: str | None = None) -> None:
        """Freeze a tag: by default the open incident's, and once that is frozen the shown one."""
        incident = self._snapshot().state.incident
        chosen = tag or self._chosen(defaults.to_freeze)
        reason = await self._reason(f"freeze {chosen}", f"evidence of {incident.id}" if incident else "")
        if reason is not None:
            self._twin("freeze", chosen, "--reason", reason)
            await self.give(lambda: plan_freeze(self._site, chosen, reason))

    async def thaw(self) -> None:
        """Thaw the shown tag."""
        tag = self._chosen(defaults.shown)
        reason = await self._reason(f"thaw {tag}")
        if reason is not None:
            self._twin("thaw", tag, "--reason", reason)
            await self.give(lambda: plan_thaw(self._site, tag, reason))

    async def restore(self, tag: str | None = None) -> None:
        """Restore a tag, by default the one of the next move, else the shown one."""
        chosen = tag or self._chosen(defaults.to_restore)
        self._twin("restore", chosen)
        await self.give(lambda: plan_restore(self._site, chosen))

    async def pin(self) -> None:
        """Pin the shown tag, or take its pin away."""
        tag = self._chosen(defaults.shown)
        pinned = tag in self._snapshot().state.pinned
        await self.give(lambda: (plan_unpin if pinned else plan_pin)(self._site, tag))

    async def switch_to(self, tag: str) -> Done | None:
        """Switch to a known-good tag."""
        incident = self._snapshot().state.incident
        reason = await self._reason(f"switch to {tag}", f"rollback of {incident.id}" if incident else "")
        if reason is None:
            return None
        self._twin("known-good", "switch", tag, "--reason", reason)
        return await self.give(lambda: plan_switch(self._site, tag, reason))

    async def no_good_tag(self) -> Done | None:
        """State that there is no known-good tag."""
        reason = await self._reason("go on without a known-good tag")
        if reason is None:
            return None
        return await self.give(lambda: plan_no_good_tag(self._site, reason))

    async def mode(self) -> None:
        """Fall back to Phase 3; the way back leads through reopening."""
        if self._snapshot().state.evaluation_mode == "phase3_only":
            back = [how(name, self._app.keys) for name in ("rehearse", "reopen")]
            told = "`{}` re-runs Phase 4, then `{}` reopens it on that run".format(*back)
            self._app.tell(f"evaluation mode is phase3_only already: {told}")
            return
        incident = self._snapshot().state.incident
        reason = await self._reason("fall back to Phase 3", f"rollback of {incident.id}" if incident else "")
        if reason is None:
            return
        self._twin("mode", "phase3-only", "--reason", reason)
        done = await self.give(lambda: plan_phase3_only(self._site, reason))
        if done is not None and not self._app.runs.busy:
            tag = defaults.to_run(await self._fresh(), self._site.settings)
            await self._run(Request(tag=tag, phase=3))

    async def log_cause(self, entry: RootCause) -> Done | None:
        """Log a root cause that the form was filled with."""
        given = {"cause": entry.cause, "remediation": entry.remediation, "owner": entry.owner}
        given |= {name: value for name in ("closure", "evidence") if (value := getattr(entry, name))}
        self._twin("root-cause", "add", *(word for name, value in given.items() for word in (f"--{name}", value)))
        return await self.give(lambda: plan_root_cause(self._site, entry))

    async def escalate(self) -> None:
        """Call an owner."""
        owner = await self._owner("Whom to call?", defaults.to_call)
        if owner is None:
            return
        note = await self._app.push_screen_wait(TextScreen(f"What should {owner} know?", needed=False))
        if note is not None:
            self._twin("escalate", "--owner", owner, *(("--note", note) if note else ()))
            await self.give(lambda: plan_escalate(self._site, owner, note or None))

    async def acknowledge(self) -> None:
        """Note that an owner took the call."""
        owner = await self._owner("Who has taken the call?", defaults.to_acknowledge)
        if owner is not None:
            self._twin("escalate", "ack", "--owner", owner)
            await self.give(lambda: plan_acknowledge(self._site, owner))

    async def _owner(self, question: str, choice: Choice) -> Owner | None:
        first = choice(self._snapshot(), self._site.settings)
        chosen = await self._app.push_screen_wait(ChoiceScreen(question, list(OWNERS.items()), first))
        return cast("Owner | None", chosen)

    async def reclassify(self) -> None:
        """Give the incident, or the shown tag, another class."""
        tag = self._chosen(defaults.to_reclassify)
        classes = [("P0", "gate failed, schema broken, policy violated"), ("P1", "monitoring ALERT with HIGH")]
        classes.append(("P2", "report trouble while core checks pass"))
        chosen = await self._app.push_screen_wait(ChoiceScreen(f"Class of {tag}?", classes))
        reason = await self._reason(f"make it {chosen}") if chosen is not None else None
        if chosen is not None and reason is not None:
            self._twin("incident", "reclassify", chosen, "--reason", reason, "--tag", tag)
            await self.give(lambda: plan_reclassify(self._site, cast("SeverityClass", chosen), reason, tag))

    async def compare(self, bad: str, rerun: str, good: str | None) -> object:
        """Compare and, when the bad tag is the incident's, note the result; return it."""
        self._twin("compare", bad, rerun, *(("--known-good", good) if good else ()))
        plan = await self._thread(lambda: plan_compare(self._site, bad, rerun, good))
        return (await self._app.queue.carry_out(lambda: carry_out(self._site, plan))).result

    async def reopen(self, tag: str | None = None) -> None:
        """Reopen Phase 4 on a tag; an unmet condition is shown, a changed input is asked for."""
        chosen = tag or self._chosen(defaults.to_reopen)
        found = await self._thread(lambda: conditions(self._site, chosen))
        unmet = [one for one in found if not one.ok]
        told = [f"{'✔' if one.ok else '✘'} {one.name}: {one.detail}" for one in found]
        accept, override, reason = False, False, None
        if [one.name for one in unmet] == [CHANGED]:
            question = "Input or rules are not those of the incident's run. Accept the change?"
            if not await self._ask(question, told, "Accept"):
                return
            accept = True
        elif unmet:
            if is_spent(unmet):
                told.insert(0, f"! a rehearsal comes first: n here, then {how('rehearse', self._app.keys)}")
            number, them = counted(len(unmet), "condition"), "it" if len(unmet) == 1 else "them"
            question = f"{number} unmet. Override {them}? It stays on record for ever."
            if not await self._ask(question, told, "Override"):
                return
            override, reason = True, await self._reason("reopen although conditions are unmet")
            if reason is None:
                return
        more = ["--accept-changed-input"] if accept else ["--override", "--reason", reason] if reason else []
        self._twin("reopen", "--tag", chosen, *more)
        await self.give(
            lambda: plan_reopen(self._site, chosen, accept_changed_input=accept, override=override, reason=reason)
        )

    async def take_lead(self, who: str) -> bool:
        """Take the rollback over from who leads it; return whether it was."""
        reason = await self._reason(f"take the rollback over from {who}")
        if reason is None:
            return False
        await self._app.queue.write(lambda: lead(self._site, reason))
        self._app.facts.look_now()
        self._app.tell("you lead the rollback now; the one before is told")
        return True

    async def go_on_to_reopen(self) -> None:
        """Do what the last step of the rollback needs next: a re-run, its comparison, or the reopening."""
        if defaults.of_next_move(self._snapshot(), "resume") is not None:
            await self.resume()
            return
        site, incident = self._site, self._snapshot().state.incident
        if incident is None:
            raise Refused("no incident is open")
        run = await self._thread(lambda: last_rehearsal(site, incident))
        found = await self._thread(lambda: conditions(site, run.tag)) if run is not None else []
        unmet = [one for one in found if not one.ok]
        if run is None or is_spent(unmet):
            spent = next((one.detail for one in unmet if is_spent([one])), None)
            await self.rehearse(f"{run.tag} can't reopen Phase 4: {spent}" if run is not None else "")
        elif any(one.name == COMPARED for one in unmet):
            self._app.shows.compare(incident.tag, run.tag)
        else:
            await self.reopen(run.tag)

    async def run(self) -> None:
        """Run the sequence of the evaluation mode under a tag that is asked for."""
        fresh = await self._fresh()
        what = "Phase 3 sequence" if fresh.state.evaluation_mode == "phase3_only" else "Phase 4 sequence"
        default = defaults.to_run(fresh, self._site.settings)
        tag = await self._app.push_screen_wait(TextScreen(f"Run tag of the {what}?", value=default))
        if tag is not None:
            self._twin("run", "--tag", tag)
            await self._run(Request(tag=tag))

    async def rehearse(self, why: str = "") -> None:
        """Run Phase 4 under a tag of its own, on an input that is asked for; `why` says what was wrong with another."""
        settings = self._site.settings
        default = defaults.to_rehearse(await self._fresh(), settings)
        note = f"{why}; enter accepts, escape leaves" if why else ""
        tag = await self._app.push_screen_wait(TextScreen("Run tag of the rehearsal (Phase 4)?", note, default))
        if tag is None:
            return
        given = await self._app.push_screen_wait(TextScreen("Input of the rehearsal?", value=settings.input))
        if given is None:
            return
        own = () if given == settings.input else ("--input", given)
        self._twin("run", "--rehearsal", "--tag", tag, *own)
        await self._run(Request(tag=tag, input=given, rehearsal=True))

    async def step(self, number: int) -> None:
        """Run one step on the shown tag."""
        fresh = await self._fresh()
        phase: Phase = 3 if fresh.state.evaluation_mode == "phase3_only" else 4
        only = find_step(str(number), phase)
        tag = defaults.to_step(fresh, self._site.settings)
        self._twin("step", str(number), "--tag", tag)
        await self._run(Request(tag=tag, phase=phase, only=only))

    async def resume(self) -> None:
        """Resume the run that the next move names, else the shown tag's last one."""
        focus, named = self._snapshot().focus, defaults.of_next_move(self._snapshot(), "resume")
        if named is not None:
            run = await self._thread(lambda: last_sequence(self._site.reports, named))
        else:
            run = focus.last_run if focus else None
        if run is None:
            raise Refused("no run of this tag is on record")
        self._app.twin = resume_command(run)
        await self._run(Request(tag=run.tag, phase=run.phase, resume=True, rehearsal=run.rehearsal))

    async def _fresh(self) -> Snapshot:
        """Return what is shown, with the state of this moment: the mode decides what is run."""
        return replace(self._snapshot(), state=await self._thread(lambda: read_state(self._site.reports)))

    async def _run(self, request: Request) -> None:
        site = self._site
        plan: RunPlan = await self._thread(lambda: plan_run(site.settings, site.workdir, site.environment, request))
        if await self._ask(_question(plan), plan.describe(), "Run"):
            self._app.start_run(plan)


def _question(plan: RunPlan) -> str:
    """Return what is asked before a run."""
    step = plan.to_run[0].step if plan.to_run else None
    if plan.request.only is not None and step is not None:
        return f"Run step {step.number} {step.name} of {plan.tag} alone?"
    if plan.resumes is not None and step is not None:
        return f"Resume {plan.tag} at step {step.number} {step.name}?"
    return f"Rehearse Phase 4 as {plan.tag}?" if plan.request.rehearsal else f"Run {plan.tag}?"
