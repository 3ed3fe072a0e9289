"""The `phase4` command: every action by name, with the same words and results as on screen."""

import sys
from typing import Annotated

import typer

from phase4_tui import __version__
from phase4_tui.cli import run, setup, show
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


for function in (
    setup.init,
    run.run,
    run.step,
    show.status,
    show.watch,
    show.tags,
    show.audit,
    show.path,
    setup.doctor,
    setup.schema,
):
    app.command()(command(function))


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    app(prog_name="phase4")
