"""The base of every error that can be foreseen: a message, the context, and what to do about it as data.

    Phase4Error                exit status 1
    ├── Unusable               what is on disk, or its lock, can't be used now
    │   ├── Unreadable, BadJson, BadElement, BadInput        a file, a part of it, a record
    │   ├── BadEvent, JournalDamaged, StateUnreadable        the journal and the state that follows from it
    │   └── Busy                                             a lock that another process holds
    ├── Refused                an operation or a command that is not carried out; exit status 2
    │   ├── BadTag, FrozenTag, BadReport, Held
    │   └── SettingsError, BadKeys                           phase4.toml, an environment variable, an option
    └── StepError, MissingInput                              one of the runbook's commands (steps/entry.py)

A face catches Phase4Error and words its remedies its own way (console/remedies.py); anything else is a defect and
shows itself. OSError stays what it is: the disk's own word.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Remedy:
    """One thing to do about an error or a finding.

    `operation` is the id of an entry in the registry of operations, empty when no operation does it; `command` is
    what is typed for it, e.g. `phase4 restore noon`, empty when nothing is typed; `effect` ends the sentence that
    begins with the command or the key: "puts the frozen files back".
    """

    operation: str = ""
    command: str = ""
    effect: str = ""


class Phase4Error(Exception):
    """An error that can be foreseen; `str` gives the message alone, one line that names file, record and field."""

    exit_status: ClassVar[int] = 1

    def __init__(self, message: str, *, remedy: Remedy | Sequence[Remedy] = (), **context: object) -> None:
        super().__init__(message)
        self.message = message
        self.remedies: tuple[Remedy, ...] = (remedy,) if isinstance(remedy, Remedy) else tuple(remedy)
        self.context = context
        """What the error is about, by name: tag, file, key."""


class Unusable(Phase4Error):
    """What is on disk can't be used as it is, or not now."""


class Refused(Phase4Error):
    """An operation or a command that is not carried out; the message says why."""

    exit_status = 2


FORESEEN = (Phase4Error, OSError)
"""What a face, a watcher or an operation catches; nothing else is expected."""
