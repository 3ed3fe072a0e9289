"""What the actions that change nothing do: each opens a screen, or shows something on the one that is there."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from phase4_tui.runbook.provenance import last_transcript
from phase4_tui.tui.themes import THEMES

if TYPE_CHECKING:
    from phase4_tui.tui.app import Phase4App

LOOKS = {
    "guided": ("guided", "GuidedScreen"),
    "audit": ("audit", "AuditScreen"),
    "verify": ("verify", "VerifyScreen"),
    "journal": ("journal", "JournalScreen"),
    "runbook": ("runbook", "RunbookScreen"),
    "decisions": ("decisions", "DecisionsScreen"),
    "trends": ("trends", "TrendsScreen"),
    "export": ("viewer", "PostMortemScreen"),
    "help": ("help", "HelpScreen"),
}
"""Module and name of the screen that an action opens."""


class Shows:
    """One method an action, but for those of `LOOKS`."""

    def __init__(self, app: "Phase4App") -> None:
        self._app = app

    def of(self, name: str) -> Callable[[], None] | None:
        """Return what does an action, None for one that is an operation."""
        if name in LOOKS:
            return partial(self.open, *LOOKS[name])
        show: Callable[[], None] | None = getattr(self, name, None)
        return show

    def open(self, module: str, name: str, *args: object) -> None:
        """Open a screen, loading it now; one that is open already comes to the front, or makes way for `args`."""
        from importlib import import_module  # noqa: PLC0415 - only here

        screen = getattr(import_module(f"phase4_tui.tui.screens.{module}"), name)
        at = next((at for at, one in enumerate(self._app.screen_stack) if isinstance(one, screen)), None)
        while at is not None and len(self._app.screen_stack) > (at if args else at + 1):
            self._app.pop_screen()
        if at is None or args:
            self._app.push_screen(screen(*args))

    def cancel(self) -> None:
        """Cancel the run of this dashboard."""
        self._app.runs.cancel()
        self._app.tell("the run is being cancelled")

    def known_good(self) -> None:
        """Open the picker of known-good tags."""
        self.open("known_good", "KnownGoodScreen")

    def root_cause(self) -> None:
        """Open the root-cause form."""
        self.open("root_cause", "RootCauseScreen")

    def compare(self, bad: str | None = None, rerun: str | None = None) -> None:
        """Open the comparison; with two tags it begins at once."""
        self.open("compare", "CompareScreen", *(tag for tag in (bad, rerun) if tag is not None))

    def transcript(self) -> None:
        """Open what the last step of the shown run wrote."""
        run = self._app.snapshot.run if self._app.snapshot else None
        path = last_transcript(run) if run else None
        if path is not None:
            self.open("viewer", "ViewerScreen", path)

    def filter(self) -> None:
        """Filter the tags."""
        from phase4_tui.tui.widgets.tag_line import FilterLine  # noqa: PLC0415 - loaded with the dashboard

        while len(self._app.screen_stack) > 1:
            self._app.pop_screen()
        self._app.screen.query_one(FilterLine).begin()

    def pause(self) -> None:
        """Pause or follow the output."""
        from phase4_tui.tui.widgets.sequence_panel import SequencePanel  # noqa: PLC0415 - as above

        self._app.screen_stack[0].query_one(SequencePanel).toggle()

    def follow(self) -> None:
        """Show the active or newest tag again."""
        self._app.facts.choose(None)

    def theme(self) -> None:
        """Take the next theme."""
        names = [theme.name for theme in THEMES]
        at = names.index(self._app.theme) if self._app.theme in names else -1
        self._app.theme = names[(at + 1) % len(names)]
        self._app.tell(f"theme {self._app.theme}; `theme` under [dashboard] in phase4.toml keeps it")

    def copy(self) -> None:
        """Copy the CLI twin of the last action."""
        if self._app.twin is None:
            self._app.tell("no action yet", severity="warning")
            return
        twin, workdir = self._app.twin, self._app.site.workdir
        if Path.cwd() != workdir:  # the shell it is pasted into stands where the dashboard was started
            twin = twin.replace("phase4 ", f"phase4 -C {quote(str(workdir))} ", 1)
        self._app.copy_to_clipboard(twin)
        self._app.tell(twin, title="copied")

    def quit(self) -> None:
        """Leave, once no run of this dashboard is under way."""
        self._app.leave_when_safe()
