"""Bracketed paste: while it is on, a terminal marks where what is pasted begins and where it ends."""

import os
import select
import signal
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

BEGIN, END = "\x1b[200~", "\x1b[201~"
ON, OFF = b"\x1b[?2004h", b"\x1b[?2004l"
STALLED_SECONDS = 1.0
"""A terminal that takes nothing for this long does not hold a signal off."""
LEAVING = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGTSTP)


@contextmanager
def bracketed_paste() -> Iterator[None]:
    """Have the terminal mark what is pasted, if there is one that may; off again on every way out.

    A signal that ends or stops the program does so as before, after the mode is off; a program that goes on in the
    foreground has it on again.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty() and os.environ.get("TERM", "") not in ("", "dumb")):
        yield
        return
    keyboard, screen = sys.stdin.fileno(), sys.stderr.fileno()
    attributes = termios.tcgetattr(keyboard)

    def leave(number: int, frame: FrameType | None) -> None:
        while_asked = attributes
        if _is_in_foreground(keyboard):
            while_asked = termios.tcgetattr(keyboard)
            termios.tcsetattr(keyboard, termios.TCSANOW, attributes)
            if select.select([], [screen], [], STALLED_SECONDS)[1]:
                _write(screen, OFF)
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        signal.signal(number, leave)  # it was only stopped
        if _is_in_foreground(keyboard):
            termios.tcsetattr(keyboard, termios.TCSANOW, while_asked)
            _write(screen, ON)

    caught = [number for number in LEAVING if signal.getsignal(number) is signal.SIG_DFL]
    try:
        for number in caught:
            signal.signal(number, leave)
        _write(screen, ON)
        yield
    finally:
        _write(screen, OFF)
        for number in caught:
            signal.signal(number, signal.SIG_DFL)


def is_open(text: str) -> bool:
    """True when the last paste in a text has not ended."""
    return text.rfind(BEGIN) > text.rfind(END)


def without_marks(text: str) -> str:
    """Return a text without the marks of pastes."""
    return text.replace(BEGIN, "").replace(END, "")


def _is_in_foreground(descriptor: int) -> bool:
    try:
        return os.tcgetpgrp(descriptor) == os.getpgrp()
    except OSError:
        return False  # the connection is lost


def _write(descriptor: int, sequence: bytes) -> None:
    """Write past the stream, which a handler must not enter twice; what is lost with its terminal is not missed."""
    with suppress(OSError):
        os.write(descriptor, sequence)
