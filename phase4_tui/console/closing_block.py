"""The block that a closed incident leaves on every face: times, cause, remediation, accepted input, post-mortem."""

from phase4_tui.artifacts.clock import duration, moment, nanoseconds
from phase4_tui.errors import Remedy, Wording, command_line
from phase4_tui.journal.incident import Incident
from phase4_tui.rollback.closing import Closing, source_words

POST_MORTEM = Remedy("export", command_line("incident", "export"), "shows the post-mortem")


def closing_rows(closing: Closing, word: Wording) -> list[tuple[str, str]]:
    """Return rows of a label and its text; `word` names keys or commands, as its face has them."""
    incident, reopened = closing.incident, closing.reopened
    rows = clock_rows(incident)
    for entry in closing.causes[-1:]:
        rows += [("cause", entry.cause), ("remediation", entry.remediation)]
    if closing.rerun is not None:
        rows.append(("accepted input", f"{source_words(closing.rerun)}, {_change(closing)}"))
    if reopened is not None:
        rows.append(("reopened on", f"{reopened.tag}, by {reopened.operator}@{reopened.host}"))
    if closing.overridden:
        rows.append(("overridden", ", ".join(closing.overridden)))
    command = command_line("incident", "export", incident.id)
    return [*rows, ("next", word("", (Remedy(POST_MORTEM.operation, command, POST_MORTEM.effect),)))]


def _change(closing: Closing) -> str:
    bad, rerun = closing.bad_run, closing.rerun
    if bad is None or rerun is None or rerun.input_used is None:
        return "that of the incident is not on record"
    if bad.input_used == rerun.input_used:
        return "the same as in the incident"
    accepted = ", accepted as the correction" if closing.accepted else ""
    return f"was {source_words(bad)}{accepted}"


def clock_rows(incident: Incident) -> list[tuple[str, str]]:
    """Return the times of an incident so far, each with how long it took since the one before."""
    opened, contained, recovered = incident.opened_at, incident.contained_at, incident.recovered_at
    rows = [("detected", moment(opened))]
    if contained is not None:
        rows.append(("contained", f"{moment(contained)}, after {duration(seconds_between(opened, contained))}"))
    if recovered is not None:
        after, whole = seconds_between(contained or opened, recovered), seconds_between(opened, recovered)
        in_all = f", {duration(whole)} in all" if contained is not None else ", without having been contained"
        rows.append(("recovered", f"{moment(recovered)}, after {duration(after)}{in_all}"))
    return rows


def seconds_between(before: str, after: str) -> float:
    """Return the time between two moments of the journal in seconds."""
    return (nanoseconds(after) - nanoseconds(before)) / 1e9
