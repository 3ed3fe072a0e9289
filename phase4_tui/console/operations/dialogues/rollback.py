"""The guided rollback as dialogues: the five steps of the runbook, one by one or as a walk, and the lease."""

from collections.abc import Callable

from phase4_tui.console.comparison_lines import comparison_lines
from phase4_tui.console.operations.asker import Left, Line
from phase4_tui.console.operations.dialogues.incidents import explain
from phase4_tui.console.operations.dialogues.phase4 import compare_tags, fall_back, reopen
from phase4_tui.console.operations.dialogues.runs import rehearse, resume
from phase4_tui.console.operations.dialogues.tags import (
    call_product,
    freeze,
    no_good_tag,
    restore,
    rollback_of,
    switch,
)
from phase4_tui.console.operations.session import Session
from phase4_tui.console.symbols import SYMBOLS
from phase4_tui.console.views import View
from phase4_tui.errors import Phase4Error, Refused, Remedy, command_line
from phase4_tui.rollback.guided import Guided, GuidedStep, lead, read_guided
from phase4_tui.rollback.known_good import candidates
from phase4_tui.rollback.read_situation import is_spent, last_rehearsal
from phase4_tui.rollback.reopen import Condition, conditions, needs_comparing
from phase4_tui.runbook.provenance import RunRecord

LAST = 5
"""The number of the step that ends the rollback."""
SHOWS = Remedy("guided", command_line("rollback"), "shows where it stands")


async def step(session: Session, number: int, to: str | None = None) -> None:
    """Do what one step of the rollback needs now; `to` is the tag to switch to, if it is known beforehand."""
    guided = await _guided(session)
    at, move = guided.steps[number - 1], guided.next_move
    if at.state == "next" and move is not None and move.operation == "resume":
        if await resume(session) and number == LAST:
            await _go_on_to_reopen(session, await _guided(session))
    elif at.state == "next" and move is not None and move.operation == "escalate" and to is None:
        await call_product(session)
    elif number == 1:
        await _secure(session, guided, at)
    elif number == 2:
        await _switch(session, guided, to)
    elif number == 3:
        await fall_back(session)
    elif number == 4:
        if not await session.ask.open(View.ROOT_CAUSE):
            await explain(session)
    else:
        await _go_on_to_reopen(session, guided)


async def walk(session: Session, to: str | None, lost: Callable[[], bool]) -> None:
    """Walk through the steps that are not done, until none is left or the operator leaves.

    `lost` returns whether another operator has taken the rollback over; then Refused is raised.
    """
    for number in range(1, 6):
        if lost():
            raise Refused("another operator has taken the rollback over", remedy=SHOWS)
        guided = await session.face.work(lambda: read_guided(session.site))
        if guided is None:
            return
        at = guided.steps[number - 1]
        title: Line = (f"Step {number} of 5: {at.sentence}", "title")
        detail = session.ask.word(at.detail, at.remedies, digests=at.digests)
        session.ask.show(["", title, f"  {SYMBOLS[at.state]} {detail}"])
        if at.state != "done" or number == 3:
            await step(session, number, to)


async def _guided(session: Session) -> Guided:
    guided = await session.face.work(lambda: read_guided(session.site))
    if guided is None:
        raise Left("the incident was closed meanwhile")
    return guided


async def _secure(session: Session, guided: Guided, at: GuidedStep) -> None:
    if at.state == "tampered":
        await restore(session, guided.incident.tag)
    else:
        await freeze(session, guided.incident.tag)


async def _switch(session: Session, guided: Guided, to: str | None) -> None:
    if to is not None:
        await switch(session, to, await rollback_of(session))
        return
    if await session.ask.open(View.KNOWN_GOOD):
        return
    rows = await session.face.work(lambda: candidates(session.site))
    good = [(row.tag, "") for row in rows if row.known_good and row.tag != guided.incident.tag]
    if not good:
        session.ask.tell("no tag holds all that a known-good tag must", "warning")
        await no_good_tag(session)
        return
    note = ""
    while True:
        question = "Switch to which tag?"
        tag = await session.ask.text(question, default=good[0][0], note=note, instead=Remedy(effect="give `--to TAG`"))
        try:
            await switch(session, tag, await rollback_of(session))
        except Left:
            raise
        except Phase4Error as error:
            note = session.ask.word(error.message, error.remedies)
        else:
            return


async def _go_on_to_reopen(session: Session, guided: Guided) -> None:
    """Do what the last step needs next: a rehearsal, its comparison, or the reopening."""
    run, unmet = await _last(session, guided)
    if run is None or is_spent(unmet):
        spent = next((condition.detail for condition in unmet if is_spent([condition])), None)
        if not await rehearse(session, f"{run.tag} can't reopen Phase 4: {spent}" if run is not None else ""):
            return
        run, unmet = await _last(session, guided)
    if run is None:
        raise Left("the rehearsal is not on record")
    if is_spent(unmet):
        told = [(one.name, session.ask.word(one.detail, one.remedies, digests=one.digests)) for one in unmet]
        session.ask.show([(f"  {SYMBOLS['failed']} {name}: {words}", "warning") for name, words in told])
        raise Left(f"{run.tag} can't reopen Phase 4; correct what is wrong, then go on: another rehearsal is asked for")
    if needs_comparing(unmet):
        good = guided.active_tag if guided.active_tag not in (guided.incident.tag, run.tag) else None
        tags = [guided.incident.tag, run.tag, *([good] if good is not None else [])]
        if await session.ask.open(View.COMPARE, *tags):
            return
        session.ask.show(comparison_lines(await compare_tags(session, *tags)))
    await reopen(session, run.tag)


async def _last(session: Session, guided: Guided) -> tuple[RunRecord | None, list[Condition]]:
    """Return the last rehearsal of the incident, and the unmet conditions of reopening on it."""
    run = await session.face.work(lambda: last_rehearsal(session.site, guided.incident))
    if run is None:
        return None, []
    tag = run.tag
    found = await session.face.work(lambda: conditions(session.site, tag))
    return run, [condition for condition in found if not condition.ok]


async def take_over(session: Session, who: str) -> None:
    """Take the rollback over from its leader, `who`."""
    reason = await session.ask.reason(f"take the rollback over from {who}")
    await session.face.write(lambda: lead(session.site, reason))
    session.did("rollback", "--take-over", reason)
    session.ask.tell(f"you lead the rollback now; {who} has been told")
