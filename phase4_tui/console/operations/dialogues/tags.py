"""Dialogues about tags: freeze, thaw, restore, pin, switch to a known-good tag, go on without one."""

from dataclasses import replace

from phase4_tui.console.operations import defaults
from phase4_tui.console.operations.asker import Declined
from phase4_tui.console.operations.session import Session
from phase4_tui.console.views import View
from phase4_tui.errors import Refused
from phase4_tui.journal.incident import short_id
from phase4_tui.rollback.freeze import plan_freeze, plan_restore, plan_thaw
from phase4_tui.rollback.incidents import CALL_PRODUCT, FALL_BACK, plan_escalate, plan_no_good_tag
from phase4_tui.rollback.known_good import plan_pin, plan_switch, plan_unpin
from phase4_tui.rollback.operations import Done


async def freeze(session: Session, tag: str | None = None, reason: str | None = None) -> None:
    """Freeze a tag: by default the open incident's, or the shown one once that is frozen."""
    chosen = tag if tag is not None else await session.default(defaults.to_freeze)
    given = reason if reason is not None else await session.ask.reason(f"freeze {chosen}", await _evidence(session))
    await session.give(lambda: plan_freeze(session.site, chosen, given), ("freeze", chosen, "--reason", given))


async def thaw(session: Session, tag: str | None = None, reason: str | None = None) -> None:
    """Thaw a tag, by default the shown one."""
    chosen = tag if tag is not None else await session.default(defaults.shown)
    given = reason if reason is not None else await session.ask.reason(f"thaw {chosen}")
    await session.give(lambda: plan_thaw(session.site, chosen, given), ("thaw", chosen, "--reason", given))


async def restore(session: Session, tag: str | None = None) -> None:
    """Restore a tag, by default that of the next move, else the shown one."""
    chosen = tag if tag is not None else await session.default(defaults.to_restore)
    await session.give(lambda: plan_restore(session.site, chosen), ("restore", chosen))


async def pin(session: Session, tag: str | None = None, pinned: bool | None = None) -> None:
    """Pin or unpin a tag, by default the shown one; without `pinned` whichever changes it."""
    chosen = tag if tag is not None else await session.default(defaults.shown)
    takes_away = chosen in (await session.state()).pinned if pinned is None else not pinned
    plan, word = (plan_unpin, "unpin") if takes_away else (plan_pin, "pin")
    await session.give(lambda: plan(session.site, chosen), ("known-good", word, chosen), is_light=True)


async def switch(session: Session, tag: str | None = None, reason: str | None = None) -> Done:
    """Switch to a known-good tag; no choice is preselected."""
    if tag is None:
        raise Refused("no tag was named to switch to")
    given = reason if reason is not None else await session.ask.reason(f"switch to {tag}", await rollback_of(session))
    command = ("known-good", "switch", tag, "--reason", given)
    return await session.give(lambda: plan_switch(session.site, tag, given), command)


async def no_good_tag(session: Session) -> None:
    """State that there is no known-good tag, and offer to call the product owner."""
    reason = await session.ask.reason("go on without a known-good tag", await rollback_of(session))
    await session.give(lambda: plan_no_good_tag(session.site, reason), ("rollback",))
    await call_product(session)


async def call_product(session: Session) -> None:
    """Offer to call the product owner, who decides what is reported without a known-good tag."""
    note = "no known-good tag"
    try:
        await session.give(
            lambda: plan_escalate(session.site, "product", note),
            ("escalate", "--owner", "product", "--note", note),
            question="Call the product owner now?",
        )
    except Declined:
        call = replace(CALL_PRODUCT, effect="calls them later")
        session.ask.tell("the product owner was not called", remedies=(call, FALL_BACK))


async def known_good(session: Session, tag: str | None = None, reason: str | None = None) -> None:
    """Switch to a tag; without one, show the candidates."""
    if tag is None:
        await session.ask.open(View.KNOWN_GOOD)
    else:
        await switch(session, tag, reason)


async def rollback_of(session: Session) -> str:
    """Return the reason to propose while an incident is open."""
    incident = (await session.state()).incident
    return f"rollback of {short_id(incident.id)}" if incident is not None else ""


async def _evidence(session: Session) -> str:
    incident = (await session.state()).incident
    return f"evidence of {short_id(incident.id)}" if incident is not None else ""
