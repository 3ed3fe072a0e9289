"""How every order is given: a plan is made and shown, and that same plan is carried out.

Intent in the journal, act, verify, result in the journal; one order at a time per reports directory. A plan
made on a state that has changed since is refused. What a dead operator left is settled before the next order.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from phase4_tui.artifacts.clock import iso, now_ns
from phase4_tui.artifacts.frozen import frozen_dir, is_frozen
from phase4_tui.artifacts.manifest import manifest_sha256
from phase4_tui.artifacts.names import state_dir
from phase4_tui.journal.actor import Actor
from phase4_tui.journal.book import record
from phase4_tui.journal.events import Event
from phase4_tui.journal.lease import other_holder
from phase4_tui.journal.locks import Busy, DirectoryLock
from phase4_tui.journal.log import Draft, read_events
from phase4_tui.journal.state import Frozen, OperationsState, read_state
from phase4_tui.rollback.active import publish_active
from phase4_tui.rollback.copies import frozen_by, protect, sweep_stages, thawed_dir
from phase4_tui.runbook.planning import Refused
from phase4_tui.runbook.settings import Settings

LOCK_SECONDS = 5.0


@dataclass(frozen=True)
class Site:
    """Where orders are given, and with which settings."""

    workdir: Path
    settings: Settings
    environment: Mapping[str, str]

    @property
    def reports(self) -> Path:
        """The reports directory."""
        return self.workdir / self.settings.reports

    @property
    def actor(self) -> Actor:
        """Who gives the orders."""
        return Actor(self.settings.operator)


@dataclass(frozen=True)
class Effect:
    """What an order has done: for the journal, for the state, and in words."""

    changes: dict[str, Any] = field(default_factory=dict)
    detail: dict[str, Any] = field(default_factory=dict)
    lines: tuple[str, ...] = ()
    result: object = None


@dataclass(frozen=True)
class Plan:
    """An order that may be carried out; `lines` say what will be written, from which value to which."""

    kind: str
    title: str
    revision: int
    act: Callable[[Event], Effect]
    tag: str | None = None
    incident: str | None = None
    reason: str | None = None
    lines: tuple[str, ...] = ()
    expects: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    nothing: str | None = None
    """Why there is nothing to do: what was ordered is so already."""

    def describe(self) -> list[str]:
        """Return the plan in lines."""
        told = [self.title]
        told += [f"  ! {warning}" for warning in self.warnings]
        told += [f"  {line}" for line in self.lines]
        return told + [f"  afterwards: {line}" for line in self.expects]


@dataclass(frozen=True)
class Done:
    """An order that was carried out."""

    plan: Plan
    state: OperationsState
    event: Event | None
    lines: tuple[str, ...]
    result: object = None


def carry_out(site: Site, plan: Plan, *, take_over: bool = False) -> Done:
    """Carry the plan out and return what was done.

    Raises Refused when it may not be (stale plan, another operator's lease, a condition that fails now), and what
    the journal and the disk raise; the journal then says that it failed.
    """
    reports, actor = site.reports, site.actor
    with one_at_a_time(reports):
        state = settle(site)
        holder = other_holder(reports, actor)
        if holder is not None and not take_over:
            raise Refused(f"{holder} leads a rollback; `phase4 rollback --take-over REASON` takes it over")
        if state.revision != plan.revision:
            raise Refused(f"{_since(site, plan)}: look at it again, then decide")
        if plan.nothing is not None:
            return Done(plan, state, None, (plan.nothing,))
        detail = {"outcome": "intent", "plan": [plan.title, *plan.lines]} | _reason(plan)
        intent, _ = record(reports, actor, Draft(plan.kind, plan.tag, plan.incident, detail))
        try:
            effect = plan.act(intent)
        except Exception as error:
            detail = {"outcome": "failed", "intent": intent.seq, "error": str(error) or type(error).__name__}
            left, _ = _left_by(reports, state, intent.seq, plan.tag)
            if left:
                detail["changes"] = left
            record(reports, actor, Draft(plan.kind, plan.tag, plan.incident, detail))
            raise
        changes = _with_clock(state, effect.changes)
        detail = {"outcome": "done", "intent": intent.seq, **_reason(plan), **effect.detail, "changes": changes}
        event, after = record(reports, actor, Draft(plan.kind, plan.tag, plan.incident, detail))
        publish_active(reports, after)
        return Done(plan, after, event, effect.lines, effect.result)


@contextmanager
def one_at_a_time(reports: Path) -> Iterator[None]:
    """Hold the orders' lock; raises Refused when another order takes too long."""
    lock = DirectoryLock(state_dir(reports) / "orders")
    try:
        lock.acquire(LOCK_SECONDS)
    except Busy:
        raise Refused("another order is being carried out here; wait for its end, then look again") from None
    try:
        yield
    finally:
        lock.release()


def _reason(plan: Plan) -> dict[str, Any]:
    return {} if plan.reason is None else {"reason": plan.reason}


def _since(site: Site, plan: Plan) -> str:
    last = None
    for event in read_events(site.reports):
        if event.detail.get("changes"):
            last = event
    who = f"{last.kind} by {last.operator}@{last.host} at {last.at}" if last else "something"
    return f"the state has changed since this was planned ({who})"


def settle(site: Site) -> OperationsState:
    """Close the orders that a dead process left open and return the state; call it while holding the orders' lock.

    What was published stays and is written down; what was not is as if it had not been ordered.
    """
    reports = site.reports
    state = read_state(reports)
    for pending in state.pending:
        changes, words = _left_by(reports, state, pending.seq, pending.tag)
        detail: dict[str, Any] = {"outcome": "failed", "intent": pending.seq, "error": f"interrupted; {words}"}
        if changes:
            detail |= {"changes": _with_clock(state, changes)}
        if changes and pending.kind in ("freeze", "thaw"):
            detail |= {"outcome": "done", "recovered": True}
            del detail["error"]
        incident = state.incident.id if state.incident else None
        _, state = record(reports, site.actor, Draft(pending.kind, pending.tag, incident, detail))
    sweep_stages(reports)
    publish_active(reports, state)
    return state


def _left_by(reports: Path, state: OperationsState, seq: int, tag: str | None) -> tuple[dict[str, Any], str]:
    """Return what an order that did not end has published all the same, as changes and in words."""
    frozen = {tag: entry.model_dump() for tag, entry in state.frozen.items()}
    by_it = frozen_by(reports, seq)
    for name, manifest in by_it.items():
        protect(frozen_dir(reports, name))
        by = f"{manifest.operator}@{manifest.host}"
        digest = manifest_sha256(reports, name) or ""
        frozen[name] = Frozen(manifest_sha256=digest, at=manifest.at, by=by, reason=manifest.reason).model_dump()
    if tag is not None and thawed_dir(reports, tag, seq).exists() and not is_frozen(reports, tag):
        frozen.pop(tag, None)
        return {"frozen": frozen}, f"{tag} was thawed"
    if by_it:
        return {"frozen": frozen}, f"{', '.join(by_it)} was frozen"
    return {}, "nothing of it was done"


def _with_clock(state: OperationsState, changes: dict[str, Any]) -> dict[str, Any]:
    """Return the changes with the moment of containment, when they bring it about (runbook: steps 1 to 3)."""
    after = OperationsState.model_validate(state.model_dump(by_alias=True) | changes)
    incident = after.incident
    if incident is None or incident.contained_at is not None:
        return changes
    left = after.active_tag != incident.tag and (after.active_tag is not None or incident.no_good_tag)
    if incident.tag in after.frozen and left and after.evaluation_mode == "phase3_only":
        contained = incident.changed(contained_at=iso(now_ns()))
        return changes | {"incident": contained.model_dump(by_alias=True)}
    return changes


def nothing_more(intent: Event) -> Effect:
    """Do nothing: the order's journal entry is all there is to it."""
    return Effect()


def plan_on(
    state: OperationsState, kind: str, title: str, act: Callable[[Event], Effect] = nothing_more, **more: Any
) -> Plan:
    """Return a plan made on `state`, which belongs to the incident that is open in it."""
    incident = state.incident.id if state.incident else None
    return Plan(kind, title, state.revision, act, incident=incident, **more)


def need_reason(reason: str) -> None:
    """Raise Refused for a reason without a word."""
    if not reason.strip():
        raise Refused("a reason is needed: `--reason TEXT`")
