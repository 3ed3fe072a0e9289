"""The commands that open the dashboard: `dash`, which `phase4` alone means too."""

from typing import Annotated

import typer

from phase4_tui.cli.desk import Desk


def dash(
    desk: Desk,
    read_only: Annotated[bool, typer.Option("--read-only", help="Hide every order.")] = False,
    ascii_only: Annotated[bool, typer.Option("--ascii", help="Draw with ASCII characters alone.")] = False,
) -> int:
    """Open the dashboard; `phase4` alone does the same."""
    from phase4_tui.tui.start import run_dashboard  # noqa: PLC0415 - the other commands do without

    return run_dashboard(desk.site, read_only=read_only, ascii_only=ascii_only)
