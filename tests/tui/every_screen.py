"""Every screen and dialog of the dashboard, each made as it is opened; for what must hold on all of them."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from textual.screen import Screen

import phase4_tui.tui.screens as package
from phase4_tui.console.operations.suggestions import of_names
from phase4_tui.tui.messages import Notice
from phase4_tui.tui.screens.audit import AuditScreen
from phase4_tui.tui.screens.choice import LongChoiceScreen
from phase4_tui.tui.screens.compare import CompareScreen
from phase4_tui.tui.screens.decisions import DecisionsScreen
from phase4_tui.tui.screens.guided import GuidedScreen
from phase4_tui.tui.screens.help import HelpScreen
from phase4_tui.tui.screens.journal import JournalScreen
from phase4_tui.tui.screens.known_good import KnownGoodScreen
from phase4_tui.tui.screens.manual import ManualScreen
from phase4_tui.tui.screens.notices import NoticesScreen
from phase4_tui.tui.screens.palette import Palette
from phase4_tui.tui.screens.questions import ChoiceScreen, PlanScreen, TextScreen
from phase4_tui.tui.screens.root_cause import RootCauseScreen
from phase4_tui.tui.screens.runbook import RunbookScreen
from phase4_tui.tui.screens.trends import TrendsScreen
from phase4_tui.tui.screens.verify import VerifyScreen
from phase4_tui.tui.screens.viewer import PostMortemScreen, RowScreen, ViewerScreen

BASES = {"DashboardScreen", "FactsScreen", "ViewScreen", "SectionsScreen", "Question", "_Text"}
"""The screen that is always there, and those that no one opens."""
PLAIN: tuple[type[Screen[Any]], ...] = (
    AuditScreen, CompareScreen, DecisionsScreen, GuidedScreen, HelpScreen, JournalScreen, KnownGoodScreen,
    ManualScreen, PostMortemScreen, RootCauseScreen, RunbookScreen, TrendsScreen, VerifyScreen,
)  # fmt: skip
CHOICES = [(f"choice_{at}", "what it is, in more words than a narrow pane has room for") for at in range(30)]


KNOWN = of_names(CHOICES, [value for value, _ in CHOICES])


async def _nothing_good(text: str) -> str:
    return f"{text} can't be used"


def every_screen(work: Path) -> dict[str, Callable[[], Screen[Any]]]:
    """Return what makes each screen, by the name of its class."""
    plan = ["  ! a warning", *(f"  line {at} of a plan" for at in range(40))]
    made: dict[str, Callable[[], Screen[Any]]] = {
        "PlanScreen": lambda: PlanScreen("Do what this plan says?", plan, details=plan),
        "TextScreen": lambda: TextScreen(
            "Reason to freeze the tag?", value="because", check=_nothing_good, known=KNOWN
        ),
        "ChoiceScreen": lambda: ChoiceScreen("Which owner of these?", CHOICES),
        "LongChoiceScreen": lambda: LongChoiceScreen("Which tag of these?", CHOICES),
        "ViewerScreen": lambda: ViewerScreen(work / "reports" / "B_report.json"),
        "NoticesScreen": lambda: NoticesScreen([Notice("it is done", "", "information", "2026-11-28T02:00:00Z")]),
        "RowScreen": lambda: RowScreen("B, row 1", {"decision": {"action": "NO_TRADE"}}),
        "Palette": lambda: Palette(id="--command-palette"),
    }
    return made | {kind.__name__: kind for kind in PLAIN}


def classes() -> set[str]:
    """Return the names of all classes of screens in the package."""
    modules = [import_module(f"{package.__name__}.{found.name}") for found in iter_modules(package.__path__)]
    return {
        name
        for module in modules
        for name, kind in vars(module).items()
        if isinstance(kind, type) and issubclass(kind, Screen) and kind.__module__ == module.__name__
    }
