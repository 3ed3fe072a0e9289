"""The commands about the record: `journal`, `verify`."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated

import typer

from phase4_tui.artifacts.clock import moment
from phase4_tui.artifacts.counting import counted
from phase4_tui.artifacts.names import check_tag
from phase4_tui.cli.context import DONE, FAILED, Desk, emit, say
from phase4_tui.console.facts.journal_rows import OperationRow, rows_of
from phase4_tui.errors import Refused, Remedy, as_commands
from phase4_tui.journal.events import Event
from phase4_tui.journal.incident import short_id
from phase4_tui.journal.log import read_events
from phase4_tui.rollback.verification import repair as repair_records
from phase4_tui.rollback.verification import verify as verify_all


def journal(
    desk: Desk,
    kind: Annotated[str | None, typer.Option("--kind", metavar="K", help="Only events of this kind.")] = None,
    tag: Annotated[str | None, typer.Option("--tag", metavar="T", help="Only events about this tag.")] = None,
    incident: Annotated[
        str | None, typer.Option("--incident", metavar="I", help="Only events of this incident.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="D", help="Only events since a UTC time: 2026-02-17, …T03:45.")
    ] = None,
) -> int:
    """Show the run log, a line an operation: what was done, by whom, and why."""
    first = _moment(since)
    if tag is not None:
        check_tag(tag)
    wanted = {"kind": kind, "tag": tag, "incident": incident}
    if desk.json:
        events = (event for event in read_events(desk.reports) if _is_wanted(event, wanted, first))
        emit({"events": [stored(event) for event in events]})
        return DONE
    rows = [row for row in rows_of(read_events(desk.reports)) if _is_wanted(row, wanted, first)]
    for row in rows:
        say(journal_line(row))
    if not rows:
        say("no event")
    return DONE


def _is_wanted(item: Event | OperationRow, wanted: Mapping[str, str | None], first: str | None) -> bool:
    """True for an event or operation with the wanted values, since the first wanted time."""
    holds = all(value is None or getattr(item, name) == value for name, value in wanted.items())
    return holds and (first is None or item.at >= first)


def stored(event: Event) -> dict[str, object]:
    """Return an event as it is stored."""
    return {name: getattr(event, name) for name in Event.__struct_fields__}


def _moment(text: str | None) -> str | None:
    """Return a time in the format of events, taken as UTC if it has no offset; raises Refused."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        advice = Remedy(effect="write it as `2026-02-17`, or `2026-02-17T03:45:00`")
        raise Refused(f"--since {text!a} is no UTC time", remedy=advice) from None
    return found.isoformat(timespec="microseconds").replace("+00:00", "Z")


def journal_line(row: OperationRow) -> str:
    """Return an operation on one line: when, by whom, for which incident, what."""
    word = "unfinished: " if row.outcome == "unfinished" else ""
    about = f" [{short_id(row.incident)}]" if row.incident else ""
    return f"{row.seq:>5} {moment(row.at)} {row.operator}@{row.host}{about} {word}{row.what}"


def verify(
    desk: Desk,
    repair: Annotated[
        bool, typer.Option("--repair", help="Write the state anew; set a damaged journal aside, start another.")
    ] = False,
    reason: Annotated[str, typer.Option("--reason", metavar="R", help="Why; needed with --repair.")] = "",
) -> int:
    """Verify journal and anchor, the state against the journal, and every frozen tag's manifest."""
    if repair:
        told = repair_records(desk.site, reason) if not desk.dry_run else ["would repair journal and state"]
        for line in told:
            say(line, aside=desk.json)
    found = verify_all(desk.site)
    if desk.json:
        emit(found)
    else:
        for one in found.problems:
            say(f"✘ {one.kind}: {one.where}: {one.detail}", "red")
        head = f"{counted(found.journal.events, 'event')}, head {found.journal.head[:16]}"
        found_wrong = counted(len(found.problems), "problem")
        say(f"{'✔ verified' if found.ok else f'✘ {found_wrong}'}: journal of {head}")
        if found.ok:
            say("  tamper-evident against accidents and other users; not against root who rewrites every copy")
        else:
            for advice in dict.fromkeys(as_commands("", one.remedies) for one in found.problems):
                say(f"  next: {advice}")
    return DONE if found.ok else FAILED
