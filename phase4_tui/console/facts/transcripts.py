"""Follows the transcripts of a run on disk, whoever runs it, as its steps write them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from phase4_tui.artifacts.progress import parse_progress
from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.console.facts.events import OutputArrived, Post
from phase4_tui.runbook.provenance import RunRecord
from phase4_tui.runbook.transcripts import OutputLines, find_gap, last_frame

CHUNK = 64 << 10
LINE_LIMIT = 2000


@dataclass
class _Tail:
    """How much of what a step wrote was read, its incomplete last line, and what of that is shown."""

    at: int = 0
    lines: OutputLines = field(default_factory=OutputLines)
    frame: str = ""


class Transcripts:
    """Posts new output from the transcripts of the followed run; another run begins a new page."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self._run: str | None = None
        self._ended = False
        self._tails: dict[str, _Tail] = {}

    def follow(self, run: RunRecord | None) -> None:
        """Post the new output of `run`, as its record on disk is now; None when there is no run to show."""
        name = run.run_id if run is not None else None
        if name != self._run:
            self._run, self._ended, self._tails = name, False, {}
            self._post(OutputArrived("", page=True))
        if run is None or self._ended:
            return
        for step in run.steps:
            if step.transcript is not None:
                self._follow_step(f"{run.tag} · {step.name}", Path(step.transcript), ended=step.state != "running")
        self._ended = run.state != "running"

    def _follow_step(self, title: str, path: Path, *, ended: bool) -> None:
        fresh = path.name not in self._tails
        tail = self._tails.setdefault(path.name, _Tail())
        try:
            skipped, data = _new_bytes(path, tail.at)
        except OSError:
            return  # not written yet, or gone: the next look finds out
        tail.at += skipped + len(data)
        if skipped:
            tail.lines = OutputLines()
        whole = tail.lines.add(data)
        if ended:
            whole += tail.lines.end()
        frame = safe_line(tail.lines.frame, LINE_LIMIT)
        if whole or skipped or fresh or frame != tail.frame:
            tail.frame = frame
            lines, progress = _shown(whole)
            if skipped:
                lines.insert(0, f"… {skipped} bytes skipped; what is kept of them is in {path.name}")
            self._post(OutputArrived(title, tuple(lines), fresh=fresh, progress=progress, frame=frame))


def _new_bytes(path: Path, at: int) -> tuple[int, bytes]:
    """Return the number of bytes skipped after the first `at` that were written, and the newest bytes."""
    with path.open("rb") as file:
        gap = find_gap(file)
        hidden = gap.hidden if gap is not None else 0
        size = file.seek(0, 2) + hidden
        if size <= at:
            return 0, b""
        begin = max(at, size - CHUNK)
        file.seek(begin - hidden)
        return begin - at, file.read(CHUNK)


def _shown(lines: list[str]) -> tuple[list[str], Mapping[str, int] | None]:
    """Return lines made safe to show, and the last progress among them, if any."""
    shown: list[str] = []
    progress: Mapping[str, int] | None = None
    for line in lines:
        facts = parse_progress(line)
        if facts is not None:
            progress = facts
        else:
            shown.append(safe_line(last_frame(line.rstrip("\r")), LINE_LIMIT))
    return shown, progress
