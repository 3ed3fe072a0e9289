"""Opens the screen of each view, and performs the gestures of the dashboard."""

from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import Protocol, assert_never

from textual.app import App

from phase4_tui.console.operations.queue import OperationQueue
from phase4_tui.console.remedies import how
from phase4_tui.console.views import Gesture, View
from phase4_tui.runbook.provenance import last_transcript
from phase4_tui.runbook.settings import SettingsError, load_settings
from phase4_tui.tui.messages import Notice
from phase4_tui.tui.screens.base import FactsScreen
from phase4_tui.tui.screens.console_app import ConsoleApp
from phase4_tui.tui.themes import THEMES
from phase4_tui.tui.zoom import toggle_zoom


class Dashboard(ConsoleApp, Protocol):
    """What the gestures need from the application, beyond what a screen needs."""

    queue: OperationQueue

    def cancel_run(self) -> None:
        """Ask whether to cancel the run of this dashboard, and do it."""

    def show_tag(self, tag: str | None) -> None:
        """Show another tag; None follows the active one, else the newest."""

    def leave_when_safe(self) -> None:
        """Leave once nothing can be lost."""

    def told(self) -> Sequence[Notice]:
        """Return every notice so far, oldest first."""


class Openings:
    """Serves every view and every gesture; the type checker finds one without a case."""

    def __init__(self, app: App[None], dashboard: Dashboard) -> None:
        self._app = app
        self._dashboard = dashboard

    def open(self, view: View, *tags: str) -> None:
        """Open a view's screen; one that is open comes to the front, or is replaced by one about `tags`."""
        screen = self._screen(view, tags)
        if screen is None:
            return
        stack = self._app.screen_stack
        if view is View.HELP and type(stack[-1]) is type(screen):
            self._app.pop_screen()  # its key again leaves it
            return
        at = next((at for at, known in enumerate(stack) if type(known) is type(screen)), None)
        anew = bool(tags) or view is View.TRANSCRIPT
        while at is not None and len(self._app.screen_stack) > (at if anew else at + 1):
            self._app.pop_screen()
        if at is None or anew:
            self._app.push_screen(screen)

    def _screen(self, view: View, tags: tuple[str, ...]) -> FactsScreen | None:
        """Return a new screen of a view, loaded now; None when there is nothing to show."""
        match view:
            case View.GUIDED:
                from phase4_tui.tui.screens.guided import GuidedScreen

                return GuidedScreen()
            case View.KNOWN_GOOD:
                from phase4_tui.tui.screens.known_good import KnownGoodScreen

                return KnownGoodScreen()
            case View.ROOT_CAUSE:
                from phase4_tui.tui.screens.root_cause import RootCauseScreen

                return RootCauseScreen()
            case View.COMPARE:
                from phase4_tui.tui.screens.compare import CompareScreen

                return CompareScreen(*tags[:2])
            case View.AUDIT:
                from phase4_tui.tui.screens.audit import AuditScreen

                return AuditScreen()
            case View.VERIFY:
                from phase4_tui.tui.screens.verify import VerifyScreen

                return VerifyScreen()
            case View.JOURNAL:
                from phase4_tui.tui.screens.journal import JournalScreen

                return JournalScreen()
            case View.RUNBOOK:
                from phase4_tui.tui.screens.runbook import RunbookScreen

                return RunbookScreen()
            case View.DECISIONS:
                from phase4_tui.tui.screens.decisions import DecisionsScreen

                return DecisionsScreen()
            case View.TRENDS:
                from phase4_tui.tui.screens.trends import TrendsScreen

                return TrendsScreen()
            case View.TRANSCRIPT:
                from phase4_tui.tui.screens.viewer import ViewerScreen

                run = self._dashboard.snapshot.run if self._dashboard.snapshot else None
                path = last_transcript(run) if run else None
                return ViewerScreen(path) if path is not None else None
            case View.POST_MORTEM:
                from phase4_tui.tui.screens.viewer import PostMortemScreen

                return PostMortemScreen()
            case View.DOCS:
                from phase4_tui.tui.screens.manual import ManualScreen

                return ManualScreen()
            case View.HELP:
                from phase4_tui.tui.screens.help import HelpScreen

                return HelpScreen()
            case _:
                assert_never(view)

    def open_artifact(self, path: Path) -> None:
        """Show a file."""
        from phase4_tui.tui.screens.viewer import ViewerScreen

        if path.is_file():
            self._app.push_screen(ViewerScreen(path))
        else:
            self._dashboard.tell(f"{path.name} is missing", severity="warning")

    def do(self, gesture: Gesture) -> None:
        """Do a gesture."""
        match gesture:
            case Gesture.CANCEL:
                self._dashboard.cancel_run()
            case Gesture.FILTER:
                self._search()
            case Gesture.NEXT_MATCH:
                self._next_match(1)
            case Gesture.PREVIOUS_MATCH:
                self._next_match(-1)
            case Gesture.ZOOM:
                self._zoom()
            case Gesture.COPY:
                self._copy()
            case Gesture.PAUSE:
                self._pause()
            case Gesture.NOTICES:
                self._notices()
            case Gesture.THEME:
                self._theme()
            case Gesture.FOLLOW:
                self._dashboard.show_tag(None)
            case Gesture.QUIT:
                self._dashboard.leave_when_safe()
            case _:
                assert_never(gesture)

    def _search(self) -> None:
        """Search what is in front; on the dashboard filter the tags, unless the output has the focus."""
        from phase4_tui.tui.widgets.output import Output
        from phase4_tui.tui.widgets.tag_line import FilterLine

        screen = self._front()
        if screen.query(FilterLine) and not isinstance(screen.focused, Output):
            screen.query_one(FilterLine).begin()
        else:
            screen.search.begin()

    def _next_match(self, by: int) -> None:
        """Go to the next match of the search, on the dashboard to the next tag that the filter leaves."""
        from phase4_tui.tui.widgets.rows import Rows

        screen = self._front()
        if screen.search.go(by):
            return
        if screen.query("FilterLine.-shown"):
            tags = screen.query_one("#tags-rows", Rows)
            tags.action_jump((tags.cursor + by) % max(tags.count, 1))
        else:
            self._dashboard.tell(f"nothing is searched for: {how('filter', self._dashboard.keys)} searches")

    def _zoom(self) -> None:
        if not toggle_zoom(self._front()):
            self._dashboard.tell("no panel has the focus: tab goes to one")

    def _front(self) -> FactsScreen:
        """Return the screen in front, below the palette."""
        return next(screen for screen in reversed(self._app.screen_stack) if isinstance(screen, FactsScreen))

    def _pause(self) -> None:
        from phase4_tui.tui.widgets.sequence_panel import SequencePanel

        self._app.screen_stack[0].query_one(SequencePanel).toggle()

    def _notices(self) -> None:
        from phase4_tui.tui.screens.notices import NoticesScreen

        if not isinstance(self._app.screen, NoticesScreen):
            self._app.push_screen(NoticesScreen(self._dashboard.told()))

    def _theme(self) -> None:
        names = [theme.name for theme in THEMES]
        at = names.index(self._app.theme) if self._app.theme in names else -1
        self._app.theme = names[(at + 1) % len(names)]
        self._dashboard.tell(f"theme {self._app.theme}; `theme` under [dashboard] in phase4.toml keeps it")

    def _reports(self) -> str | None:
        """Return the reports directory where a plain command here would act on another."""
        site = self._dashboard.site
        try:
            plain = load_settings(site.workdir, site.environment, {})
        except SettingsError:
            return None  # the command will say what is wrong with the settings
        return str(site.settings.reports) if site.settings.reports != plain.reports else None

    def _copy(self) -> None:
        """Copy the command of the last operation that was done."""
        command, workdir = self._dashboard.queue.command, self._dashboard.site.workdir
        if command is None:
            self._dashboard.tell("nothing was done here yet: there is no command to copy", severity="warning")
            return
        if Path.cwd() != workdir:  # the command is pasted into a shell in the directory where the dashboard was started
            command = command.replace("phase4 ", f"phase4 -C {quote(str(workdir))} ", 1)
        reports = self._reports()
        if reports is not None:
            command = command.replace("phase4 ", f"phase4 --reports {quote(reports)} ", 1)
        self._app.copy_to_clipboard(command)
        self._dashboard.tell(f"copied: {command}")
