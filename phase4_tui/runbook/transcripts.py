"""The output of a step: its beginning and its end in a transcript on disk, and as sanitized lines for an observer.

A transcript holds raw bytes. When a step writes more than `TRANSCRIPT_LIMIT`, what is cut out of the middle is counted
in a line that stands in its place, always at half the limit.
"""

import codecs
import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import BinaryIO

from phase4_tui.artifacts.progress import PROGRESS_MARK
from phase4_tui.artifacts.safe_text import safe_line, safe_text

LINE_LIMIT = 8192
TAIL_LINES = 40
TRANSCRIPT_LIMIT = 16 << 20
FRAME_SECONDS = 0.1
"""Interval between two frames of a line that is written over, in seconds."""

Lines = Callable[[list[str]], None]
Frame = Callable[[str], None]

_MARK_BYTES = 160
_MARK = re.compile(rb"\n\[(\d{1,18}) bytes of output are missing here[^\n]{0,140}\n")


def gap_mark(missing: int, *, moving: bool = False) -> bytes:
    """Return the line in place of so many missing bytes; `moving` while what follows it is being moved up."""
    doubt = "; killed while it cut them out: some of them may stand below, and some lines twice" if moving else ""
    return b"\n" + f"[{missing} bytes of output are missing here{doubt}]".encode().ljust(_MARK_BYTES - 2) + b"\n"


@dataclass(frozen=True)
class Gap:
    """A cut in a transcript: where its mark begins, and how many bytes are missing there."""

    at: int
    missing: int

    @property
    def hidden(self) -> int:
        """How many more bytes were written than the file has."""
        return self.missing - _MARK_BYTES


def find_gap(file: BinaryIO, limit: int = TRANSCRIPT_LIMIT) -> Gap | None:
    """Return the cut in a transcript, None when it is whole; moves the file's position."""
    file.seek(limit // 2)
    found = _MARK.fullmatch(file.read(_MARK_BYTES))
    return Gap(limit // 2, int(found.group(1))) if found else None


class OutputLines:
    """Makes lines of chunks of bytes; invalid bytes become escapes, and a line written over is its last frame."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        self._rest = ""

    def add(self, chunk: bytes) -> list[str]:
        """Return the lines that a chunk completes, all frames in them; a line too long to keep is complete too."""
        *lines, rest = (self._rest + self._decoder.decode(chunk)).split("\n")
        rest = rest[rest.rfind("\r", 0, len(rest.rstrip())) + 1 :]
        if len(rest) > LINE_LIMIT:
            lines.append(rest)
            rest = ""
        self._rest = rest
        return lines

    @property
    def frame(self) -> str:
        """The line that has no end yet, as it would stand on a terminal; "" for a report of progress."""
        frame = last_frame(self._rest)
        return "" if frame.startswith(PROGRESS_MARK) else frame

    def end(self) -> list[str]:
        """Return the last line if it has no newline."""
        rest = self._rest + self._decoder.decode(b"", final=True)
        self._decoder.reset()
        self._rest = ""
        return [rest] if rest else []


def last_frame(line: str) -> str:
    """Return what stands last of a line that carriage returns begin anew; what only erases does not count."""
    return next((frame for frame in reversed(line.split("\r")) if frame.strip()), "") if "\r" in line else line


def shown_line(raw: bytes) -> str:
    """Return a line of a transcript, made safe: its last frame, and how many others it has."""
    line = raw.decode("utf-8", "backslashreplace").rstrip("\r\n")
    earlier = sum(1 for frame in line.split("\r") if frame.strip()) - 1 if "\r" in line else 0
    shown = safe_text(last_frame(line), len(line))
    return f"{shown}  [the last of {earlier + 1} frames]" if earlier > 0 else shown


@dataclass
class StepOutput:
    """A step's output: raw and capped on disk, and as sanitized lines for an observer."""

    transcript: BinaryIO | None
    limit: int
    on_lines: Lines | None
    on_frame: Frame | None = None
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=TAIL_LINES))

    def __post_init__(self) -> None:
        self._lines = OutputLines()
        self._written = 0
        self._kept = 0
        self._frame, self._next_frame = "", 0.0

    def add(self, chunk: bytes) -> None:
        """Take one chunk; it is on disk, where others can read it, when this returns."""
        self._keep(chunk)
        self._tell(self._lines.add(chunk))
        if time.monotonic() >= self._next_frame:
            self.flush()

    def flush(self) -> None:
        """Tell the observer the line that is being written, if that has changed."""
        if self.on_frame is not None:
            frame = safe_line(self._lines.frame, LINE_LIMIT)
            self._next_frame = time.monotonic() + FRAME_SECONDS
            if frame != self._frame:
                self._frame = frame
                self.on_frame(frame)

    def finish(self) -> None:
        """Take the last line, which has no newline."""
        self._tell(self._lines.end())
        self.flush()

    def _keep(self, chunk: bytes) -> None:
        if self.transcript is None:
            return
        self.transcript.write(chunk)
        self._written += len(chunk)
        self._kept += len(chunk)
        if self._kept > self.limit:
            self._cut(self.transcript)
        self.transcript.flush()

    def _cut(self, file: BinaryIO) -> None:
        """Cut the middle out, in an order in which a kill at any time loses nothing of the beginning and the end."""
        head = self.limit // 2
        file.seek(-(self.limit // 4), 2)
        end = file.read()
        end = end[end.find(b"\n", 0, LINE_LIMIT) + 1 :]
        self._kept = head + len(end)
        missing = self._written - self._kept
        for place, data in ((head, gap_mark(missing, moving=True)), (head + _MARK_BYTES, end)):
            file.seek(place)
            file.write(data)
            file.flush()
        file.truncate()
        file.seek(head)
        file.write(gap_mark(missing))
        file.seek(0, 2)

    def _tell(self, lines: list[str]) -> None:
        told = lines if self.on_lines is not None else lines[-TAIL_LINES:]
        safe = [safe_line(last_frame(line.rstrip("\r")), LINE_LIMIT) for line in told]
        self.tail.extend(safe)
        if safe and self.on_lines is not None:
            self.on_lines(safe)
