"""The guided rollback: the runbook's five steps over the operations, each done or not as state and disk show.

Nothing of it is kept in a process: who leaves it and whoever goes on, on whatever host, see the same.
"""

import re
from collections.abc import Iterable
from typing import Literal, NamedTuple

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from phase4_tui.artifacts.clock import nanoseconds
from phase4_tui.artifacts.manifest import frozen_state
from phase4_tui.artifacts.models import Diagnostic, Document
from phase4_tui.errors import Refused, Remedy, command_line
from phase4_tui.journal.actor import Actor
from phase4_tui.journal.incident import Incident
from phase4_tui.journal.lease import Held, Lease, drop_lease, keep_lease, read_lease, take_lease
from phase4_tui.journal.log import Draft
from phase4_tui.journal.state import OperationsState
from phase4_tui.journal.writer import record
from phase4_tui.rollback.frozen_copies import needs_freezing
from phase4_tui.rollback.incidents import CALL_PRODUCT, FALL_BACK, is_rehearsal
from phase4_tui.rollback.operations import TAKE_OVER, need_reason, one_at_a_time, settle, state_to_plan_on
from phase4_tui.rollback.reopen import COMPARED, HEALTHY, REHEARSED, Condition, conditions, remedies_of
from phase4_tui.rollback.root_cause import ADD_ROOT_CAUSE
from phase4_tui.runbook.fallback_proof import read_fallback
from phase4_tui.runbook.provenance import RunRecord, last_sequence, runs_dir
from phase4_tui.runbook.runbook_text import sections
from phase4_tui.runbook.site import Site

TITLES = ("Freeze", "Switch to known-good", "Fall back to Phase 3", "Log the root cause", "Re-run, compare, reopen")
REHEARSE = "phase4 run --rehearsal --tag NEW [--input CORRECTED]"
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


class _Fact(NamedTuple):
    """How far a step is: whether it is done, in words, and what does it or what it still lacks."""

    done: bool
    detail: str
    command: str
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

    @property
    def next_step(self) -> GuidedStep | None:
        """The first step that is not done."""
        return next((step for step in self.steps if step.state != "done"), None)


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
    facts = [
        _frozen(site, state, incident),
        _switched(state, incident),
        _fallen_back(site, state),
        _explained(incident),
        _reopened(site, incident),
    ]
    steps = []
    is_next = True
    for number, (title, sentence, fact) in enumerate(zip(TITLES, rollback_steps(), facts, strict=True), 1):
        step_state: StepState = "done" if fact.done else "next" if is_next else "open"
        if number == 1 and frozen_state(site.reports, incident.tag, site.artifacts) == "tampered":
            step_state = "tampered"
        is_next = is_next and fact.done
        steps.append(
            GuidedStep(
                number=number,
                title=title,
                sentence=sentence,
                state=step_state,
                detail=fact.detail,
                command=fact.command,
                remedies=fact.remedies,
                digests=fact.digests,
            )
        )
    return Guided(
        incident=incident,
        evaluation_mode=state.evaluation_mode,
        active_tag=state.active_tag,
        steps=tuple(steps),
        lease=read_lease(site.reports),
        revision=state.revision,
    )


def _frozen(site: Site, state: OperationsState, incident: Incident) -> _Fact:
    tag = incident.tag
    found = frozen_state(site.reports, tag, site.artifacts)
    freeze = command_line("freeze", tag, "--reason", "R")
    if found == "tampered":
        return _Fact(False, f"{tag} is frozen and was tampered with", command_line("restore", tag))
    if found == "intact" and tag in state.frozen:
        entry = state.frozen[tag]
        return _Fact(True, f"{tag} is frozen by {entry.by} at {entry.at}", freeze)
    if tag not in state.frozen and not needs_freezing(site, tag, state):
        return _Fact(True, f"nothing to freeze: {tag} has no artifacts", freeze)
    return _Fact(False, f"{tag} is not frozen: the next run could write over it", freeze)


def _switched(state: OperationsState, incident: Incident) -> _Fact:
    switch = command_line("known-good", "switch", "TAG", "--reason", "R")
    if incident.no_good_tag and state.active_tag is None:
        return _Fact(True, "no known-good tag, as stated", CALL_PRODUCT.command, (CALL_PRODUCT,))
    if state.active_tag is not None and state.active_tag != incident.tag:
        return _Fact(True, f"{state.active_tag} is active since {state.active_since} by {state.active_by}", switch)
    return _Fact(False, f"{incident.tag} is still what analysis and reporting use", switch)


def _fallen_back(site: Site, state: OperationsState) -> _Fact:
    proof = read_fallback(site, state)
    if proof is None:
        return _Fact(False, "Phase 4 runs are still allowed", FALL_BACK.command)
    return _Fact(True, f"phase3_only since {proof.since}; {proof}", command_line("run"), proof.remedies)


def _explained(incident: Incident) -> _Fact:
    count = len(incident.root_causes)
    add = command_line(*ADD_ROOT_CAUSE[:-1], incident.owner or "engineering")
    return _Fact(count > 0, f"{count} logged" if count else "not logged yet", add)


def _reopened(site: Site, incident: Incident) -> _Fact:
    run = last_rehearsal(site, incident)
    if run is None:
        return _Fact(False, "no re-run yet", REHEARSE)
    unmet = [one for one in conditions(site, run.tag) if not one.ok]
    if is_spent(unmet):
        spent = [one for one in unmet if one.name in (REHEARSED, HEALTHY)]
        told = "; ".join(one.detail for one in spent)
        return _Fact(False, f"{run.tag} can't reopen Phase 4: {told}", REHEARSE, remedies_of(spent))
    if any(one.name == COMPARED for one in unmet):
        compares = command_line("compare", incident.tag, run.tag)
        return _Fact(False, f"{run.tag} was re-run and is not compared yet", compares)
    told = "; ".join(f"{one.name}: {one.detail}" for one in unmet) or "every condition is met"
    digests = tuple(digest for one in unmet for digest in one.digests)
    reopen = command_line("reopen", "--tag", run.tag)
    return _Fact(False, f"{run.tag}: {told}", reopen, remedies_of(unmet), digests)


def is_spent(unmet: Iterable[Condition]) -> bool:
    """True when only another re-run helps: by these unmet conditions, this one is incomplete or not healthy."""
    return any(one.name in (REHEARSED, HEALTHY) for one in unmet)


def last_rehearsal(site: Site, incident: Incident) -> RunRecord | None:
    """Return the newest rehearsal since the incident was opened."""
    opened_ns = nanoseconds(incident.opened_at)
    try:
        directories = list(runs_dir(site.reports).iterdir())
        tags = [path.name for path in directories if path.is_dir() and path.stat().st_mtime_ns >= opened_ns]
    except OSError:
        return None
    newest = [last_sequence(site.reports, tag) for tag in tags]
    found = [run for run in newest if run is not None and is_rehearsal(run, incident)]
    return max(found, key=lambda run: run.run_id, default=None)


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
