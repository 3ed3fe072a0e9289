"""A program on a terminal of its own: what it writes, byte by byte, and when."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

_CONTROL = re.compile(rb"\x1b\[[0-9;?<=>]*[a-zA-Z]|\x1b[()][A-Z0-9]|\x1b[=>]")


class Terminal:
    """A child process whose terminal is ours; `output` is all that it wrote."""

    def __init__(self, argv: Sequence[str], workdir: Path, columns: int = 120, rows: int = 40) -> None:
        self.output = bytearray()
        self.begun = time.perf_counter()
        self.pid, self._descriptor = pty.fork()
        if self.pid == 0:
            os.chdir(workdir)
            environment = {name: value for name, value in os.environ.items() if not name.startswith("PHASE4_")}
            environment |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
            os.execvpe(argv[0], list(argv), environment)
        fcntl.ioctl(self._descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, seconds: float) -> bytes:
        """Return what arrives within a time; stops early at the end of the program."""
        until = time.perf_counter() + seconds
        begun = len(self.output)
        while (left := until - time.perf_counter()) > 0:
            if select.select([self._descriptor], [], [], left)[0]:
                try:
                    chunk = os.read(self._descriptor, 1 << 16)
                except OSError:
                    break
                if not chunk:
                    break
                self.output += chunk
        return bytes(self.output[begun:])

    def wait_for(self, text: str, seconds: float = 30.0, since: int = 0) -> float:
        """Return the seconds until a text was written, counted from now; raises TimeoutError."""
        begun = time.perf_counter()
        wanted = text.encode()
        while time.perf_counter() - begun < seconds:
            if wanted in plain(bytes(self.output[since:])):
                return time.perf_counter() - begun
            if not select.select([self._descriptor], [], [], 0.05)[0]:
                continue
            try:
                self.output += os.read(self._descriptor, 1 << 16)
            except OSError:
                break
        raise TimeoutError(f"{text!r} was not written within {seconds} s; last: {plain(bytes(self.output))[-400:]!r}")

    def press(self, keys: str) -> int:
        """Send keys; return how much had been written before."""
        before = len(self.output)
        os.write(self._descriptor, keys.encode())
        return before

    def cpu_seconds(self) -> float:
        """Return the processor time of the program so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak_mb(self) -> float:
        """Return the largest memory of the program so far."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        return int(found.group(1)) / 1024 if found else 0.0

    def close(self) -> int:
        """End the program and return its exit status."""
        try:
            os.kill(self.pid, signal.SIGTERM)
        except ProcessLookupError:
            return 0
        until = time.monotonic() + 10
        while time.monotonic() < until:
            self.read(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                os.close(self._descriptor)
                return os.waitstatus_to_exitcode(status)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        raise TimeoutError("the program did not end within 10 s of SIGTERM")

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def plain(output: bytes) -> bytes:
    """Return output without the sequences that move and colour."""
    return _CONTROL.sub(b"", output)
