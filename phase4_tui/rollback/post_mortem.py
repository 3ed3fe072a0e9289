"""The post-mortem of an incident as Markdown to hand on, filled from the journal and the records of its runs."""

from collections.abc import Iterable, Sequence

from phase4_tui.artifacts.clock import duration, nanoseconds
from phase4_tui.artifacts.plain_words import plain, short_digests
from phase4_tui.artifacts.safe_text import safe_markdown
from phase4_tui.errors import Refused
from phase4_tui.journal.event_text import describe
from phase4_tui.journal.events import Event
from phase4_tui.journal.incident import Incident
from phase4_tui.journal.log import read_events
from phase4_tui.journal.state import read_state
from phase4_tui.rollback.closing import Closing, closing_of
from phase4_tui.rollback.incidents import LIST_INCIDENTS, incidents_of
from phase4_tui.rollback.root_cause import root_causes
from phase4_tui.runbook.evidence_words import evidence_words
from phase4_tui.runbook.site import Site

FULL = 1 << 14
"""Limit for the characters of a root cause; the journal keeps fewer."""
SHOWN_FINDINGS = 3
TO_FILL = "… · owner … · due …"


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
    closing = closing_of(site, incident, events)
    parts = [
        _head(incident),
        _opening(closing),
        _facts(incident),
        _clock(incident),
        _evidence(incident),
        _runs(closing),
        _causes(events),
        _escalations(incident),
        _comparisons(incident),
        _accepted(events),
        _overrides(events),
        _timeline(events),
        _action_items(closing),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(incident: Incident) -> str:
    return f"# Post-mortem {safe_markdown(incident.id)}: {_class(incident)} {safe_markdown(plain(incident.rule))}"


def _class(incident: Incident) -> str:
    return incident.severity_class or "unclassified"


def _opening(closing: Closing) -> str:
    """Return what happened, how bad it was, how long it took, and how it ended."""
    incident = closing.incident
    evidence = "; ".join(evidence_words(incident, SHOWN_FINDINGS))
    found = f"{_class(incident)} {plain(incident.rule)}{f' ({evidence})' if evidence else ''}"
    told = [f"On {_time(incident.opened_at)} the run {incident.tag} was found to be an incident: {found}."]
    contained, recovered = incident.contained_at, incident.recovered_at
    if contained is not None:
        told.append(f"It was contained after {_between(incident.opened_at, contained)}.")
    if recovered is None:
        told.append("It is open." if contained is not None else "It is open and not contained.")
    elif closing.reopened is not None:
        by = f" by {closing.reopened.operator}@{closing.reopened.host}"
        how = f"by override of {', '.join(closing.overridden)}" if closing.overridden else "with every condition met"
        how += ", the changed input or rules accepted as the correction" if closing.accepted else ""
        after = _between(incident.opened_at, recovered)
        told.append(f"After {after} Phase 4 was reopened on {closing.reopened.tag}{by}, {how}.")
    return safe_markdown(" ".join(told), FULL)


def _facts(incident: Incident) -> str:
    state = {"recovered": "closed", "contained": "open, contained", "detected": "open, not contained"}[incident.stage]
    return "\n".join(
        [
            f"- Run tag: {safe_markdown(incident.tag)}",
            f"- Severity class: {_class(incident)}",
            f"- Owner: {incident.owner or 'none'}",
            f"- State: {state}",
            *(f"- Raised from: {safe_markdown(str(one))}, at {_time(one.until)}" for one in incident.former),
        ]
    )


def _time(at: str) -> str:
    """Return a time with its day, `2026-02-17 03:45:00 UTC`, since the document is read on any day."""
    return f"{at[:10]} {at[11:19]} UTC"


def _between(before: str, after: str) -> str:
    return duration(abs(nanoseconds(after) - nanoseconds(before)) / 1e9)


def _clock(incident: Incident) -> str:
    rows = [
        ("Evidence written", incident.evidence_at, "estimated, from the file's time"),
        ("Detected", incident.opened_at, f"exact, by {safe_markdown(incident.opened_by)}"),
        ("Contained", incident.contained_at, "exact"),
        ("Recovered", incident.recovered_at, "exact"),
    ]
    lines = ["## Clock", "", "| what | when | since detected | how known |", "| --- | --- | --- | --- |"]
    for name, moment, how in rows:
        if moment is None:
            lines.append(f"| {name} | not yet | | |")
        else:
            before = " before" if nanoseconds(moment) < nanoseconds(incident.opened_at) else ""
            lines.append(f"| {name} | {_time(moment)} | {_between(incident.opened_at, moment)}{before} | {how} |")
    return "\n".join(lines)


def _evidence(incident: Incident) -> str:
    if not incident.evidence:
        return ""
    lines = [f"- {safe_markdown(words)}" for words in evidence_words(incident)]
    return "\n".join(["## Evidence", "", *lines])


def _runs(closing: Closing) -> str:
    """Return the input and the rules of the incident's run and of the one that Phase 4 was reopened on."""
    rows = []
    for what, run in (("the run", closing.bad_run), ("the re-run", closing.rerun)):
        if run is None:
            continue
        for name, source, digest in (("input", run.input, run.input_used), ("rules", run.rules, run.rules_used)):
            cells = (f"{what} of {run.tag}", name, source.path, digest or "not on record")
            rows.append(f"| {' | '.join(map(safe_markdown, cells))} |")
    head = ["## Runs", "", "| run | what | file | sha256 |", "| --- | --- | --- | --- |"]
    return "\n".join([*head, *rows]) if rows else ""


def _action_items(closing: Closing) -> str:
    """Return what is to be done yet: each remediation, and lines to fill."""
    items = [f"{safe_markdown(one.remediation)} · owner {one.owner} · due …" for one in closing.causes]
    return "\n".join(["## Action items", "", *(f"- [ ] {item}" for item in (*items, *[TO_FILL] * 3))])


def _causes(events: Sequence[Event]) -> str:
    lines = ["## Root cause and remediation", ""]
    for event, entry in root_causes(events):
        lines += [
            f"- **Cause**: {_lines(entry.cause)}",
            f"  - Remediation: {_lines(entry.remediation)}",
            f"  - Owner: {entry.owner}",
            f"  - Closure criterion: {_lines(entry.closure or 'none given')}",
            f"  - Evidence: {_lines(entry.evidence or 'none given')}",
            f"  - Logged: {_by(event)}@{safe_markdown(event.host)}",
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
        taken = f"acknowledged {_time(call.acknowledged_at)}" if call.acknowledged_at else "not acknowledged"
        note = f": {safe_markdown(call.note)}" if call.note else ""
        lines.append(f"- {call.owner}, {_time(call.at)} by {safe_markdown(call.by)}{note}; {taken}")
    return "\n".join(lines)


def _comparisons(incident: Incident) -> str:
    if not incident.comparisons:
        return ""
    made = incident.comparisons
    lines = [f"- {_time(one.at)} {safe_markdown(one.rerun)}: {safe_markdown(one.verdict)}" for one in made]
    return "\n".join(["## Comparisons", "", *lines])


def _accepted(events: Iterable[Event]) -> str:
    lines = [
        f"- {_by(event)}: {safe_markdown(short_digests(str(event.detail['accepted_change'])))}"
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
    return f"{safe_markdown(_time(event.at))} {safe_markdown(event.operator)}"


def _named(conditions: Iterable[object]) -> str:
    names = (condition.get("name") if isinstance(condition, dict) else condition for condition in conditions)
    return ", ".join(safe_markdown(str(name)) for name in names)


def _timeline(events: Sequence[Event]) -> str:
    lines = [
        f"- {safe_markdown(_time(event.at))} {safe_markdown(str(describe(event)), FULL)}"
        for event in events
        if event.outcome != "intent"
    ]
    return "\n".join(["## Timeline", "", *lines])
