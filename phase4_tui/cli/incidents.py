"""The commands that show incidents and root causes: `incident show`, `list`, `export`, `root-cause list`."""

from pathlib import Path
from typing import Annotated

import typer

from phase4_tui.artifacts.atomic_files import atomic_write
from phase4_tui.artifacts.clock import moment
from phase4_tui.artifacts.names import state_dir
from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.cli.context import DONE, Desk, emit, say
from phase4_tui.cli.status_text import SHOWN_FINDINGS, show_next_move
from phase4_tui.console.closing_block import clock_rows, closing_rows
from phase4_tui.errors import Refused, Remedy, as_commands, command_line
from phase4_tui.journal.events import Event
from phase4_tui.journal.incident import Incident
from phase4_tui.journal.log import read_events
from phase4_tui.rollback.active import ACTIVE_FILE
from phase4_tui.rollback.closing import read_closing
from phase4_tui.rollback.incidents import incidents_of
from phase4_tui.rollback.next_move import next_move
from phase4_tui.rollback.post_mortem import find_incident, post_mortem
from phase4_tui.rollback.read_situation import read_situation
from phase4_tui.rollback.root_cause import RootCause, root_causes
from phase4_tui.runbook.evidence_words import evidence_words
from phase4_tui.runbook.tag_runs import changed_files

Which = Annotated[
    str | None, typer.Argument(metavar="I", help="The incident.", show_default="the open one, else the last")
]


def incident_document(desk: Desk, incident: Incident) -> dict[str, object]:
    """Return an incident as its JSON document."""
    changed = changed_files(desk.site, incident.tag)
    return incident.model_dump(by_alias=True) | {"stage": incident.stage, "changed": changed}


def incident_show(desk: Desk, incident: Which = None) -> int:
    """Show an incident: class, rule, evidence, owner, clock, and what was done."""
    found = find_incident(desk.site, incident)
    is_open = found.recovered_at is None
    move = next_move(read_situation(desk.site)) if is_open else None
    if desk.json:
        emit(incident_document(desk, found) | {"next_move": move})
        return DONE
    stage = {"detected": "not contained", "recovered": "closed"}.get(found.stage, found.stage)
    say(f"{found.id} · {found.severity_class} {found.rule.replace('_', ' ')} · {stage}", "bold")
    say(f"  tag {found.tag} · owner {found.owner or 'none'}")
    for former in found.former:
        say(f"  raised from {former} at {moment(former.until)}")
    told = clock_rows(found) if is_open else closing_rows(read_closing(desk.site, found), as_commands)
    for label, text in told:
        say(safe_line(f"  {label:<14} {text}"))
    for words in evidence_words(found, SHOWN_FINDINGS):
        say(f"  why: {words}")
    for change in changed_files(desk.site, found.tag):
        say(f"  ! {change}", "yellow")
    for call in found.escalations:
        taken = f"acknowledged {moment(call.acknowledged_at)}" if call.acknowledged_at else "not acknowledged"
        say(f"  escalated to {call.owner} at {moment(call.at)}: {taken}")
    say(f"  root causes logged: {len(found.root_causes)}; comparisons: {len(found.comparisons)}")
    show_next_move(move)
    return DONE


def incident_list(desk: Desk) -> int:
    """List every incident of the journal."""
    found = list(incidents_of(read_events(desk.reports)).values())
    if desk.json:
        emit({"incidents": [incident_document(desk, one) for one in found]})
        return DONE
    for one in found:
        words = f"{one.severity_class}  {one.stage:<10} {moment(one.opened_at)}"
        say(f"{one.id}  {words}  {one.tag}: {one.rule.replace('_', ' ')}")
    if not found:
        say("no incident is on record")
    return DONE


def incident_export(
    desk: Desk,
    incident: Which = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="F", help="Where to.", show_default="stdout")] = None,
) -> int:
    """Write the Markdown post-mortem of an incident, filled from the journal."""
    text = post_mortem(desk.site, incident)
    if desk.json:
        emit({"incident": find_incident(desk.site, incident).id, "markdown": text})
    if out is None:
        for line in () if desk.json else text.splitlines():
            say(line)
        return DONE
    target = desk.workdir / out
    _refuse_what_is_ours(desk, target)
    if desk.dry_run:
        say(f"{'replaces' if target.exists() else 'writes'} {out}", aside=desk.json)
    else:
        atomic_write(target, text.encode())
        say(f"wrote {out}", aside=desk.json)
    return DONE


def _refuse_what_is_ours(desk: Desk, target: Path) -> None:
    """Raise Refused when a post-mortem would replace an artifact of a tag or a part of the record."""
    place, reports = target.parent.resolve() / target.name, desk.reports.resolve()
    if place.is_relative_to(state_dir(reports)):
        advice = Remedy(effect=f"choose a place outside {state_dir(desk.reports)}")
        raise Refused(f"{target} is a part of the record itself", remedy=advice, file=str(target))
    if place.parent == reports and (desk.site.artifacts.split(place.name) is not None or place.name == ACTIVE_FILE):
        other = Remedy("", command_line("incident", "export", "--out", "post-mortem.md"), "writes it elsewhere")
        raise Refused(f"{target} is an artifact", remedy=other, file=str(target))


def root_cause_list(desk: Desk) -> int:
    """List the logged root causes."""
    found = root_causes(read_events(desk.reports))
    if desk.json:
        emit({"root_causes": [_document(event, entry) for event, entry in found]})
        return DONE
    for event, entry in found:
        say(safe_line(f"{moment(event.at)} {event.incident or event.tag} by {event.operator}: {entry.cause}"))
        closure = entry.closure or "not given"
        say(safe_line(f"  remediation: {entry.remediation} · owner {entry.owner} · closed when: {closure}"))
    if not found:
        say("no root cause is logged")
    return DONE


def _document(event: Event, entry: RootCause) -> dict[str, object]:
    return {"seq": event.seq, "at": event.at, "incident": event.incident, "tag": event.tag} | entry.model_dump()
