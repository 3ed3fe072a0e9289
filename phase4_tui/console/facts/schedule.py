"""The flow of facts: watches the disk in threads of its own and posts one snapshot after each change.

A hint from the kernel only says where to look first; a regular look finds the rest. First the tag that is
shown is judged and posted, then all others, a little at a time, so that the screen never waits.
"""

import threading
import time
from collections.abc import Callable, Set
from dataclasses import replace
from typing import TYPE_CHECKING

from textual.message import Message

from phase4_tui.artifacts.clock import now_ns
from phase4_tui.artifacts.index import newest_tag
from phase4_tui.artifacts.manifest import tampered_tags
from phase4_tui.artifacts.names import state_dir
from phase4_tui.artifacts.watcher import MissedHints, Watcher
from phase4_tui.console.facts.incident_watch import Lookout
from phase4_tui.console.facts.next_move_cache import NextMoveCache
from phase4_tui.console.facts.snapshot import Snapshot, clock_trouble, judge_tag
from phase4_tui.console.facts.tag_index import SCAN_SECONDS, TagIndex
from phase4_tui.console.facts.transcripts import Transcripts
from phase4_tui.journal.lease import read_lease
from phase4_tui.journal.log import JournalDamaged, read_events, read_head
from phase4_tui.journal.state import OperationsState, StateUnreadable, read_state
from phase4_tui.runbook.evidence import read_evidence
from phase4_tui.runbook.fallback_proof import read_fallback
from phase4_tui.runbook.rules import read_rules
from phase4_tui.runbook.run_holder import holder as last_holder
from phase4_tui.runbook.run_holder import running
from phase4_tui.runbook.site import Site
from phase4_tui.runbook.steps import place_of
from phase4_tui.tui.messages import EventsSeen, SnapshotReady

if TYPE_CHECKING:
    from phase4_tui.runbook.isolation import Proof
    from phase4_tui.runbook.preconditions import Precondition

LOOK_SECONDS = 0.5
RUN_LOOK_SECONDS = 0.1
TAMPER_SECONDS = 5.0
POST_SECONDS = 0.5
INDEX_POST_SECONDS = 2.0
HINT_SECONDS = 0.25
SETTLE_SECONDS = 0.3
"""What is not needed for the first paint waits so long."""


class Facts:
    """Looks at a working directory until it is stopped; `post` takes messages from any thread."""

    def __init__(self, site: Site, post: Callable[[Message], object], *, read_only: bool) -> None:
        self._site = site
        self._post = post
        self._read_only = read_only
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._lock = threading.Lock()
        self._hinted: set[str] = set()
        self._chosen: str | None = None
        self._watcher = Watcher(site.reports, self._stop, HINT_SECONDS)
        self._missed = MissedHints(site.reports)
        self._index = TagIndex(site.reports)
        self._lookout = Lookout(site, self._stop, self._wake, read_only=read_only)
        self._signature: object = None
        self._tampering_looked = self._posted = 0.0
        self._tampered: tuple[str, ...] = ()
        self._proof: Proof | None = None
        self._seen_events: int | None = None
        self._first: str | None = None
        self._failed = False
        self._snapshot: Snapshot | None = None
        self._looked = threading.Event()
        self._transcripts = Transcripts(post)
        self._next_moves = NextMoveCache(site)
        self._alive = time.monotonic()
        self._told_stale = False
        self._threads = [
            threading.Thread(target=target, name=name, daemon=True)
            for name, target in (("hints", self._take_hints), ("facts", self._look_for_ever),
                                 ("incidents", self._lookout.run))
        ]  # fmt: skip

    def start(self) -> None:
        """Begin to look."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End; returns once the threads have ended, within about a second."""
        self._stop.set()
        self._wake.set()
        self._lookout.wake()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(timeout=2.0)

    def first(self, seconds: float) -> Snapshot | None:
        """Return the first snapshot, None when it takes longer than that."""
        self._looked.wait(seconds)
        return self._snapshot

    def choose(self, tag: str | None) -> None:
        """Show another tag; None shows the active one, else the newest."""
        self._chosen = tag
        self._wake.set()

    def silence(self) -> float:
        """Return for how many seconds no look has begun."""
        return time.monotonic() - self._alive

    def note_stale(self) -> None:
        """Post again at the next look, whatever it finds: the screen was told that what it shows is old."""
        self._told_stale = True

    def look_now(self) -> None:
        """Look at everything again."""
        self._index.scan_soon()
        self._wake.set()

    def _take_hints(self) -> None:
        self._stop.wait(SETTLE_SECONDS)
        try:
            while self._watcher.wait():
                if self._watcher.hinted:
                    with self._lock:
                        self._hinted |= self._watcher.hinted
                    self._wake.set()
        except Exception as error:  # noqa: BLE001 - the regular looks go on, and say that there are no hints
            self._watcher.trouble = f"stopped: {type(error).__name__}: {error}"

    def _look_for_ever(self) -> None:
        look = self._look_first
        while not self._stop.is_set():
            self._alive = time.monotonic()
            try:
                look()
            except Exception as error:  # noqa: BLE001 - a look that fails must be seen, not end in silence
                self._fail(error)
                self._stop.wait(SCAN_SECONDS)
            else:
                look = self._look
                self._rest()

    def _rest(self) -> None:
        busy = self._snapshot is not None and self._snapshot.holder is not None
        soon = busy or self._index.unsettled
        timeout = 0.0 if self._index.waiting else RUN_LOOK_SECONDS if soon else LOOK_SECONDS
        self._wake.wait(timeout)
        self._wake.clear()

    def _fail(self, error: Exception) -> None:
        """Say that what is shown is not what is now; the next look that works puts it right."""
        trouble = f"the last look failed ({type(error).__name__}: {error}); looking again"
        known = self._snapshot or Snapshot(
            workdir=str(self._site.workdir),
            reports=str(self._site.reports),
            operator=self._site.settings.operator,
            read_only=self._read_only,
            state=OperationsState(),
        )
        known = replace(known, trouble=trouble)
        self._snapshot = replace(known, next_move=self._next_moves.of(known))
        self._failed = True
        self._index.scan_soon()  # the hints that it had taken are lost
        self._looked.set()
        self._post(SnapshotReady(self._snapshot))

    def _look_first(self) -> None:
        self._first = self._state()[0].active_tag or newest_tag(self._site.reports)
        self._publish()  # one tag, without an index of what may be very many
        self._stop.wait(SETTLE_SECONDS)
        self._lookout.suspect(self._index.scan() & {self._first, self._index.newest})
        self._prove_isolation()

    def _look(self) -> None:
        self._lookout.check()
        with self._lock:
            hinted, self._hinted = self._hinted, set()
        if self._missed.any(hinted):
            self._index.scan_soon()
        changed = self._index.changed(hinted)
        signature = self._operations_signature()
        moved = signature != self._signature
        self._signature = signature
        if moved:
            self._tell_events()
        unsettled = bool(self._index.unsettled)
        self._index.again(self._index.unsettled - changed)
        self._lookout.suspect(changed)
        if moved or changed & self._frozen():
            self._tampering_looked = 0.0
        indexing = self._index.waiting
        if moved or indexing:
            state = self._state()[0]
            self._index.note(state)
            self._index.judge_some(state)
        since = time.monotonic() - self._posted
        due = since > POST_SECONDS
        if (
            changed
            or moved
            or self._failed
            or self._told_stale
            or unsettled
            or self._focus_moved()
            or (indexing and (since > INDEX_POST_SECONDS or not self._index.waiting))
            or (due and self._needs_look())
        ):
            self._publish()
        if self._snapshot is not None:
            self._transcripts.follow(self._snapshot.run)

    def _frozen(self) -> Set[str]:
        return self._snapshot.state.frozen.keys() if self._snapshot else frozenset()

    def _needs_look(self) -> bool:
        """True when something may have changed that neither hints nor names show."""
        snapshot = self._snapshot
        trouble = self._watcher.trouble
        if snapshot is None or snapshot.watch_trouble != trouble or snapshot.holder is not None:
            return True
        return time.monotonic() - self._tampering_looked > TAMPER_SECONDS

    def _focus_moved(self) -> bool:
        if self._snapshot is None or self._snapshot.followed != (self._chosen is None):
            return True
        shown = self._snapshot.focus.tag if self._snapshot.focus else None
        return self._chosen is not None and self._chosen != shown

    def _state(self) -> tuple[OperationsState, str | None]:
        try:
            return read_state(self._site.reports), None
        except StateUnreadable as error:
            return OperationsState(), str(error)

    def _operations_signature(self) -> object:
        """Return what changes when anyone gives an operation, runs, or takes the lease."""
        directory = state_dir(self._site.reports)
        found = []
        for name in ("state.json", "journal.head", "lease.json", "running/holder.json"):
            try:
                info = (directory / name).stat()
                found.append((info.st_ino, info.st_mtime_ns, info.st_size))
            except OSError:
                found.append((0, 0, 0))
        return tuple(found)

    def _tell_events(self) -> None:
        try:
            head = read_head(self._site.reports).seq
            if self._seen_events is not None and head > self._seen_events:
                events = list(read_events(self._site.reports, after=self._seen_events))
                self._post(EventsSeen(events))
                head = max([head, *(event.seq for event in events)])  # one may have come behind the head that was read
            self._seen_events = head
        except (JournalDamaged, OSError):
            return  # the state, read next, says what is wrong

    def _prove_isolation(self) -> None:
        from phase4_tui.runbook.isolation import probe_barrier  # noqa: PLC0415 - the first paint does without

        self._proof = probe_barrier("seccomp")
        self._signature = self._operations_signature()
        self._tell_events()
        self._publish()

    def _publish(self) -> None:
        site, reports = self._site, self._site.reports
        state, wrong = self._state()
        if time.monotonic() - self._tampering_looked > TAMPER_SECONDS:
            self._tampered = tampered_tags(reports, state.frozen)
            self._tampering_looked = time.monotonic()
        focus_tag = self._chosen or state.active_tag or self._index.newest or self._first or self._left_run()
        evidence = read_evidence(reports, focus_tag, patient=False) if focus_tag else None
        view = judge_tag(evidence, state) if evidence else None
        holder, before = running(reports), self._snapshot.holder if self._snapshot else None
        if holder != before:  # whether a run is under way, and how it ended, says something of its tag
            ran = {one.tag for one in (holder, before) if one is not None}
            self._index.again(ran)
            self._lookout.suspect(ran)
        moment = now_ns()
        self._snapshot = Snapshot(
            workdir=str(site.workdir),
            reports=str(reports),
            operator=site.settings.operator,
            read_only=self._read_only,
            state=state,
            focus=view,
            followed=self._chosen is None,
            rows=self._index.rows,
            tags=self._index.count,
            run=view.last_run if view else None,
            holder=holder,
            lease=read_lease(reports),
            needs_freezing=self._needs_freezing(state),
            fallback=read_fallback(reports, state) if state.evaluation_mode == "phase3_only" else None,
            rules=read_rules(place_of(site.settings, site.workdir, 4, None, None).rules_path)[0],
            tampered=self._tampered,
            preconditions=self._conditions(focus_tag),
            watch_trouble=self._watcher.trouble,
            trouble=wrong,
            clock_trouble=clock_trouble(reports, focus_tag, moment) if focus_tag else None,
            looked_ns=moment,
        )
        if holder is not None and (view is None or holder.tag != view.tag):
            other = read_evidence(reports, holder.tag, patient=False)
            runs = sorted(other.runs, key=lambda run: run.run_id)
            self._snapshot = replace(self._snapshot, run=runs[-1] if runs else None)
        first, unsettled = self._proof is None, bool(self._index.unsettled)
        move = self._next_moves.of(self._snapshot, is_first=first, unsettled=unsettled)
        self._snapshot = replace(self._snapshot, next_move=move)
        self._posted, self._failed, self._told_stale = time.monotonic(), False, False
        self._looked.set()
        self._post(SnapshotReady(self._snapshot))

    def _needs_freezing(self, state: OperationsState) -> bool:
        if state.incident is None:
            return False
        from phase4_tui.rollback.frozen_copies import needs_freezing  # noqa: PLC0415 - the first paint does without

        return needs_freezing(self._site.reports, state.incident.tag, state)

    def _left_run(self) -> str | None:
        """Return the tag of a run whose process died before it wrote any artifact: it can be resumed."""
        left = last_holder(self._site.reports)
        return left.tag if left else None

    def _conditions(self, tag: str | None) -> "tuple[Precondition, ...]":
        if self._proof is None:
            return ()
        from phase4_tui.runbook.preconditions import preconditions  # noqa: PLC0415 - the first paint does without

        return preconditions(self._site, tag, self._proof)
