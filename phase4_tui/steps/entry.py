"""What the runbook's commands share at their edge: arguments, one JSON object on stdout, exit status."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from phase4_tui.artifacts.names import BadTag, check_tag
from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.artifacts.strict_json import is_unicode
from phase4_tui.errors import Phase4Error, Remedy, error_as_commands

DONE, FAILED, NOT_PASSED = 0, 1, 2
Arguments = argparse.Namespace
AGAIN = Remedy(effect="run the pipeline again")


class StepError(Phase4Error):
    """A step that can't do its work; the message is one line for the operator."""

    exit_status = FAILED


class MissingInput(StepError):
    """What the step reads is not there (formats.md: exit status 2)."""

    exit_status = NOT_PASSED

    def __init__(self, path: Path, advice: str) -> None:
        super().__init__(f"{path}: not found", remedy=Remedy(effect=advice), file=str(path))


def parser(description: str) -> argparse.ArgumentParser:
    """Return a parser for one command; a shortened flag is refused."""
    return _Parser(description=description, allow_abbrev=False)


class _Parser(argparse.ArgumentParser):
    """Argparse, whose complaints repeat what was typed, made safe to show."""

    def error(self, message: str) -> NoReturn:
        super().error(safe_line(message))


def tag_argument(text: str) -> str:
    """An argparse type: a run tag."""
    try:
        return check_tag(text)
    except BadTag as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def run(work: Callable[[Arguments], tuple[int, Mapping[str, object] | None]], arguments: Arguments) -> int:
    """Do the work, print its JSON object, and return the exit status; every foreseeable error is one line.

    `work` returns the status and the object, or no object when it printed one itself.
    """
    try:
        _refuse_unwritable_names(arguments)
        status, result = work(arguments)
        if result is not None:
            print_json(result)
    except StepError as error:
        return _complain(error_as_commands(error), error.exit_status)
    except Phase4Error as error:  # whose own status is that of an operator's command
        return _complain(error_as_commands(error), FAILED)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _silence_stdout()
        return _complain(f"{where}{error.strerror or error}; mend that and run again", FAILED)
    return status


def _refuse_unwritable_names(arguments: Arguments) -> None:
    """The result names files in JSON, which takes no names that are not text."""
    for name, value in vars(arguments).items():
        if isinstance(value, Path) and not is_unicode(str(value)):
            raise StepError(
                f"--{name.replace('_', '-')}: {str(value)!a} is no valid text", remedy=Remedy(effect="rename it")
            )


def _silence_stdout() -> None:
    """Drop what stdout could not take, so that the interpreter does not complain again when it ends."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def print_json(result: Mapping[str, object]) -> None:
    """Print one indented JSON object."""
    sys.stdout.write(json.dumps(result, indent=2) + "\n")
    sys.stdout.flush()


def _complain(message: str, status: int) -> int:
    print(f"error: {safe_line(message)}", file=sys.stderr)
    return status


def main(
    build: Callable[[], argparse.ArgumentParser],
    work: Callable[[Arguments], tuple[int, Mapping[str, object] | None]],
    argv: Sequence[str] | None,
) -> int:
    """Run one command with `argv` (default: the process's)."""
    return run(work, build().parse_args(argv))
