"""Finds what changed on disk since the look before: tags, the state, the journal, runs. No thread, no waiting."""

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
"""What changes below the state directory when anyone gives an operation, runs, or takes the lease."""


@dataclass(frozen=True)
class Change:
    """What one look found."""

    tags: Set[str]
    """Tags any of whose artifacts came, went or changed."""
    operations: bool
    """One of the files of operations changed."""
    suspects: Set[str]
    """Tags that may need an incident: those that changed, and those whose run or slow writer has ended."""
    unsettled: bool
    """Tags were judged again of which something was being written."""
    indexing: bool
    """Tags waited to be judged, and some of them were."""


class ChangeDetector:
    """Posts what it finds: TagsJudged, EventsSeen, and the troubles of state and journal."""

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
        """Who was running a sequence at the last look."""

    @property
    def busy(self) -> bool:
        """True when the next look should be soon: a run is under way, or something is being written."""
        return self.holder is not None or bool(self.index.unsettled)

    def begin(self) -> None:
        """Take the journal and the files of operations as they are: what is there already is no change."""
        self._signature = self._operations_signature()
        try:
            self._events.begin()
        except FORESEEN as error:
            self._troubles.note_error("journal", error)

    def scan(self) -> Set[str]:
        """Queue every tag to be judged, the one of a run under way first; return them."""
        tags = self.index.scan()
        self._look_at_runs()
        return tags

    def shown(self) -> str | None:
        """Return the tag that is shown when nobody chose one."""
        return shown_tag(self._site, None, self._read_state(), lambda: self.index.newest)

    def look(self, hinted: Set[str]) -> Change:
        """Look once; `hinted` are names that the kernel told of. Raises OSError when the directory can't be read."""
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
        unsettled = frozenset(self.index.unsettled)
        self.index.judge_again(unsettled - tags)
        indexing = self.index.waiting
        if moved or indexing or self._troubles["state"]:
            state = self._read_state()
            self.index.note(state)
            judged = self.index.judge_some(state)
            if judged:
                self._post(TagsJudged(judged))
        suspects |= unsettled - self.index.unsettled  # a writer that gave up leaves a broken file
        return Change(tags, moved, suspects, bool(unsettled), indexing)

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
        """Post the new events of the journal; judge again the tags that were run, and return them.

        A run may be too short to be seen under way, and may leave no file.
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
        """Judge again the tags whose run has begun or ended, which says something of them; return them."""
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
