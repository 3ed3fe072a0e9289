"""Which events of the journal this dashboard wrote itself, and in what words those of others are told."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TypeVar

from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.journal.actor import Actor
from phase4_tui.journal.events import Event
from phase4_tui.journal.log import JournalDamaged, read_events, read_head
from phase4_tui.runbook.site import Site

T = TypeVar("T")
UNTOLD = ("evidence", "recovered")
"""What the panels show by themselves, or nobody did."""
REASON_CHARS = 200


class OwnOrders:
    """Does what writes into the journal and remembers what it wrote."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._events: set[int] = set()
        self.runs: set[str] = set()
        """The tags of the runs that were started here and whose end was not seen yet."""

    def carry(self, work: Callable[[], T]) -> T:
        """Do it; call it in a thread."""
        before = self._head()
        try:
            return work()
        finally:
            actor = self._site.actor
            with suppress(JournalDamaged, OSError):
                events = read_events(self._site.reports, after=before)
                self._events |= {event.seq for event in events if _by(event, actor)}

    def _head(self) -> int:
        with suppress(JournalDamaged, OSError):
            return read_head(self._site.reports).seq
        return 0

    def news(self, events: list[Event]) -> list[str]:
        """Return what is to be told of events: each result of another's order, and each of another's runs."""
        told = []
        for event in events:
            if event.outcome != "intent" and event.kind not in UNTOLD and not self._is_own(event):
                yours = _by(event, self._site.actor)
                who = "another session of yours" if yours else f"{event.operator}@{event.host}"
                told.append(f"{who}: {safe_line(told_of(event), 400)}")
        return told

    def _is_own(self, event: Event) -> bool:
        if not _by(event, self._site.actor):
            return False
        if event.kind == "run" and event.tag in self.runs:
            if event.detail.get("state") != "running":
                self.runs.discard(event.tag)
            return True
        return event.kind == "incident" or event.seq in self._events  # one opened by looking: the panel shows it


def _by(event: Event, actor: Actor) -> bool:
    return (event.operator, event.host) == (actor.name, actor.host)


# What an event says ------------------------------------------------------------------------------------------


def told_of(event: Event) -> str:
    """Return what was done and why, in a sentence without its subject."""
    if event.outcome == "failed":
        return f"{_plain(event)} failed: {event.detail.get('error')}"
    words = _WORDS.get(event.kind, _plain)(event)
    reason = event.detail.get("reason")
    return f"{words}: {safe_line(str(reason), REASON_CHARS)}" if reason else words


def _plain(event: Event) -> str:
    return f"{event.kind.replace('_', ' ')} {event.tag or ''}".rstrip()


def _changed(event: Event, name: str) -> object:
    return (event.detail.get("changes") or {}).get(name)


def _incident(event: Event) -> str:
    found = _changed(event, "incident")
    found = found if isinstance(found, dict) else {}
    rule = str(found.get("rule", "")).replace("_", " ")
    return f"opened incident {event.incident} on {event.tag}, {found.get('class') or 'no class'} {rule}".rstrip()


def _run(event: Event) -> str:
    detail = event.detail
    what = "a rehearsal of Phase 4" if detail.get("rehearsal") else f"Phase {detail.get('phase')}"
    if detail.get("state") == "running":
        return f"runs {event.tag}, {what}"
    steps = detail.get("steps")
    states = list(steps.values()) if isinstance(steps, dict) else []
    bad = dict.fromkeys(str(state).replace("_", " ") for state in states if state != "passed")
    word = "was interrupted" if detail.get("state") == "interrupted" else "ended"
    return f"run of {event.tag} {word}: {', '.join(bad) or 'every step passed'}"


def _root_cause(event: Event) -> str:
    entry = event.detail.get("entry")
    cause = entry.get("cause") if isinstance(entry, dict) else ""
    return f"logged a root cause: {safe_line(str(cause), REASON_CHARS)}"


def _escalate(event: Event) -> str:
    note = event.detail.get("note")
    return f"escalated to {event.detail.get('owner')}" + (f": {safe_line(str(note), REASON_CHARS)}" if note else "")


def _mode(event: Event) -> str:
    return f"evaluation mode {event.detail.get('from') or ''} → {_changed(event, 'evaluation_mode') or 'another'}"


_WORDS: Mapping[str, Callable[[Event], str]] = {
    "incident": _incident,
    "run": _run,
    "freeze": lambda event: f"froze {event.tag}",
    "thaw": lambda event: f"thawed {event.tag}",
    "restore": lambda event: f"restored {event.tag}",
    "switch": lambda event: f"active tag {event.detail.get('from') or 'none'} → {event.tag}",
    "pin": lambda event: f"pinned {event.tag} as known-good",
    "unpin": lambda event: f"took the pin of {event.tag} away",
    "mode": _mode,
    "no_good_tag": lambda event: "stated that no tag is known-good",
    "root_cause": _root_cause,
    "escalate": _escalate,
    "acknowledge": lambda event: f"{event.detail.get('owner')} has taken the call",
    "reclassify": lambda event: f"class of {event.tag} {event.detail.get('from')} → {event.detail.get('to')}",
    "compare": lambda event: f"compared {event.detail.get('bad')} with {event.tag}: {event.detail.get('verdict')}",
    "reopen": lambda event: f"reopened Phase 4 on {event.tag}{', by override' if event.detail.get('override') else ''}",
    "lease": lambda event: f"leads the rollback, taken over from {event.detail.get('from')}",
    "journal_restarted": lambda event: "set a damaged journal aside and began a new one",
}
