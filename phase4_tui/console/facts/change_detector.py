"""Finds what changed on disk since the previous look: tags, state, journal, runs; it never waits."""

import time
from collections.abc import Callable, Set
from dataclasses import dataclass

from phase4_tui.artifacts.names import state_dir
from phase4_tui.artifacts.watcher import MissedHints
from phase4_tui.console.facts.events import EventsSeen, Post, TagsJudged, Troubles
from phase4_tui.console.facts.journal_news import NewEvents
from phase4_tui.console.facts.reading import read_operations_state
from phase4_tui.console.facts.tag_index import TagIndex
from phase4_tui.errors import FORESEEN
from phase4_tui.journal.events import Event
from phase4_tui.journal.state import OperationsState
from phase4_tui.runbook.run_holder import Holder, running
from phase4_tui.runbook.site import Site
from phase4_tui.runbook.status import shown_tag

OPERATION_FILES = ("state.json", "journal.jsonl", "journal.head", "lease.json", "running/holder.json")
"""The files below the state directory that an operation, a run or a lease changes."""


@dataclass(frozen=True)
class Change:
    """The result of one look."""

    tags: Set[str]
    """Tags with an artifact or a frozen copy that was added, removed or changed."""
    operations: bool
    """True when one of `OPERATION_FILES` changed."""
    suspects: Set[str]
    """Tags that may need an incident: those that changed, and those whose run or slow writer has ended."""
    unsettled: bool
    """True when tags were judged again because a file of theirs was being written."""
    indexing: bool
    """True when queued tags were judged."""
    cleared: Set[str] = frozenset()
    """Tags that were judged and need no incident."""


class ChangeDetector:
    """Posts TagsJudged, EventsSeen, and the troubles of state and journal."""

    def __init__(self, site: Site, post: Post, troubles: Troubles, clock: Callable[[], float] = time.monotonic) -> None:
        self._site = site
        self._reports = site.reports
        self._post = post
        self._troubles = troubles
        self._missed = MissedHints(site.reports)
        self._events = NewEvents(site.reports)
        self._signature: object = None
        self.index = TagIndex(site, clock)
        self.holder: Holder | None = None
        """The run that was under way at the last look."""

    @property
    def busy(self) -> bool:
        """True when the next look should be soon: a run is under way, or something is being written."""
        return self.holder is not None or bool(self.index.unsettled)

    def begin(self) -> None:
        """Take journal and operation files as the baseline for later changes."""
        self._signature = self._operations_signature()
        try:
            self._events.begin()
        except FORESEEN as error:
            self._troubles.note_error("journal", error)

    def scan(self) -> Set[str]:
        """Scan every name; queue and return the changed tags, that of a run under way first."""
        tags = self.index.scan()
        self._look_at_runs()
        return tags

    def shown(self) -> str | None:
        """Return the tag that is shown by default."""
        return shown_tag(self._site, None, self._read_state(), lambda: self.index.newest)

    def look(self, hinted: Set[str]) -> Change:
        """Look once; `hinted` are file names from the kernel. Raises OSError when the directory can't be read."""
        if self._missed.any(hinted):
            self.index.scan_soon()
        tags = self.index.changed(hinted)
        before, self._signature = self._signature, self._operations_signature()
        moved = self._signature != before
        suspects = set(tags)
        if moved or self._troubles["journal"]:
            suspects |= self._read_events()
        if moved or self.holder is not None:
            suspects |= self._look_at_runs()
        tags |= self._compare_frozen()
        unsettled = frozenset(self.index.unsettled)
        self.index.judge_again(unsettled - tags)
        indexing = self.index.waiting
        cleared: set[str] = set()
        if moved or indexing or self._troubles["state"]:
            state = self._read_state()
            self.index.note(state)
            judged = self.index.judge_some(state)
            if judged:
                self._post(TagsJudged(judged))
                cleared = {one.tag for one in judged if one.classification.level != "incident"}
        suspects |= unsettled - self.index.unsettled  # an aborted write leaves a broken file
        return Change(tags, moved, suspects, bool(unsettled), indexing, cleared)

    def _compare_frozen(self) -> set[str]:
        """Queue and return the tags whose frozen copies were tampered with or put back, which no hint tells."""
        if not self.index.tampering.is_due:
            return set()
        tags = self.index.tampering.compare(self._read_state())
        self.index.judge_again(tags)
        return tags

    def _operations_signature(self) -> object:
        directory = state_dir(self._reports)
        identities = []
        for name in OPERATION_FILES:
            try:
                info = (directory / name).stat()
                identities.append((info.st_ino, info.st_mtime_ns, info.st_size))
            except OSError:
                identities.append((0, 0, 0))
        return tuple(identities)

    def _read_events(self) -> set[str]:
        """Post the new events of the journal; queue the tags that were run, and return them.

        The holder file alone would not do: a run may end between two looks and leave no artifact.
        """
        events: list[Event] = []
        failure = None
        try:
            events.extend(self._events.read())
        except FORESEEN as error:
            failure = error
        if events:
            self._post(EventsSeen(tuple(events)))
        self._troubles.note_error("journal", failure)
        ran = {event.tag for event in events if event.kind == "run" and event.tag is not None}
        self.index.judge_again(ran)
        return ran

    def _look_at_runs(self) -> set[str]:
        """Queue the tags whose run has begun or ended, since their verdict depends on it; return them."""
        before, self.holder = self.holder, running(self._reports)
        if self.holder == before:
            return set()
        ran = {holder.tag for holder in (before, self.holder) if holder is not None}
        self.index.judge_again(ran)
        return ran

    def _read_state(self) -> OperationsState:
        state, error = read_operations_state(self._reports)
        self._troubles.note_error("state", error)
        return state
