"""Root causes: what went wrong, its remediation, its owner, and its closure criteria (runbook: step 4)."""

from collections.abc import Iterable
from dataclasses import replace

from phase4_tui.artifacts.models import Document
from phase4_tui.artifacts.names import check_tag
from phase4_tui.errors import Refused, Remedy, command_line
from phase4_tui.journal.events import Event
from phase4_tui.journal.incident import Owner
from phase4_tui.journal.log import read_events
from phase4_tui.journal.state import OperationsState, held_by
from phase4_tui.rollback.frozen_copies import artifacts_of
from phase4_tui.rollback.incidents import LIST_INCIDENTS, incidents_of
from phase4_tui.rollback.operations import Effect, Plan, plan_on, state_to_plan_on
from phase4_tui.runbook.evidence_words import evidence_words
from phase4_tui.runbook.provenance import runs_of
from phase4_tui.runbook.site import Site

KIND = "root_cause"
TEXT_BYTES = 4000
ADD_ROOT_CAUSE = ("root-cause", "add", "--cause", "C", "--remediation", "R", "--owner", "O")
OF_A_CLOSED_ONE = Remedy("", command_line(*ADD_ROOT_CAUSE, "--incident", "I"), "logs one for a closed incident")
OF_A_TAG = Remedy("", command_line(*ADD_ROOT_CAUSE, "--tag", "T"), "logs one for a tag")


class RootCause(Document):
    """The root cause as an entry of the run log."""

    cause: str
    remediation: str
    owner: Owner
    closure: str | None = None
    evidence: str | None = None


def plan_root_cause(site: Site, entry: RootCause, incident_id: str | None = None, tag: str | None = None) -> Plan:
    """Return the plan to log a root cause for an incident, the open one by default, or for a tag; raises Refused."""
    state = state_to_plan_on(site)
    for name in ("cause", "remediation"):
        if not getattr(entry, name).strip():
            raise Refused(f"a root cause needs its {name}", remedy=Remedy(effect=f"give it with `--{name} TEXT`"))
    if tag is not None:
        return _plan_for_tag(site, state, entry, incident_id, tag)
    incident = state.incident
    chosen = incident_id or (incident.id if incident else None)
    if chosen is None:
        raise Refused("no incident is open", remedy=(OF_A_CLOSED_ONE, LIST_INCIDENTS, OF_A_TAG))
    if incident is None or incident.id != chosen:
        incident = incidents_of(read_events(site.reports)).get(chosen)
    if incident is None:
        raise Refused(f"{chosen!a} is no incident", remedy=LIST_INCIDENTS, incident=chosen)
    found = incident
    given = entry.model_dump()
    if entry.evidence is None:
        given["evidence"] = "; ".join(evidence_words(found, 3))
    given = {name: _shortened(value) for name, value in given.items()}
    is_open = state.incident is not None and state.incident.id == found.id

    def act(intent: Event) -> Effect:
        # A closed incident is not part of the state, so a stale plan is not refused: read its causes again.
        now = found if is_open else incidents_of(read_events(site.reports)).get(found.id, found)
        changed = now.changed(root_causes=(*now.root_causes, intent.seq)).model_dump(by_alias=True)
        detail = {"entry": given} | ({} if is_open else {"closed": changed})
        return Effect({"incident": changed} if is_open else {}, detail, (f"root cause logged for {found.id}",))

    lines = tuple(f"{name}: {value}" for name, value in given.items() if value)
    plan = plan_on(state, KIND, f"log root cause of {found.id}", act, tag=found.tag, lines=lines)
    return replace(plan, incident=found.id)


def _plan_for_tag(site: Site, state: OperationsState, entry: RootCause, incident_id: str | None, tag: str) -> Plan:
    """Return the plan to log what was wrong with a tag that has no open incident."""
    check_tag(tag)
    if incident_id is not None:
        either = Remedy(effect="give `--incident I` or `--tag T`")
        raise Refused("a root cause is that of an incident or of a tag", remedy=either)
    incident = state.incident_of(tag)
    if incident is not None:
        logs = Remedy("root_cause", command_line(*ADD_ROOT_CAUSE), "logs its root cause")
        raise Refused(f"{tag} is the tag of the open incident {incident.id}", remedy=logs, tag=tag)
    if not artifacts_of(site, tag) and next(runs_of(site.reports, tag), None) is None:
        raise Refused(f"{tag} has neither artifacts nor runs in {site.reports}: there is no such tag", tag=tag)
    given = {name: _shortened(value) for name, value in entry.model_dump().items()}
    lines = tuple(f"{name}: {value}" for name, value in given.items() if value)
    effect = Effect({}, {"entry": given}, (f"root cause logged for {tag}",))
    plan = plan_on(state, KIND, f"log root cause of {tag}", lambda intent: effect, tag=tag, lines=lines)
    return replace(plan, incident=None)


def _shortened(text: str | None) -> str | None:
    """Return a text cut to what a journal event has room for, with the number of characters left out."""
    if text is None or len(text.encode(errors="replace")) <= TEXT_BYTES:
        return text
    kept = text.encode(errors="replace")[:TEXT_BYTES].decode(errors="ignore")
    return f"{kept}… ({len(text) - len(kept)} more characters)"


def root_causes(events: Iterable[Event]) -> list[tuple[Event, RootCause]]:
    """Return the logged root causes with their events, oldest first; raises StateUnreadable."""
    return [
        (event, held_by(event, RootCause, event.detail.get("entry")))
        for event in events
        if event.kind == KIND and event.outcome == "done"
    ]
