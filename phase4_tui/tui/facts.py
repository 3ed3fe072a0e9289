"""The flow of facts: watches the disk in threads of its own and posts one snapshot after each change.

A hint from the kernel only says where to look first; a regular look finds the rest. First the tag that is
shown is judged and posted, then all others, a little at a time, so that the screen never waits.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from textual.message import Message

from phase4_tui.artifacts.clock import now_ns
from phase4_tui.artifacts.index import Identity, TagEntry, index_tags, newest_tag, scan
from phase4_tui.artifacts.names import Artifact, file_name, split_name, state_dir
from phase4_tui.artifacts.watching import Watcher
from phase4_tui.journal.lease import read_lease
from phase4_tui.journal.locks import Busy
from phase4_tui.journal.log import JournalDamaged, read_events, read_head
from phase4_tui.journal.state import OperationsState, StateUnreadable, read_state
from phase4_tui.runbook.evidence import read_evidence
from phase4_tui.runbook.fallback import read_fallback
from phase4_tui.runbook.running import running
from phase4_tui.runbook.site import Refused, Site
from phase4_tui.runbook.status import TagRow, row_of
from phase4_tui.tui.messages import OrdersSeen, SnapshotReady
from phase4_tui.tui.snapshot import Snapshot, clock_trouble, judge_tag, tampered_tags
from phase4_tui.tui.transcripts import Transcripts

if TYPE_CHECKING:
    from phase4_tui.runbook.isolation import Proof
    from phase4_tui.runbook.preconditions import Precondition

LOOK_SECONDS = 0.5
RUN_LOOK_SECONDS = 0.1
SCAN_SECONDS = 2.0
SCAN_SHARE = 200
"""A whole scan is made at most every so many times its own duration: half a percent of a core at most."""
TAMPER_SECONDS = 5.0
SLICE_SECONDS = 0.02
POST_SECONDS = 0.5
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
        self._names: dict[str, Identity] = {}
        self._rows: dict[str, TagRow] = {}
        self._todo: dict[str, TagEntry] = {}
        self._unsettled: set[str] = set()
        self._signature: object = None
        self._scanned = self._scan_cost = self._tampering_looked = self._posted = 0.0
        self._tampered: tuple[str, ...] = ()
        self._proof: Proof | None = None
        self._seen_events: int | None = None
        self._first: str | None = None
        self._snapshot: Snapshot | None = None
        self._transcripts = Transcripts(site.reports, post)
        self._threads = [
            threading.Thread(target=target, name=name, daemon=True)
            for name, target in (("hints", self._take_hints), ("facts", self._look_for_ever))
        ]

    def start(self) -> None:
        """Begin to look."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End; returns once the threads have ended, within about a second."""
        self._stop.set()
        self._wake.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(timeout=2.0)

    def choose(self, tag: str | None) -> None:
        """Show another tag; None shows the active one, else the newest."""
        self._chosen = tag
        self.look_now()

    def look_now(self) -> None:
        """Look at everything again."""
        self._scanned = 0.0
        self._wake.set()

    def _take_hints(self) -> None:
        self._stop.wait(SETTLE_SECONDS)
        while self._watcher.wait():
            if self._watcher.hinted:
                with self._lock:
                    self._hinted |= self._watcher.hinted
                self._wake.set()

    def _look_for_ever(self) -> None:
        try:
            self._look_first()
            while not self._stop.is_set():
                busy = self._snapshot is not None and self._snapshot.holder is not None
                timeout = 0.0 if self._todo else RUN_LOOK_SECONDS if busy or self._unsettled else LOOK_SECONDS
                self._wake.wait(timeout)
                self._wake.clear()
                if not self._stop.is_set():
                    self._look()
        except Exception as error:  # noqa: BLE001 - a look that fails must be seen, not end in silence
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        trouble = f"the dashboard's own look failed ({type(error).__name__}: {error}); quit and start it again"
        self._publish(trouble=trouble)

    def _look_first(self) -> None:
        self._first = self._state()[0].active_tag or newest_tag(self._site.reports)
        self._publish()  # one tag, without an index of what may be very many
        self._stop.wait(SETTLE_SECONDS)
        self._scan()
        self._prove_isolation()
        if not self._read_only and self._snapshot and self._snapshot.focus:
            self._detect({self._snapshot.focus.tag})

    def _look(self) -> None:
        changed = self._changed_tags()
        signature = self._operations_signature()
        moved = signature != self._signature
        self._signature = signature
        if moved:
            self._tell_orders()
        again = changed | self._unsettled
        if self._unsettled or changed:
            for tag in again & self._rows.keys():
                self._judge(tag)
        if not self._read_only and changed:
            self._detect(changed)
        indexing = bool(self._todo)
        self._judge_some()
        due = time.monotonic() - self._posted > POST_SECONDS
        if (
            changed
            or moved
            or self._unsettled
            or self._focus_moved()
            or (indexing and (due or not self._todo))
            or (due and self._needs_look())
        ):
            self._publish()
        if self._snapshot is not None:
            self._transcripts.follow(self._snapshot.run if self._snapshot.holder else None)

    def _needs_look(self) -> bool:
        """True when something may have changed that neither hints nor names show."""
        snapshot = self._snapshot
        trouble = self._watcher.trouble
        if snapshot is None or snapshot.watch_trouble != trouble or snapshot.holder is not None:
            return True
        return time.monotonic() - self._tampering_looked > TAMPER_SECONDS

    def _focus_moved(self) -> bool:
        shown = self._snapshot.focus.tag if self._snapshot and self._snapshot.focus else None
        return self._chosen is not None and self._chosen != shown

    def _changed_tags(self) -> set[str]:
        with self._lock:
            hinted, self._hinted = self._hinted, set()
        now = time.monotonic()
        if now - self._scanned > max(SCAN_SECONDS, SCAN_SHARE * self._scan_cost):
            return self._scan()
        changed = set()
        for name in hinted:
            owner = split_name(name)
            if owner is None:
                continue
            changed.add(owner[0])
            try:
                info = (self._site.reports / name).lstat()
            except OSError:
                self._names.pop(name, None)
            else:
                self._names[name] = (info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns)
        for tag in changed:
            self._expect(tag)
        return changed

    def _scan(self) -> set[str]:
        """Look at every name; return the tags that changed."""
        begun = time.monotonic()
        before, self._names = self._names, scan(self._site.reports)
        different = {name for name in before.keys() | self._names.keys() if before.get(name) != self._names.get(name)}
        changed = {owner[0] for owner in map(split_name, different) if owner is not None}
        entries = {entry.tag: entry for entry in index_tags(self._names)} if changed else {}
        for tag in changed:
            if tag in entries:
                self._todo[tag] = entries[tag]
            else:
                self._rows.pop(tag, None)
                self._todo.pop(tag, None)
        self._todo = dict(sorted(self._todo.items(), key=lambda item: -item[1].modified_ns))
        self._scan_cost = time.monotonic() - begun
        self._scanned = time.monotonic()
        return changed

    def _expect(self, tag: str) -> None:
        """Note that a tag must be judged again, or is gone."""
        own = {name: self._names[name] for name in self._names_of(tag)}
        found = index_tags(own)
        if found:
            self._todo[tag] = found[0]
        else:
            self._rows.pop(tag, None)
            self._todo.pop(tag, None)

    def _names_of(self, tag: str) -> list[str]:
        return [name for name in (file_name(tag, kind) for kind in Artifact) if name in self._names]

    def _judge_some(self) -> None:
        """Judge tags that wait, for as long as the screen does not mind."""
        begun = time.monotonic()
        state = self._state()[0] if self._todo else None
        while self._todo and state is not None and time.monotonic() - begun < SLICE_SECONDS:
            tag = next(iter(self._todo))
            self._put_row(self._todo.pop(tag), state)

    def _judge(self, tag: str) -> None:
        self._expect(tag)
        entry = self._todo.pop(tag, None)
        if entry is not None:
            self._put_row(entry, self._state()[0])

    def _put_row(self, entry: TagEntry, state: OperationsState) -> None:
        row = row_of(self._site.reports, entry, state)
        self._rows[entry.tag] = row
        (self._unsettled.add if row.writing else self._unsettled.discard)(entry.tag)

    def _detect(self, tags: set[str]) -> None:
        from phase4_tui.rollback.incidents import look_for_incident  # noqa: PLC0415 - the first paint does without

        for tag in tags:
            try:
                look_for_incident(self._site, tag)
            except (Refused, StateUnreadable, JournalDamaged, Busy, OSError):
                # What can't be written is shown from the state itself; the next change tries again.
                continue

    def _state(self) -> tuple[OperationsState, str | None]:
        try:
            return read_state(self._site.reports), None
        except StateUnreadable as error:
            return OperationsState(), str(error)

    def _operations_signature(self) -> object:
        """Return what changes when anyone gives an order, runs, or takes the lease."""
        directory = state_dir(self._site.reports)
        found = []
        for name in ("state.json", "journal.head", "lease.json", "running/holder.json"):
            try:
                info = (directory / name).stat()
                found.append((info.st_ino, info.st_mtime_ns, info.st_size))
            except OSError:
                found.append((0, 0, 0))
        return tuple(found)

    def _tell_orders(self) -> None:
        try:
            head = read_head(self._site.reports).seq
            if self._seen_events is not None and head > self._seen_events:
                events = list(read_events(self._site.reports, after=self._seen_events))
                self._post(OrdersSeen(events))
            self._seen_events = head
        except (JournalDamaged, OSError):
            return  # the state, read next, says what is wrong

    def _prove_isolation(self) -> None:
        from phase4_tui.runbook.isolation import probe_barrier  # noqa: PLC0415 - the first paint does without

        self._proof = probe_barrier("seccomp")
        self._signature = self._operations_signature()
        self._tell_orders()
        self._publish()

    def _publish(self, trouble: str | None = None) -> None:
        site, reports = self._site, self._site.reports
        state, wrong = self._state()
        if time.monotonic() - self._tampering_looked > TAMPER_SECONDS or self._posted == 0:
            self._tampered = tampered_tags(reports, state)
            self._tampering_looked = time.monotonic()
        rows = sorted(self._rows.values(), key=lambda row: (-row.modified_ns, row.tag))
        focus_tag = self._chosen or state.active_tag or self._newest()
        evidence = read_evidence(reports, focus_tag, patient=False) if focus_tag else None
        view = judge_tag(evidence, state) if evidence else None
        holder = running(reports)
        moment = now_ns()
        self._snapshot = Snapshot(
            workdir=str(site.workdir),
            reports=str(reports),
            operator=site.settings.operator,
            read_only=self._read_only,
            state=state,
            focus=view,
            followed=self._chosen is None,
            rows=tuple(rows),
            tags=len(self._rows) + len(self._todo),
            run=view.last_run if view else None,
            holder=holder,
            lease=read_lease(reports),
            fallback=read_fallback(reports, state) if state.evaluation_mode == "phase3_only" else None,
            tampered=self._tampered,
            preconditions=self._conditions(focus_tag),
            watch_trouble=self._watcher.trouble,
            trouble=trouble or wrong,
            clock_trouble=clock_trouble(reports, focus_tag, moment) if focus_tag else None,
            looked_ns=moment,
        )
        if holder is not None and (view is None or holder.tag != view.tag):
            other = read_evidence(reports, holder.tag, patient=False)
            runs = sorted(other.runs, key=lambda run: run.run_id)
            self._snapshot = replace(self._snapshot, run=runs[-1] if runs else None)
        self._posted = time.monotonic()
        self._post(SnapshotReady(self._snapshot))

    def _newest(self) -> str | None:
        waiting = max(self._todo.values(), key=lambda entry: entry.modified_ns, default=None)
        judged = max(self._rows.values(), key=lambda row: row.modified_ns, default=None)
        if waiting is None and judged is None:
            return self._first
        if waiting is None or (judged is not None and judged.modified_ns >= waiting.modified_ns):
            return judged.tag if judged else None
        return waiting.tag

    def _conditions(self, tag: str | None) -> "tuple[Precondition, ...]":
        if self._proof is None:
            return ()
        from phase4_tui.runbook.preconditions import preconditions  # noqa: PLC0415 - the first paint does without

        return preconditions(self._site, tag, self._proof)
