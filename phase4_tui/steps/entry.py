"""The interface shared by the step commands: arguments, one JSON object on stdout, exit status."""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from phase4_tui.artifacts.names import BadTag, check_tag
from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.artifacts.strict_json import is_unicode
from phase4_tui.errors import Phase4Error, Remedy, error_as_commands
from phase4_tui.streams import delivered, open_streams

DONE, FAILED, NOT_PASSED = 0, 1, 2
Arguments = argparse.Namespace
AGAIN = Remedy(effect="run the pipeline again")


class StepError(Phase4Error):
    """A step's failure; the message is one line for the operator."""

    exit_status = FAILED


class MissingInput(StepError):
    """A file that the step reads is missing: exit status 2 (docs formats, "Step commands")."""

    exit_status = NOT_PASSED

    def __init__(self, path: Path, advice: str) -> None:
        super().__init__(f"{path}: not found", remedy=Remedy(effect=advice), file=str(path))


def parser(description: str) -> argparse.ArgumentParser:
    """Return a parser for one command; it refuses abbreviated flags."""
    return _Parser(description=description, allow_abbrev=False)


class _Parser(argparse.ArgumentParser):
    """A parser whose messages, which repeat what was typed, are sanitized."""

    def error(self, message: str) -> NoReturn:
        super().error(safe_line(message))


def tag_argument(text: str) -> str:
    """Return a run tag; an argparse type."""
    try:
        return check_tag(text)
    except BadTag as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def run(work: Callable[[Arguments], tuple[int, Mapping[str, object] | None]], arguments: Arguments) -> int:
    """Do the work, print its JSON object, and return the exit status; a foreseeable error becomes one line.

    `work` returns the status and the object, or no object when it printed one itself.
    """
    try:
        _refuse_unwritable_names(arguments)
        status, result = work(arguments)
        if result is not None:
            print_json(result)
    except StepError as error:
        return _complain(error_as_commands(error), error.exit_status)
    except Phase4Error as error:  # its own exit status is meant for the `phase4` command
        return _complain(error_as_commands(error), FAILED)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _complain(f"{where}{error.strerror or error}; correct that, then run again", FAILED)
    writes = getattr(arguments, "out_json", "") is not None  # a check can do without; then it is printed and no more
    return delivered(status, stands=writes)


def _refuse_unwritable_names(arguments: Arguments) -> None:
    """Raise StepError for a file name that is not valid text, which the JSON result could not hold."""
    for name, value in vars(arguments).items():
        if isinstance(value, Path) and not is_unicode(str(value)):
            raise StepError(
                f"--{name.replace('_', '-')}: {str(value)!a} is no valid text", remedy=Remedy(effect="rename it")
            )


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
    """Run one command with `argv`, by default the process's, whose streams are then opened."""
    if argv is None:
        open_streams()
    return run(work, build().parse_args(argv))
