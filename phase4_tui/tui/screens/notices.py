"""The notices so far, the newest first: what the status line showed and no longer does."""

from collections.abc import Iterable

from textual.widget import Widget

from phase4_tui.artifacts.clock import moment
from phase4_tui.artifacts.counting import counted
from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.tui.messages import Notice
from phase4_tui.tui.screens.view import ViewScreen
from phase4_tui.tui.text import Part
from phase4_tui.tui.widgets.lines import paragraphs
from phase4_tui.tui.widgets.status_line import SIGNS, STYLES
from phase4_tui.tui.widgets.text_lines import TextLines


class NoticesScreen(ViewScreen):
    """Every notice of this dashboard."""

    HINT = "↑↓ pgup pgdn scroll · escape returns"

    def __init__(self, notices: Iterable[Notice]) -> None:
        super().__init__()
        self._notices = tuple(notices)[::-1]
        self._rows: list[list[Part]] = []

    def main(self) -> Iterable[Widget]:
        """The list."""
        yield TextLines(lambda index: self._rows[index], id="notices")

    def look(self, snapshot: Snapshot) -> None:
        """Draw them once."""
        if self._rows:
            return
        self.title_is(("NOTICES  ", "bold"), counted(len(self._notices), "notice"), ", the newest first")
        self._draw()

    def on_resize(self) -> None:
        """Fit to the new width."""
        self._draw()

    def _draw(self) -> None:
        self._rows = []
        for one in self._notices:
            text = f"{moment(one.at)}  {SIGNS.get(one.severity, '')}{' · '.join(one.text.splitlines())}"
            found = paragraphs([(text, STYLES.get(one.severity, ""))], max(self.size.width - 6, 20))
            self._rows += [[part] for part in found]
        self.query_one(TextLines).show(len(self._rows))
