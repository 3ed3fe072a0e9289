"""The terminal's driver: stopped, continued or sent to the background, the program leaves the terminal as it was.

Textual's own driver starts anew on every SIGCONT, also when nothing had been stopped. Here a signal's handler only
wakes the loop, which then suspends or resumes; so no handler waits for a queue that it has interrupted.
"""

import os
import signal
import sys
from codecs import getincrementaldecoder, lookup
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from selectors import EVENT_READ, DefaultSelector
from typing import Any

from textual._xterm_parser import XTermParser
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver

from phase4_tui.tui.terminal import is_another_jobs
from phase4_tui.tui.terminal_input import TerminalInput

POLL_SECONDS = 0.1
READ_BYTES = 4096


class ConsoleDriver(LinuxDriver):
    """Draws on the terminal while the program has it."""

    leaving = False
    """True once a signal has asked the program to end: it is then neither stopped nor resumed."""
    _is_drawing = False
    _is_suspended = False

    def start_application_mode(self) -> None:
        """Take the terminal, unless it belongs to another job."""
        before = self._key_thread
        super().start_application_mode()  # type: ignore[no-untyped-call]  # as Textual has it
        self._is_drawing = self._key_thread is not before

    def run_input_thread(self) -> None:
        """Read what is typed, clicked, pasted and answered until the terminal is given back."""
        terminal_input = TerminalInput(XTermParser(self._debug))
        decode = getincrementaldecoder(_input_encoding())(errors="replace").decode
        with DefaultSelector() as selector:
            selector.register(self.fileno, EVENT_READ)
            while not self.exit_event.is_set():
                left = terminal_input.seconds_left
                if selector.select(POLL_SECONDS if left is None else min(left, POLL_SECONDS)):
                    data = os.read(self.fileno, READ_BYTES)
                    for message in terminal_input.feed(decode(data)):
                        self.process_message(message)
                for message in terminal_input.tick():
                    self.process_message(message)
            selector.select(POLL_SECONDS)  # answers under way come here, and are thrown away, not into the shell

    def disable_input(self) -> None:
        """Read nothing more."""
        if self._is_drawing:
            with _undisturbed():
                super().disable_input()

    def stop_application_mode(self) -> None:
        """Give the terminal back as it was found; its settings stay if the shell has taken it."""
        if self._is_drawing:
            if is_another_jobs(self.fileno):
                self.attrs_before = None
            super().stop_application_mode()
            self._is_drawing = False

    def write(self, data: str) -> None:
        """Write to the terminal; once it is given back nothing is written."""
        if self._writer_thread is not None and self._writer_thread.is_alive():
            super().write(data)

    def _sigtstp_application(self, *_: Any) -> None:
        if not self._schedule(self._suspend):
            os.kill(os.getpid(), signal.SIGSTOP)

    def _sigcont_application(self, *_: Any) -> None:
        self._schedule(self._resume)

    def _schedule(self, work: Callable[[], None]) -> bool:
        with suppress(RuntimeError):  # the loop is closed: the application has ended
            self._loop.call_soon_threadsafe(work)
            return True
        return False

    def _suspend(self) -> None:
        if self.leaving:
            return
        if self._is_drawing:
            self.suspend_application_mode()
            self._is_suspended = True
        os.kill(os.getpid(), signal.SIGSTOP)

    def _resume(self) -> None:
        """Take the terminal again, whatever the shell has done with it, and have everything painted and read anew."""
        if self.leaving or not (self._is_drawing or self._is_suspended):
            return
        if is_another_jobs(self.fileno):
            os.kill(os.getpid(), signal.SIGSTOP)
            return
        if self._is_drawing:
            self.suspend_application_mode()
        self._must_signal_resume = True
        self._is_suspended = True
        self.start_application_mode()
        self._is_suspended = not self._is_drawing
        self._app.refresh(layout=True)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Touch the terminal's settings without being stopped for it in the background."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _input_encoding() -> str:
    """Return the encoding of what is typed: the locale's, and UTF-8 where that is ASCII alone."""
    encoding = lookup(getattr(sys.__stdin__, "encoding", None) or "utf-8").name
    return "utf-8" if encoding == "ascii" else encoding


def console_driver(found: type[Driver]) -> type[Driver]:
    """Return the driver to use in place of the one that Textual has found."""
    return ConsoleDriver if found is LinuxDriver else found
