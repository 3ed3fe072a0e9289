"""The standard streams of a command: all three are there, and output that fails changes nothing of what is done.

A write that fails (a full disk, a pipe whose reader has gone) is lost and remembered, so that no operation or run ends
half-way for it. `delivered` says at the end what becomes of the exit status.
"""

import io
import os
import select
import sys
from codecs import lookup
from typing import TYPE_CHECKING, TextIO

from phase4_tui.signs import escaped, in_ascii, shows_signs

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

FAILED = 1


class _Output(io.FileIO):
    """An output in which a write that fails is lost; `loss` is the first error."""

    loss: OSError | None = None

    def write(self, data: "ReadableBuffer", /) -> int:
        """Write what can be written, and count the rest as written."""
        try:
            while (written := super().write(data)) is None:
                select.select([], [self], [])  # another program has made it non-blocking, and it is full
        except OSError as error:
            self.loss = self.loss or error
            return memoryview(data).nbytes
        return written


class _Plain(io.TextIOWrapper):
    """Text in an encoding that lacks some of the signs that the program draws with."""

    holds = "ascii"
    """The encoding that the reader expects."""

    def write(self, text: str, /) -> int:
        """Write the text, its signs in ASCII and what the encoding can't show escaped."""
        super().write(escaped(in_ascii(text), self.holds))
        return len(text)


_stdout: _Output | None = None


def open_streams() -> None:
    """Open what is missing of stdin, stdout and stderr, and let no write to the last two fail; call it once, first.

    A descriptor that the caller has closed would be the number of the next file that is opened: of the journal, say.
    """
    global _stdout
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # it gets the lowest free number, which is this
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - until the process ends
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="backslashreplace")  # what is typed in another encoding is seen, and ends nothing
    _stdout, sys.stdout = _opened(1, sys.stdout)
    _, sys.stderr = _opened(2, sys.stderr)


def _opened(descriptor: int, former: TextIO | None) -> tuple[_Output, TextIO]:
    output = _Output(descriptor, "wb", closefd=False)
    encoding = "utf-8" if former is None else former.encoding
    kind = io.TextIOWrapper if shows_signs(encoding) else _Plain
    text = kind(
        io.BufferedWriter(output),
        # What prints the prompts takes a stream in ASCII for a mistake, and writes past it in UTF-8.
        encoding="latin-1" if lookup(encoding).name == "ascii" else encoding,
        errors="backslashreplace",
        line_buffering=descriptor == 2 or output.isatty(),
    )
    if isinstance(text, _Plain):
        text.holds = encoding
    return output, text


def reader_has_gone() -> bool:
    """True once stdout is a pipe that its reader has closed."""
    return _stdout is not None and isinstance(_stdout.loss, BrokenPipeError)


def delivered(status: int, *, stands: bool) -> int:
    """Return the exit status of a command once its output is written, and say on stderr if that could not be done.

    A reader that has closed its pipe wanted no more: that changes nothing. Any other loss makes a failure of status 0,
    unless the status `stands` because the command has done something: then it still says what came of it.
    """
    sys.stdout.flush()
    loss = None if _stdout is None else _stdout.loss
    if _stdout is None or loss is None or reader_has_gone():
        return status
    _stdout.loss = None
    lost = f"not all of the output was written to stdout: {loss.strerror or loss}"
    if stands:
        print(f"warning: {lost}; the exit status says what came of the command", file=sys.stderr)
        return status
    print(f"error: {lost}; make room or write it elsewhere, then ask again", file=sys.stderr)
    return status or FAILED
