"""Answers at a plain terminal: each is given to the question that stands there, however much was typed or pasted."""

import os
import select
import sys
import termios

import typer

BEGINS_SECONDS = 0.05
"""A line that begins this soon after the one before it was pasted with it: nobody types so fast."""
QUIET_SECONDS = 0.2
"""The pieces of a paste follow one another within this time, over a slow link too."""
MOST_BYTES = 1 << 20


def ask(question: str, default: str | None, suffix: str) -> list[str]:
    """Ask on stderr and return the lines of the answer, more than one where several were pasted; raises Abort.

    What was typed before is dropped, which is said. An answer that is needed (`default` None) is asked for until it is
    given.
    """
    if _drop_what_was_typed():
        typer.echo("  what was typed before this question is no answer to it, and was dropped", err=True)
    answer = typer.prompt(question, default=default, show_default=bool(default), err=True, prompt_suffix=suffix)
    return [str(answer).strip(), *_rest_of_paste()]


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


def _drop_what_was_typed() -> bool:
    """Drop what waits to be read; True when there was anything."""
    return bool(_read_waiting(0.0))


def _rest_of_paste() -> list[str]:
    return [line.strip() for line in _read_waiting(BEGINS_SECONDS).decode("utf-8", "replace").splitlines()]


def _read_waiting(seconds: float) -> bytes:
    """Read what begins to arrive within some seconds, until nothing more follows; the last line may have no end."""
    descriptor, data = sys.stdin.fileno(), b""
    before = termios.tcgetattr(descriptor)
    by_character = list(before)
    by_character[3] &= ~termios.ICANON
    termios.tcsetattr(descriptor, termios.TCSANOW, by_character)
    try:
        while len(data) < MOST_BYTES and select.select([descriptor], [], [], seconds)[0]:
            part = os.read(descriptor, MOST_BYTES)
            if not part:
                break
            data, seconds = data + part, QUIET_SECONDS
    finally:
        termios.tcsetattr(descriptor, termios.TCSANOW, before)
    return data
