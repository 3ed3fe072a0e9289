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
from contextlib import suppress
from pathlib import Path
from types import TracebackType

_CONTROL = re.compile(rb"\x1b\[[0-9;?<=>]*[a-zA-Z]|\x1b[()][A-Z0-9]|\x1b[=>]")
_READY = b"\x1b[5n"
_MODE = re.compile(rb"\x1b\[\?([0-9;]+)([hl])")


class Terminal:
    """A child process whose terminal is ours; `output` is all that it wrote."""

    answers = False
    """True for a terminal that says that it is ready when it is asked."""
    _looked = 0
    """How much of the output was searched for that question."""

    def __init__(
        self, argv: Sequence[str], workdir: Path, columns: int = 120, rows: int = 40, **environment: str
    ) -> None:
        self.output = bytearray()
        self.begun = time.perf_counter()
        self._status: int | None = None
        self._descriptor, self._theirs = pty.openpty()
        self.resize(columns, rows)
        self.attributes_before = self.attributes
        # An interrupt that comes before the program is started must not go on in this test, in two processes.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        self.pid = os.fork()
        if self.pid == 0:
            try:
                signal.signal(signal.SIGINT, signal.SIG_DFL)
                signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
                os.close(self._descriptor)
                os.login_tty(self._theirs)
                os.chdir(workdir)
                kept = {name: value for name, value in os.environ.items() if not name.startswith("PHASE4_")}
                kept |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"} | environment
                os.execvpe(argv[0], list(argv), kept)
            finally:
                os._exit(127)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})

    @property
    def attributes(self) -> list[object]:
        """How the terminal treats what is typed, as `stty -a` tells."""
        return list(termios.tcgetattr(self._theirs))

    @property
    def modes(self) -> dict[int, bool]:
        """Every private mode that was ever set or reset, and which it is now: 1049 the other screen, 25 the cursor."""
        found: dict[int, bool] = {}
        for numbers, letter in _MODE.findall(bytes(self.output)):
            found |= {int(number): letter == b"h" for number in numbers.split(b";")}
        return found

    @property
    def is_as_before(self) -> bool:
        """True when the terminal is as the program found it."""
        on = {mode for mode, is_on in self.modes.items() if is_on} - {25, 7}
        return not on and self.modes.get(25, True) and self.attributes == self.attributes_before

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size."""
        fcntl.ioctl(self._descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def hang_up(self) -> None:
        """Close the terminal, as a lost connection does."""
        os.close(self._theirs)
        os.close(self._descriptor)
        self._descriptor = -1

    def kill(self, number: int) -> None:
        """Send a signal to the program."""
        os.kill(self.pid, number)

    def is_stopped(self, seconds: float = 10.0) -> bool:
        """Wait until the program is stopped; False when it is not in time."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.read(0.02)
            pid, status = os.waitpid(self.pid, os.WNOHANG | os.WUNTRACED)
            if pid:
                return os.WIFSTOPPED(status)
        return False

    def ended(self, seconds: float = 10.0, *, reads: bool = True) -> int:
        """Return the exit status of the program once it ends, minus the signal's number; raises TimeoutError."""
        until = time.monotonic() + seconds
        while self._status is None:
            if reads and self._descriptor >= 0:
                self.read(0.02)
            else:
                time.sleep(0.02)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._status = os.waitstatus_to_exitcode(status)
            elif time.monotonic() > until:
                raise TimeoutError(f"the program did not end within {seconds} s")
        if reads and self._descriptor >= 0:
            self.read(0.05)
        return self._status

    def _take(self, most: int = 1 << 16) -> bytes:
        """Read once, and answer the question whether the terminal is ready."""
        chunk = os.read(self._descriptor, most)
        self.output += chunk
        questions = self.output.count(_READY, self._looked) if self.answers else 0
        os.write(self._descriptor, b"\x1b[0n" * questions)
        self._looked = len(self.output) - len(_READY) + 1 if not self.output.endswith(_READY) else len(self.output)
        return chunk

    def read(self, seconds: float) -> bytes:
        """Return what arrives within a time; stops early at the end of the program."""
        until = time.perf_counter() + seconds
        begun = len(self.output)
        while (left := until - time.perf_counter()) > 0:
            if select.select([self._descriptor], [], [], left)[0]:
                try:
                    if not self._take():
                        break
                except OSError:
                    break
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
                self._take()
            except OSError:
                break
        raise TimeoutError(f"{text!r} was not written within {seconds} s; last: {plain(bytes(self.output))[-400:]!r}")

    def wait_slowly_for(self, text: str, rate: int, seconds: float = 30.0, since: int = 0) -> float:
        """Return the seconds until a text was written, with `rate` bytes a second read; raises TimeoutError."""
        begun, taken, wanted = time.perf_counter(), 0, text.encode()
        while (passed := time.perf_counter() - begun) < seconds:
            if wanted in plain(bytes(self.output[since:])):
                return passed
            room = int(passed * rate) - taken
            if room > 0 and select.select([self._descriptor], [], [], 0)[0]:
                taken += len(self._take(room))
            else:
                taken = max(taken, int(passed * rate))  # what nobody wrote can't be read later all at once
                time.sleep(0.02)
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
        """End the program if it still runs, and return its exit status."""
        try:
            if self._status is None:
                with suppress(ProcessLookupError):
                    os.kill(self.pid, signal.SIGTERM)
            return self.ended()
        finally:
            if self._status is None:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
            if self._descriptor >= 0:
                self.hang_up()

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def plain(output: bytes) -> bytes:
    """Return output without the sequences that move and colour."""
    return _CONTROL.sub(b"", output)
