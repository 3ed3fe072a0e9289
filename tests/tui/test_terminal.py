"""The dashboard on a terminal of its own: every way out leaves it as it was, and no step behind."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from phase4_tui.journal.state import read_state
from phase4_tui.runbook.provenance import runs_of
from tests.counts import tries
from tests.figures import Figures
from tests.runbook.support import laid_out, until
from tests.terminal import Terminal, plain
from tests.tui.support import lay_out

DASHBOARD = [sys.executable, "-m", "phase4_tui", "--operator", "maria"]
BROKEN = """
import sys
from phase4_tui.tui.openings import Openings
def broken(self, gesture):
    raise RuntimeError("a handler broke")
Openings.do = broken
sys.argv = ["phase4"]
from phase4_tui.__main__ import main
main()
"""
OVERTAKEN = """
import signal
import sys
from textual.drivers.linux_driver import LinuxDriver
sizes = []
def overtaken(self):
    sizes.append((120, 40))
    return sizes[0]
LinuxDriver._get_terminal_size = overtaken
sys.argv = ["phase4"]
from phase4_tui.__main__ import main
main()
"""
TERM, HUP = signal.SIGTERM, signal.SIGHUP
RESIZES = tries(300, 2000)
REFUSAL_SECONDS = tries(5.0, 1.0)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Return a working directory with tags A and B."""
    lay_out(tmp_path)
    return tmp_path


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    """Return a working directory whose pipeline takes long."""
    return lay_out_slow(tmp_path)


def lay_out_slow(work: Path) -> Path:
    """Lay out a directory whose pipeline leaves a child in a session of its own and takes long, until there is `go`."""
    laid_out(work)
    real = f"exec {sys.executable} -P -m phase4_tui.steps.pipeline_runner"
    real += " --input {input} --outdir {outdir} --tag {tag}"
    sleep = f"exec -a {work}/reports/sleeper sleep 900"
    argv = ["bash", "-c", f"test -e go && {real}; (exec setsid bash -c '{sleep}') & {sleep}"]
    (work / "phase4.toml").write_text(f"grace_seconds = 0.5\n[steps.pipeline]\nargv = {json.dumps(argv)}\n")
    return work


def processes(text: str) -> list[str]:
    """Return the command lines with that text in them."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except (FileNotFoundError, ProcessLookupError):
                continue
            if text in line:
                found.append(line)
    return found


def steps_alive(work: Path) -> list[str]:
    """Return the processes that a run here has left, or has."""
    return [line for line in processes(f"{work}/reports/sleeper") if line.startswith(str(work))]


def begin_run(terminal: Terminal, work: Path) -> None:
    """Start the sequence by keys and wait until its first step sleeps."""
    terminal.wait_for("NO RUN YET")
    terminal.press("r")
    terminal.wait_for("Run tag of the")
    terminal.press("\r")
    terminal.wait_for("Run (y)")
    terminal.press("y")
    until(lambda: terminal.read(0.02) is not None and len(steps_alive(work)) >= 2)


def last_run_state(work: Path) -> str:
    """Return how the last run stands."""
    return max(runs_of(work / "reports", "phase4_demo"), key=lambda run: run.run_id).state


# Every way out ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("way", "status"), [(TERM, 143), (HUP, 129), ("q", 0), ("\x11", 0)])
def test_every_way_out_restores_the_terminal(
    work: Path, way: signal.Signals | str, status: int, figures: Figures
) -> None:
    with Terminal(DASHBOARD, work) as terminal:
        terminal.wait_for("passed")
        assert terminal.modes[1049]
        assert not terminal.is_as_before
        begun = time.monotonic()
        terminal.press(way) if isinstance(way, str) else terminal.kill(way)
        assert terminal.ended() == status
        seconds = time.monotonic() - begun
        assert seconds < 3
        figures.worst("ended after {:.1f} s", seconds)
        assert terminal.is_as_before, terminal.modes


def test_a_handler_that_breaks_twice_ends_with_its_error_on_a_sane_terminal(work: Path) -> None:
    with Terminal([sys.executable, "-c", BROKEN], work) as terminal:
        terminal.wait_for("passed")
        terminal.press("y")
        terminal.wait_for("a handler broke")
        terminal.press("y")
        assert terminal.ended() == 1
        assert terminal.is_as_before, terminal.modes
        assert b"a handler broke" in plain(bytes(terminal.output))


@pytest.mark.parametrize("delay", [0.0, 0.1, 0.2, 0.3, 0.4])
def test_a_signal_while_it_starts_leaves_the_terminal_as_it_was(work: Path, delay: float) -> None:
    with Terminal(DASHBOARD, work) as terminal:
        terminal.read(delay)
        terminal.kill(TERM)
        assert terminal.ended() in (143, -TERM)
        assert terminal.is_as_before, terminal.modes


@pytest.mark.parametrize("way", ["\x1a", signal.SIGTSTP])
def test_suspended_and_resumed_it_goes_on(work: Path, way: signal.Signals | str) -> None:
    with Terminal(DASHBOARD, work) as terminal:
        terminal.wait_for("passed")
        terminal.press(way) if isinstance(way, str) else terminal.kill(way)
        assert terminal.is_stopped()
        assert terminal.is_as_before, terminal.modes
        (work / "reports" / "B_release_check.json").unlink()
        since = len(terminal.output)
        terminal.kill(signal.SIGCONT)
        terminal.wait_for("MISSING", seconds=5, since=since)
        assert terminal.modes[1049]
        terminal.press("q")
        assert terminal.ended() == 0
        assert terminal.is_as_before, terminal.modes


# With a step under way --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("way", "status"), [(TERM, 143), (HUP, 129)])
def test_a_signal_takes_the_run_down_with_it(slow: Path, way: signal.Signals, status: int) -> None:
    with Terminal(DASHBOARD, slow) as terminal:
        begin_run(terminal, slow)
        terminal.kill(way)
        assert terminal.ended(5) == status
        assert terminal.is_as_before, terminal.modes
    assert steps_alive(slow) == []
    assert last_run_state(slow) == "finished"


def test_a_lost_terminal_ends_it_and_its_run(slow: Path, figures: Figures) -> None:
    with Terminal(DASHBOARD, slow) as terminal:
        begin_run(terminal, slow)
        terminal.hang_up()
        begun = time.monotonic()
        terminal.ended(5)
        figures.worst("gone after {:.1f} s", time.monotonic() - begun)
    assert steps_alive(slow) == []
    assert last_run_state(slow) == "finished"


def test_a_stalled_terminal_cannot_hold_it(slow: Path) -> None:
    with Terminal(DASHBOARD, slow) as terminal:
        begin_run(terminal, slow)
        for _ in range(60):  # nobody reads what each repaint writes, until nothing more can be written
            terminal.press("?")
            time.sleep(0.02)
            terminal.press("\x1b")
            time.sleep(0.02)
        begun = time.monotonic()
        terminal.kill(TERM)
        assert terminal.ended(6, reads=False) == 143
        assert time.monotonic() - begun < 5
        assert terminal.attributes == terminal.attributes_before
    assert steps_alive(slow) == []


def test_killed_outright_it_leaves_no_step_and_the_next_one_resumes(slow: Path) -> None:
    with Terminal(DASHBOARD, slow) as terminal:
        begin_run(terminal, slow)
        terminal.kill(signal.SIGKILL)
        assert terminal.ended() == -signal.SIGKILL
    until(lambda: steps_alive(slow) == [], 5)
    (slow / "go").touch()
    with Terminal(DASHBOARD, slow) as terminal:
        terminal.wait_for("stopped, next: R resume")
        terminal.press("R")
        terminal.wait_for("Run (y)")
        terminal.press("y")
        terminal.wait_for("every step passed")
    assert last_run_state(slow) == "finished"


# Terminals that can't draw, or hardly -----------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [[], ["dash"]])
def test_without_a_terminal_it_refuses_with_a_hint(work: Path, arguments: list[str], figures: Figures) -> None:
    begun = time.monotonic()
    done = subprocess.run([*DASHBOARD, *arguments], cwd=work, stdin=subprocess.DEVNULL, capture_output=True, timeout=20)
    seconds = time.monotonic() - begun
    assert seconds < REFUSAL_SECONDS
    figures.worst("ended after {:.1f} s", seconds)
    assert done.returncode == 2
    assert b"phase4 status" in done.stderr
    assert b"\x1b" not in done.stdout + done.stderr


@pytest.mark.parametrize("term", ["dumb", ""])
def test_a_terminal_that_cannot_draw_is_refused_with_a_hint(work: Path, term: str, figures: Figures) -> None:
    begun = time.monotonic()
    with Terminal(DASHBOARD, work, TERM=term) as terminal:
        assert terminal.ended(20) == 2
        seconds = time.monotonic() - begun
        assert seconds < REFUSAL_SECONDS
        figures.worst("ended after {:.1f} s", seconds)
        assert b"phase4 status" in terminal.output
        assert b"\x1b" not in terminal.output


def test_hundreds_of_sizes_and_it_is_still_there(work: Path, figures: Figures) -> None:
    sizes = [(20, 5), (1, 1), (59, 15), (60, 16), (200, 60), (80, 24), (120, 40), (7, 90), (300, 2)]
    with Terminal(DASHBOARD, work) as terminal:
        terminal.wait_for("passed")
        for number in range(RESIZES):
            terminal.resize(*sizes[number % len(sizes)])
            terminal.read(0.004)
        terminal.resize(40, 12)
        terminal.wait_for("60×16 is the least", since=len(terminal.output))
        since = len(terminal.output)
        terminal.resize(100, 30)
        terminal.wait_for("RELEASE CHECK", since=since)
        terminal.press("q")
        assert terminal.ended() == 0
        assert terminal.is_as_before, terminal.modes
    figures.total("{:,} sizes", RESIZES)


def test_a_size_that_was_told_too_late_is_put_right(work: Path) -> None:
    """A handler that another one interrupts tells an old size last; here each tells the first one."""
    with Terminal([sys.executable, "-c", OVERTAKEN], work) as terminal:
        terminal.wait_for("passed")
        since = len(terminal.output)
        terminal.resize(40, 12)
        terminal.wait_for("60×16 is the least", seconds=10, since=since)
        since = len(terminal.output)
        terminal.resize(100, 30)
        terminal.wait_for("RELEASE CHECK", seconds=10, since=since)


def test_stopped_during_twenty_thousand_writes_it_shows_what_is_there_soon_after(work: Path, figures: Figures) -> None:
    reports = work / "reports"
    with Terminal(DASHBOARD, work) as terminal:
        terminal.wait_for("passed")
        terminal.kill(signal.SIGSTOP)
        assert terminal.is_stopped()
        for number in range(20_000):
            atomic = reports / f".{number % 500}"
            atomic.write_bytes(b"{}")
            atomic.rename(reports / f"flood_{number % 500}_quality_check.json")
        since = len(terminal.output)
        terminal.kill(signal.SIGCONT)
        seconds = terminal.wait_for("502", seconds=3, since=since)  # every one of them read
        figures.worst("right {:.1f} s after it went on", seconds)


def test_a_size_in_the_environment_does_not_hold_the_screen_there(work: Path) -> None:
    with Terminal(DASHBOARD, work, COLUMNS="80", LINES="24") as terminal:
        terminal.wait_for("passed")
        since = len(terminal.output)
        terminal.resize(40, 12)
        terminal.wait_for("60×16 is the least", since=since)


def test_without_colours_every_state_is_a_word(work: Path) -> None:
    with Terminal(DASHBOARD, work, NO_COLOR="1") as terminal:
        terminal.wait_for("ALERT HIGH")
        terminal.wait_for("P1")
        terminal.wait_for("passed")


def test_in_ascii_every_byte_is_ascii(work: Path) -> None:
    with Terminal([*DASHBOARD, "--ascii"], work) as terminal:
        terminal.wait_for("passed")
        for key, shown in (("?", "KEYS"), ("\x1b", "RELEASE CHECK"), ("f", "Reason to freeze"), ("\x1b", "SIGN-OFF")):
            since = terminal.press(key)
            terminal.wait_for(shown, since=since)
        terminal.read(1)
        assert terminal.output.isascii()
    assert read_state(work / "reports").frozen == {}
