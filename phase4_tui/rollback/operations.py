"""How an operation is given: a plan is made and shown, then that same plan is carried out.

Record the intent, act, verify, record the result; one operation at a time per reports directory. A plan made on a
state that has changed since is refused. What a dead process left open is settled before the next operation.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from phase4_tui.artifacts.clock import iso, moment, now_ns
from phase4_tui.artifacts.frozen import frozen_dir, is_frozen
from phase4_tui.artifacts.manifest import manifest_sha256
from phase4_tui.artifacts.names import state_dir
from phase4_tui.artifacts.safe_text import safe_line, safe_text
from phase4_tui.errors import FORESEEN, Refused, Remedy, Wording, as_commands, command_line
from phase4_tui.journal.events import Event
from phase4_tui.journal.lease import other_holder
from phase4_tui.journal.locks import ORDERS, Busy, DirectoryLock
from phase4_tui.journal.log import Draft, Head, read_events
from phase4_tui.journal.state import Frozen, OperationsState, Pending, read_state
from phase4_tui.journal.writer import record
from phase4_tui.rollback.active import publish_active
from phase4_tui.rollback.frozen_copies import frozen_by, needs_freezing, protect, sweep_stages, thawed_dir
from phase4_tui.runbook.site import Site

LOCK_SECONDS = 5.0
REASON_LIMIT = 1000
TAKE_OVER = Remedy("guided", command_line("rollback", "--take-over", "REASON"), "takes it over")
LOOK_AGAIN = Remedy(effect="look at it again, then decide")


@dataclass(frozen=True)
class Effect:
    """What an operation did: the changes of the state, the detail for the journal, and lines to show."""

    changes: dict[str, Any] = field(default_factory=dict)
    detail: dict[str, Any] = field(default_factory=dict)
    lines: tuple[str, ...] = ()
    result: object = None
    remedies: tuple[Remedy, ...] = ()
    """What to do next."""


@dataclass(frozen=True)
class Plan:
    """An operation to carry out; `lines` say what will be written, from which value to which."""

    kind: str
    title: str
    revision: int
    act: Callable[[Event], Effect]
    tag: str | None = None
    incident: str | None = None
    reason: str | None = None
    lines: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    """What need not be read before saying yes: each path, each name, each sha256 in full."""
    expects: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    nothing: str | None = None
    """Why there is nothing to do, e.g. the tag is frozen already; None when there is something."""
    remedies: tuple[Remedy, ...] = ()
    """What to do afterwards, or instead where there is nothing to do."""
    seen: Head | None = None
    """The journal's end when the plan was made."""

    def describe(self, word: Wording = as_commands, *, whole: bool = True) -> list[str]:
        """Return the plan as lines, without `whole` the few that fit a screen; `word` puts remedies into words."""
        told = [self.title]
        told += [f"  ! {warning}" for warning in self.warnings]
        told += [f"  {line}" for line in (*self.lines, *(self.details if whole else ()))]
        later = () if self.nothing is not None else (word("", (remedy,)) for remedy in self.remedies)
        return told + [f"  afterwards: {line}" for line in (*self.expects, *later)]

    def why_nothing(self, word: Wording = as_commands) -> str | None:
        """Return why there is nothing to do, and what to do instead; None when there is something."""
        return None if self.nothing is None else word(self.nothing, self.remedies)


@dataclass(frozen=True)
class Done:
    """An operation that was carried out."""

    plan: Plan
    state: OperationsState
    event: Event | None
    lines: tuple[str, ...]
    result: object = None
    remedies: tuple[Remedy, ...] = ()

    def worded(self, word: Wording = as_commands) -> list[str]:
        """Return as lines what was done and what to do next."""
        return [*self.lines, *((word("", self.remedies),) if self.remedies else ())]


def carry_out(site: Site, plan: Plan, *, take_over: bool = False) -> Done:
    """Carry the plan out and return what was done.

    Raises Refused for a stale plan, another operator's lease or a condition that fails now, and what journal and disk
    raise. An operation that fails after its intent is recorded as failed.
    """
    reports, actor = site.reports, site.actor
    with one_at_a_time(reports):
        state = settle(site)
        holder = other_holder(reports, actor)
        if holder is not None and not take_over:
            raise Refused(f"{holder} leads a rollback", remedy=TAKE_OVER)
        if state.revision != plan.revision or not _is_still_there(reports, plan.seen):
            raise Refused(_since(site, plan), remedy=LOOK_AGAIN)
        if plan.nothing is not None:
            return Done(plan, state, None, (plan.nothing,), remedies=plan.remedies)
        detail = {"outcome": "intent", "plan": [plan.title, *plan.lines, *plan.details]} | _reason(plan)
        intent, _ = record(reports, actor, Draft(plan.kind, plan.tag, plan.incident, detail))
        try:
            effect = plan.act(intent)
            changes = with_clock(site, state, effect.changes)
            after = _changed(state, changes)
            # Before the result: an operation that other programs can't see is not done.
            publish_active(site, after)
            detail = {"outcome": "done", "intent": intent.seq, **_reason(plan), **effect.detail, "changes": changes}
            done = _record_done(site, Draft(plan.kind, plan.tag, plan.incident, detail), intent)
        except Exception as error:
            with suppress(*FORESEEN):  # if this fails too, the next operation settles it
                _record_failed(site, plan, state, intent, error)
            raise
        return Done(plan, done[1], done[0], effect.lines, effect.result, effect.remedies)


def _record_done(site: Site, draft: Draft, intent: Event) -> tuple[Event, OperationsState]:
    """Record the result; once the journal has it, an error in writing the state does not count."""
    try:
        return record(site.reports, site.actor, draft)
    except FORESEEN:
        state = read_state(site.reports)
        events = read_events(site.reports, after=intent.seq)
        event = next((one for one in events if one.detail.get("intent") == intent.seq), None)
        if event is None or any(one.seq == intent.seq for one in state.pending):
            raise
        return event, state


def _record_failed(site: Site, plan: Plan, state: OperationsState, intent: Event, error: Exception) -> None:
    detail: dict[str, Any] = {
        "outcome": "failed",
        "intent": intent.seq,
        "error": str(error) or type(error).__name__,
    }
    left, _ = _left_by(site.reports, state, intent.seq, intent.hash, plan.tag)
    if left:
        detail["changes"] = left
    _, after = record(site.reports, site.actor, Draft(plan.kind, plan.tag, plan.incident, detail))
    publish_active(site, after)


@contextmanager
def one_at_a_time(reports: Path) -> Iterator[None]:
    """Hold the operations' lock; raises Refused when another operation takes too long."""
    lock = operations_lock(reports)
    try:
        lock.acquire(LOCK_SECONDS)
    except Busy as busy:
        advice = Remedy(effect="wait for its end, then look again")
        told = f"another operation is being carried out in {reports} by {busy.holder}"
        raise Refused(told, remedy=advice) from None
    try:
        yield
    finally:
        lock.release()


def operations_lock(reports: Path) -> DirectoryLock:
    """Return the lock that is held while an operation is carried out."""
    return DirectoryLock(state_dir(reports) / ORDERS)  # this name, since earlier versions lock it too


def _reason(plan: Plan) -> dict[str, Any]:
    return {} if plan.reason is None else {"reason": plan.reason}


def _event(reports: Path, seq: int) -> Event | None:
    return next((event for event in read_events(reports, after=seq - 1)), None)


def _is_still_there(reports: Path, seen: Head | None) -> bool:
    """True when the journal still holds the event that a plan was made on; a journal begun anew counts from 1 again."""
    if seen is None or seen.seq == 0:
        return True
    event = _event(reports, seen.seq)
    return event is not None and (event.seq, event.hash) == (seen.seq, seen.hash)


def _since(site: Site, plan: Plan) -> str:
    last = None
    for event in read_events(site.reports):
        if event.detail.get("changes"):
            last = event
    who = f"{last.kind} by {last.operator}@{last.host} at {moment(last.at)}" if last else "something"
    return f"the state has changed since this was planned ({who})"


def settle(site: Site) -> OperationsState:
    """Close the operations that a dead process left open and return the state; the caller holds their lock.

    A freeze or thaw that took effect is recorded as done, anything else as failed.
    """
    reports = site.reports
    state = read_state(reports)
    for pending in state.pending:
        changes, words = _left_open(site, state, pending)
        detail: dict[str, Any] = {"outcome": "failed", "intent": pending.seq, "error": f"interrupted; {words}"}
        if changes:
            detail |= {"changes": changes}
        if changes and pending.kind in ("freeze", "thaw"):
            detail |= {"outcome": "done", "recovered": True}
            del detail["error"]
        incident = state.incident.id if state.incident else None
        _, state = record(reports, site.actor, Draft(pending.kind, pending.tag, incident, detail))
        for tag in {*changes.get("frozen", {}), pending.tag} - {None}:
            protect(frozen_dir(reports, tag))
    sweep_stages(reports)
    publish_active(site, state)
    return state


def state_to_plan_on(site: Site) -> OperationsState:
    """Return the state with what a dead process left open counted as settled; writes nothing."""
    state = read_state(site.reports)
    if state.pending and not operations_lock(site.reports).is_held():
        for pending in state.pending:
            state = _changed(state, _left_open(site, state, pending)[0])
        state = state.model_copy(update={"pending": ()})
    return state


def _changed(state: OperationsState, changes: dict[str, Any]) -> OperationsState:
    values = state.model_dump(by_alias=True) | changes | {"revision": state.revision + (1 if changes else 0)}
    return OperationsState.model_validate(values)


def _left_open(site: Site, state: OperationsState, pending: Pending) -> tuple[dict[str, Any], str]:
    """Return the effect of a dead process's operation, as changes of the state and in words."""
    begun = _event(site.reports, pending.seq)
    changes, words = _left_by(site.reports, state, pending.seq, begun.hash if begun else "", pending.tag)
    return with_clock(site, state, changes) if changes else {}, words


def _left_by(
    reports: Path, state: OperationsState, seq: int, digest: str, tag: str | None
) -> tuple[dict[str, Any], str]:
    """Return the effect on disk of the operation with that intent, as changes of the state and in words."""
    frozen = {tag: entry.model_dump() for tag, entry in state.frozen.items()}
    by_it = frozen_by(reports, seq, digest)
    for name, manifest in by_it.items():
        by = f"{manifest.operator}@{manifest.host}"
        known = manifest_sha256(reports, name) or ""
        frozen[name] = frozen_entry(known, manifest.at, by, manifest.reason)
    if tag is not None and thawed_dir(reports, tag, seq, digest).exists() and not is_frozen(reports, tag):
        frozen.pop(tag, None)
        return {"frozen": frozen}, f"{tag} was thawed"
    if by_it:
        return {"frozen": frozen}, f"{', '.join(by_it)} was frozen"
    return {}, "nothing of it was done"


def frozen_entry(manifest_sha256: str, at: str, by: str, reason: str) -> dict[str, Any]:
    """Return the state's entry of a frozen tag; its reason is shortened, the manifest keeps it in full."""
    return Frozen(manifest_sha256=manifest_sha256, at=at, by=by, reason=safe_line(reason, 200)).model_dump()


def with_clock(site: Site, state: OperationsState, changes: dict[str, Any]) -> dict[str, Any]:
    """Return the changes, with the time of containment where they complete it (runbook: steps 1 to 3)."""
    after = OperationsState.model_validate(state.model_dump(by_alias=True) | changes)
    incident = after.incident
    if incident is None or incident.contained_at is not None:
        return changes
    left = after.active_tag != incident.tag and (after.active_tag is not None or incident.no_good_tag)
    safe = not needs_freezing(site, incident.tag, after)
    if safe and left and after.evaluation_mode == "phase3_only":
        contained = incident.changed(contained_at=iso(now_ns()))
        return changes | {"incident": contained.model_dump(by_alias=True)}
    return changes


def nothing_more(intent: Event) -> Effect:
    """Do nothing: the operation consists of its journal entry alone."""
    return Effect()


def plan_on(
    state: OperationsState, kind: str, title: str, act: Callable[[Event], Effect] = nothing_more, **more: Any
) -> Plan:
    """Return a plan made on `state`, with its open incident; `more` are further fields of `Plan`."""
    incident = state.incident.id if state.incident else None
    return Plan(kind, title, state.revision, act, incident=incident, seen=state.journal, **more)


def need_reason(reason: str) -> str:
    """Return the reason as it is recorded; raises Refused for a blank one."""
    if not reason.strip():
        raise Refused("a reason is needed", remedy=Remedy(effect="give it with `--reason TEXT`"))
    return safe_text(reason, REASON_LIMIT)
