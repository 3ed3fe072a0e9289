"""Dialogues about runs: the sequence, a rehearsal, one step, and resuming."""

from dataclasses import replace

from phase4_tui.console.operations import defaults
from phase4_tui.console.operations.availability import RUN
from phase4_tui.console.operations.known_inputs import known_inputs
from phase4_tui.console.operations.known_tags import known_tags
from phase4_tui.console.operations.session import Session
from phase4_tui.console.operations.suggestions import Suggestions, of_files
from phase4_tui.errors import Refused, Remedy, command_line
from phase4_tui.runbook.provenance import last_sequence, resume_words
from phase4_tui.runbook.run_plan import Request, RunPlan, check_run_tag, input_of_incident
from phase4_tui.runbook.steps import Phase, find_step, steps_of

REHEARSE = Remedy("rehearse", command_line("run", "--rehearsal", "--tag", "NEW"), "makes one")


async def run(session: Session) -> None:
    """Run the sequence of the evaluation mode under a tag that is asked for, as its input where there is a choice."""
    facts, settings = await session.face.facts(), session.site.settings
    phase: Phase = 3 if facts.state.evaluation_mode == "phase3_only" else 4
    proposed = defaults.to_run(facts, settings)
    rows = [row for row in facts.rows if row.frozen == "no" and row.phase == phase]
    question = f"Run tag of the Phase {phase} sequence?"
    tag = await _tag(session, question, known_tags(facts, proposed, rows), proposed, RUN)
    request, inputs = Request(tag=tag), await session.face.work(lambda: known_inputs(session.site))
    if phase == 3 or len(inputs) == 1:
        await session.run(await session.plan_run(request), ("run", "--tag", tag))
        return
    plan = await _on_input(session, request, settings.input, f"Input of {tag}?")
    await session.run(plan, ("run", "--tag", tag, *_input_option(plan, settings.input)))


async def run_phase3(session: Session) -> None:
    """Run the Phase 3 sequence, which proves the fallback."""
    tag = defaults.to_run(await session.face.facts(), session.site.settings)
    plan = await session.plan_run(Request(tag=tag, phase=3))
    command = ("run", "--phase", "3", "--tag", tag)
    await session.run(plan, command, question=f"Run the Phase 3 sequence as {tag} now?")


async def rehearse(session: Session, why: str = "") -> bool:
    """Ask for tag and input, and run Phase 4 as a rehearsal; `why` says what was wrong with the last one.

    The input of the incident is proposed. True when the run has ended already.
    """
    site, facts = session.site, await session.face.facts()
    proposed = defaults.to_rehearse(facts, site.settings)
    rows = [row for row in facts.rows if row.frozen == "no" and row.phase == 4 and not facts.state.incident_of(row.tag)]
    known = known_tags(facts, proposed, rows)
    tag = await _tag(session, "Tag of the rehearsal?", known, proposed, REHEARSE, why)
    of_incident = await session.face.work(lambda: input_of_incident(site.workdir, site.reports))
    request = Request(tag=tag, phase=4, rehearsal=True)
    proposed = of_incident or site.settings.input
    plan = await _on_input(session, request, proposed, "Input of the rehearsal?")
    return await session.run(plan, ("run", "--rehearsal", "--tag", tag, *_input_option(plan, proposed)))


async def _tag(
    session: Session, question: str, known: Suggestions, proposed: str, instead: Remedy, note: str = ""
) -> str:
    """Ask for the tag of a run until it is one that a run may write to."""

    async def check(tag: str) -> None:
        await session.face.work(lambda: check_run_tag(session.site, tag))

    return await session.ask.text(question, default=proposed, note=note, instead=instead, check=check, known=known)


async def _on_input(session: Session, request: Request, proposed: str, question: str) -> RunPlan:
    """Ask for the input of a run until it can be planned, and return the plan."""
    plans: dict[str, RunPlan] = {}

    async def check(given: str) -> None:
        if not await session.face.work((session.site.workdir / given).exists):
            raise Refused(f"{given} is missing", file=given)
        plans[given] = await session.plan_run(replace(request, input=given))

    known = of_files(await session.face.work(lambda: known_inputs(session.site)), session.site.workdir)
    instead = REHEARSE if request.rehearsal else RUN
    given = await session.ask.text(question, default=proposed, instead=instead, check=check, known=known)
    return plans[given]


def _input_option(plan: RunPlan, proposed: str) -> tuple[str, ...]:
    """Return the option that names an input other than the proposed one, which the command takes by itself."""
    return () if plan.input.path == proposed else ("--input", plan.input.path)


async def step(session: Session, number: int) -> None:
    """Run one step on the shown tag."""
    facts = await session.face.facts()
    phase: Phase = 3 if facts.state.evaluation_mode == "phase3_only" else 4
    only = find_step(str(number), steps_of(phase, session.site.settings))
    tag = defaults.to_step(facts, session.site.settings)
    command = ("step", str(number), "--tag", tag)
    await session.run(await session.plan_run(Request(tag=tag, phase=phase, only=only)), command)


async def resume(session: Session) -> bool:
    """Resume the run of the next move, else the shown tag's last one; True when the run has ended already."""
    facts = await session.face.facts()
    named = defaults.of_next_move(facts, "resume")
    if named is not None:
        run = await session.face.work(lambda: last_sequence(session.site.reports, named))
    else:
        run = facts.focus.last_run if facts.focus else None
    if run is None:
        raise Refused("no run of this tag is on record")
    request = Request(tag=run.tag, phase=run.phase, resume=True, rehearsal=run.rehearsal)
    return await session.run(await session.plan_run(request), resume_words(run))
