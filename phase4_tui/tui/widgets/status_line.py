"""The status line above the footer: the last notice, which covers nothing; the palette has those before it."""

from collections.abc import Mapping

from textual.reactive import var

from phase4_tui.console.remedies import how
from phase4_tui.console.symbols import SYMBOLS
from phase4_tui.tui.messages import Notice
from phase4_tui.tui.text import clip
from phase4_tui.tui.widgets.lines import Lines, paragraphs

MOST_LINES = 3
STYLES = {"error": "bold $error", "warning": "bold $warning", "information": ""}
SIGNS = {"error": f"{SYMBOLS['failed']} ", "warning": f"{SYMBOLS['warning']} ", "information": ""}


class StatusLine(Lines):
    """One to three lines with the last notice; none before the first."""

    notices: var[tuple[Notice, ...]] = var(())
    """The newest last, those before it that came at the same time."""
    DEFAULT_CSS = "StatusLine { height: 0; padding: 0 1; background: $surface; }"

    def __init__(self, keys: Mapping[str, str]) -> None:
        super().__init__(id="status-line")
        self._keys = keys

    def watch_notices(self) -> None:
        """Show another notice."""
        if not self.notices:
            return
        *before, notice = self.notices
        told = " · ".join(line for line in (notice.title, *notice.text.splitlines()) if line)
        more = f"   (+{len(before)} before: {how('notices', self._keys)})" if before else ""
        width = max(self.app.size.width - 2, 10)
        most = MOST_LINES if self.app.size.height >= 24 else MOST_LINES - 1
        style = STYLES.get(notice.severity, "")
        text = f"{notice.at[11:19]}  {SIGNS.get(notice.severity, '')}{told}"
        rows = paragraphs([(clip(text, most * width - len(more) - 12) + more, style)], width)[:most]
        if self.styles.height is None or self.styles.height.value != len(rows):
            self.styles.height = len(rows)
        self.show([(row,) for row in rows])

    def on_resize(self) -> None:
        """Fit to the new width."""
        self.watch_notices()
