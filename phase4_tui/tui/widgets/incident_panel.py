"""The incident: class, clock, why, owner, and the next move with its key."""

from collections.abc import Mapping, Sequence

from textual.reactive import var

from phase4_tui.artifacts.clock import nanoseconds, now_ns
from phase4_tui.artifacts.counting import in_words
from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.console.next_move_text import as_key
from phase4_tui.console.symbols import SYMBOLS
from phase4_tui.journal.incident import Finding, Incident
from phase4_tui.runbook.escalation import OWNERS
from phase4_tui.tui.text import clip
from phase4_tui.tui.timers import every
from phase4_tui.tui.widgets.lines import Lines, paragraphs

EVIDENCE = 3
NEXT = "next: "


class IncidentPanel(Lines):
    """What is wrong, for how long, who owns it, and what to press."""

    snapshot: var[Snapshot | None] = var(None)

    def __init__(self, keys: Mapping[str, str]) -> None:
        super().__init__(id="incident")
        self._keys = keys

    def on_mount(self) -> None:
        """Begin to count."""
        every(1.0, self, self._tick)

    def on_resize(self) -> None:
        """Fit the lines to the new width."""
        self.watch_snapshot()

    def watch_snapshot(self) -> None:
        """Draw what is new."""
        snapshot = self.snapshot
        if snapshot is None:
            return
        title, rows = incident_rows(snapshot, self._keys)
        width = max(self.content_size.width, 20)
        body = paragraphs(rows, width)
        if len(body) >= self.content_size.height:  # what to press must stay visible, whatever else is cut off
            rows.sort(key=lambda row: not row[0].startswith(NEXT))
            body = paragraphs(rows, width)
        self.show([(title,), *((part,) for part in body)])
        self._tick()
        self.set_class(snapshot.state.incident is not None, "-bad")

    def _tick(self) -> None:
        incident = self.snapshot.state.incident if self.snapshot else None
        self.show_corner(((duration(incident) if incident else "", "bold"),))


def duration(incident: Incident) -> str:
    """Return how long an incident has been open, or was until it recovered."""
    return clock(incident.opened_at, incident.recovered_at)


def clock(since: str, until: str | None) -> str:
    """Return the time from one moment to another, or to now: `04:12`, `1:04:12`."""
    end = nanoseconds(until) if until else now_ns()
    seconds = max(int((end - nanoseconds(since)) / 1e9), 0)
    hours, rest = divmod(seconds, 3600)
    shown = f"{rest // 60:02}:{rest % 60:02}"
    return f"{hours}:{shown}" if hours else shown


def _evidence(found: Sequence[Finding]) -> list[tuple[str, str]]:
    return [(f"{one.key} = {clip(str(one.value), 60)}", "$text-muted") for one in found[:EVIDENCE]]


def incident_rows(snapshot: Snapshot, keys: Mapping[str, str]) -> tuple[tuple[str, str], list[tuple[str, str]]]:
    """Return the title and the lines of the panel."""
    incident = snapshot.state.incident
    if incident is None:
        return _calm_rows(snapshot, keys)
    title = (f"INCIDENT {incident.severity_class or ''} {incident.stage}", "bold $error")
    rows = [(f"why: {incident.rule.replace('_', ' ')} · {incident.tag}", "")]
    owner = incident.owner
    called = [call for call in incident.escalations if call.owner == owner]
    note = "" if not called else ", acknowledged" if called[-1].acknowledged_at else ", called"
    rows.append((f"owner: {owner or 'none'}" + (f" ({OWNERS[owner]}{note})" if owner else ""), ""))
    rows += _next_rows(snapshot, keys)
    if incident.contained_at is not None:
        rows.append((f"contained after {clock(incident.opened_at, incident.contained_at)}", "$text-muted"))
    return title, rows + _evidence(incident.evidence)


def _next_rows(snapshot: Snapshot, keys: Mapping[str, str]) -> list[tuple[str, str]]:
    move = snapshot.next_move
    return [] if move is None else [(f"{NEXT}{as_key(move, keys)}", "bold $accent")]


def _calm_rows(snapshot: Snapshot, keys: Mapping[str, str]) -> tuple[tuple[str, str], list[tuple[str, str]]]:
    view, to_do = snapshot.focus, _next_rows(snapshot, keys)
    if view is None:
        return ("NO RUN YET", "bold"), to_do
    if view.tag in snapshot.tampered:
        told = [("its files are not what was frozen", ""), *to_do]
        return (f"{SYMBOLS['tampered']} TAMPERED WITH", "bold $error"), told
    found = view.classification
    if found.level == "ok":
        rows = [(f"all {in_words(len(view.health.checks))} health checks hold", "$text-muted")]
        if snapshot.state.evaluation_mode == "phase3_only":
            rows.insert(0, (f"fallback: {snapshot.fallback}", "$warning"))
        return (f"{SYMBOLS['ok']} NO INCIDENT", "bold $success"), to_do + rows
    rows = [(f"why: {found.rule.replace('_', ' ')}", "")]
    rows += [(f"owner: {found.owner} ({OWNERS[found.owner]})", "")] if found.owner else []
    word = found.severity_class or found.level.upper()
    return (f"{SYMBOLS[found.level]} {word}, no incident open", "bold $warning"), rows + to_do + _evidence(
        found.evidence
    )
