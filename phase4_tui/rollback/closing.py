"""How an incident ended: its causes, the re-run that Phase 4 was reopened on, and what was accepted with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from phase4_tui.artifacts.names import is_tag
from phase4_tui.artifacts.plain_words import short_digests
from phase4_tui.journal.events import Event
from phase4_tui.journal.incident import Incident
from phase4_tui.journal.log import read_events
from phase4_tui.rollback.root_cause import RootCause, root_causes
from phase4_tui.runbook.provenance import RunRecord, last_sequence
from phase4_tui.runbook.site import Site


@dataclass(frozen=True)
class Closing:
    """The end of an incident; for an open one what is known so far."""

    incident: Incident
    causes: tuple[RootCause, ...] = ()
    reopened: Event | None = None
    """The event that closed it."""
    bad_run: RunRecord | None = None
    """The run of the incident's tag, as its record has it."""
    rerun: RunRecord | None = None
    """The run that Phase 4 was reopened on."""

    @property
    def accepted(self) -> str | None:
        """The accepted change of input or rules with short digests, None without one."""
        change = self.reopened.detail.get("accepted_change") if self.reopened else None
        return short_digests(str(change)).removeprefix("accepted as changed: ") if change else None

    @property
    def overridden(self) -> tuple[str, ...]:
        """The names of the conditions that were overridden."""
        override = self.reopened.detail.get("override") if self.reopened else None
        found = override if isinstance(override, list) else []
        return tuple(str(one.get("name") if isinstance(one, dict) else one) for one in found)


def read_closing(site: Site, incident: Incident) -> Closing:
    """Return how an incident ended; raises JournalDamaged, StateUnreadable, OSError."""
    first = min(incident.root_causes, default=1)
    events = [event for event in read_events(site.reports, after=first - 1) if event.incident == incident.id]
    return closing_of(site, incident, events)


def closing_of(site: Site, incident: Incident, events: Sequence[Event]) -> Closing:
    """Return how an incident ended by the events about it, oldest first; raises StateUnreadable, OSError."""
    closed = (event for event in events if event.kind == "reopen" and event.outcome == "done")
    reopened = next(closed, None)
    causes = tuple(entry for _, entry in root_causes(events))
    rerun = _run(site, reopened.tag) if reopened is not None else None
    return Closing(incident, causes, reopened, _run(site, incident.tag), rerun)


def _run(site: Site, tag: str | None) -> RunRecord | None:
    return last_sequence(site.reports, tag) if tag is not None and is_tag(tag) else None


def source_words(run: RunRecord) -> str:
    """Return a run's input as `late_feed.json (sha256 4810ea86)`."""
    digest = run.input_used
    return f"{Path(run.input.path).name} (sha256 {digest[:8] if digest else 'unknown'})"
