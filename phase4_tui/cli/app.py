"""The `phase4` command: every action by name, with the same words and results as on screen."""

import sys
from collections.abc import Callable
from typing import Annotated

import typer

from phase4_tui import __version__
from phase4_tui.cli import (
    dashboard,
    incidents,
    orders,
    reading,
    record,
    reopening,
    rollback,
    run,
    setup,
    show,
    watching,
)
from phase4_tui.cli.desk import command, root

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
    "init": setup.init,
    "run": run.run,
    "step": run.step,
    "status": show.status,
    "watch": watching.watch,
    "tags": show.tags,
    "freeze": orders.freeze,
    "thaw": orders.thaw,
    "restore": orders.restore,
    "compare": reopening.compare_tags,
    "reopen": reopening.reopen,
    "rollback": rollback.rollback,
    "journal": record.journal,
    "verify": record.verify,
    "audit": show.audit,
    "path": show.path,
    "decisions": reading.decisions,
    "trends": reading.trends,
    "runbook": reading.runbook,
    "transcript": reading.transcript,
    "doctor": setup.doctor,
    "schema": setup.schema,
}
GROUPS: dict[str, tuple[str, dict[str, Callable[..., int]]]] = {
    "known-good": (
        "Which tags are known-good; switch to one, pin one.",
        {
            "list": orders.known_good_list,
            "switch": orders.known_good_switch,
            "pin": orders.known_good_pin,
            "unpin": orders.known_good_unpin,
        },
    ),
    "mode": (
        "The evaluation mode.",
        {"show": orders.mode_show, "phase3-only": orders.mode_phase3_only, "phase4": orders.mode_phase4},
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
