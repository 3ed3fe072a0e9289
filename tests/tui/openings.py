"""Every screen and dialog of the dashboard, opened and left."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from textual.app import App
from textual.pilot import Pilot
from textual.screen import ModalScreen

from phase4_tui.artifacts.names import Artifact, file_name
from phase4_tui.console.views import View
from phase4_tui.tui.app import Phase4App
from phase4_tui.tui.screens.choice import LongChoiceScreen
from phase4_tui.tui.screens.questions import ChoiceScreen, PlanScreen, TextScreen
from phase4_tui.tui.screens.viewer import ViewerScreen
from tests.tui.support import until

CHOICES = [(f"tag_{number}", "a choice") for number in range(30)]
BEGUN_AT_OPENING = ("load", "begin", "lease")
Opens = Callable[[], Any]


def openings(app: Phase4App, reports: Path) -> dict[str, Opens]:
    """Return what opens each screen and each dialog, by its name."""
    views = [view for view in View if view not in (View.TRANSCRIPT, View.POST_MORTEM)]  # both are the viewer
    found: dict[str, Opens] = {view.value: lambda view=view: app.open(view) for view in views}  # type: ignore[misc]
    dialogs: dict[str, Callable[[], ModalScreen[Any]]] = {
        "plan": lambda: PlanScreen("Do it?", [f"line {number}" for number in range(12)]),
        "text": lambda: TextScreen("Why?"),
        "choice": lambda: ChoiceScreen("Which?", CHOICES[:6]),
        "long choice": lambda: LongChoiceScreen("Which?", CHOICES),
    }
    found |= {name: lambda make=make: app.push_screen(make()) for name, make in dialogs.items()}  # type: ignore[misc]
    found["viewer"] = lambda: app.push_screen(ViewerScreen(reports / file_name("B", Artifact.MONITORING)))
    found["palette"] = app.action_command_palette
    return found


async def open_and_leave(app: App[Any], pilot: Pilot[Any], opens: Opens) -> None:
    """Open a screen, let it be built and filled, and leave it."""
    opens()
    await until(pilot, lambda: len(app.screen_stack) == 2 and app.screen.is_mounted)
    await until(pilot, lambda: not any(worker.group in BEGUN_AT_OPENING for worker in app.workers))
    screen = app.screen
    app.pop_screen()
    await until(pilot, lambda: not screen.is_running)
