"""An operator at a terminal of their own: reads what a command asks, answers, interrupts, or goes away."""

import os
import pty
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cli.support import ENVIRONMENT, command

INTERRUPT, END = "\x03", "\x04"
PATIENCE_SECONDS = 30.0
AGAIN_SECONDS = 2.0


class Operator:
    """One command on one terminal; `shown` is all that it has printed."""

    def __init__(self, work: Path, *arguments: str, out: Path | None, columns: int, term: str) -> None:
        self._ours, theirs = pty.openpty()
        elsewhere = None if out is None else out.open("wb")
        self.process = subprocess.Popen(
            ["setsid", "--ctty", *command(*arguments)],  # else an interrupt typed there reaches nobody
            cwd=work,
            env={**ENVIRONMENT, "TERM": term, "COLUMNS": str(columns)},
            stdin=theirs,
            stdout=elsewhere or theirs,
            stderr=theirs,
        )
        os.close(theirs)
        if elsewhere is not None:
            elsewhere.close()
        self.shown = ""
        self._read_to = 0
        self._interrupts = False

    def asked(self, question: str) -> None:
        """Wait until the command asks this, after whatever it asked before."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (found := self.shown.find(question, self._read_to)) < 0:
            assert self._more(deadline), f"{question!r} was not asked: {self.shown}"
        self._read_to = found + len(question)

    def says(self, question: str, answer: str) -> None:
        """Wait for a question and answer it; an answer that is a control character is sent as it is."""
        self.asked(question)
        os.write(self._ours, answer.encode() + (b"" if answer in (INTERRUPT, END) else b"\n"))
        self._interrupts = answer == INTERRUPT

    def types(self, text: str) -> None:
        """Type or paste a text as it is."""
        os.write(self._ours, text.encode())

    def status(self) -> int:
        """Wait for the command's end and return its exit status."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self._more(deadline):
            pass
        return self.process.wait(timeout=10)

    def dies(self) -> None:
        """Kill the command."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=10)

    def _more(self, deadline: float) -> bool:
        """Read on; False at the end, or when nothing has come in time."""
        while not select.select([self._ours], [], [], min(AGAIN_SECONDS, max(deadline - time.monotonic(), 0)))[0]:
            if time.monotonic() > deadline:
                return False
            if self._interrupts:  # Python notes one that comes just before it reads, and reads on: press it again
                os.write(self._ours, INTERRUPT.encode())
        try:
            data = os.read(self._ours, 65536)
        except OSError:  # the other side is closed
            return False
        self.shown += data.decode(errors="replace").replace("\r\n", "\n")
        return bool(data)

    def leave(self) -> None:
        """Give everything back."""
        self.process.kill()
        self.process.wait(timeout=10)
        os.close(self._ours)


@contextmanager
def operator(
    work: Path,
    *arguments: str,
    name: str = "ada",
    out: Path | None = None,
    columns: int = 300,
    term: str = "dumb",
) -> Iterator[Operator]:
    """Let an operator give a command at a terminal; it is killed at the latest when the block ends.

    `out` is a file that stdout goes to, as when it is redirected.
    """
    it = Operator(work, *arguments, "--operator", name, out=out, columns=columns, term=term)
    try:
        yield it
    finally:
        it.leave()
