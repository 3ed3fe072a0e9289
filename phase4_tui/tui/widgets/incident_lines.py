"""The lines above the steps of a rollback: the incident with its clock and owner, or that it is closed."""

from phase4_tui.console.symbols import SYMBOLS
from phase4_tui.journal.incident import Incident
from phase4_tui.tui.text import Part
from phase4_tui.tui.widgets.clocks import open_for


def incident_rows(incident: Incident) -> list[list[Part]]:
    """Return the lines about the open incident."""
    calls = [call for call in incident.escalations if call.owner == incident.owner]
    called = "" if not calls else ", has taken the call" if calls[-1].acknowledged_at else ", called"
    return [
        [
            (f"ROLLBACK  {incident.severity_class or 'no class'} {incident.rule.replace('_', ' ')}", "bold $error"),
            (f" · {incident.tag}", "bold"),
            (f" · open for {open_for(incident)}", "bold"),
        ],
        [
            f"detected {short(incident.opened_at)} · contained {short(incident.contained_at) or 'not yet'}",
            f" · owner {incident.owner or 'none'}{called}",
        ],
    ]


def closed_rows(incident: Incident | None) -> list[list[Part]]:
    """Return the lines for when no incident is open."""
    if incident is None:
        return [[("NO INCIDENT IS OPEN", "bold")], ["nothing to roll back"]]
    return [
        [(f"{SYMBOLS['done']} INCIDENT CLOSED", "bold $success"), (f" · {incident.id}", "bold")],
        [f"{incident.severity_class or ''} {incident.rule.replace('_', ' ')} · {incident.tag}".strip()],
        [f"detected  {short(incident.opened_at)}"],
        [f"contained {short(incident.contained_at) or 'never'}"],
        [f"recovered {short(incident.recovered_at) or 'not on record'} · after {open_for(incident)}"],
    ]


def short(moment: str | None) -> str:
    """Return a time without its fractions."""
    return f"{moment[:10]} {moment[11:19]} UTC" if moment else ""
