"""Answers at a plain terminal: each is given to the question that stands there, however much was typed or pasted."""

import os
import select
import sys
import termios

import typer

from phase4_tui.cli.bracketed_paste import BEGIN, END, bracketed_paste, is_open, without_marks

BEGINS_SECONDS = 0.05
"""A line that begins this soon after the one before it was pasted with it: nobody types so fast."""
QUIET_SECONDS = 0.2
"""The pieces of a paste follow one another within this time, over a slow link too."""
UNENDED_SECONDS = 5.0
"""A paste that the terminal marked has ended without its mark when nothing more has come for this long."""
MOST_BYTES = 1 << 20


def ask(question: str, default: str | None, suffix: str) -> list[str]:
    """Ask on stderr and return the lines of the answer, more than one where several were pasted; raises Abort.

    What was typed before is dropped, which is said. An answer that is needed (`default` None) is asked for until it is
    given.
    """
    try:
        with bracketed_paste():
            if _drop_what_was_typed():
                typer.echo("  what was typed before this question is no answer to it, and was dropped", err=True)
            while True:
                first, *rest = _lines(question, default, suffix)
                if first or any(rest):
                    return [first, *rest]
                if default is not None:  # only blanks, or an empty paste
                    return [default, *rest]
    except KeyboardInterrupt:  # while it read on, which typer does not know
        raise typer.Abort from None


def confirmed(question: str) -> bool:
    """Ask for yes or no until one of them is given on a line of its own; no answer means no."""
    while True:
        try:
            answer, *rest = ask(f"{question} [y/N]", "", ": ")
        except typer.Abort:
            return False
        if rest:
            typer.echo("  several lines at once are no answer", err=True)
        elif answer.lower() in ("", "n", "no"):
            return False
        elif answer.lower() in ("y", "yes"):
            return True
        else:
            typer.echo("  answer y or n", err=True)


def _lines(question: str, default: str | None, suffix: str) -> list[str]:
    """Ask once and return the line that was answered with those that were pasted with it."""
    line = str(typer.prompt(question, default=default, show_default=bool(default), err=True, prompt_suffix=suffix))
    if is_open(line):
        rest = _read_waiting(UNENDED_SECONDS, until=END.encode())
        typer.echo(err=True)  # the terminal showed no end of its last line
    else:
        rest = b"" if BEGIN in line else _read_waiting(BEGINS_SECONDS)
    lines = [without_marks(line), *without_marks(rest.decode("utf-8", "replace")).splitlines()]
    return [text.strip() for text in lines]


def _drop_what_was_typed() -> bool:
    """Drop what waits to be read; True when there was anything."""
    return bool(_read_waiting(0.0))


def _read_waiting(seconds: float, until: bytes = b"") -> bytes:
    """Read what begins to arrive within some seconds, until nothing more follows; the last line may have no end.

    `until` is the mark that ends it: what comes after that is not read, and each pause before it may be that long.
    """
    descriptor, data = sys.stdin.fileno(), bytearray()
    before = termios.tcgetattr(descriptor)
    by_character = list(before)
    by_character[3] &= ~termios.ICANON
    termios.tcsetattr(descriptor, termios.TCSANOW, by_character)
    try:
        while len(data) < MOST_BYTES and select.select([descriptor], [], [], seconds)[0]:
            part = os.read(descriptor, 1 if until else MOST_BYTES)
            data += part
            if not part or (until and data.endswith(until)):
                break
            if not until:
                seconds = UNENDED_SECONDS if is_open(data.decode("latin-1")) else QUIET_SECONDS
    finally:
        termios.tcsetattr(descriptor, termios.TCSANOW, before)
    return bytes(data)
