"""What an entry of the registry of operations is, and how it says the command that does the same."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from shlex import quote

from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.console.operations.availability import WhyNot
from phase4_tui.console.operations.defaults import Default
from phase4_tui.console.operations.shell_commands import ShellCommand
from phase4_tui.console.views import Gesture, View
from phase4_tui.runbook.settings import Settings

Dialogue = Callable[..., Awaitable[object]]
"""A coroutine function whose first argument is the session; the others it asks for when they are not given."""
Loader = Callable[[], Dialogue]
CommandOf = Callable[[Snapshot, Settings], str]


class Group(Enum):
    """Where an operation stands on the key sheet, in that order; the value is the heading."""

    RUN = "RUN"
    ROLLBACK = "INCIDENT AND ROLLBACK"
    LOOK = "LOOK"
    DASHBOARD = "DASHBOARD"


@dataclass(frozen=True)
class Operation:
    """One thing that an operator can do.

    `key` is a key name of the dashboard, empty for what is in the palette alone; `does` is what the key does;
    `command_of` returns the command that does the same now; `commands` are those of the command line that give it,
    through `dialogue` where `does` is none. Those that `write` are hidden where nothing may be changed.
    """

    id: str
    key: str
    label: str
    description: str
    group: Group
    does: View | Gesture | Loader
    command_of: CommandOf
    why_not: WhyNot
    commands: tuple[ShellCommand, ...] = ()
    dialogue: Loader | None = None
    writes: bool = False
    footer: bool = False

    @property
    def loader(self) -> Loader | None:
        """The loader of the dialogue, None for what has none."""
        return self.dialogue if isinstance(self.does, View | Gesture) else self.does


def command(template: str, *values: Default) -> CommandOf:
    """Return the command whose gaps are filled with what the operation itself takes by default."""
    return lambda snapshot, settings: template.format(*(quote(value(snapshot, settings) or "TAG") for value in values))
