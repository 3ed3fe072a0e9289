"""The base of every error that can be foreseen: a message, its context, and its remedies as data.

    Phase4Error                exit status 1
    ├── Unusable               what is on disk, or its lock, can't be used now
    │   ├── Unreadable, BadJson, BadElement, BadInput        a file, a part of it, a record
    │   ├── BadEvent, JournalDamaged, StateUnreadable        the journal and the state that follows from it
    │   ├── Busy                                             a lock that another process holds
    │   └── ReportsGone                                      a reports directory that was moved away during a run
    ├── Refused                an operation or a command that is not carried out; exit status 2
    │   ├── BadTag, FrozenTag, BadReport, Held
    │   └── SettingsError, BadKeys                           phase4.toml, an environment variable, an option
    └── StepError, MissingInput                              one of the runbook's commands (steps/entry.py)

A face catches Phase4Error and words its remedies as commands (`as_commands`, here, since JSON and the steps' own
output need it too) or as the dashboard's keys (console/remedies.py). An OSError passes unchanged. Anything else is a
defect and ends in a traceback.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from shlex import join
from typing import ClassVar


@dataclass(frozen=True)
class Remedy:
    """One thing to do about an error or a finding.

    `operation` is the id of an entry in the registry of operations, empty when no operation does it; `command` is the
    command to type, e.g. `phase4 restore noon`, empty when there is none; `effect` completes the sentence that begins
    with the command or the key: "puts the frozen files back". Without operation and command it is the whole advice:
    "wait for its end".
    """

    operation: str = ""
    command: str = ""
    effect: str = ""


Wording = Callable[[str, Sequence[Remedy]], str]
"""A function that returns a message followed by its remedies, in the words of one face."""


def command_line(*words: str) -> str:
    """Return the command for these words: `phase4` in front, all quoted for a shell."""
    return join(["phase4", *words])


def worded(message: str, remedies: Iterable[Remedy], named: Callable[[Remedy], str]) -> str:
    """Return a message with a sentence for each remedy, which begins with what `named` returns for it, if anything.

    An empty message leaves only the sentences. A sentence that two remedies share appears once.
    """
    sentences = dict.fromkeys(" ".join(filter(None, (named(remedy), remedy.effect))) for remedy in remedies)
    return "; ".join(filter(None, (message, ", ".join(filter(None, sentences)))))


def as_commands(message: str, remedies: Iterable[Remedy]) -> str:
    """Return a message with its remedies as commands: "MESSAGE; `phase4 restore noon` puts the frozen files back"."""
    return worded(message, remedies, lambda remedy: f"`{remedy.command}`" if remedy.command else "")


class Phase4Error(Exception):
    """An error that can be foreseen; `str` gives only the message: one line that names file, record and field."""

    exit_status: ClassVar[int] = 1

    def __init__(self, message: str, *, remedy: Remedy | Sequence[Remedy] = (), **context: object) -> None:
        super().__init__(message)
        self.message = message
        self.remedies: tuple[Remedy, ...] = (remedy,) if isinstance(remedy, Remedy) else tuple(remedy)
        self.context = context
        """What the error is about, by name: tag, file, key."""


class Unusable(Phase4Error):
    """Something on disk can't be used, at least not now."""


class Refused(Phase4Error):
    """An operation or a command that is not carried out; the message says why."""

    exit_status = 2


FORESEEN = (Phase4Error, OSError)
"""The errors that a face, a watcher or an operation catches; no others are expected."""


def error_as_commands(error: BaseException) -> str:
    """Return an error as text for a plain terminal: its message with its remedies as commands, or just its text."""
    if isinstance(error, Phase4Error):
        return as_commands(error.message, error.remedies)
    return str(error) or type(error).__name__
