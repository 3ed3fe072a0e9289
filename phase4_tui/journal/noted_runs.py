"""The runs that the journal has on record, by tag: what `runs/` must agree with."""

import os
import threading
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import msgspec

from phase4_tui.artifacts.clock import check_moment
from phase4_tui.artifacts.index import look_at
from phase4_tui.artifacts.names import is_tag
from phase4_tui.artifacts.regular_files import Unreadable, open_regular
from phase4_tui.journal.log import journal_path, lines_of

RUN, RUNS_LOST = "run", "runs_lost"
"""The kinds of the events that note a run's start or end, and that an operator knows of lost records."""
_MARKS = tuple(f'"kind":"{kind}"'.encode() for kind in (RUN, RUNS_LOST))


class NotedRun(msgspec.Struct, frozen=True):
    """One run as last noted: its state and those of its steps; `record` is the sha256 of its closed record."""

    run: str
    state: str = ""
    phase: int = 4
    rehearsal: bool = False
    steps: dict[str, str] = {}
    record: str | None = None


class _Event(msgspec.Struct, frozen=True):
    at: str
    kind: str
    tag: str | None
    detail: msgspec.Raw


class _Lost(msgspec.Struct, frozen=True):
    runs: tuple[str, ...] = ()


class NotedRuns:
    """What a journal notes of runs, read once: a later look reads only the lines since."""

    def __init__(self, reports: Path) -> None:
        self._reports = reports
        self._lock = threading.Lock()
        self._seen: tuple[int, ...] = ()
        self._read = 0
        self._last = b""
        """The last line that was read: while it is still in its place, what was read before it still holds."""
        self._tags: dict[str, dict[str, NotedRun]] = {}
        self._times: dict[str, str] = {}
        self._begun: str | None = None
        self._lost: set[str] = set()

    def of(self, tag: str) -> Mapping[str, NotedRun]:
        """Return a tag's runs by their id; empty where the journal can't be read, which others report."""
        with self._lock:
            self._catch_up()
            return dict(self._tags.get(tag, {}))

    def last(self) -> dict[str, str]:
        """Return the time of each tag's last event about a run."""
        with self._lock:
            self._catch_up()
            return dict(self._times)

    def begun(self) -> str | None:
        """Return the time of the first event about a run; None without any."""
        with self._lock:
            self._catch_up()
            return self._begun

    def every(self) -> tuple[Mapping[str, Mapping[str, NotedRun]], frozenset[str]]:
        """Return the runs of all tags, and the ids of those whose loss an operator put on record."""
        with self._lock:
            self._catch_up()
            return {tag: dict(runs) for tag, runs in self._tags.items()}, frozenset(self._lost)

    def _catch_up(self) -> None:
        path = journal_path(self._reports)
        identity = look_at(path)
        if identity is not None and identity == self._seen:
            return
        self._seen = ()
        try:
            file = open_regular(path)
        except FileNotFoundError:
            self._begin_anew()
            return
        except Unreadable:
            return  # what is known still holds; the next look tries again
        with file:
            if os.pread(file.fileno(), len(self._last), self._read - len(self._last)) != self._last:
                self._begin_anew()
            file.seek(self._read)
            for line in lines_of(file):
                if not line.endswith(b"\n"):
                    break
                self._read, self._last = self._read + len(line), line
                if any(mark in line for mark in _MARKS):
                    self._note(line)
        self._seen = identity or ()

    def _begin_anew(self) -> None:
        self._read, self._last = 0, b""
        self._tags.clear()
        self._times.clear()
        self._begun = None
        self._lost.clear()

    def _note(self, line: bytes) -> None:
        try:
            event = msgspec.json.decode(line, type=_Event)
            if event.kind == RUN and event.tag is not None and is_tag(event.tag):
                noted = msgspec.json.decode(event.detail, type=NotedRun)
                self._tags.setdefault(event.tag, {})[noted.run] = noted
                self._times[event.tag] = check_moment(event.at)
                self._begun = self._begun or event.at
            elif event.kind == RUNS_LOST:
                self._lost.update(msgspec.json.decode(event.detail, type=_Lost).runs)
        except (msgspec.MsgspecError, ValueError):
            return  # a damaged line is a finding of the journal's check


@lru_cache(maxsize=8)
def noted_runs(reports: Path) -> NotedRuns:
    """Return what the journal of a reports directory notes of runs."""
    return NotedRuns(reports)
