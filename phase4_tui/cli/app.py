"""The `phase4` command: every action by name, with the same words and results as on screen."""

import sys
from collections.abc import Callable
from typing import Annotated

import typer

from phase4_tui import __version__
from phase4_tui.cli import (
    dashboard,
    incidents,
    installation,
    journal,
    reopen,
    reports,
    rollback,
    run,
    state,
    tags_and_mode,
    watch,
)
from phase4_tui.cli.context import command, root

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


COMMANDS: dict[str, Callable[..., int]] = {
    "dash": dashboard.dash,
    "demo": dashboard.demo,
    "init": installation.init,
    "run": run.run,
    "step": run.step,
    "status": state.status,
    "watch": watch.watch,
    "tags": state.tags,
    "freeze": tags_and_mode.freeze,
    "thaw": tags_and_mode.thaw,
    "restore": tags_and_mode.restore,
    "compare": reopen.compare_tags,
    "reopen": reopen.reopen,
    "rollback": rollback.rollback,
    "journal": journal.journal,
    "verify": journal.verify,
    "audit": state.audit,
    "path": state.path,
    "decisions": reports.decisions,
    "trends": reports.trends,
    "runbook": reports.runbook,
    "transcript": reports.transcript,
    "doctor": installation.doctor,
    "schema": installation.schema,
}
GROUPS: dict[str, tuple[str, dict[str, Callable[..., int]]]] = {
    "known-good": (
        "Which tags are known-good; switch to one, pin one.",
        {
            "list": tags_and_mode.known_good_list,
            "switch": tags_and_mode.known_good_switch,
            "pin": tags_and_mode.known_good_pin,
            "unpin": tags_and_mode.known_good_unpin,
        },
    ),
    "mode": (
        "The evaluation mode.",
        {
            "show": tags_and_mode.mode_show,
            "phase3-only": tags_and_mode.mode_phase3_only,
            "phase4": tags_and_mode.mode_phase4,
        },
    ),
    "incident": (
        "Incidents, open and closed.",
        {
            "show": incidents.incident_show,
            "list": incidents.incident_list,
            "reclassify": incidents.incident_reclassify,
            "export": incidents.incident_export,
        },
    ),
    "root-cause": (
        "Why it happened, and what mends it.",
        {"add": incidents.root_cause_add, "list": incidents.root_cause_list},
    ),
}
for name, function in COMMANDS.items():
    app.command(name)(command(function))
for name, (summary, members) in GROUPS.items():
    group = typer.Typer(help=summary, no_args_is_help=True, rich_markup_mode=None)
    for member, function in members.items():
        group.command(member)(command(function))
    app.add_typer(group, name=name)
escalate = typer.Typer(help=incidents.escalate.__doc__, invoke_without_command=True, rich_markup_mode=None)
escalate.callback()(command(incidents.escalate))
escalate.command("ack")(command(incidents.escalate_ack))
app.add_typer(escalate, name="escalate")


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    app(prog_name="phase4")
