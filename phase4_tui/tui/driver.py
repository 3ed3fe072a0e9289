"""The terminal's driver: it sends only what changes, and leaves the terminal as it was, also when stopped or continued.

Textual's own driver starts anew on every SIGCONT, also when nothing had been stopped. Here a signal's handler only
wakes the loop, which then suspends or resumes; so no handler waits for a queue that it has interrupted.
"""

import os
import signal
import sys
from asyncio import TimerHandle
from codecs import getincrementaldecoder, lookup
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from selectors import EVENT_READ, DefaultSelector
from time import monotonic
from typing import IO, Any

from rich.console import COLOR_SYSTEMS
from textual._ansi_sequences import SYNC_END, SYNC_START
from textual._xterm_parser import XTermParser
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Offset, Size
from textual.message import Message

from phase4_tui.tui.output_flow import ANSWER, OutputFlow
from phase4_tui.tui.screen_buffer import ScreenBuffer, Update
from phase4_tui.tui.terminal import erases_in_colour, is_another_jobs
from phase4_tui.tui.terminal_input import TerminalInput, TerminalIsReady

POLL_SECONDS = 0.1
READ_BYTES = 4096
LATER_SECONDS = 0.1
"""The time until it is looked again whether the line has room."""
ANSWER_SECONDS = 1.0
"""The most that the end waits for the terminal's last answer."""


class ConsoleDriver(LinuxDriver):
    """Draws on the terminal while the program has it."""

    leaving = False
    """True once a signal has asked the program to end: it is then neither stopped nor resumed."""
    _is_drawing = False
    _is_suspended = False
    _is_synchronized = False
    _write_begun, _write_size = 0.0, 0
    """When it was begun to write what is not taken yet, and how many characters it has."""

    def __init__(self, app: Any, **more: Any) -> None:
        super().__init__(app, **more)
        self._file: Any = _Followed(self._file, self._written)
        self._buffer = ScreenBuffer(COLOR_SYSTEMS.get(app.console.color_system or ""))
        self._cursor = Offset()
        self._flow = OutputFlow()
        self._is_writing = False
        self._later: TimerHandle | None = None

    def show(self, update: Update, cursor: Offset, *, synchronized: bool) -> None:
        """Draw an update of Textual, with the cursor there, as soon as the terminal has taken what was drawn before.

        Of what comes meanwhile only the last state is drawn. `synchronized` is for a terminal that can draw it at once.
        """
        self._buffer.take(update)
        self._cursor = cursor
        self._is_synchronized = synchronized
        self._send()

    def look_up_terminal(self) -> None:
        """Find out what the terminal can do, which takes a moment; until then it is taken to do little."""
        self._buffer.erases = erases_in_colour()

    def resized(self, size: Size) -> None:
        """Draw everything anew: a terminal whose size has changed shows something else, also when it is back."""
        self._buffer.forget()
        if size == self._buffer.size:
            self._send()

    def _send(self) -> None:
        """Send what the terminal does not show yet, as much as there is room for; the rest, or all, a little later."""
        if self._is_writing or self._later is not None:
            return
        room = self._flow.room()
        if changes := self._buffer.changes(self._cursor, room) if room else "":
            size = len(changes)
            changes = f"{SYNC_START}{changes}{SYNC_END}" if self._is_synchronized else changes
            self.write(changes + self._flow.sent(size))
        elif not room:
            self._later = self._loop.call_later(LATER_SECONDS, self._send_now)

    def _send_now(self) -> None:
        self._later = None
        self._send()

    def _written(self) -> None:
        """Go on when the system has taken what was written; called in another thread."""
        self._is_writing = False
        self._schedule(partial(self._taken, self._write_size, monotonic() - self._write_begun))

    def _taken(self, size: int, seconds: float) -> None:
        self._flow.taken(size, seconds)
        if not self._buffer.is_shown:
            self._send()

    def _answered(self) -> None:
        if question := self._flow.answered():
            self.write(question)
        self._send()

    def start_application_mode(self) -> None:
        """Take the terminal, unless it belongs to another job."""
        self._buffer.forget()
        self._flow = OutputFlow()
        self._is_writing = False
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
            self._await_answers(selector)

    def _await_answers(self, selector: DefaultSelector) -> None:
        """Wait for answers that are under way, and throw them away, so that they don't come into the shell."""
        until = monotonic() + (ANSWER_SECONDS if self._flow.is_asking else 0.0)
        while selector.select(max(until - monotonic(), POLL_SECONDS)) and monotonic() < until:
            if ANSWER.encode() in os.read(self.fileno, READ_BYTES):
                break

    def process_message(self, message: Message) -> None:
        """Give a message to the application; an answer about what is drawn is for the driver itself."""
        if isinstance(message, TerminalIsReady):
            self._schedule(self._answered)
        else:
            super().process_message(message)

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
            if not self._is_writing:
                self._write_begun, self._write_size = monotonic(), 0
            self._write_size += len(data)
            self._is_writing = True
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


class _Followed:
    """A stream that tells when all that was written to it has been taken."""

    def __init__(self, stream: IO[str], written: Callable[[], None]) -> None:
        self._stream = stream
        self._written = written

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def flush(self) -> None:
        """Wait until everything is taken."""
        self._stream.flush()
        self._written()


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
