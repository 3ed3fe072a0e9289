"""Reopening Phase 4: its conditions, and the operation that ends incident and fallback (runbook: step 5)."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from phase4_tui.artifacts.clock import iso, moment, now_ns
from phase4_tui.artifacts.counting import counted
from phase4_tui.artifacts.manifest import look_frozen, restoring
from phase4_tui.artifacts.models import Diagnostic
from phase4_tui.artifacts.names import Artifact, check_tag, file_name
from phase4_tui.artifacts.plain_words import plain
from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.artifacts.sha256 import sha256_or_none
from phase4_tui.errors import Phase4Error, Refused, Remedy, command_line
from phase4_tui.journal.events import Event
from phase4_tui.journal.incident import Comparison, Incident
from phase4_tui.journal.state import OperationsState
from phase4_tui.rollback.comparison import (
    DEFAULT_RTOL,
    ComparisonResult,
    Sources,
    check_comparable,
    compare,
    replaced_sources,
    sources_of,
)
from phase4_tui.rollback.known_good import activate, failed_rung, left_behind, what_is_wrong
from phase4_tui.rollback.operations import LOOK_AGAIN, Effect, Plan, need_reason, plan_on, state_to_plan_on
from phase4_tui.rollback.root_cause import ADD_ROOT_CAUSE
from phase4_tui.runbook.frozen_tags import manifest_problem
from phase4_tui.runbook.ladder import MATCHES
from phase4_tui.runbook.provenance import COMPLETE, last_sequence
from phase4_tui.runbook.site import Site

REHEARSED = "re-run complete"
HEALTHY = "healthy"
JUDGED_ANEW = "judged anew"
CHANGED = "input and rules"
COMPARED = "compared"
UNTAMPERED = "nothing tampered"
KEPT_COMPARISONS = 50
KEPT_OVERRIDES = 50
OVERRIDE_CHARS = 400


class Condition(Diagnostic):
    """One condition of a reopening: whether it is met, and by what or why not."""

    name: str
    ok: bool
    detail: str
    digests: SkipJsonSchema[tuple[str, ...]] = Field(default=(), exclude=True)
    """The sha256 in `detail`, for faces that shorten them."""


def conditions(site: Site, tag: str, *, accept_changed_input: bool = False, hashes: bool = True) -> list[Condition]:
    """Return every condition of reopening on `tag`; raises BadTag, StateUnreadable.

    Without `hashes` frozen tags are compared by names, sizes and times alone, and the tag is not judged anew, which is
    fast. For a tag that is not healthy, what judging it anew finds stands with that condition.
    """
    state = state_to_plan_on(site)
    check_tag(tag)
    rung = failed_rung(site, state, tag)
    wrong = what_is_wrong(site, state, tag, rung) if hashes and rung else []
    detail = "; ".join((f"fails `{rung}`", *wrong)) if rung else "every check holds"
    remedies = (restoring(tag),) if rung == MATCHES else ()
    healthy = Condition(name=HEALTHY, ok=rung is None, detail=detail, remedies=remedies)
    found = [_rehearsed(site, state, tag), healthy]
    if hashes and rung is None:
        found.append(_judged_anew(site, tag))
    if state.incident is not None:
        found += [
            _same_sources(site, state.incident, tag, accept_changed_input),
            _compared(site, state.incident, tag),
            _root_cause(state.incident),
        ]
    return [*found, _untampered(site, state, hashes=hashes)]


def _rehearsed(site: Site, state: OperationsState, tag: str) -> Condition:
    name = REHEARSED
    run = last_sequence(site.reports, tag)
    if run is None:
        makes = Remedy("rehearse", command_line("run", "--rehearsal", "--tag", tag), "makes one")
        return Condition(name=name, ok=False, detail=f"no run of {tag} is on record", remedies=(makes,))
    if state.incident is not None and run.started_at < state.incident.opened_at:
        return Condition(name=name, ok=False, detail=f"its run of {moment(run.started_at)} is older than the incident")
    if state.evaluation_mode == "phase3_only" and not run.rehearsal:
        return Condition(name=name, ok=False, detail="its run was no rehearsal")
    if run.phase == 3 or any(step.state not in COMPLETE for step in run.steps):
        return Condition(name=name, ok=False, detail="its run is not a complete Phase 4 sequence")
    return Condition(name=name, ok=True, detail=f"run by {run.operator}@{run.host} at {moment(run.started_at)}")


def _judged_anew(site: Site, tag: str) -> Condition:
    from phase4_tui.runbook.judged_anew import judge_anew, remedies  # noqa: PLC0415 - loads the gates

    try:
        found = judge_anew(site, tag)
    except Phase4Error as error:
        return Condition(name=JUDGED_ANEW, ok=False, detail=error.message, remedies=error.remedies)
    advice = remedies(tag) if found.differences else ()
    return Condition(name=JUDGED_ANEW, ok=not found.differences, detail=str(found), remedies=advice)


def _same_sources(site: Site, incident: Incident, tag: str, accepted: bool) -> Condition:
    before, after = sources_of(site, incident.tag), sources_of(site, tag)
    changed = [
        f"{name} sha256 {_known(incident.tag, old)} → {_known(tag, new)}" for name, old, new in _changes(before, after)
    ]
    replaced = (*replaced_sources(site, incident.tag), *replaced_sources(site, tag))
    if not changed:
        return Condition(name=CHANGED, ok=True, detail="; ".join(("those of the incident's run", *replaced)))
    told = "; ".join((*changed, *replaced))
    digests = tuple(digest for source in (before, after) for _, digest in source if digest is not None)
    if accepted:
        return Condition(name=CHANGED, ok=True, detail=f"accepted as changed: {told}", digests=digests)
    accepts = Remedy("reopen", command_line("reopen", "--tag", tag, "--accept-changed-input"), "accepts the change")
    return Condition(name=CHANGED, ok=False, detail=told, remedies=(accepts,), digests=digests)


def _changes(before: Sources, after: Sources) -> list[tuple[str, str | None, str | None]]:
    """Return name and sha256, before and after, of each of input and rules that is not proven to be the same."""
    found = (
        (name.removesuffix("_sha256"), getattr(before, name), getattr(after, name)) for name in Sources.model_fields
    )
    return [(name, old, new) for name, old, new in found if old != new or new is None]


def changes_since_incident(site: Site, incident: Incident, tag: str) -> dict[str, str | None]:
    """Return which of `input` and `rules` a rehearsal does not share with the incident's run, as "3d4fb674 → 4810ea86".

    The value is None where one of the two is not on record.
    """
    pairs = _changes(sources_of(site, incident.tag), sources_of(site, tag))
    return {name: f"{old[:8]} → {new[:8]}" if old and new else None for name, old, new in pairs}


def _accepted(site: Site, state: OperationsState, tag: str, accepted: bool) -> dict[str, str]:
    """Return the accepted change of input or rules as the journal's detail, empty without one."""
    if state.incident is None or not accepted or _same_sources(site, state.incident, tag, False).ok:
        return {}
    return {"accepted_change": _same_sources(site, state.incident, tag, True).detail}


def _known(tag: str, digest: str | None) -> str:
    return digest if digest is not None else f"unknown (no run of {tag} has it on record)"


def _compared(site: Site, incident: Incident, tag: str) -> Condition:
    digest = _report_sha256(site, tag)
    made = [one for one in incident.comparisons if one.rerun == tag]
    compares = command_line("compare", incident.tag, tag)
    if not made:
        remedy = Remedy("compare", compares, "compares them")
        return Condition(name=COMPARED, ok=False, detail=f"not with {incident.tag} yet", remedies=(remedy,))
    if made[-1].report_sha256 != digest or digest is None:
        remedy = Remedy("compare", compares, "compares them again")
        detail = "its report changed after the comparison"
        return Condition(name=COMPARED, ok=False, detail=detail, remedies=(remedy,))
    remedies = () if made[-1].comparable else (_by_override(tag),)
    return Condition(name=COMPARED, ok=made[-1].comparable, detail=made[-1].verdict, remedies=remedies)


def _by_override(tag: str) -> Remedy:
    override = command_line("reopen", "--tag", tag, "--override", "--reason", "R")
    return Remedy("reopen", override, "reopens anyway, on record")


def needs_comparing(unmet: Iterable[Condition]) -> bool:
    """True when a comparison is what an unmet condition asks for."""
    return any(remedy.operation == "compare" for remedy in remedies_of(unmet))


def _report_sha256(site: Site, tag: str) -> str | None:
    return sha256_or_none(site.reports / file_name(tag, Artifact.REPORT), contained=True)


def _root_cause(incident: Incident) -> Condition:
    count = len(incident.root_causes)
    if count:
        return Condition(name="root cause", ok=True, detail=f"{count} logged")
    logs = Remedy("root_cause", command_line(*ADD_ROOT_CAUSE), "logs it")
    return Condition(name="root cause", ok=False, detail="not logged yet", remedies=(logs,))


def _untampered(site: Site, state: OperationsState, *, hashes: bool) -> Condition:
    told: list[str] = []
    remedies: list[Remedy] = []
    for tag in state.frozen:
        wrong = manifest_problem(site, state, tag)
        found = look_frozen(site.reports, tag, site.artifacts, hashes=hashes)
        if wrong:
            told.append(f"{tag} {wrong}")
            thaws = command_line("thaw", tag, "--reason", "R")
            remedies.append(Remedy("thaw", thaws, "thaws it, then freeze it anew"))
        elif found:
            told.append(f"{tag}: {found[0].path.name} {found[0].detail}")
            remedies.append(restoring(tag))
    detail = "; ".join(told) or f"{counted(len(state.frozen), 'frozen tag')} as frozen"
    return Condition(name=UNTAMPERED, ok=not told, detail=detail, remedies=tuple(remedies))


def plan_compare(
    site: Site, bad: str, rerun: str, known_good: str | None, *, rtol: float = DEFAULT_RTOL, atol: float = 0.0
) -> Plan:
    """Return the plan to compare a rehearsal and note the result in the open incident; raises what `compare` raises."""
    state = state_to_plan_on(site)
    check_comparable(site, bad, rerun, known_good, rtol, atol)

    def act(intent: Event) -> Effect:
        digest = _report_sha256(site, rerun)
        result: ComparisonResult = compare(site, bad, rerun, known_good, rtol=rtol, atol=atol)
        if _report_sha256(site, rerun) != digest:
            again = Remedy(effect="compare again")
            raise Refused(f"the report of {rerun} was written while it was compared", remedy=again, tag=rerun)
        detail = {"bad": bad, "known_good": known_good, "verdict": result.verdict, "counts": result.decision_counts}
        changes: dict[str, Any] = {}
        incident = state.incident_of(bad)
        if incident is not None:
            made = Comparison(
                rerun=rerun,
                report_sha256=digest,
                verdict=result.verdict,
                at=iso(now_ns()),
                comparable=result.comparable,
            )
            # The journal keeps every comparison; an event has room for the last of each rehearsal.
            others = [one for one in incident.comparisons if one.rerun != rerun][1 - KEPT_COMPARISONS :]
            changed = incident.changed(comparisons=(*others, made))
            changes = {"incident": changed.model_dump(by_alias=True)}
        return Effect(changes, detail, (result.verdict,), result)

    against = f" against {known_good}" if known_good else ""
    return plan_on(
        state,
        "compare",
        f"compare {bad} with {rerun}{against}",
        act,
        tag=rerun,
        lines=("notes the result in the journal",),
    )


def plan_reopen(
    site: Site, tag: str, *, accept_changed_input: bool = False, override: bool = False, reason: str | None = None
) -> Plan:
    """Return the plan to reopen Phase 4 on `tag`.

    Raises BadTag, and Refused with every unmet condition unless `override`, which needs a reason and stays on record.
    """
    state = state_to_plan_on(site)
    if state.incident is None and state.evaluation_mode == "phase4":
        raise Refused("Phase 4 is open and no incident is: nothing to reopen")
    if override:
        reason = need_reason(reason or "")
    found = conditions(site, tag, accept_changed_input=accept_changed_input)
    unmet = [one for one in found if not one.ok]
    if unmet and not override:
        raise _refusal(tag, unmet)

    def act(intent: Event) -> Effect:
        now_unmet = [one for one in conditions(site, tag, accept_changed_input=accept_changed_input) if not one.ok]
        if now_unmet and not override:
            raise _refusal(tag, now_unmet)
        if _accepted(site, state, tag, accept_changed_input) != accepted:
            told = f"{tag} was run on other input or rules since this was planned"
            raise Refused(told, remedy=LOOK_AGAIN, tag=tag)
        effect = _reopened(site, state, tag, intent, reason, now_unmet)
        return replace(effect, detail=effect.detail | accepted)

    accepted = _accepted(site, state, tag, accept_changed_input)
    lines = [f"evaluation mode: {plain(state.evaluation_mode)} → Phase 4"] if state.evaluation_mode != "phase4" else []
    judged = [one.detail for one in found if one.name == JUDGED_ANEW and one.ok]
    lines += [f"active tag: {state.active_tag or 'none'} → {tag}", *judged] if judged else []
    lines += [f"closes incident {state.incident.id}"] if state.incident else []
    if accepted and state.incident is not None:
        changed = changes_since_incident(site, state.incident, tag)
        told = ", ".join(f"{name} {digits or 'not on record'}" for name, digits in changed.items())
        lines.append(f"accepts as the correction: {told}")
    return plan_on(
        state,
        "reopen",
        f"reopen Phase 4 on {tag}" + (", by override" if unmet else ""),
        act,
        tag=tag,
        reason=reason,
        lines=tuple(lines),
        details=tuple(accepted.values()),
        expects=("Phase 4 runs are allowed", "the incident's clock has stopped"),
        warnings=tuple(f"unmet, overridden for ever on record: {one.name}: {one.detail}" for one in unmet),
    )


def _refusal(tag: str, unmet: list[Condition]) -> Refused:
    told = "; ".join(f"{one.name}: {one.detail}" for one in unmet)
    return Refused(
        f"can't reopen on {tag}, unmet: {told}",
        remedy=[*remedies_of(unmet), _by_override(tag)],
        tag=tag,
        digests=tuple(digest for one in unmet for digest in one.digests),
    )


def remedies_of(conditions: Iterable[Condition]) -> tuple[Remedy, ...]:
    """Return the remedies that meet these conditions."""
    return tuple(remedy for one in conditions for remedy in one.remedies)


def _reopened(
    site: Site, state: OperationsState, tag: str, intent: Event, reason: str | None, unmet: list[Condition]
) -> Effect:
    at = iso(now_ns())
    changes: dict[str, Any] = {}
    differs = any(one.name == JUDGED_ANEW for one in unmet)
    if not differs and failed_rung(site, state, tag, whole=True) is None:
        why = reason or f"Phase 4 reopened on {tag}"
        changes |= activate(site, state, tag, why, intent, left_behind(site, state, tag)).changes
    changes |= {"evaluation_mode": "phase4", "mode_since": at, "incident": None}
    detail: dict[str, Any] = {}
    if state.incident is not None:
        detail["closed"] = state.incident.changed(recovered_at=at).model_dump(by_alias=True)
    if unmet:
        names = ", ".join(one.name for one in unmet)
        who = f"{intent.operator}@{intent.host}"
        line = safe_line(f"{at} {who}: reopened on {tag} although unmet: {names}: {reason}", OVERRIDE_CHARS)
        # The journal keeps every override in full; an event has room for the last ones.
        changes["overrides"] = [*state.overrides, line][-KEPT_OVERRIDES:]
        detail["override"] = [one.model_dump() for one in unmet]
    return Effect(changes, detail, (f"Phase 4 is open again on {tag}",))
