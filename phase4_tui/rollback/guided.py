"""The guided rollback: how far each of the runbook's five steps is, derived from the state and the disk.

No process keeps any of it: an operator who continues it, on whatever host, sees the same.
"""

import re
from typing import Literal, NamedTuple

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from phase4_tui.artifacts.models import Diagnostic, Document, Moment
from phase4_tui.errors import Refused, Remedy
from phase4_tui.journal.actor import Actor
from phase4_tui.journal.events import Event
from phase4_tui.journal.incident import Incident
from phase4_tui.journal.lease import Held, Lease, drop_lease, keep_lease, read_lease, take_lease
from phase4_tui.journal.log import Draft, read_events
from phase4_tui.journal.state import read_state
from phase4_tui.journal.writer import record
from phase4_tui.rollback.incidents import CALL_PRODUCT, look_for_incident
from phase4_tui.rollback.next_move import NextMove, move_of_step, next_move, step_to_do, steps_done
from phase4_tui.rollback.operations import TAKE_OVER, need_reason, one_at_a_time, settle, state_to_plan_on
from phase4_tui.rollback.read_situation import read_situation, with_good_tag, with_rehearsal
from phase4_tui.rollback.root_cause import RootCause, root_causes
from phase4_tui.rollback.situation import Situation
from phase4_tui.runbook.runbook_text import sections
from phase4_tui.runbook.site import Site
from phase4_tui.runbook.status import shown_tag

TITLES = ("Freeze", "Switch to known-good", "Fall back to Phase 3", "Log the root cause", "Re-run, compare, reopen")
LIKELY_TAGS = 20
"""How many tags are judged to name the one to switch to before that is the next step."""
_ITEM = re.compile(r"^\d+\. (.+(?:\n {2,}.+)*)", re.MULTILINE)
StepState = Literal["done", "next", "open", "tampered"]


class GuidedStep(Diagnostic):
    """One step of the runbook's rollback procedure: its sentence, its progress, and the command that does it."""

    number: int
    title: str
    sentence: str
    state: StepState
    detail: str
    command: str
    at: Moment | None = None
    """When it was done; None until then, and where that is not on record."""
    digests: SkipJsonSchema[tuple[str, ...]] = Field(default=(), exclude=True)
    """The sha256 in `detail`, for faces that shorten them."""


class _Told(NamedTuple):
    """The detail of a step, with the remedies for what it still lacks."""

    detail: str
    remedies: tuple[Remedy, ...] = ()
    digests: tuple[str, ...] = ()
    at: str | None = None


class Guided(Document):
    """Where a rollback stands."""

    incident: Incident
    evaluation_mode: str
    active_tag: str | None
    steps: tuple[GuidedStep, ...]
    lease: Lease | None
    revision: int
    next_move: NextMove | None


def rollback_steps() -> tuple[str, ...]:
    """Return the runbook's sentence for each rollback step, in order, as plain text."""
    text = next(body for heading, body in sections().items() if heading.startswith("Rollback"))
    return tuple(" ".join(item.replace("**", "").split()) for item in _ITEM.findall(text))


def read_guided(site: Site) -> Guided | None:
    """Return where the rollback of the open incident stands, None without one; raises StateUnreadable."""
    state = state_to_plan_on(site)
    incident = state.incident
    if incident is None:
        return None
    situation = read_situation(site)
    if "rehearsal" not in situation.read:  # step 5 shows it whichever step is next
        situation = with_rehearsal(site, situation)
    incident = situation.state.incident or incident
    done, to_do = steps_done(situation, incident), step_to_do(situation, incident)
    if not done[1] and situation.good is None:  # step 2 names the tag whichever step is next
        situation = with_good_tag(site, situation, LIKELY_TAGS)
    words = (
        _frozen(situation, incident),
        _switched(situation, incident),
        _fallen_back(situation, incident),
        _explained(_last_cause(site, incident)),
        _reopened(situation, incident),
    )
    steps = []
    for number, (title, sentence, told) in enumerate(zip(TITLES, rollback_steps(), words, strict=True), 1):
        step_state: StepState = "next" if number == to_do else "done" if done[number - 1] else "open"
        if number == 1 and incident.tag in situation.tampered:
            step_state = "tampered"
        steps.append(
            GuidedStep(
                number=number,
                title=title,
                sentence=sentence,
                state=step_state,
                **told._asdict(),
                command=move_of_step(situation, incident, number).command,
            )
        )
    return Guided(
        incident=incident,
        evaluation_mode=situation.state.evaluation_mode,
        active_tag=situation.state.active_tag,
        steps=tuple(steps),
        lease=read_lease(site.reports),
        revision=situation.state.revision,
        next_move=next_move(situation),
    )


def open_for_shown_tag(site: Site) -> None:
    """Open an incident for the tag shown by default, if its findings call for one; raises what `detect` raises."""
    tag = shown_tag(site, None, read_state(site.reports))
    if tag is not None:
        look_for_incident(site, tag)


def _frozen(situation: Situation, incident: Incident) -> _Told:
    tag = incident.tag
    if tag in situation.tampered:
        return _Told(f"{tag} is frozen and was tampered with")
    if situation.needs_freezing:
        return _Told(f"{tag} is not frozen: the next run could write over it")
    entry = situation.state.frozen.get(tag)
    if entry is None:
        return _Told(f"nothing to freeze: {tag} has no artifacts")
    return _Told(f"{tag} is frozen by {entry.by}: {entry.reason}", at=entry.at)


def _switched(situation: Situation, incident: Incident) -> _Told:
    state = situation.state
    if not steps_done(situation, incident)[1]:
        return _Told(f"{incident.tag} is still what analysis and reporting use")
    if state.active_tag is not None:
        why = f": {state.active_reason}" if state.active_reason else ""
        return _Told(f"{state.active_tag} is active, by {state.active_by}{why}", at=state.active_since)
    called = any(call.owner == "product" for call in incident.escalations)
    stated = "no known-good tag, as stated; the product owner decides what is reported"
    return _Told(stated if called else "no known-good tag, as stated", () if called else (CALL_PRODUCT,))


def _fallen_back(situation: Situation, incident: Incident) -> _Told:
    proof = situation.fallback
    if proof is None:
        return _Told("Phase 4 runs are still allowed")
    return _Told(f"Phase 3 only; {proof}", proof.remedies, at=proof.since)


def _last_cause(site: Site, incident: Incident) -> tuple[Event, RootCause] | None:
    """Return the last root cause of the incident with its event, None without one; raises JournalDamaged."""
    if not incident.root_causes:
        return None
    events = read_events(site.reports, after=incident.root_causes[-1] - 1)
    return next(iter(root_causes(event for event in events if event.incident == incident.id)), None)


def _explained(cause: tuple[Event, RootCause] | None) -> _Told:
    if cause is None:
        return _Told("not logged yet")
    event, entry = cause
    return _Told(f"{entry.cause}; remediation: {entry.remediation}", at=event.at)


def _reopened(situation: Situation, incident: Incident) -> _Told:
    last, holder = situation.rehearsal, situation.holder
    if last is not None and holder is not None and holder.tag == last.tag:
        return _Told(f"{last.tag} is being run by {holder.operator}@{holder.host}")
    return _Told("no re-run yet") if last is None else _Told(last.detail, last.remedies, last.digests)


def lead(site: Site, take_over: str | None = None) -> None:
    """Take the lease to lead the rollback; `take_over` is the reason to take it from another process, else Refused."""
    if take_over is not None:
        take_over = need_reason(take_over)
    with one_at_a_time(site.reports):
        state = settle(site)
        try:
            before = take_lease(site.reports, site.actor, by_force=take_over is not None)
        except Held as error:
            raise Refused(f"{error.message} leads the rollback", remedy=TAKE_OVER, **error.context) from None
        of_another = before is not None and not before.is_of(site.actor)
        if before is not None and (of_another or (take_over is not None and not before.is_of_process(site.actor))):
            detail = {"from": str(before), "alive": before.is_alive(), "reason": take_over}
            incident = state.incident.id if state.incident else None
            record(site.reports, site.actor, Draft("lease", incident=incident, detail=detail))


def keep_leading(site: Site, actor: Actor) -> bool:
    """Renew the lease; return False when another operator has taken it over."""
    return keep_lease(site.reports, actor)


def stop_leading(site: Site) -> None:
    """Give the lease back."""
    drop_lease(site.reports, site.actor)
