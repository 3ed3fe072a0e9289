"""Starts the dashboard and returns its exit status."""

import os
import sys

from phase4_tui.errors import error_as_commands
from phase4_tui.runbook.site import Site
from phase4_tui.tui.app import Phase4App
from phase4_tui.tui.defect_guard import STATUS
from phase4_tui.tui.terminal import restored_on_signals, why_unusable

REFUSED = 2


def run_dashboard(site: Site, *, read_only: bool = False, ascii_only: bool = False) -> int:
    """Run the dashboard and return its exit status: 2 if no full screen can be drawn."""
    reason = why_unusable()
    if reason is not None:
        print(f"error: {error_as_commands(reason)}", file=sys.stderr)
        return REFUSED
    return run_app(Phase4App(site, read_only=read_only, ascii_only=ascii_only))


def run_app(app: Phase4App, unseen: tuple[int, int] | None = None) -> int:
    """Run the application with the terminal guarded; `unseen` is the size for a run without a terminal."""
    for name in ("COLUMNS", "LINES"):  # if exported, they would fix the screen at that size
        os.environ.pop(name, None)

    if unseen is None and sys.__stderr__ is not None:
        app.draw_on(sys.__stderr__)  # Textual writes there

    def kill() -> None:
        if app.running_here:
            app.runs.finish()

    with restored_on_signals(app.leave, kill) as caught:
        try:
            app.run(headless=unseen is not None, size=unseen)
        finally:
            app.facts.stop()
            kill()
    if app.defects:
        print(app.last_words(), file=sys.stderr)
    return 128 + caught[0] if caught else STATUS if app.ended_by_defect else (app.return_code or 0)
