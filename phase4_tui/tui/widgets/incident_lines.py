"""The lines above the steps of a rollback: the incident with its evidence and owner, or how it was closed."""

from collections.abc import Mapping
from textwrap import wrap

from phase4_tui.artifacts.clock import duration, moment
from phase4_tui.console.closing_block import clock_rows, closing_rows, seconds_between
from phase4_tui.console.remedies import wording
from phase4_tui.console.symbols import SYMBOLS
from phase4_tui.journal.incident import Incident
from phase4_tui.rollback.closing import Closing
from phase4_tui.runbook.evidence_words import evidence_words
from phase4_tui.tui.text import LINE_LIMIT, clip
from phase4_tui.tui.widgets.lines import Row

SHOWN_FINDINGS = 3
LABEL_CELLS = 16


def incident_rows(incident: Incident) -> list[Row]:
    """Return the lines about the open incident; its clock stands beside them."""
    calls = [call for call in incident.escalations if call.owner == incident.owner]
    called = "" if not calls else ", has taken the call" if calls[-1].acknowledged_at else ", called"
    contained = incident.contained_at
    times = [f"detected {moment(incident.opened_at)}"]
    if contained is not None:
        times.append(f"contained {moment(contained)}, after {duration(seconds_between(incident.opened_at, contained))}")
    else:
        times.append("not contained")
    return [
        (
            (f"{SYMBOLS['incident']} ROLLBACK  {incident.severity_class or 'no class'} ", "bold $error"),
            (incident.rule.replace("_", " "), "bold $error"),
            (f" · {incident.tag} · owner {incident.owner or 'none'}{called}", "bold"),
        ),
        ("   ".join(evidence_words(incident, SHOWN_FINDINGS)),),
        (" · ".join(times),),
    ]


def closed_rows(closing: Closing | None, keys: Mapping[str, str], width: int) -> list[Row]:
    """Return the lines for when no incident is open, each text wrapped to `width` cells with its label."""
    if closing is None:
        return [(("NO INCIDENT IS OPEN", "bold"),), ("nothing to roll back",)]
    incident = closing.incident
    title = f"{incident.severity_class or ''} {incident.rule.replace('_', ' ')} · {incident.tag}".strip()
    rows: list[Row] = [((f"{SYMBOLS['done']} INCIDENT CLOSED", "bold $success"), (f" · {title}", "bold"))]
    told = closing_rows(closing, wording(keys)) if incident.recovered_at is not None else clock_rows(incident)
    for label, text in told:
        first, *more = wrap(clip(text, LINE_LIMIT), max(width - LABEL_CELLS, 20)) or [""]
        rows.append(((f"{label:<{LABEL_CELLS}}", "$foreground 70%"), first))
        rows += [(" " * LABEL_CELLS + line,) for line in more]
    return rows
