"""Dialogues about an incident: its class, its owners, its root cause."""

from typing import cast

from phase4_tui.console.operations import defaults
from phase4_tui.console.operations.defaults import Default
from phase4_tui.console.operations.session import Session
from phase4_tui.errors import Remedy, command_line
from phase4_tui.journal.incident import Owner, SeverityClass
from phase4_tui.rollback.incidents import plan_acknowledge, plan_escalate, plan_reclassify
from phase4_tui.rollback.operations import Done
from phase4_tui.rollback.root_cause import ADD_ROOT_CAUSE, RootCause, plan_root_cause
from phase4_tui.runbook.escalation import OWNERS

CLASSES = (
    ("P0", "gate failed, schema broken, policy violated"),
    ("P1", "monitoring ALERT with HIGH"),
    ("P2", "report trouble while core checks pass"),
)
INSTEAD = Remedy("root_cause", command_line(*ADD_ROOT_CAUSE), "logs it")


async def reclassify(
    session: Session, severity_class: str | None = None, reason: str | None = None, tag: str | None = None
) -> None:
    """Change the severity class of the incident, or of the shown tag."""
    asked = tag if severity_class is not None else await session.default(defaults.to_reclassify)
    chosen = severity_class if severity_class is not None else await session.ask.choose(f"Class of {asked}?", CLASSES)
    given = reason if reason is not None else await session.ask.reason(f"make it {chosen}")
    of_tag = ("--tag", asked) if asked is not None else ()
    command = ("incident", "reclassify", chosen, "--reason", given, *of_tag)
    await session.give(lambda: plan_reclassify(session.site, cast("SeverityClass", chosen), given, asked), command)


async def escalate(session: Session, owner: str | None = None, note: str | None = None) -> None:
    """Call an owner."""
    if owner is None:
        owner = await _owner(session, "Whom to call?", defaults.to_call)
        if note is None:
            note = await session.ask.text(f"What should {owner} know?", needed=False)
    chosen = cast("Owner", owner)
    command = ("escalate", "--owner", chosen, *(("--note", note) if note else ()))
    await session.give(lambda: plan_escalate(session.site, chosen, note or None), command, is_light=True)


async def acknowledge(session: Session, owner: str | None = None) -> None:
    """Note that an owner has taken the call."""
    if owner is None:
        owner = await _owner(session, "Who has taken the call?", defaults.to_acknowledge)
    chosen = cast("Owner", owner)
    command = ("escalate", "ack", "--owner", chosen)
    await session.give(lambda: plan_acknowledge(session.site, chosen), command, is_light=True)


async def _owner(session: Session, question: str, default: Default) -> str:
    first = default(await session.face.facts(), session.site.settings)
    return await session.ask.choose(question, list(OWNERS.items()), first, instead=Remedy(effect="give `--owner O`"))


async def root_cause(
    session: Session,
    cause: str,
    remediation: str,
    owner: str,
    closure: str | None = None,
    evidence: str | None = None,
    incident: str | None = None,
    tag: str | None = None,
) -> Done:
    """Log a root cause whose fields are filled in."""
    given = {"cause": cause, "remediation": remediation, "owner": owner, "closure": closure, "evidence": evidence}
    given |= {"incident": incident, "tag": tag}
    words = [word for name, value in given.items() if value for word in (f"--{name}", value)]
    entry = RootCause(
        cause=cause, remediation=remediation, owner=cast("Owner", owner), closure=closure, evidence=evidence
    )
    command = ("root-cause", "add", *words)
    return await session.give(lambda: plan_root_cause(session.site, entry, incident, tag), command, is_light=True)


async def explain(session: Session) -> None:
    """Ask for the root cause of the open incident, question by question."""
    state = await session.state()
    owner = state.incident.owner if state.incident else None
    cause = await session.ask.text("Cause?", instead=INSTEAD)
    remediation = await session.ask.text("Remediation?", instead=INSTEAD)
    chosen = await session.ask.choose("Owner?", list(OWNERS.items()), owner or "engineering", instead=INSTEAD)
    closure = await session.ask.text("Closed when?", default="a rehearsal is healthy", instead=INSTEAD)
    await root_cause(session, cause, remediation, chosen, closure)
