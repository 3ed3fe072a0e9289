"""The commands about what was put on record: `journal`, `verify`."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from phase4_tui.artifacts.counting import counted
from phase4_tui.artifacts.names import check_tag
from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.cli.context import DONE, FAILED, Desk, emit, say
from phase4_tui.errors import Refused, Remedy, as_commands
from phase4_tui.journal.events import Event
from phase4_tui.journal.log import read_events
from phase4_tui.rollback.verification import repair as repair_records
from phase4_tui.rollback.verification import verify as verify_all


def journal(
    desk: Desk,
    kind: Annotated[str | None, typer.Option("--kind", metavar="K", help="Only events of this kind.")] = None,
    tag: Annotated[str | None, typer.Option("--tag", metavar="T", help="Only events about this tag.")] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="D", help="Only events since a UTC time: 2026-02-17, …T03:45.")
    ] = None,
) -> int:
    """Show the run log: what was done, by whom, and why."""
    first = _moment(since)
    if tag is not None:
        check_tag(tag)
    found = [
        event
        for event in read_events(desk.reports)
        if (kind is None or event.kind == kind)
        and (tag is None or event.tag == tag)
        and (first is None or event.at >= first)
    ]
    if desk.json:
        emit({"events": [stored(event) for event in found]})
        return DONE
    for event in found:
        say(journal_line(event))
    if not found:
        say("no event")
    return DONE


def stored(event: Event) -> dict[str, object]:
    """Return an event as it is stored."""
    return {name: getattr(event, name) for name in Event.__struct_fields__}


def _moment(text: str | None) -> str | None:
    """Return a time as events have it: UTC, unless it says otherwise."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        advice = Remedy(effect="write it as `2026-02-17`, or `2026-02-17T03:45:00`")
        raise Refused(f"--since {text!a} is no UTC time", remedy=advice) from None
    return found.isoformat(timespec="microseconds").replace("+00:00", "Z")


def journal_line(event: Event) -> str:
    """Return an event on one line."""
    words = [event.kind.replace("_", " "), event.tag or "", event.outcome]
    text = next(
        (str(event.detail[name]) for name in ("error", "reason", "verdict", "rule") if event.detail.get(name)), ""
    )
    who = f"{event.operator}@{event.host}"
    return safe_line(
        f"{event.seq:>5} {event.at[:19]}Z {who} {' '.join(filter(None, words))}{': ' if text else ''}{text}", 400
    )


def verify(
    desk: Desk,
    repair: Annotated[
        bool, typer.Option("--repair", help="Write the state anew; set a damaged journal aside, start another.")
    ] = False,
    reason: Annotated[str, typer.Option("--reason", metavar="R", help="Why; needed with --repair.")] = "",
) -> int:
    """Verify journal and anchor, the state against the journal, and every frozen tag's manifest."""
    if repair:
        told = (
            repair_records(desk.site, reason) if not desk.dry_run else ["would mend what is wrong in journal and state"]
        )
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
