"""The commands that open the dashboard: `dash`, which `phase4` alone means too, and `demo`."""

from pathlib import Path
from typing import Annotated

import typer

from phase4_tui.cli.context import Desk
from phase4_tui.errors import Refused

Ascii = Annotated[bool, typer.Option("--ascii", help="Draw with ASCII characters alone.")]


def dash(
    desk: Desk,
    read_only: Annotated[bool, typer.Option("--read-only", help="Hide every operation.")] = False,
    ascii_only: Ascii = False,
) -> int:
    """Open the dashboard; `phase4` alone does the same."""
    from phase4_tui.tui.start import run_dashboard  # noqa: PLC0415 - the other commands do without

    return run_dashboard(desk.site, read_only=read_only, ascii_only=ascii_only)


def demo(
    desk: Desk,
    speed: Annotated[float, typer.Option("--speed", metavar="X", help="How many times faster.")] = 1.0,
    screenshots: Annotated[
        Path | None, typer.Option("--screenshots", metavar="DIR", help="Play unseen and write SVGs there.")
    ] = None,
    ascii_only: Ascii = False,
) -> int:
    """Play an incident of about 90 seconds in a scratch directory; never touches real reports."""
    from phase4_tui.tui.demo import run_demo  # noqa: PLC0415 - the other commands do without
    from phase4_tui.tui.terminal import why_unusable  # noqa: PLC0415 - as above

    if not 0.1 <= speed <= 100:
        raise Refused(f"--speed {speed:g} is not between 0.1 and 100")
    reason = why_unusable()
    if screenshots is None and reason is not None:
        raise reason
    pictures = None if screenshots is None else desk.workdir / screenshots
    return run_demo(speed, pictures, ascii_only=ascii_only)
