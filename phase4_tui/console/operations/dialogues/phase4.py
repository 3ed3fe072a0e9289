"""Dialogues about the evaluation mode: the fallback to Phase 3, and the ways back to Phase 4."""

from phase4_tui.artifacts.counting import counted
from phase4_tui.artifacts.names import check_tag
from phase4_tui.console.operations import defaults
from phase4_tui.console.operations.asker import Declined, Question
from phase4_tui.console.operations.dialogues.runs import run_phase3
from phase4_tui.console.operations.dialogues.tags import rollback_of
from phase4_tui.console.operations.known_tags import known_tags
from phase4_tui.console.operations.session import Session
from phase4_tui.errors import Refused, Remedy, command_line
from phase4_tui.journal.state import read_state
from phase4_tui.rollback.comparison import DEFAULT_RTOL, ComparisonResult, compare
from phase4_tui.rollback.fallback import plan_phase3_only, plan_phase4_by_override, refuse_plain_phase4
from phase4_tui.rollback.freeze import LIST_TAGS
from phase4_tui.rollback.operations import carry_out
from phase4_tui.rollback.reopen import (
    CHANGED,
    Condition,
    changes_since_incident,
    conditions,
    plan_compare,
    plan_reopen,
)
from phase4_tui.runbook.fallback_proof import read_fallback
from phase4_tui.runbook.run_holder import running
from phase4_tui.runbook.site import Site
from phase4_tui.runbook.status import tags_of

WAY_BACK = (
    Remedy("rehearse", command_line("run", "--rehearsal"), "re-runs Phase 4"),
    Remedy("reopen", command_line("reopen", "--tag", "T"), "reopens it on that run"),
)


async def mode(session: Session, reason: str | None = None) -> None:
    """Fall back to Phase 3; in phase3_only say what leads back."""
    fallen = (await session.state()).evaluation_mode == "phase3_only"
    if reason is not None:
        await _to_phase3(session, reason)
    elif fallen:
        session.ask.tell("evaluation mode is Phase 3 only already", remedies=WAY_BACK)
    else:
        await fall_back(session)


async def _to_phase3(session: Session, reason: str) -> None:
    await session.give(lambda: plan_phase3_only(session.site, reason), ("mode", "phase3-only", "--reason", reason))


async def fall_back(session: Session) -> None:
    """Switch to phase3_only, then offer the Phase 3 run that proves it; skip what is done already."""
    site = session.site
    if (await session.state()).evaluation_mode == "phase4":
        reason = await session.ask.reason("fall back to Phase 3", await rollback_of(session))
        await _to_phase3(session, reason)
    state = await session.state()
    proof = await session.face.work(lambda: read_fallback(site, state))
    if running(site.reports) is None and proof is not None and proof.phase3_tag is None:
        try:
            await run_phase3(session)
        except Declined:
            session.ask.tell("Phase 3 was not run", remedies=(Remedy("run", command_line("run"), "runs it later"),))
    else:
        session.ask.tell("evaluation mode is Phase 3 only already")


async def phase4_by_override(session: Session, override: bool = True, reason: str | None = None) -> None:
    """Allow Phase 4 runs again without reopening, on record; the regular way is reopening."""
    if not override:
        refuse_plain_phase4()
    given = reason if reason is not None else await session.ask.reason("allow Phase 4 runs without reopening")
    command = ("mode", "phase4", "--override", "--reason", given)
    await session.give(lambda: plan_phase4_by_override(session.site, given), command)


async def reopen(
    session: Session,
    tag: str | None = None,
    accept_changed_input: bool = False,
    override: bool = False,
    reason: str | None = None,
) -> None:
    """Reopen Phase 4 on a tag: show each condition, and ask before accepting a changed input or an override."""
    site = session.site
    chosen = tag if tag is not None else await _tag_to_reopen(session)
    found = await session.face.work(lambda: conditions(site, chosen, accept_changed_input=accept_changed_input))
    unmet = [condition for condition in found if not condition.ok]
    shown = [f"{'✔' if condition.ok else '✘'} {condition.name}: {_words(session, condition)}" for condition in found]
    session.ask.show(
        [line if condition.ok else (line, "warning") for line, condition in zip(shown, found, strict=True)]
    )
    if [condition.name for condition in unmet] == [CHANGED] and not override:
        question = await session.face.work(lambda: _accept(site, chosen))
        left = f"the change was not accepted, and Phase 4 was not reopened on {chosen}"
        accept_changed_input = await _agreed(session, question, shown, "Accept", "--accept-changed-input", left)
    elif unmet and not override:
        number, them = counted(len(unmet), "condition"), "it" if len(unmet) == 1 else "them"
        question = f"{number} unmet. Override {them}? It stays on record for ever."
        left = f"Phase 4 was not reopened on {chosen}"
        override = await _agreed(session, question, shown, "Override", "--override", left)
        reason = await session.ask.reason("reopen although conditions are unmet") if override else None
    flags = ["--accept-changed-input"] if accept_changed_input else []
    flags += ["--override", "--reason", reason or ""] if override else []
    await session.give(
        lambda: plan_reopen(site, chosen, accept_changed_input=accept_changed_input, override=override, reason=reason),
        ("reopen", "--tag", chosen, *flags),
    )


def _words(session: Session, condition: Condition) -> str:
    """Return a condition in words, without the remedies that this dialogue asks for next."""
    remedies = [remedy for remedy in condition.remedies if remedy.operation != "reopen"]
    return session.ask.word(condition.detail, remedies, digests=condition.digests)


async def _tag_to_reopen(session: Session) -> str:
    """Return the rehearsal that the next move names, or the only tag, else ask for one."""
    proposed, facts = await session.default(defaults.to_reopen), await session.face.facts()
    rows = [row for row in facts.rows if row.phase == 4]
    if defaults.of_next_move(facts, "reopen") is not None or [row.tag for row in rows] == [proposed]:
        return proposed

    async def check(tag: str) -> None:
        known = await session.face.work(lambda: tags_of(session.site))
        if check_tag(tag) not in (entry.tag for entry in known):
            raise Refused(f"there is no tag {tag}", remedy=LIST_TAGS, tag=tag)

    known = known_tags(facts, proposed, rows)
    return await session.ask.text("Reopen Phase 4 on which tag?", default=proposed, check=check, known=known)


def _accept(site: Site, tag: str) -> str:
    """Return the question whether what changed since the incident is its correction."""
    incident = read_state(site.reports).incident
    changed = changes_since_incident(site, incident, tag) if incident is not None else {}
    names, them = " and the ".join(changed), "them" if len(changed) > 1 else "it"
    digits = [one for one in changed.values() if one is not None]
    told = f"The {names} changed since the incident ({', '.join(digits)})."
    if len(digits) < len(changed):
        told = f"Whether the {names} changed since the incident is not on record."
    return f"{told} Accept {them} as the correction?"


async def _agreed(session: Session, question: str, shown: list[str], yes: str, flag: str, left: str) -> bool:
    """Ask a question that only a person or a flag may answer with yes; raises Declined when a person says no.

    `left` says what was not done then.
    """
    agreed = await session.ask.confirm(Question(question, shown, yes, flag))
    if not agreed and session.ask.attended:
        raise Declined(f"nothing was done: {left}")
    return agreed


def compare_words(bad: str, rerun: str, known_good: str | None) -> tuple[str, ...]:
    """Return the words of the command that compares these tags."""
    return ("compare", bad, rerun, *(("--known-good", known_good) if known_good else ()))


async def compare_tags(
    session: Session,
    bad: str,
    rerun: str,
    known_good: str | None = None,
    *,
    rtol: float = DEFAULT_RTOL,
    atol: float = 0.0,
) -> ComparisonResult:
    """Return the comparison, noted in the incident when the bad tag is the incident's; raises what `compare` raises."""
    site = session.site
    if (await session.state()).incident_of(bad) is None:
        return await session.face.work(lambda: compare(site, bad, rerun, known_good, rtol=rtol, atol=atol))
    plan = await session.face.work(lambda: plan_compare(site, bad, rerun, known_good, rtol=rtol, atol=atol))
    done = await session.face.carry_out(lambda: carry_out(site, plan))
    session.did(*compare_words(bad, rerun, known_good))
    assert isinstance(done.result, ComparisonResult)
    return done.result
