"""Dialogues about runs: the sequence, a rehearsal, one step, and resuming."""

from phase4_tui.console.operations import defaults
from phase4_tui.console.operations.session import Session
from phase4_tui.errors import Phase4Error, Refused
from phase4_tui.runbook.provenance import last_sequence, resume_command
from phase4_tui.runbook.run_plan import Request, RunPlan
from phase4_tui.runbook.steps import Phase, find_step, steps_of


async def run(session: Session) -> None:
    """Run the sequence of the evaluation mode under a tag that is asked for."""
    facts = await session.face.facts()
    phase = 3 if facts.state.evaluation_mode == "phase3_only" else 4
    proposed = defaults.to_run(facts, session.site.settings)
    tag = await session.ask.text(f"Run tag of the Phase {phase} sequence?", default=proposed, instead="`phase4 run`")
    session.typed("run", "--tag", tag)
    await session.run(await session.plan_run(Request(tag=tag)))


async def run_phase3(session: Session) -> None:
    """Run the Phase 3 sequence, which proves the fallback."""
    tag = defaults.to_run(await session.face.facts(), session.site.settings)
    plan = await session.plan_run(Request(tag=tag, phase=3))
    await session.run(plan, question=f"Run the Phase 3 sequence as {tag} now?")


async def rehearse(session: Session, why: str = "") -> bool:
    """Run Phase 4 under a tag of its own, on an input that is asked for; `why` says what was wrong with another.

    What can't be run is said, and both are asked for again. True when the run has ended already.
    """
    settings = session.site.settings
    tag, given, note = defaults.to_rehearse(await session.face.facts(), settings), settings.input, why
    while True:
        tag, given, plan, note = await _planned_rehearsal(session, tag, given, note)
        if plan is not None:
            break
    own = () if given == settings.input else ("--input", given)
    session.typed("run", "--rehearsal", "--tag", tag, *own)
    return await session.run(plan)


async def _planned_rehearsal(session: Session, tag: str, given: str, note: str) -> tuple[str, str, RunPlan | None, str]:
    """Ask once; return what was answered, the plan, and without a plan why there is none."""
    instead = "`phase4 run --rehearsal --tag NEW`"
    tag = await session.ask.text("Tag of the rehearsal?", default=tag, note=note, instead=instead)
    given = await session.ask.text("Input of the rehearsal?", default=given, instead=instead)
    try:
        return tag, given, await session.plan_run(Request(tag=tag, phase=4, input=given, rehearsal=True)), ""
    except Phase4Error as error:
        return tag, given, None, session.ask.word(error.message, error.remedies)


async def step(session: Session, number: int) -> None:
    """Run one step on the shown tag."""
    facts = await session.face.facts()
    phase: Phase = 3 if facts.state.evaluation_mode == "phase3_only" else 4
    only = find_step(str(number), steps_of(phase, session.site.settings))
    tag = defaults.to_step(facts, session.site.settings)
    session.typed("step", str(number), "--tag", tag)
    await session.run(await session.plan_run(Request(tag=tag, phase=phase, only=only)))


async def resume(session: Session) -> bool:
    """Resume the run that the next move names, else the shown tag's last one; True when it has ended already."""
    facts = await session.face.facts()
    named = defaults.of_next_move(facts, "resume")
    if named is not None:
        run = await session.face.work(lambda: last_sequence(session.site.reports, named))
    else:
        run = facts.focus.last_run if facts.focus else None
    if run is None:
        raise Refused("no run of this tag is on record")
    session.face.typed(resume_command(run))
    request = Request(tag=run.tag, phase=run.phase, resume=True, rehearsal=run.rehearsal)
    return await session.run(await session.plan_run(request))
