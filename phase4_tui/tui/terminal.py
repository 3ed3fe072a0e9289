"""Guards the terminal: refuses one that can't draw, and restores it on every way out, signals included."""

import os
import signal
import sys
import termios
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

from phase4_tui.errors import Refused, Remedy, command_line

GIVE_UP_SECONDS = 3.0
WITHOUT_A_SCREEN = (
    Remedy("", command_line("status")),
    Remedy("", command_line("watch")),
    Remedy("", command_line("run"), "need no full screen"),
)
_MODES_OFF = (1049, 1000, 1002, 1003, 1006, 1015, 2004, 1004)
RESTORE = "".join(f"\x1b[?{mode}l" for mode in _MODES_OFF).encode() + b"\x1b[?25h\x1b[<u\x1b[0m\r\n"


def why_unusable(environment: Any = os.environ) -> Refused | None:
    """Return why a full-screen program can't run here, None when it can."""
    if not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):  # Textual draws on the last
        return Refused("there is no terminal", remedy=WITHOUT_A_SCREEN)
    if environment.get("TERM", "") in ("dumb", ""):
        told = f"TERM={environment.get('TERM', '')!r} can't draw a full screen"
        return Refused(told, remedy=WITHOUT_A_SCREEN)
    return None


def size_of_terminal() -> tuple[int, int] | None:
    """Return the terminal's columns and rows; None when it does not say."""
    try:
        columns, rows = os.get_terminal_size(1)
    except OSError:
        return None
    return (columns, rows) if columns and rows else None


def erases_in_colour() -> bool:
    """True for a terminal that gives what it erases the background that is set (terminfo's `bce`)."""
    try:
        import curses  # noqa: PLC0415 - not every Python has it
    except ImportError:
        return False
    with suppress(curses.error, OSError):  # an unknown terminal
        curses.setupterm(fd=2)
        return curses.tigetflag("bce") > 0
    return False


def is_another_jobs(descriptor: int) -> bool:
    """True while the shell or another job of it has the terminal."""
    try:
        return os.tcgetpgrp(descriptor) != os.getpgrp()
    except OSError:
        return False  # it is no terminal, or not the one that jobs are controlled by


@contextmanager
def restored_on_signals(leave: Callable[[int], None], kill: Callable[[], None]) -> Iterator[list[int]]:
    """Leave on SIGTERM and SIGHUP, by force when that takes too long or a second signal comes; yield those caught.

    `leave` asks the application to end with an exit status; `kill` ends what runs. The handlers are set with
    `signal.signal`, since a stalled terminal blocks the event loop.
    """
    caught: list[int] = []
    try:
        saved: list[Any] | None = termios.tcgetattr(0)
    except termios.error:
        saved = None

    def force() -> None:
        kill()
        for descriptor in (1, 2):
            with suppress(OSError):
                os.set_blocking(descriptor, False)
                os.write(descriptor, RESTORE)
        if saved is not None and not is_another_jobs(0):  # that would stop this program, and undo the shell's
            with suppress(termios.error):
                termios.tcsetattr(0, termios.TCSANOW, saved)
        os._exit(128 + caught[0])

    def note(number: int, frame: FrameType | None) -> None:
        caught.append(number)
        if len(caught) > 1:
            force()
        timer = threading.Timer(GIVE_UP_SECONDS, force)
        timer.daemon = True
        timer.start()
        leave(128 + number)

    before = {number: signal.signal(number, note) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
