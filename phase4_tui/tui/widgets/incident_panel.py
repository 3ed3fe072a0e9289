"""The incident: class, clock, why, owner, and the next sensible step with its key."""

from collections.abc import Sequence

from textual.reactive import var

from phase4_tui.artifacts.clock import nanoseconds, now_ns
from phase4_tui.artifacts.counting import in_words
from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.console.symbols import SYMBOLS
from phase4_tui.journal.incident import Finding, Incident
from phase4_tui.runbook.escalation import OWNERS, next_step
from phase4_tui.tui.text import clip
from phase4_tui.tui.widgets.lines import Lines, paragraphs

EVIDENCE = 3


class IncidentPanel(Lines):
    """What is wrong, for how long, whose it is, and what to press."""

    snapshot: var[Snapshot | None] = var(None)

    def __init__(self) -> None:
        super().__init__(id="incident")

    def on_mount(self) -> None:
        """Begin to count."""
        self.set_interval(1.0, self._tick)

    def on_resize(self) -> None:
        """Fit the lines to the new width."""
        self.watch_snapshot()

    def watch_snapshot(self) -> None:
        """Draw what is new."""
        snapshot = self.snapshot
        if snapshot is None:
            return
        title, rows = incident_rows(snapshot)
        width = max(self.content_size.width, 20)
        body = paragraphs(rows, width)
        if len(body) >= self.content_size.height:  # what to press must be in sight, whatever else is cut off
            rows.sort(key=lambda row: not row[0].startswith("next: "))
            body = paragraphs(rows, width)
        self.show([(title,), *((part,) for part in body)])
        self._tick()
        self.set_class(snapshot.state.incident is not None, "-bad")

    def _tick(self) -> None:
        incident = self.snapshot.state.incident if self.snapshot else None
        self.show_corner(((duration(incident) if incident else "", "bold"),))


def duration(incident: Incident) -> str:
    """Return how long an incident has been open; its clock stops when it is recovered."""
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


def incident_rows(snapshot: Snapshot) -> tuple[tuple[str, str], list[tuple[str, str]]]:
    """Return the title and the lines of the panel."""
    incident, view = snapshot.state.incident, snapshot.focus
    if incident is None:
        return _calm_rows(snapshot)
    title = (f"INCIDENT {incident.severity_class or ''} {incident.stage}", "bold $error")
    rows = [(f"why: {incident.rule.replace('_', ' ')} · {incident.tag}", "")]
    owner = incident.owner
    called = [call for call in incident.escalations if call.owner == owner]
    note = "" if not called else ", acknowledged" if called[-1].acknowledged_at else ", called"
    rows.append((f"owner: {owner or 'none'}" + (f" ({OWNERS[owner]}{note})" if owner else ""), ""))
    rows.append((f"next: {next_key(snapshot)}", "bold $accent"))
    if incident.contained_at is not None:
        rows.append((f"contained after {clock(incident.opened_at, incident.contained_at)}", "$text-muted"))
    rows += _evidence(incident.evidence)
    if view is not None and view.tag != incident.tag and view.classification.level != "ok":
        rows.append((f"this tag: {next_step(view.classification)}", "$text-muted"))
    return title, rows


def _calm_rows(snapshot: Snapshot) -> tuple[tuple[str, str], list[tuple[str, str]]]:
    view = snapshot.focus
    if view is None:
        return ("NO RUN YET", "bold"), [("next: r runs the sequence", "bold $accent")]
    if view.tag in snapshot.tampered:
        told = [("its files are not what was frozen", ""), ("next: ^p restore puts them back", "bold $accent")]
        return (f"{SYMBOLS['tampered']} TAMPERED WITH", "bold $error"), told
    found = view.classification
    if found.level == "ok":
        rows = [(f"all {in_words(len(view.health.checks))} health checks hold", "$text-muted")]
        if snapshot.state.evaluation_mode == "phase3_only":
            fallback = (f"fallback: {snapshot.fallback}", "$warning")
            rows = [fallback, ("next: o reopen, or r run Phase 3", "bold $accent"), *rows]
        return (f"{SYMBOLS['ok']} NO INCIDENT", "bold $success"), rows
    rows = [(f"why: {found.rule.replace('_', ' ')}", "")]
    rows += [(f"owner: {found.owner} ({OWNERS[found.owner]})", "")] if found.owner else []
    rows.append((f"next: {next_step(found)}", "bold $accent"))
    rows += _evidence(found.evidence)
    word = found.severity_class or found.level.upper()
    return (f"{SYMBOLS[found.level]} {word}, no incident open", "bold $warning"), rows


def next_key(snapshot: Snapshot) -> str:
    """Return the next sensible step of the rollback, by its key."""
    state, incident = snapshot.state, snapshot.state.incident
    assert incident is not None
    if snapshot.needs_freezing:
        return f"f freeze {incident.tag}"
    if state.active_tag in (None, incident.tag) and not incident.no_good_tag:
        return "k switch to a known-good tag"
    if state.evaluation_mode == "phase4":
        return "p fall back to Phase 3"
    if snapshot.fallback is not None and snapshot.fallback.phase3_tag is None:
        return "r run the Phase 3 sequence"
    if not incident.root_causes:
        return "l log the root cause"
    return "g re-run, compare and reopen"
