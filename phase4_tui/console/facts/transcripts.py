"""Follows the transcripts of a run on disk, whoever runs it: what its steps write, as it is written."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from phase4_tui.artifacts.progress import parse_progress
from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.console.facts.events import OutputArrived, Post
from phase4_tui.runbook.provenance import RunRecord

CHUNK = 64 << 10
LINE_LIMIT = 2000


@dataclass
class _Tail:
    """How far a transcript was read, and the beginning of its last line."""

    at: int = 0
    rest: bytes = b""


class Transcripts:
    """Posts what is new in the transcripts of one run after another; each begins a new page."""

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
        *whole, tail.rest = ((b"" if skipped else tail.rest) + data).split(b"\n")
        if tail.rest and (ended or len(tail.rest) > LINE_LIMIT):
            whole, tail.rest = [*whole, tail.rest], b""
        if whole or skipped or fresh:
            lines, progress = _shown(whole)
            if skipped:
                lines.insert(0, f"… {skipped} bytes skipped; the whole transcript is in {path.name}")
            self._post(OutputArrived(title, tuple(lines), fresh=fresh, progress=progress))


def _new_bytes(path: Path, at: int) -> tuple[int, bytes]:
    """Return how much was skipped after `at`, and the newest bytes."""
    size = path.stat().st_size
    skipped = max(size - at - CHUNK, 0)
    if size <= at:
        return 0, b""
    with path.open("rb") as file:
        file.seek(at + skipped)
        return skipped, file.read(CHUNK)


def _shown(raw_lines: list[bytes]) -> tuple[list[str], Mapping[str, int] | None]:
    """Return lines made safe to show, and the last progress that was among them."""
    lines: list[str] = []
    progress: Mapping[str, int] | None = None
    for raw in raw_lines:
        line = raw.decode(errors="backslashreplace")
        facts = parse_progress(line)
        if facts is not None:
            progress = facts
        else:
            lines.append(safe_line(line.rstrip("\r"), LINE_LIMIT))
    return lines, progress
