"""The runbook, opened at the section for the present state."""

from collections.abc import Iterable

from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.widget import Widget
from textual.widgets import Markdown, Static

from phase4_tui.runbook.text import sections
from phase4_tui.tui.screens.looking import LookingScreen
from phase4_tui.tui.snapshot import Snapshot
from phase4_tui.tui.text import Part, clip, content
from phase4_tui.tui.widgets.rows import Rows


class RunbookScreen(LookingScreen):
    """The runbook."""

    CSS_PATH = "runbook.tcss"
    HINT = "[ ] section before, next · ↑↓ pgup pgdn scroll · tab list of sections"
    BINDINGS = [
        Binding("left_square_bracket", "section(-1)", "section before", show=False),
        Binding("right_square_bracket", "section(1)", "next section", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._sections = sections()
        self._names = list(self._sections)
        self._now: int | None = None
        self._at = 0

    def main(self) -> Iterable[Widget]:
        """The sections' names beside their text."""
        with Horizontal(id="book"):
            yield Rows(self._row, id="sections")
            with VerticalScroll(id="text") as text:
                for index, (name, body) in enumerate(self._sections.items()):
                    yield Static("", id=f"now-{index}", classes="now", markup=False)
                    yield Markdown(f"## {name}\n{body}", id=f"section-{index}", open_links=False)
            text.can_focus = True

    def on_mount(self) -> None:
        """Keys scroll the text."""
        self.query_one("#text").focus()

    def look(self, snapshot: Snapshot) -> None:
        """Mark the section for the present state, and go there when it is another than before."""
        wanted, why = present(snapshot)
        at = next((at for at, name in enumerate(self._names) if name.lower().startswith(wanted)), 0)
        self.title_is(("RUNBOOK  ", "bold"), f"▶ {self._names[at]}", (f"  {why}", "$text-muted"))
        if at == self._now:
            return
        for index in range(len(self._names)):
            mark = self.query_one(f"#now-{index}", Static)
            mark.set_class(index == at, "-shown")
            mark.update(content((f"▶ now: {why}" if index == at else "", "bold $warning")))
            self.query_one(f"#section-{index}").set_class(index == at, "-now")
        self._now = self._at = at
        self.query_one(Rows).show(len(self._names), at)
        self.call_after_refresh(self._go, at)

    def on_rows_moved(self, event: Rows.Moved) -> None:
        """Go to the section under the cursor."""
        event.stop()
        self._go(event.index)

    def on_rows_chosen(self, event: Rows.Chosen) -> None:
        """Go to the section and read on there."""
        event.stop()
        self._go(event.index)
        self.query_one("#text").focus()

    def action_section(self, by: int) -> None:
        """Go to the section before or after."""
        self._go(min(max(self._at + by, 0), len(self._names) - 1))
        self.query_one(Rows).show(len(self._names), self._at)

    def on_markdown_link_clicked(self, event: Markdown.LinkClicked) -> None:
        """Show where a link leads; nothing is opened."""
        event.stop()
        self.notify(clip(event.href, 200), title="link", markup=False)

    def _go(self, at: int) -> None:
        self._at = at
        target = self.query_one(f"#now-{at}" if at == self._now else f"#section-{at}")
        self.query_one("#text", VerticalScroll).scroll_to_widget(target, top=True, animate=False, immediate=True)

    def _row(self, index: int) -> list[Part]:
        now = index == self._now
        return [("▶ " if now else "  ", "bold $warning"), (self._names[index], "bold" if now else "")]


def present(snapshot: Snapshot) -> tuple[str, str]:
    """Return how the heading for the present state begins, and why it is that one."""
    incident = snapshot.state.incident
    if incident is not None:
        word = incident.severity_class or "unclassified"
        return "rollback", f"incident {incident.id} is open, {word}, {incident.stage}"
    if snapshot.holder is not None:
        return "run sequence", "a run is under way"
    if snapshot.level in ("incident", "warning"):
        return "incident classification", "the shown tag is not healthy and no incident is open"
    return "health checks", "no incident is open and nothing is being run"
