"""Follows the transcripts of a run on disk, whoever runs it: what its steps write, as it is written."""

from collections.abc import Callable, Mapping
from pathlib import Path

from textual.message import Message

from phase4_tui.artifacts.progress import parse_progress
from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.runbook.provenance import RunRecord, runs_of
from phase4_tui.tui.messages import OutputArrived

CHUNK = 64 << 10
LINE_LIMIT = 2000


class Transcripts:
    """Posts what is new in the transcripts of one run after another."""

    def __init__(self, reports: Path, post: Callable[[Message], object]) -> None:
        self._reports = reports
        self._post = post
        self._run: str | None = None
        self._last: RunRecord | None = None
        self._read: dict[str, int] = {}
        self._rest = b""

    def follow(self, run: RunRecord | None) -> None:
        """Post the new output of `run`; None posts what the last one wrote before it ended."""
        if run is None:
            if self._last is not None:
                self._tail(self._ended(self._last))
                self._last = None
            return
        if run.run_id != self._run:
            self._run, self._read, self._rest = run.run_id, {}, b""
        self._last = run
        self._tail(run)

    def _ended(self, seen: RunRecord) -> RunRecord:
        """Return a run as it ended: its last steps may have begun since it was seen."""
        return next((run for run in runs_of(self._reports, seen.tag) if run.run_id == seen.run_id), seen)

    def _tail(self, run: RunRecord) -> None:
        for step in run.steps:
            if step.transcript is not None:
                self._tail_step(f"{run.tag} · {step.name}", Path(step.transcript))

    def _tail_step(self, title: str, path: Path) -> None:
        fresh = str(path) not in self._read
        at = self._read.get(str(path), 0)
        try:
            size = path.stat().st_size
            if size <= at and not fresh:
                return
            skipped = max(size - at - CHUNK, 0)
            with path.open("rb") as file:
                file.seek(at + skipped)
                data = file.read(CHUNK)
        except OSError:
            return  # not written yet, or gone: the next look tells
        self._read[str(path)] = at + skipped + len(data)
        *whole, self._rest = ((b"" if fresh or skipped else self._rest) + data).split(b"\n")
        if len(self._rest) > LINE_LIMIT:
            whole, self._rest = [*whole, self._rest], b""
        lines = [f"… {skipped} bytes skipped; the whole transcript is in {path.name}"] if skipped else []
        progress: Mapping[str, int] | None = None
        for raw in whole:
            line = raw.decode(errors="backslashreplace")
            facts = parse_progress(line)
            if facts is not None:
                progress = facts
            else:
                lines.append(safe_line(line.rstrip("\r"), LINE_LIMIT))
        self._post(OutputArrived(title, lines, fresh=fresh, progress=progress))
