"""Incidents: opened once for the same evidence, reclassified with a reason, escalated to the three owners."""

import json
from collections.abc import Iterable
from pathlib import Path

from phase4_tui.artifacts.atomic_files import to_json
from phase4_tui.artifacts.clock import iso, moment, now_ns
from phase4_tui.artifacts.names import Artifact, file_name
from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.errors import Refused, Remedy, command_line
from phase4_tui.journal.events import Event
from phase4_tui.journal.incident import Breach, Escalation, Finding, Former, Incident, Owner, SeverityClass
from phase4_tui.journal.log import Draft
from phase4_tui.journal.state import OperationsState, Reclassified, evidence_identity, held_by, read_state
from phase4_tui.journal.writer import record
from phase4_tui.rollback.frozen_copies import artifacts_of
from phase4_tui.rollback.operations import (
    Effect,
    Plan,
    need_reason,
    one_at_a_time,
    plan_on,
    settle,
    state_to_plan_on,
    with_clock,
)
from phase4_tui.runbook.classification import Classification, as_reclassified
from phase4_tui.runbook.judging import judge_tag
from phase4_tui.runbook.provenance import RunRecord, last_sequence, runs_of
from phase4_tui.runbook.site import Site
from phase4_tui.runbook.status import read_tags, shown_tag

RANK = {"P0": 0, "P1": 1, "P2": 2, None: 3}
SHOWN_FINDINGS = 20
FINDING_CHARS = 300
SHOWN_ITEMS = 5
EVIDENCE_BYTES = 12 << 10
NOTE_CHARS = 200
KEPT_CALLS = 100
KEPT_FORMER = 20
KEPT_IDENTITIES = 500
LIST_INCIDENTS = Remedy("", command_line("incident", "list"), "shows them")
FALL_BACK = Remedy("mode", command_line("mode", "phase3-only", "--reason", "R"), "falls back to Phase 3")
CALL_PRODUCT = Remedy("escalate", command_line("escalate", "--owner", "product"), "calls the product owner")


def detect(site: Site, tag: str, classification: Classification) -> Incident | None:
    """Open an incident for a tag's classification, unless the same evidence has opened one already.

    While an incident is open, new evidence is added to it, and a worse class on another tag moves it to that tag.
    A class that an operator gave the tag takes precedence.
    Returns the incident when anything was written, else None. Raises Refused while another operation takes too long;
    StateUnreadable, JournalDamaged, Busy, OSError.
    """
    state = read_state(site.reports)
    if not is_news(site, state, tag, classification):
        return None
    with one_at_a_time(site.reports):
        state = settle(site)
        if not is_news(site, state, tag, classification):
            return None
        found = as_reclassified(classification, state.reclassified.get(tag))
        found = found.model_copy(update={"evidence": classification.evidence})
        kind, incident = _after(site, state.incident, tag, found)
        changes = {
            "incident": incident.model_dump(by_alias=True),
            "handled": _handled(site, state, tag, classification),
        }
        if kind == "raised":
            changes = with_clock(site, state, changes)
        detail = {"rule": found.rule, "class": found.severity_class, "changes": changes}
        record(site.reports, site.actor, Draft(kind, tag, incident.id, detail))
        return incident


def look_for_incident(site: Site, tag: str) -> Incident | None:
    """Judge a tag and pass the result to `detect`; None while the tag is being run."""
    judgement = judge_tag(site, tag, read_state(site.reports), patient=False)
    if judgement.evidence.running:
        return None  # a run is judged at its end
    return detect(site, tag, judgement.by_rule)


def is_news(site: Site, state: OperationsState, tag: str, classification: Classification) -> bool:
    """True when a classification opens an incident: its level is incident and its evidence has not opened one yet."""
    if as_reclassified(classification, state.reclassified.get(tag)).level != "incident":
        return False
    return _identity(site, tag, classification) not in state.handled


def _handled(site: Site, state: OperationsState, tag: str, classification: Classification) -> list[str]:
    """Return the handled evidence with this added, cut to the newest that a journal event has room for."""
    identity = _identity(site, tag, classification)
    return [*(one for one in state.handled if one != identity), identity][-KEPT_IDENTITIES:]


def _identity(site: Site, tag: str, classification: Classification) -> str:
    findings = classification.evidence
    # A missing file has no time; the report's distinguishes one run from the next.
    report = _written(str(site.reports / file_name(tag, Artifact.REPORT)))
    files = sorted({one.file for one in findings})
    parts = [tag, classification.rule, *(f"{file} {_written(file) or report}" for file in files)]
    parts += sorted(json.dumps([one.key, one.value], default=str) for one in findings)
    return evidence_identity(parts)


def _written(file: str) -> int:
    """Return a file's mtime in ns, 0 without one: the same findings of a later run are new evidence."""
    try:
        return Path(file).stat().st_mtime_ns
    except (OSError, ValueError):
        return 0


def _opened(site: Site, tag: str, classification: Classification) -> Incident:
    opened_ns = now_ns()
    written = max((_written(one.file) for one in classification.evidence), default=0)
    return Incident.model_validate(
        {
            "id": f"inc-{iso(opened_ns)[:19].replace('-', '').replace(':', '')}-{iso(opened_ns)[20:23]}",
            "class": classification.severity_class,
            "rule": classification.rule,
            "tag": tag,
            "owner": classification.owner,
            "evidence": [one.model_dump() for one in _kept(classification.evidence)],
            "opened_at": iso(opened_ns),
            "opened_by": safe_line(str(site.actor), 300),
            "evidence_at": iso(written) if written else None,
        }
    )


def _kept(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the first findings, each shortened: as many as a journal event has room for."""
    kept: list[Finding] = []
    room = EVIDENCE_BYTES
    for one in findings:
        file, key = safe_line(one.file, FINDING_CHARS), safe_line(one.key, FINDING_CHARS)
        short = Finding(file=file, key=key, value=_short(one.value), breach=one.breach and _short_breach(one.breach))
        room -= len(to_json(short.model_dump()))
        if kept and (room < 0 or len(kept) == SHOWN_FINDINGS):
            break
        if short not in kept:
            kept.append(short)
    return tuple(kept)


def _short(value: object) -> bool | int | float | str | list[str] | None:
    """Return a value cut to what a finding has room for; a list of texts stays one."""
    if isinstance(value, bool | int | float | None):
        return value
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return [safe_line(one, FINDING_CHARS) for one in value[:SHOWN_ITEMS]]
    return safe_line(value if isinstance(value, str) else json.dumps(value, default=str), FINDING_CHARS)


def _short_breach(breach: Breach) -> Breach:
    limit = breach.threshold
    return Breach(threshold=safe_line(limit, NOTE_CHARS) if isinstance(limit, str) else limit, severity=breach.severity)


def _after(site: Site, incident: Incident | None, tag: str, found: Classification) -> tuple[str, Incident]:
    """Return the kind of the event to record, and the incident after it."""
    if incident is None:
        return "incident", _opened(site, tag, found)
    if _raises(site, incident, tag, found.severity_class):
        return "raised", _raised(incident, tag, found)
    return "evidence", _added(incident, found) if tag == incident.tag else incident


def _added(incident: Incident, classification: Classification) -> Incident:
    """Return the open incident with more evidence of its own tag, and the worse of the two classes."""
    if RANK[classification.severity_class] < RANK[incident.severity_class]:
        # The evidence of the worse class comes first, so that the limit never drops it.
        values = {"severity_class": classification.severity_class, "rule": classification.rule}
        worse = incident.changed(**values, owner=classification.owner)
        return worse.changed(evidence=_kept((*classification.evidence, *incident.evidence)))
    return incident.changed(evidence=_kept((*incident.evidence, *classification.evidence)))


def _raises(site: Site, incident: Incident, tag: str, severity_class: SeverityClass | None) -> bool:
    """True when a worse class on another tag moves the open incident to it; a rehearsal never does."""
    if tag == incident.tag or RANK[severity_class] >= RANK[incident.severity_class]:
        return False
    run = last_sequence(site.reports, tag)
    return run is None or not is_rehearsal(run, incident)


def is_rehearsal(run: RunRecord, incident: Incident) -> bool:
    """True when a run is a rehearsal that began after the incident was opened."""
    return run.rehearsal and run.started_at >= incident.opened_at


def _raised(incident: Incident, tag: str, found: Classification) -> Incident:
    """Return the open incident moved to another tag; containment, root causes and comparisons start over."""
    former = Former.model_validate(
        {
            "tag": incident.tag,
            "class": incident.severity_class,
            "rule": incident.rule,
            "owner": incident.owner,
            "until": iso(now_ns()),
            "contained_at": incident.contained_at,
        }
    )
    return incident.changed(
        tag=tag,
        severity_class=found.severity_class,
        rule=found.rule,
        owner=found.owner,
        evidence=_kept(found.evidence),
        former=(*incident.former, former)[-KEPT_FORMER:],
        contained_at=None,
        root_causes=(),
        comparisons=(),
    )


def need_incident(state: OperationsState) -> Incident:
    """Return the open incident; raises Refused when there is none."""
    if state.incident is None:
        closed = Remedy("", command_line("incident", "list"), "shows the closed ones")
        raise Refused("no incident is open", remedy=closed)
    return state.incident


def plan_reclassify(site: Site, severity_class: SeverityClass, reason: str, tag: str | None = None) -> Plan:
    """Return the plan to change the severity class of the open incident, or of `tag`; raises Refused, BadTag."""
    state = state_to_plan_on(site)
    reason = need_reason(reason)
    incident = state.incident
    chosen = incident.tag if incident and tag is None else shown_tag(site, tag, state)
    if chosen is None:
        raise Refused(f"no tags in {site.reports}: nothing to classify")
    if not artifacts_of(site, chosen) and next(runs_of(site.reports, chosen), None) is None:
        raise Refused(f"{chosen} has neither artifacts nor runs in {site.reports}: nothing to classify", tag=chosen)
    found = judge_tag(site, chosen, state).by_rule
    before = state.reclassified.get(chosen)
    old = before.severity_class if before else found.severity_class or found.level
    given_class = found.model_copy(update={"severity_class": severity_class, "level": "incident"})
    raises = incident is not None and _raises(site, incident, chosen, severity_class)

    def act(intent: Event) -> Effect:
        by = f"{intent.operator}@{intent.host}"
        short = safe_line(reason, NOTE_CHARS)  # the event keeps it in full
        given = Reclassified(rule=found.rule, severity_class=severity_class, reason=short, by=by, at=iso(now_ns()))
        entries = {name: entry.model_dump() for name, entry in state.reclassified.items()}
        if incident is None:
            own = _opened(site, chosen, given_class)
        elif raises:
            own = _raised(incident, chosen, given_class)
        else:
            own = incident.changed(severity_class=severity_class) if incident.tag == chosen else incident
        changes = {
            "reclassified": entries | {chosen: given.model_dump()},
            "incident": own.model_dump(by_alias=True),
            "handled": _handled(site, state, chosen, found),
        }
        return Effect(changes, {"from": old, "to": severity_class}, (f"{chosen} is {severity_class}: {reason}",))

    lines = [f"class of {chosen}: {old} → {severity_class} (rule {found.rule})"]
    lines += ["opens an incident"] if incident is None else []
    if incident is not None and raises:
        lines.append(f"raises {incident.id}, which was {incident.severity_class} of {incident.tag}")
    return plan_on(
        state,
        "reclassify",
        f"reclassify {chosen} as {severity_class}",
        act,
        tag=chosen,
        reason=reason,
        lines=tuple(lines),
    )


def plan_escalate(site: Site, owner: Owner, note: str | None) -> Plan:
    """Return the plan to call an owner; raises Refused without an open incident."""
    state = state_to_plan_on(site)
    incident = need_incident(state)

    def act(intent: Event) -> Effect:
        short = None if note is None else safe_line(note, NOTE_CHARS)  # the event keeps it in full
        call = Escalation(owner=owner, at=iso(now_ns()), by=f"{intent.operator}@{intent.host}", note=short)
        changed = incident.changed(escalations=(*incident.escalations, call)[-KEPT_CALLS:])
        changes, detail = {"incident": changed.model_dump(by_alias=True)}, {"owner": owner, "note": note}
        taken = Remedy("acknowledge", command_line("escalate", "ack", "--owner", owner), "notes who took it")
        return Effect(changes, detail, (f"escalated to {owner}",), remedies=(taken,))

    lines = (f"{incident.id}: calls the {owner} owner", *((f"note: {note}",) if note else ()))
    return plan_on(state, "escalate", f"escalate to {owner}", act, tag=incident.tag, lines=lines)


def plan_acknowledge(site: Site, owner: Owner) -> Plan:
    """Return the plan to note that an owner has taken the call; raises Refused when none was made."""
    state = state_to_plan_on(site)
    incident = need_incident(state)
    waiting = [call for call in incident.escalations if call.owner == owner and call.acknowledged_at is None]
    if not waiting:
        makes = Remedy("escalate", command_line("escalate", "--owner", owner), "makes one")
        raise Refused(f"no escalation to {owner} waits", remedy=makes, owner=owner)

    def act(intent: Event) -> Effect:
        by, at = f"{intent.operator}@{intent.host}", iso(now_ns())
        taken = tuple(
            call.model_copy(update={"acknowledged_at": at, "acknowledged_by": by}) if call in waiting else call
            for call in incident.escalations
        )
        changes = {"incident": incident.changed(escalations=taken).model_dump(by_alias=True)}
        return Effect(changes, {"owner": owner}, (f"{owner} has it",))

    lines = (f"{incident.id}: {owner} has taken the call of {moment(waiting[-1].at)}",)
    return plan_on(state, "acknowledge", f"acknowledge for {owner}", act, tag=incident.tag, lines=lines)


def plan_no_good_tag(site: Site, reason: str) -> Plan:
    """Return the plan to record that no known-good tag exists, so that fallback and escalation contain the incident."""
    state = state_to_plan_on(site)
    reason = need_reason(reason)
    incident = need_incident(state)
    changes = {"incident": incident.changed(no_good_tag=True).model_dump(by_alias=True), "active_tag": None}
    good = [row.tag for row in read_tags(site) if row.known_good and row.tag != incident.tag]
    return plan_on(
        state,
        "no_good_tag",
        "no known-good tag",
        lambda intent: Effect(changes, {}, ("no tag is active",), remedies=(FALL_BACK, CALL_PRODUCT)),
        tag=incident.tag,
        reason=reason,
        lines=(f"active tag: {state.active_tag or 'none'} → none",),
        warnings=(f"all checks hold for: {', '.join(good[:5])}",) if good else (),
        expects=("the fallback to Phase 3 contains the incident", "the product owner decides what is reported"),
    )


def incidents_of(events: Iterable[Event]) -> dict[str, Incident]:
    """Return every incident of the journal by id in its latest version, oldest first; raises StateUnreadable."""
    found: dict[str, Incident] = {}
    for event in events:
        for content in (event.changes.get("incident"), event.detail.get("closed")):
            if content:
                incident = held_by(event, Incident, content)
                found[incident.id] = incident
    return found
