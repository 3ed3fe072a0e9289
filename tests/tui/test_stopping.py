"""Stopped and continued in any order, the dashboard keeps the terminal's settings, its modes and its threads."""

import os
import re
import shlex
import signal
import sys
from pathlib import Path

import pytest

from tests.runbook.support import alive, until
from tests.terminal import Terminal
from tests.tui.support import lay_out

DASHBOARD = [sys.executable, "-m", "phase4_tui", "--operator", "maria"]
CONT, STOP, TERM = signal.SIGCONT, signal.SIGSTOP, signal.SIGTERM
WHOLE = ("RELEASE CHECK", "QUALITY CHECK", "MONITORING", "SIGN-OFF", "RUN TAGS")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Return a working directory with tags A and B."""
    lay_out(tmp_path)
    return tmp_path


def threads(terminal: Terminal) -> int:
    """Return how many threads the program has."""
    return len(list(Path(f"/proc/{terminal.pid}/task").iterdir()))


def keyboard_depth(terminal: Terminal) -> int:
    """Return how often the keyboard protocol was asked for and not given back."""
    pushed, popped = (len(re.findall(one, bytes(terminal.output))) for one in (rb"\x1b\[>\d+u", rb"\x1b\[<u"))
    return pushed - popped


def continued(terminal: Terminal) -> None:
    """Continue the program, and see it paint the whole screen again."""
    since = len(terminal.output)
    terminal.kill(CONT)
    for text in WHOLE:
        terminal.wait_for(text, seconds=10, since=since)


def left_as_before(terminal: Terminal, status: int = 0) -> None:
    """See the program end, and nothing of it stay with the terminal."""
    assert terminal.ended() == status
    assert terminal.is_as_before, (terminal.modes, terminal.attributes)
    assert keyboard_depth(terminal) == 0


def test_continued_without_a_stop_it_is_as_before_and_still_leaves_by_its_key(work: Path) -> None:
    with Terminal(DASHBOARD, work) as terminal:
        terminal.wait_for("passed")
        terminal.read(0.5)
        raw, before, modes = terminal.attributes, threads(terminal), terminal.modes
        for _ in range(6):
            continued(terminal)
        terminal.read(0.5)
        assert terminal.attributes == raw
        assert threads(terminal) == before
        assert terminal.modes == modes
        assert keyboard_depth(terminal) == 1
        terminal.press("q")
        left_as_before(terminal)


def test_a_flood_of_continuations_is_one(work: Path) -> None:
    with Terminal(DASHBOARD, work) as terminal:
        terminal.wait_for("passed")
        for _ in range(200):
            terminal.kill(CONT)
        terminal.read(1)
        terminal.press("q")
        left_as_before(terminal)


@pytest.mark.parametrize("times", [1, 3])
def test_stopped_by_force_and_continued_it_paints_all_and_has_read_the_directory(work: Path, times: int) -> None:
    with Terminal(DASHBOARD, work) as terminal:
        terminal.wait_for("passed")
        terminal.read(0.5)
        raw, before = terminal.attributes, threads(terminal)
        for _ in range(times):
            terminal.kill(STOP)
            assert terminal.is_stopped()
            continued(terminal)
        (work / "reports" / "B_release_check.json").unlink()
        terminal.kill(STOP)
        assert terminal.is_stopped()
        since = len(terminal.output)
        terminal.kill(CONT)
        assert terminal.wait_for("MISSING", seconds=10, since=since) < 3
        terminal.read(0.5)
        assert (terminal.attributes, threads(terminal)) == (raw, before)
        terminal.press("q")
        left_as_before(terminal)


def test_a_dialog_stays_open_and_is_painted_with_what_is_behind_it(work: Path) -> None:
    with Terminal(DASHBOARD, work) as terminal:
        terminal.wait_for("passed")
        terminal.press("f")
        terminal.wait_for("Reason to freeze")
        terminal.kill(STOP)
        assert terminal.is_stopped()
        since = len(terminal.output)
        terminal.kill(CONT)
        terminal.wait_for("Reason to freeze", since=since)
        terminal.wait_for("RUN TAGS", since=since)


@pytest.mark.parametrize("way", [STOP, signal.SIGTSTP, "\x1a"])
def test_asked_to_end_while_it_is_stopped_it_ends_once_it_goes_on(work: Path, way: signal.Signals | str) -> None:
    with Terminal(DASHBOARD, work) as terminal:
        terminal.wait_for("passed")
        terminal.press(way) if isinstance(way, str) else terminal.kill(way)
        assert terminal.is_stopped()
        terminal.kill(TERM)
        assert not terminal.read(0.3)  # a stopped program can do nothing, and does nothing
        terminal.kill(CONT)
        left_as_before(terminal, 143)


@pytest.mark.parametrize("way", [signal.SIGTSTP, "\x1a"])
def test_suspended_with_the_end_asked_for_the_terminal_is_free_already(work: Path, way: signal.Signals | str) -> None:
    with Terminal(DASHBOARD, work) as terminal:
        terminal.wait_for("passed")
        terminal.press(way) if isinstance(way, str) else terminal.kill(way)
        assert terminal.is_stopped()
        terminal.kill(TERM)
        assert terminal.is_as_before
        assert keyboard_depth(terminal) == 0
        terminal.kill(signal.SIGKILL)
        assert terminal.ended() == -signal.SIGKILL
        assert terminal.is_as_before


def test_suspended_and_resumed_again_and_again_no_thread_is_left(work: Path) -> None:
    with Terminal(DASHBOARD, work) as terminal:
        terminal.wait_for("passed")
        terminal.read(0.5)
        before = threads(terminal)
        for _ in range(4):
            terminal.press("\x1a")
            assert terminal.is_stopped()
            assert terminal.is_as_before
            continued(terminal)
        terminal.read(0.5)
        assert threads(terminal) == before
        terminal.press("q")
        left_as_before(terminal)


@pytest.mark.parametrize("delay", [0.0, 0.15, 0.3])
def test_continued_while_it_starts_it_starts(work: Path, delay: float) -> None:
    with Terminal(DASHBOARD, work) as terminal:
        terminal.read(delay)
        terminal.kill(CONT)
        terminal.wait_for("passed")
        terminal.press("q")
        left_as_before(terminal)


# In a shell with jobs ---------------------------------------------------------------------------------------


class Shell(Terminal):
    """A shell with job control, in which the dashboard is a job."""

    def __init__(self, work: Path) -> None:
        super().__init__(["bash", "--norc", "--noprofile", "-i"], work, PS1="", HISTFILE="/dev/null")
        self._asked = 0
        self.press("bind 'set enable-bracketed-paste off'; export PHASE4_OPERATOR=maria\n")

    def __enter__(self) -> "Shell":
        return self

    def close(self) -> int:
        """End the shell and its job."""
        for child in self._children():
            os.kill(child, signal.SIGKILL)
        if self._status is None:
            os.kill(self.pid, signal.SIGKILL)
        return super().close()

    def _children(self) -> list[int]:
        path = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return [int(child) for child in path.read_text().split()] if path.exists() else []

    def does(self, line: str) -> None:
        """Give the shell a command and wait for its end."""
        self._asked += 1
        since = self.press(f"{line}; echo do''ne{self._asked}\n")
        self.wait_for(f"done{self._asked}", since=since)

    def settings(self) -> str:
        """Return the settings of the terminal as a command of the shell finds them."""
        since = len(self.output)
        self.does("stty -g")
        found = re.findall(rb"[0-9a-f]+(?::[0-9a-f]+){10,}", bytes(self.output[since:]))
        return str(found[0], "ascii")

    def begin(self) -> int:
        """Start the dashboard as a job, and return its process number."""
        since = self.press(f"{shlex.join(DASHBOARD[:3])}\n")
        self.wait_for("passed", since=since)
        return self._children()[-1]


def state_of(pid: int) -> str:
    """Return the state of a process by its letter, T for a stopped one."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_sent_to_the_background_it_stops_again_and_comes_back_to_the_front(work: Path) -> None:
    with Shell(work) as shell:
        before = shell.settings()
        pid = shell.begin()
        shell.press("\x1a")
        until(lambda: shell.read(0.02) is not None and state_of(pid) == "T")
        assert shell.settings() == before
        shell.does("bg")
        until(lambda: shell.read(0.02) is not None and state_of(pid) == "T")
        assert shell.settings() == before
        since = shell.press("fg\n")
        for text in WHOLE:
            shell.wait_for(text, since=since)
        shell.press("q")
        until(lambda: shell.read(0.02) is not None and not alive(pid))
        assert shell.settings() == before
        shell.press("exit\n")
        shell.ended()


@pytest.mark.parametrize("ways", ["-TERM", "-HUP -TERM"])
@pytest.mark.parametrize("stop", ["key", "force"])
def test_ended_as_a_stopped_job_it_ends_and_the_shell_keeps_its_settings(work: Path, stop: str, ways: str) -> None:
    with Shell(work) as shell:
        before = shell.settings()
        pid = shell.begin()
        shell.press("\x1a") if stop == "key" else os.kill(pid, STOP)
        until(lambda: shell.read(0.02) is not None and state_of(pid) == "T")
        shell.does(" ".join(f"kill {way} {pid};" for way in ways.split()) + f" kill -CONT {pid}")
        until(lambda: shell.read(0.02) is not None and not alive(pid), 8)
        assert shell.settings() == before
        on = {mode for mode, is_on in shell.modes.items() if is_on} - {25, 7}
        assert not on
        shell.press("exit\n")
        shell.ended()
