"""The post-mortem of an incident as Markdown, filled from the journal."""

from collections.abc import Iterable, Sequence

from phase4_tui.artifacts.clock import age, nanoseconds
from phase4_tui.artifacts.safe_text import safe_markdown
from phase4_tui.errors import Refused
from phase4_tui.journal.events import Event
from phase4_tui.journal.incident import Incident
from phase4_tui.journal.log import read_events
from phase4_tui.journal.state import read_state
from phase4_tui.rollback.incidents import LIST_INCIDENTS, incidents_of
from phase4_tui.rollback.root_cause import root_causes
from phase4_tui.runbook.evidence_words import evidence_words
from phase4_tui.runbook.site import Site

FULL = 1 << 14
"""Limit for the characters of a root cause; the journal keeps fewer."""


def find_incident(site: Site, incident_id: str | None) -> Incident:
    """Return an incident by id, by default the open one, else the last; raises Refused, JournalDamaged."""
    found = incidents_of(read_events(site.reports))
    if incident_id is not None:
        if incident_id not in found:
            raise Refused(f"{incident_id!a} is no incident", remedy=LIST_INCIDENTS, incident=incident_id)
        return found[incident_id]
    is_open = read_state(site.reports).incident
    if is_open is not None:
        return is_open
    if not found:
        raise Refused("no incident is on record")
    return list(found.values())[-1]


def post_mortem(site: Site, incident_id: str | None = None) -> str:
    """Return the Markdown post-mortem of an incident; raises what `find_incident` does."""
    incident = find_incident(site, incident_id)
    events = [event for event in read_events(site.reports) if event.incident == incident.id]
    parts = [
        _head(incident),
        _clock(incident),
        _evidence(incident),
        _causes(events),
        _escalations(incident),
        _comparisons(incident),
        _accepted(events),
        _overrides(events),
        _timeline(events),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(incident: Incident) -> str:
    word = incident.severity_class or "unclassified"
    state = {"recovered": "closed", "contained": "open, contained", "detected": "open"}[incident.stage]
    return "\n".join(
        [
            f"# Post-mortem {safe_markdown(incident.id)}: {word} {safe_markdown(incident.rule.replace('_', ' '))}",
            "",
            f"- Run tag: {safe_markdown(incident.tag)}",
            f"- Severity class: {word}",
            f"- Owner: {incident.owner or 'none'}",
            f"- State: {state}",
            *(f"- Raised from: {safe_markdown(str(one))}, at {one.until}" for one in incident.former),
        ]
    )


def _clock(incident: Incident) -> str:
    rows = [
        ("Evidence written", incident.evidence_at, "estimated, from the file's time"),
        ("Detected", incident.opened_at, f"exact, by {safe_markdown(incident.opened_by)}"),
        ("Contained", incident.contained_at, "exact"),
        ("Recovered", incident.recovered_at, "exact"),
    ]
    lines = ["## Clock", "", "| what | when (UTC) | since detected | how known |", "| --- | --- | --- | --- |"]
    for name, moment, how in rows:
        if moment is None:
            lines.append(f"| {name} | not yet | | |")
        else:
            seconds = (nanoseconds(moment) - nanoseconds(incident.opened_at)) / 1e9
            since = f"{abs(seconds):.1f} s" if abs(seconds) < 60 else age(abs(seconds))
            since += " before" if seconds < 0 else ""
            lines.append(f"| {name} | {moment} | {since} | {how} |")
    return "\n".join(lines)


def _evidence(incident: Incident) -> str:
    if not incident.evidence:
        return ""
    lines = [f"- {safe_markdown(words)}" for words in evidence_words(incident)]
    return "\n".join(["## Evidence", "", *lines])


def _causes(events: Sequence[Event]) -> str:
    lines = ["## Root cause and remediation", ""]
    for event, entry in root_causes(events):
        lines += [
            f"- **Cause**: {_lines(entry.cause)}",
            f"  - Remediation: {_lines(entry.remediation)}",
            f"  - Owner: {entry.owner}",
            f"  - Closure criterion: {_lines(entry.closure or 'none given')}",
            f"  - Evidence: {_lines(entry.evidence or 'none given')}",
            f"  - Logged: {safe_markdown(event.at)} by {safe_markdown(event.operator)}@{safe_markdown(event.host)}",
        ]
    return "\n".join(lines if len(lines) > 2 else [*lines, "Not logged yet."])


def _lines(text: str) -> str:
    """Return a text with its lines kept, as one paragraph of a list."""
    return "\\\n    ".join(safe_markdown(line, FULL) for line in text.splitlines() if line.strip())


def _escalations(incident: Incident) -> str:
    if not incident.escalations:
        return ""
    lines = ["## Escalations", ""]
    for call in incident.escalations:
        taken = f"acknowledged {call.acknowledged_at}" if call.acknowledged_at else "not acknowledged"
        note = f": {safe_markdown(call.note)}" if call.note else ""
        lines.append(f"- {call.owner}, {call.at} by {safe_markdown(call.by)}{note}; {taken}")
    return "\n".join(lines)


def _comparisons(incident: Incident) -> str:
    if not incident.comparisons:
        return ""
    lines = [f"- {one.at} {safe_markdown(one.rerun)}: {safe_markdown(one.verdict)}" for one in incident.comparisons]
    return "\n".join(["## Comparisons", "", *lines])


def _accepted(events: Iterable[Event]) -> str:
    lines = [
        f"- {_by(event)}: {safe_markdown(str(event.detail['accepted_change']))}"
        for event in events
        if event.detail.get("accepted_change")
    ]
    return "\n".join(["## Accepted changes", "", *lines]) if lines else ""


def _overrides(events: Iterable[Event]) -> str:
    lines = []
    for event in events:
        override = event.detail.get("override")
        if override:
            names = _named(override) if isinstance(override, list) else "every condition"
            reason = safe_markdown(str(event.detail.get("reason", "")))
            lines.append(f"- {_by(event)}: {names} overridden: {reason}")
    return "\n".join(["## Overridden conditions", "", *lines]) if lines else ""


def _by(event: Event) -> str:
    return f"{safe_markdown(event.at)} {safe_markdown(event.operator)}"


def _named(conditions: Iterable[object]) -> str:
    names = (condition.get("name") if isinstance(condition, dict) else condition for condition in conditions)
    return ", ".join(safe_markdown(str(name)) for name in names)


def _timeline(events: Sequence[Event]) -> str:
    lines = ["## Timeline", ""]
    for event in events:
        if event.outcome == "intent":
            continue
        failed = f" failed: {safe_markdown(str(event.detail.get('error')))}" if event.outcome == "failed" else ""
        reason = f": {safe_markdown(str(event.detail['reason']))}" if event.detail.get("reason") else ""
        tag = f" {safe_markdown(event.tag)}" if event.tag else ""
        who = f"{safe_markdown(event.operator)}@{safe_markdown(event.host)}"
        lines.append(f"- {safe_markdown(event.at)} {who}: {_words(event)}{tag}{failed}{reason}")
    return "\n".join(lines)


def _words(event: Event) -> str:
    """Return an event in words that a reader of the runbook understands without the journal."""
    changes = event.changes
    if event.kind == "run":
        word = "began" if event.detail.get("state") == "running" else str(event.detail.get("state"))
        return f"{'rehearsal' if event.detail.get('rehearsal') else 'run'} {safe_markdown(word)}"
    if event.kind == "mode" and changes.get("evaluation_mode"):
        return f"mode {safe_markdown(str(changes['evaluation_mode']))}"
    if event.kind == "raised":
        return f"incident raised to {safe_markdown(str(event.detail.get('class')))}"
    return {"incident": "incident opened", "evidence": "more evidence"}.get(
        event.kind, safe_markdown(event.kind.replace("_", " "))
    )
