"""The tag or owner that an operation is about by default, the same for its question and its command."""

from collections.abc import Callable, Iterator
from itertools import chain, count

from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.runbook.provenance import resume_command
from phase4_tui.runbook.settings import Settings

Default = Callable[[Snapshot, Settings], str | None]


def of_next_move(snapshot: Snapshot, operation: str) -> str | None:
    """Return the tag of the next move if that is this operation, so that its key does what the screen says."""
    move = snapshot.next_move
    return move.tag if move is not None and move.operation == operation else None


def shown(snapshot: Snapshot, settings: Settings) -> str | None:
    """Return the tag that is shown."""
    return snapshot.focus.tag if snapshot.focus else None


def to_freeze(snapshot: Snapshot, settings: Settings) -> str | None:
    """Return the open incident's tag, and once that is frozen the shown one."""
    incident = snapshot.state.incident
    if incident is not None and snapshot.needs_freezing:
        return incident.tag
    return shown(snapshot, settings)


def to_reclassify(snapshot: Snapshot, settings: Settings) -> str | None:
    """Return the open incident's tag, else the shown one."""
    return snapshot.state.incident.tag if snapshot.state.incident else shown(snapshot, settings)


def to_step(snapshot: Snapshot, settings: Settings) -> str:
    """Return the shown tag, or that of the settings when the shown tag is of the other phase."""
    phase = 3 if snapshot.state.evaluation_mode == "phase3_only" else 4
    if snapshot.focus is not None and snapshot.focus.phase == phase:
        return snapshot.focus.tag
    return settings.phase3.tag if phase == 3 else settings.tag


def to_restore(snapshot: Snapshot, settings: Settings) -> str | None:
    """Return the tampered tag that the next move names, else the shown one."""
    return of_next_move(snapshot, "restore") or shown(snapshot, settings)


def to_reopen(snapshot: Snapshot, settings: Settings) -> str | None:
    """Return the rehearsal that the next move names, else the shown tag."""
    return of_next_move(snapshot, "reopen") or shown(snapshot, settings)


def to_run(snapshot: Snapshot, settings: Settings) -> str:
    """Return the tag of the next move, else that of the settings, or a free one if it must not be overwritten."""
    named = of_next_move(snapshot, "run")
    if named is not None:
        return named
    fallen = snapshot.state.evaluation_mode == "phase3_only"
    wanted = settings.phase3.tag if fallen else settings.tag
    kept = {*snapshot.state.frozen, snapshot.state.incident.tag if snapshot.state.incident else None}
    return wanted if wanted not in kept else _free(snapshot, wanted)


def to_rehearse(snapshot: Snapshot, settings: Settings) -> str:
    """Return an unused tag: the incident's is frozen, and a failed rehearsal can't be reused."""
    named = of_next_move(snapshot, "rehearse")
    if named is not None:
        return named
    incident = snapshot.state.incident
    return _free(snapshot, f"{(incident.tag if incident else settings.tag)[:50]}_rerun", first=True)


def _free(snapshot: Snapshot, base: str, *, first: bool = False) -> str:
    taken = {row.tag for row in snapshot.rows} | snapshot.state.frozen.keys()
    numbered: Iterator[str] = (f"{base[:60]}{number}" for number in count(2))  # a tag has at most 64 characters
    return next(name for name in (chain([base], numbered) if first else numbered) if name not in taken)


def pinning(snapshot: Snapshot, settings: Settings) -> str:
    """Return the command word for the shown tag: `unpin` if it is pinned, else `pin`."""
    return "unpin" if shown(snapshot, settings) in snapshot.state.pinned else "pin"


def to_call(snapshot: Snapshot, settings: Settings) -> str | None:
    """Return the owner that the next move calls, else the incident's owner."""
    if of_next_move(snapshot, "escalate") is not None:
        return "product"
    return snapshot.state.incident.owner if snapshot.state.incident else None


def to_acknowledge(snapshot: Snapshot, settings: Settings) -> str | None:
    """Return the owner who was called last and has not taken the call yet."""
    calls = snapshot.state.incident.escalations if snapshot.state.incident else ()
    return next((call.owner for call in reversed(calls) if call.acknowledged_at is None), None)


def to_resume(snapshot: Snapshot, settings: Settings) -> str:
    """Return the command that resumes the shown tag's last run."""
    run = snapshot.focus.last_run if snapshot.focus else None
    return resume_command(run) if run is not None else "phase4 run --resume"


def _tag_of_last_incident(snapshot: Snapshot) -> str | None:
    """Return the tag of the last closed incident, which was quarantined when it was left behind."""
    left = [entry for entry in snapshot.state.quarantine if entry.incident is not None]
    return next((entry.tag for entry in left if entry.incident == left[-1].incident), None)


def to_compare(snapshot: Snapshot, rehearsed: str | None, given: dict[str, str | None]) -> dict[str, str | None]:
    """Return the bad, rehearsal and known-good tags, those not given replaced by the most likely ones."""
    incident, focus = snapshot.state.incident, snapshot.focus
    taken = [tag for tag in given.values() if tag is not None]

    def first(*tags: str | None) -> str | None:
        found = next((tag for tag in tags if tag is not None and tag not in taken), None)
        taken.extend([found] if found is not None else [])
        return found

    rows = [row for row in snapshot.rows if row.phase == 4]  # only these can be compared
    names = [row.tag for row in rows]
    good = [row.tag for row in rows if row.known_good]
    others = (row.tag for row in rows if not row.known_good)
    bad = incident.tag if incident else _tag_of_last_incident(snapshot)
    shown = focus.tag if focus and focus.phase == 4 else None
    tags = dict(given)
    if "bad" not in tags:
        tags["bad"] = first(bad, *others)
    if "rerun" not in tags:
        # A closed incident was reopened on the tag that is active now.
        tags["rerun"] = first(rehearsed, snapshot.state.active_tag if bad and not incident else None, shown, *names)
    if "known_good" not in tags:
        tags["known_good"] = first(snapshot.known_good, *good)
    return tags
