"""The output of a step: raw and capped in its transcript, and as sanitized lines for an observer."""

import codecs
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import BinaryIO

from phase4_tui.artifacts.safe_text import safe_line

LINE_LIMIT = 8192
TAIL_LINES = 40
TRANSCRIPT_LIMIT = 16 << 20
TRUNCATED_MARK = b"\n[transcript truncated: the step wrote more than is kept]\n"

Lines = Callable[[list[str]], None]


@dataclass
class StepOutput:
    """A child's output: raw and capped on disk, and as sanitized lines for an observer."""

    transcript: BinaryIO | None
    limit: int
    on_lines: Lines | None
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=TAIL_LINES))

    def __post_init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        self._kept = 0
        self._rest = ""

    def add(self, chunk: bytes) -> None:
        """Take one chunk."""
        self._keep(chunk)
        *lines, rest = (self._rest + self._decoder.decode(chunk)).split("\n")
        if len(rest) > LINE_LIMIT:
            lines.append(rest)
            rest = ""
        self._rest = rest
        self._tell(lines)

    def flush(self) -> None:
        """Flush the output so far to disk, where others can read it."""
        if self.transcript is not None:
            self.transcript.flush()

    def finish(self) -> None:
        """Take the last line, which has no newline."""
        rest = self._rest + self._decoder.decode(b"", final=True)
        self._rest = ""
        if rest:
            self._tell([rest])
        self.flush()

    def _keep(self, chunk: bytes) -> None:
        if self.transcript is None or self._kept > self.limit:
            return
        room = self.limit - self._kept
        self._kept += len(chunk)
        self.transcript.write(chunk[:room])
        if self._kept > self.limit:
            self.transcript.write(TRUNCATED_MARK)

    def _tell(self, lines: list[str]) -> None:
        told = lines if self.on_lines is not None else lines[-TAIL_LINES:]
        safe = [safe_line(line.rstrip("\r"), LINE_LIMIT) for line in told]
        self.tail.extend(safe)
        if safe and self.on_lines is not None:
            self.on_lines(safe)
