"""The guided rollback: the runbook's five steps over the operations, each done or not as state and disk show.

Nothing of it is kept in a process: who leaves it and whoever goes on, on whatever host, see the same.
"""

import re
from typing import Literal, NamedTuple

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from phase4_tui.artifacts.models import Diagnostic, Document
from phase4_tui.errors import Refused, Remedy
from phase4_tui.journal.actor import Actor
from phase4_tui.journal.incident import Incident
from phase4_tui.journal.lease import Held, Lease, drop_lease, keep_lease, read_lease, take_lease
from phase4_tui.journal.log import Draft
from phase4_tui.journal.state import read_state
from phase4_tui.journal.writer import record
from phase4_tui.rollback.incidents import CALL_PRODUCT, look_for_incident
from phase4_tui.rollback.next_move import NextMove, move_of_step, next_move, step_to_do, steps_done
from phase4_tui.rollback.operations import TAKE_OVER, need_reason, one_at_a_time, settle, state_to_plan_on
from phase4_tui.rollback.read_situation import read_situation, with_rehearsal
from phase4_tui.rollback.situation import Situation
from phase4_tui.runbook.runbook_text import sections
from phase4_tui.runbook.site import Site
from phase4_tui.runbook.status import shown_tag

TITLES = ("Freeze", "Switch to known-good", "Fall back to Phase 3", "Log the root cause", "Re-run, compare, reopen")
_ITEM = re.compile(r"^\d+\. (.+(?:\n {2,}.+)*)", re.MULTILINE)
StepState = Literal["done", "next", "open", "tampered"]


class GuidedStep(Diagnostic):
    """One step of the runbook's rollback procedure: its sentence, how far it is, and the command that does it."""

    number: int
    title: str
    sentence: str
    state: StepState
    detail: str
    command: str
    digests: SkipJsonSchema[tuple[str, ...]] = Field(default=(), exclude=True)
    """The sha256 that stand in `detail`, for who shows them short."""


class _Told(NamedTuple):
    """What is said of a step, and what it still lacks."""

    detail: str
    remedies: tuple[Remedy, ...] = ()
    digests: tuple[str, ...] = ()


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
    """Return what the runbook says of each step of the rollback, the first step first, as plain text."""
    text = next(body for heading, body in sections().items() if heading.startswith("Rollback"))
    return tuple(" ".join(item.replace("**", "").split()) for item in _ITEM.findall(text))


def read_guided(site: Site) -> Guided | None:
    """Return where the rollback of the open incident stands, None without one; raises StateUnreadable."""
    state = state_to_plan_on(site)
    incident = state.incident
    if incident is None:
        return None
    situation = read_situation(site)
    if "rehearsal" not in situation.read:  # it is told of whichever step is next
        situation = with_rehearsal(site, situation)
    incident = situation.state.incident or incident
    done, to_do = steps_done(situation, incident), step_to_do(situation, incident)
    steps = []
    for number, (title, sentence, tell) in enumerate(zip(TITLES, rollback_steps(), _TELLING, strict=True), 1):
        step_state: StepState = "next" if number == to_do else "done" if done[number - 1] else "open"
        if number == 1 and incident.tag in situation.tampered:
            step_state = "tampered"
        steps.append(
            GuidedStep(
                number=number,
                title=title,
                sentence=sentence,
                state=step_state,
                **tell(situation, incident)._asdict(),
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
    """Open an incident for what the tag shows that is shown by default; raises what `detect` does."""
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
    done = f"{tag} is frozen by {entry.by} at {entry.at}" if entry else f"nothing to freeze: {tag} has no artifacts"
    return _Told(done)


def _switched(situation: Situation, incident: Incident) -> _Told:
    state = situation.state
    if not steps_done(situation, incident)[1]:
        return _Told(f"{incident.tag} is still what analysis and reporting use")
    if state.active_tag is not None:
        return _Told(f"{state.active_tag} is active since {state.active_since} by {state.active_by}")
    called = any(call.owner == "product" for call in incident.escalations)
    stated = "no known-good tag, as stated; the product owner decides what is reported"
    return _Told(stated if called else "no known-good tag, as stated", () if called else (CALL_PRODUCT,))


def _fallen_back(situation: Situation, incident: Incident) -> _Told:
    proof = situation.fallback
    if proof is None:
        return _Told("Phase 4 runs are still allowed")
    return _Told(f"phase3_only since {proof.since}; {proof}", proof.remedies)


def _explained(situation: Situation, incident: Incident) -> _Told:
    count = len(incident.root_causes)
    return _Told(f"{count} logged" if count else "not logged yet")


def _reopened(situation: Situation, incident: Incident) -> _Told:
    last = situation.rehearsal
    return _Told("no re-run yet") if last is None else _Told(last.detail, last.remedies, last.digests)


_TELLING = (_frozen, _switched, _fallen_back, _explained, _reopened)
"""What is told of each step."""


def lead(site: Site, take_over: str | None = None) -> None:
    """Take the lease to lead the rollback; raises Refused when another process holds it, unless with a reason."""
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
