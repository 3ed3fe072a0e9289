"""What an episode is played in: directory, dashboard on its terminal, operators beside it, and what went wrong."""

import os
import random
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.random_life.processes import look_at
from tests.terminal import Terminal

SIZES = ((120, 40), (200, 60), (80, 24), (100, 30), (60, 16), (61, 15), (40, 12), (20, 5), (6, 6), (2, 1), (1, 1))
SENT_SECONDS = 1.0
STATUSES = {0, 1, 2, 10, 11, 12, 13, 14, 129, 130, 143}
"""What the manual lists: `phase4 docs command_line`."""


def program(words: Sequence[str]) -> list[str]:
    """Return the command line of `phase4` with these words."""
    return [sys.executable, "-m", "phase4_tui", *words]


class Typewriter(Terminal):
    """A terminal that types bytes without ever waiting for a program that does not read."""

    def type(self, data: bytes) -> None:
        """Send bytes; what the program does not take in time is lost."""
        os.set_blocking(self._descriptor, False)
        until = time.monotonic() + SENT_SECONDS
        while data and time.monotonic() < until:
            if select.select([], [self._descriptor], [], 0.05)[1]:
                with suppress(BlockingIOError):
                    data = data[os.write(self._descriptor, data) :]


@dataclass
class Command:
    """A command of an operator beside the dashboard; its output is in files."""

    words: tuple[str, ...]
    process: "subprocess.Popen[bytes]"
    out: Path
    err: Path
    signalled: bool = False
    checked: bool = False


@dataclass
class World:
    """The state of one episode; `findings` are the breaches of what must hold."""

    base: Path
    work: Path
    kind: str
    commands: list[Command] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    mends: list[Callable[[], None]] = field(default_factory=list)
    """What undoes the harm that was done to the directory, the last first."""
    counts: dict[str, int] = field(default_factory=dict)
    may_leave: bool = False
    """True once the dashboard may have been told to leave, by a key or a click."""
    is_ascii: bool = False
    reads: bool = True
    size: tuple[int, int] = (120, 40)
    terminal: Typewriter = field(init=False)

    def open(self, chance: random.Random, *more: str) -> None:
        """Start a dashboard in a terminal of a random size."""
        self.put_away()
        self.size = chance.choice(SIZES[:6]) if chance.random() < 0.7 else chance.choice(SIZES)
        self.terminal = self.dashboard(*self.size, *more)
        self.reads, self.may_leave = True, False
        self.count("dashboards")

    def dashboard(self, columns: int, rows: int, *more: str) -> Typewriter:
        """Start a dashboard."""
        return self.at_terminal(("--operator", "maria", *more), columns, rows)

    def at_terminal(self, words: Sequence[str], columns: int, rows: int) -> Typewriter:
        """Start `phase4` with these words at a terminal of its own."""
        return Typewriter(program(words), self.work, columns, rows, **self.environment)

    @property
    def environment(self) -> dict[str, str]:
        """What the program gets besides the environment of this process."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        return {"HOME": str(self.base / "home"), "TMPDIR": str(self.base / "tmp"), "LANG": "C.UTF-8", "PATH": path}

    def count(self, what: str, by: int = 1) -> None:
        """Count something for the summary."""
        self.counts[what] = self.counts.get(what, 0) + by

    def found(self, kind: str, detail: str) -> None:
        """Note a breach."""
        self.findings.append(f"{kind}: {detail}")

    def pause(self, seconds: float) -> None:
        """Let time pass; the terminal is read unless it is stalled."""
        if self.reads and self.terminal._descriptor >= 0:
            until = time.monotonic() + seconds
            while (left := until - time.monotonic()) > 0:
                self.terminal.read(left)
        else:
            time.sleep(seconds)

    def runs(self) -> bool:
        """True while the dashboard's process is there, stopped or not."""
        found = look_at(self.terminal.pid)
        return found is not None and found.state not in "ZX"

    def is_stopped(self) -> bool:
        """True while the dashboard's process is stopped."""
        found = look_at(self.terminal.pid)
        return found is not None and found.state == "T"

    def start(self, words: Sequence[str], answers: bytes = b"") -> Command:
        """Start a command of another operator; `answers` is what it can read from its input, which is no terminal."""
        number = len(self.commands)
        out, err = (self.base / "out" / f"{number}.{name}" for name in ("out", "err"))
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PHASE4_")}
        with out.open("wb") as to_out, err.open("wb") as to_err:
            process = subprocess.Popen(
                program(words),
                cwd=self.work, env=kept | self.environment, stdin=subprocess.PIPE, stdout=to_out, stderr=to_err,
                start_new_session=True,
            )  # fmt: skip
        if process.stdin is not None:
            with suppress(BrokenPipeError):
                process.stdin.write(answers)
                process.stdin.close()
        command = Command(tuple(words), process, out, err)
        self.commands.append(command)
        self.count("commands")
        return command

    def alive(self) -> list[Command]:
        """Return the commands that have not ended."""
        return [command for command in self.commands if command.process.poll() is None]

    def own(self) -> set[int]:
        """Return the processes that this harness started itself and waits for."""
        return {self.terminal.pid, *(command.process.pid for command in self.commands)}

    def put_away(self) -> None:
        """Close the terminal of a dashboard that has ended; what it wrote is kept until the episode is over."""
        if "terminal" in self.__dict__:
            (self.base / f"{self.counts['dashboards']}.pty").write_bytes(self.terminal.output)
            if self.terminal._descriptor >= 0:
                self.terminal.hang_up()

    def mend(self) -> None:
        """Undo all harm to the directory."""
        while self.mends:
            self.mends.pop()()

    def close(self) -> None:
        """Kill what is left, whatever happened."""
        self.mend()
        for command in self.commands:
            if command.process.poll() is None:
                command.process.kill()
            command.process.wait()
        if self.runs():
            self.terminal.kill(signal.SIGKILL)
            self.terminal.ended()
        self.put_away()
