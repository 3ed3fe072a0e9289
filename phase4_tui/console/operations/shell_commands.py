"""How operations are given on the command line: the words of a command and what it takes, as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from phase4_tui.runbook.escalation import OWNERS

OWNER_NAMES = tuple(OWNERS)


@dataclass(frozen=True)
class Parameter:
    """One thing that a command takes; `name` is the dialogue's word for it.

    Without `flag` it is a positional argument. A `switch` is a flag without a value. `default_is` says in the help
    what holds when it is left out.
    """

    name: str
    metavar: str
    help: str
    flag: str | None = None
    required: bool = True
    switch: bool = False
    choices: tuple[str, ...] = ()
    default_is: str = ""


@dataclass(frozen=True)
class ShellCommand:
    """One command that gives an operation; `fixed` are values of the dialogue that the command itself stands for."""

    words: tuple[str, ...]
    help: str
    parameters: tuple[Parameter, ...] = ()
    fixed: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))


TAG = Parameter("tag", "TAG", "The run tag.")
REASON = Parameter("reason", "R", "Why; it goes into the journal.", "--reason")
SPARE_REASON = Parameter("reason", "R", "Why; needed with --override.", "--reason", required=False)
OVERRIDE = Parameter(
    "override", "", "Although conditions are unmet; on record.", "--override", required=False, switch=True
)
OWNER = Parameter(
    "owner", "O", "; ".join(f"{name}: {remit}" for name, remit in OWNERS.items()), "--owner", choices=OWNER_NAMES
)
WHOM = replace(OWNER, required=False)
NOTE = Parameter("note", "N", "What they should know.", "--note", required=False)
SEVERITY_CLASS = Parameter("severity_class", "P0|P1|P2", "The class.", choices=("P0", "P1", "P2"))
OF_TAG = Parameter("tag", "T", "A tag.", "--tag", required=False, default_is="the incident's, else the shown one")
REHEARSAL = Parameter("tag", "T", "The rehearsal.", "--tag")
ACCEPT = Parameter(
    "accept_changed_input", "", "The rehearsal ran on other input or rules.", "--accept-changed-input",
    required=False, switch=True,
)  # fmt: skip
ROOT_CAUSE = (
    Parameter("cause", "C", "What went wrong.", "--cause"),
    Parameter("remediation", "R", "What corrects it.", "--remediation"),
    OWNER,
    Parameter("closure", "X", "When it counts as closed.", "--closure", required=False),
    Parameter("evidence", "E", "What shows it.", "--evidence", required=False, default_is="the incident's"),
    Parameter("incident", "I", "Which.", "--incident", required=False, default_is="open"),
    Parameter("tag", "T", "A tag without an open incident, in place of an incident.", "--tag", required=False),
)
