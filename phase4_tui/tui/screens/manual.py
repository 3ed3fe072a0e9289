"""The manual: the pages of documentation that the installation carries."""

from phase4_tui.runbook.manual import PAGES, page_text
from phase4_tui.tui.screens.sections import SectionsScreen


class ManualScreen(SectionsScreen):
    """Every page, one below the other."""

    WHAT = "page"

    def __init__(self) -> None:
        super().__init__({name: page_text(name) for name in PAGES})

    def on_mount(self) -> None:
        """Say what is shown."""
        self.title_is(("MANUAL  ", "bold"), (f"{len(PAGES)} pages", "$foreground 70%"))
