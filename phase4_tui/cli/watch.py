"""`watch`: one line for each change of a tag, each incident, and each thing that operators do, until interrupted."""

import threading
from typing import Annotated

import typer

from phase4_tui.artifacts.clock import iso, now_ns
from phase4_tui.artifacts.index import Identity, changed_tags, scan
from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.artifacts.watcher import Watcher
from phase4_tui.cli.context import DONE, Desk, emit, say
from phase4_tui.cli.journal import stored
from phase4_tui.cli.status_text import STYLES, verdict
from phase4_tui.errors import FORESEEN
from phase4_tui.journal.event_text import told
from phase4_tui.journal.events import Event
from phase4_tui.journal.log import last_event, read_events
from phase4_tui.journal.state import OperationsState, read_state
from phase4_tui.rollback.incidents import look_for_incident
from phase4_tui.runbook.judging import judge_tag
from phase4_tui.runbook.run_holder import running_tag
from phase4_tui.runbook.status import shown_tag


def watch(
    desk: Desk,
    read_only: Annotated[bool, typer.Option("--read-only", help="Open no incident for what is seen.")] = False,
) -> int:
    """Print one line a change of any tag, and what operators do; open incidents; until interrupted."""
    watcher = Watcher(desk.reports, threading.Event())
    seen = _Seen(desk, opens=not read_only and not desk.dry_run)
    while True:
        seen.look(watcher.trouble)
        if not watcher.wait():
            return DONE


class _Seen:
    """What was told already, so that each thing is told once."""

    def __init__(self, desk: Desk, *, opens: bool) -> None:
        self._desk = desk
        self._opens = opens
        self._names: dict[str, Identity] | None = None
        self._last: dict[str, str] = {}
        self._ran: str | None = None
        self._unsettled: set[str] = set()
        """Tags to be looked at again at the next turn, though no file of theirs may change."""
        self._incidents_due: set[str] = set()
        self._trouble: dict[str, str | None] = {}
        self._seq: int | None = None

    def look(self, trouble: str | None) -> None:
        """Tell all that has changed since the last look."""
        now, runs = scan(self._desk.reports), running_tag(self._desk.reports)
        ran_or_runs = {tag for tag in (self._ran, runs) if tag is not None}  # a crash changes but the run's record
        again = changed_tags(self._names or {}, now, self._desk.site.artifacts) | self._unsettled | ran_or_runs
        state = self._state()
        if self._names is None:  # of the tags that were there before, the shown one is what this is about
            shown = shown_tag(self._desk.site, None, state)
            self._incidents_due |= {shown} if shown is not None else set()
        else:
            self._incidents_due |= again
        for tag in sorted(again):
            self._tell_tag(tag, state)
        self._names, self._ran = now, runs
        self._tell_events()  # first, so that what stood in the journal before is told from what this look writes
        self._open_incidents()
        self._tell_events()
        self._tell_trouble("watch", trouble)

    def _state(self) -> OperationsState:
        try:
            state = read_state(self._desk.reports)
        except FORESEEN as error:
            self._tell_trouble("state", str(error))
            return OperationsState()
        self._tell_trouble("state", None)
        return state

    def _tell_tag(self, tag: str, state: OperationsState) -> None:
        judgement = judge_tag(self._desk.site, tag, state, patient=False)
        classification = judgement.classification
        states = {name: check.state for name, check in judgement.health.checks.items()}
        # A state that time alone can change is looked at again at the next turn.
        (self._unsettled.add if judgement.is_being_written else self._unsettled.discard)(tag)
        words = ", ".join(f"{name} {state}" for name, state in states.items())
        text = f"{tag}  {verdict(classification)}  ({words})"
        if self._last.get(tag) != text:
            self._last[tag] = text
            document = {"at": iso(now_ns()), "tag": tag, "classification": classification, "health": states}
            self._tell(document, text, STYLES[classification.level])

    def _open_incidents(self) -> None:
        """Look for incidents where there may be new ones; what can't be written now is tried again."""
        if not self._opens:
            return
        for tag in sorted(self._incidents_due):
            try:
                look_for_incident(self._desk.site, tag)
            except FORESEEN as error:
                self._tell_trouble("incident", f"{tag}: {error}")
                return
            self._incidents_due.discard(tag)
        self._tell_trouble("incident", None)

    def _tell_events(self) -> None:
        try:
            if self._seq is None:
                last = last_event(self._desk.reports)
                self._seq = last.seq if last is not None else 0
            for event in read_events(self._desk.reports, after=self._seq):
                self._seq = event.seq
                self._tell_event(event)
        except FORESEEN as error:
            self._tell_trouble("journal", str(error))
            return
        self._tell_trouble("journal", None)

    def _tell_event(self, event: Event) -> None:
        style = "bold red" if event.kind in ("incident", "evidence", "raised") else ""
        self._tell({"at": event.at, "event": stored(event)}, told(event), style)
        if event.kind == "reclassify" and event.tag is not None:
            self._unsettled.add(event.tag)  # its class is another now, though none of its files changed

    def _tell_trouble(self, what: str, trouble: str | None) -> None:
        if self._trouble.get(what) != trouble:
            self._trouble[what] = trouble
            self._tell({"at": iso(now_ns()), what: trouble or "ok"}, f"{what}: {safe_line(trouble or 'ok')}", "yellow")

    def _tell(self, document: dict[str, object], text: str | None, style: str) -> None:
        if self._desk.json:
            emit(document, indent=None)
        elif text is not None:
            say(f"{document['at']}  {text}", style)
