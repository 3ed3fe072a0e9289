"""The `phase4` command: registers every command of the command line."""

import sys
from collections.abc import Callable
from typing import Annotated

import typer

from phase4_tui import __version__
from phase4_tui.cli import (
    comparison,
    dashboard,
    incidents,
    installation,
    journal,
    operations,
    reports,
    rollback,
    run,
    state,
    tags_and_mode,
    watch,
)
from phase4_tui.cli.context import command, root
from phase4_tui.streams import delivered

app = typer.Typer(
    name="phase4",
    help="Operations console for the Phase 4 options policy in paper mode: no order ever reaches a market.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"phase4 {__version__}")
        raise typer.Exit


@app.callback()
@root
def _root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False,
) -> None:
    """Take the options that stand before a command."""


LOOKING: dict[tuple[str, ...], Callable[..., int]] = {
    ("dash",): dashboard.dash,
    ("demo",): dashboard.demo,
    ("init",): installation.init,
    ("run",): run.run,
    ("step",): run.step,
    ("status",): state.status,
    ("watch",): watch.watch,
    ("tags",): state.tags,
    ("compare",): comparison.compare,
    ("rollback",): rollback.rollback,
    ("journal",): journal.journal,
    ("verify",): journal.verify,
    ("audit",): state.audit,
    ("path",): state.path,
    ("decisions",): reports.decisions,
    ("trends",): reports.trends,
    ("runbook",): reports.runbook,
    ("docs",): reports.docs,
    ("transcript",): reports.transcript,
    ("doctor",): installation.doctor,
    ("schema",): installation.schema,
    ("known-good", "list"): tags_and_mode.known_good_list,
    ("mode", "show"): tags_and_mode.mode_show,
    ("incident", "show"): incidents.incident_show,
    ("incident", "list"): incidents.incident_list,
    ("incident", "export"): incidents.incident_export,
    ("root-cause", "list"): incidents.root_cause_list,
}
"""The commands that give no operation of the registry, by their words."""
ACTING: dict[tuple[str, ...], str | None] = {
    ("dash",): None,
    ("demo",): None,
    ("init",): None,
    ("run",): None,
    ("step",): None,
    ("compare",): None,
    ("rollback",): None,
    ("verify",): "repair",
    ("incident", "export"): "out",
}
"""Those of them that do something, some only with the option named here; of an operation's command it is always so."""
GROUPS = {
    "known-good": "Which tags are known-good; switch to one, pin one.",
    "mode": "The evaluation mode.",
    "incident": "Incidents, open and closed.",
    "root-cause": "Why it happened, and what corrects it.",
    "escalate": "",  # a command of its own, with another below it
}


def _add_commands() -> None:
    groups: dict[str, typer.Typer] = {}
    for words, function in (LOOKING | dict(operations.commands())).items():
        name = words[0]
        acts = words in ACTING or words not in LOOKING
        made = command(function, acts=acts, only_with=ACTING.get(words))
        if name in GROUPS and name not in groups:
            own = len(words) == 1
            groups[name] = typer.Typer(
                help=GROUPS[name] or function.__doc__,
                no_args_is_help=not own,
                invoke_without_command=own,
                rich_markup_mode=None,
            )
            app.add_typer(groups[name], name=name)
        if name not in GROUPS:
            app.command(name)(made)
        elif len(words) == 1:
            groups[name].callback()(made)
        else:
            groups[name].command(words[1])(made)


_add_commands()


def main() -> None:
    """Run the command line."""
    try:
        app(prog_name="phase4")
    except SystemExit as ended:
        sys.exit(delivered(int(ended.code or 0), stands=False))  # of what no command prints: `--help`, `--version`
