"""The type of an entry in the registry of operations, and how its command is made."""

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
"""A coroutine function whose first argument is the session; it asks for the others when they are not given."""
Loader = Callable[[], Dialogue]
CommandOf = Callable[[Snapshot, Settings], str]


class Group(Enum):
    """The groups of the key sheet, in order; the value is the heading."""

    RUN = "RUN"
    ROLLBACK = "INCIDENT AND ROLLBACK"
    LOOK = "LOOK"
    DASHBOARD = "DASHBOARD"


@dataclass(frozen=True)
class Operation:
    """One operation that an operator can give.

    `key` is its key on the dashboard, empty if it is only in the palette; `does` is what the key does; `command_of`
    returns the command that does the same now; `commands` are the command-line commands that give it, through
    `dialogue` where `does` is no dialogue. Operations that `write` are hidden in a read-only dashboard.
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
        """The loader of the dialogue, None without one."""
        return self.dialogue if isinstance(self.does, View | Gesture) else self.does


def command(template: str, *values: Default) -> CommandOf:
    """Return a function that fills the gaps of a command with the operation's own defaults."""
    return lambda snapshot, settings: template.format(*(quote(value(snapshot, settings) or "TAG") for value in values))


def of_move(operation: str, otherwise: CommandOf) -> CommandOf:
    """Return a function that gives the next move's command where the move is this operation, else another."""

    def command_of(snapshot: Snapshot, settings: Settings) -> str:
        move = snapshot.next_move
        if move is not None and move.operation == operation:
            return move.command
        return otherwise(snapshot, settings)

    return command_of
