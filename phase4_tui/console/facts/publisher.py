"""Decides after each look whether to read and post a new snapshot, and which tag it shows."""

import threading
import time
from collections.abc import Callable, Set
from dataclasses import replace
from typing import TYPE_CHECKING

from phase4_tui.artifacts.index import newest_tag
from phase4_tui.console.facts.builder import build_snapshot
from phase4_tui.console.facts.change_detector import Change
from phase4_tui.console.facts.events import Post, SnapshotReady
from phase4_tui.console.facts.next_move_cache import NextMoveCache
from phase4_tui.console.facts.reading import Reader
from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.console.facts.tag_index import TagIndex
from phase4_tui.console.facts.timeline import Timeline
from phase4_tui.console.facts.transcripts import Transcripts
from phase4_tui.journal.state import OperationsState
from phase4_tui.runbook.provenance import last_runs
from phase4_tui.runbook.site import Site

if TYPE_CHECKING:
    from phase4_tui.console.facts.last_closing import LastClosing

POST_SECONDS = 0.5
"""Interval between snapshots while something may change that neither hints nor names show."""
INDEX_POST_SECONDS = 2.0
"""Interval between snapshots while many tags are being judged."""


class SnapshotPublisher:
    """Posts SnapshotReady, and the output of the shown run as OutputArrived."""

    def __init__(
        self,
        site: Site,
        post: Post,
        index: TagIndex,
        watch_trouble: Callable[[], str | None],
        *,
        read_only: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._site = site
        self._post = post
        self._index = index
        self._watch_trouble = watch_trouble
        self._read_only = read_only
        self._clock = clock
        self._reader = Reader(site, index.tampering)
        self._next_moves = NextMoveCache(site)
        self._timeline = Timeline(site.reports)
        self._closings: LastClosing | None = None
        self._transcripts = Transcripts(post)
        self._guess: str | None = None
        self._posted = 0.0
        self._outdated = False
        """True when the last snapshot was posted as stale or after a failed look."""
        self.chosen: str | None = None
        """The tag that the operator chose; None shows the one shown by default."""
        self.snapshot: Snapshot | None = None
        self.published = threading.Event()

    @property
    def shown(self) -> str | None:
        """The tag of the last snapshot."""
        return self.snapshot.focus.tag if self.snapshot is not None and self.snapshot.focus is not None else None

    def publish(self) -> None:
        """Read everything and post a snapshot; its rows are those that the index has so far."""
        readings = self._reader.read(self.chosen, self._newest)
        snapshot = build_snapshot(
            self._site,
            readings,
            rows=self._index.rows,
            tags=self._index.count,
            followed=self.chosen is None,
            watch_trouble=self._watch_trouble(),
            read_only=self._read_only,
        )
        unsettled, is_first = bool(self._index.unsettled), not self._reader.isolation_is_proven
        shown = self._next_moves.shown(snapshot, is_first=is_first, unsettled=unsettled)
        self._posted, self._outdated = self._clock(), False
        self._show(shown if is_first else self._with_the_past(shown))

    def _with_the_past(self, snapshot: Snapshot) -> Snapshot:
        """Return the snapshot with what the journal tells; not for the first paint."""
        if self._closings is None:
            from phase4_tui.console.facts.last_closing import LastClosing  # noqa: PLC0415 - not for the first paint

            self._closings = LastClosing(self._site)
        state = snapshot.state
        return replace(snapshot, happened=self._timeline.of(state.journal.seq), closing=self._closings.of(state))

    def prove_isolation(self) -> None:
        """Probe the isolation barrier, and post the preconditions that depend on it."""
        self._reader.prove_isolation()
        self.publish()

    def after(self, change: Change) -> None:
        """Post what is due after a look that found `change`."""
        if change.operations or change.tags & self._frozen():
            self._index.tampering.compare_soon()
        if self._is_due(change):
            self.publish()
        if self.snapshot is not None:
            self._transcripts.follow(self.snapshot.run)

    def post_failure(self, trouble: str) -> None:
        """Post the last snapshot marked with a trouble; the next successful look replaces it."""
        known = self.snapshot or Snapshot(
            workdir=str(self._site.workdir),
            reports=str(self._site.reports),
            operator=self._site.settings.operator,
            read_only=self._read_only,
            state=OperationsState(),
        )
        self._outdated = True
        failed = replace(known, trouble=trouble, trouble_remedies=())
        self._show(self._next_moves.shown(failed))

    def post_stale(self, stale: str) -> None:
        """Post the last snapshot marked as stale; for the face's own thread, since a look may hang on a lost mount."""
        if self.snapshot is not None:
            self._outdated = True
            self._post(SnapshotReady(replace(self.snapshot, stale=stale)))

    def _newest(self) -> str | None:
        if self._index.is_begun:
            return self._index.newest
        if self._guess is None:
            reports = self._site.reports
            self._guess = newest_tag(reports, self._site.artifacts, last_runs(reports))
        return self._guess

    def _show(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.published.set()
        self._post(SnapshotReady(snapshot))

    def _is_due(self, change: Change) -> bool:
        since = self._clock() - self._posted
        if change.tags or change.operations or change.unsettled or self._outdated or self._shows_another():
            return True
        if change.indexing and (since > INDEX_POST_SECONDS or not self._index.waiting):
            return True
        return since > POST_SECONDS and self._may_have_changed()

    def _may_have_changed(self) -> bool:
        """True when something may have changed that neither hints nor names show."""
        snapshot = self.snapshot
        if snapshot is None or snapshot.watch_trouble != self._watch_trouble() or snapshot.holder is not None:
            return True
        return self._index.tampering.is_due

    def _shows_another(self) -> bool:
        """True when the chosen tag is not the one in the last snapshot."""
        if self.snapshot is None or self.snapshot.followed != (self.chosen is None):
            return True
        return self.chosen is not None and self.chosen != self.shown

    def _frozen(self) -> Set[str]:
        return self.snapshot.state.frozen.keys() if self.snapshot else frozenset()
