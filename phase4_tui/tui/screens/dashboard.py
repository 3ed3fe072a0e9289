"""The dashboard: what is wrong on top, the tags, the health checks, the last run, trends and what happened."""

from collections.abc import Iterable, Mapping

from textual.binding import Binding
from textual.containers import Container, Vertical
from textual.reactive import var
from textual.widget import Widget
from textual.widgets import Input

from phase4_tui.console.facts.events import OutputArrived
from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.console.next_move_text import as_key
from phase4_tui.runbook.checks import checks_of
from phase4_tui.tui.messages import TagChosen
from phase4_tui.tui.screens.base import FactsScreen
from phase4_tui.tui.widgets.header_line import verdict
from phase4_tui.tui.widgets.health_panel import HealthPanel, HealthPanels
from phase4_tui.tui.widgets.incident_block import IncidentBlock
from phase4_tui.tui.widgets.lines import Lines, Row
from phase4_tui.tui.widgets.recent import Today, TrendPanel
from phase4_tui.tui.widgets.rows import Rows
from phase4_tui.tui.widgets.sequence_panel import SequencePanel
from phase4_tui.tui.widgets.tag_line import FilterLine, TagLine
from phase4_tui.tui.widgets.tag_list import TagList


class TooSmall(Lines):
    """Shown in a terminal that is too small: the overall state, and the size needed."""

    snapshot: var[Snapshot | None] = var(None)

    def __init__(self, keys: Mapping[str, str]) -> None:
        super().__init__(id="too-small")
        self._keys = keys

    def watch_snapshot(self) -> None:
        """Draw what is new."""
        snapshot = self.snapshot
        if snapshot is None:
            return
        tag = snapshot.focus.tag if snapshot.focus else "no tag"
        move = snapshot.next_move
        word, style = verdict(snapshot)
        found = snapshot.state.incident or (snapshot.focus.classification if snapshot.focus else None)
        why = f" {found.rule.replace('_', ' ')}" if found is not None and found.severity_class else ""
        rows: list[Row] = [((f"{word.rpartition(' ')[0] if snapshot.state.incident else word}{why}", style),), (tag,)]
        rows += [((f"next: {as_key(move, self._keys)}", "bold $accent"),)] if move is not None else []
        self.show([*rows, (("60×16 is the least room for the panels", "$text-muted"),)])


class DashboardScreen(FactsScreen):
    """The first screen."""

    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (60, "-narrow"), (100, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (16, "-low"), (30, "-tall")]
    BINDINGS = [
        Binding("escape", "back", "follow", show=False),
        Binding("left_square_bracket", "neighbour(-1)", "tag before", show=False),
        Binding("right_square_bracket", "neighbour(1)", "next tag", show=False),
        Binding("up", "neighbour(-1)", "tag before", show=False),
        Binding("down", "neighbour(1)", "next tag", show=False),
        Binding("enter", "app.act('audit')", "artifacts", show=False),
    ]

    tag_filter: var[str] = var("")

    def body(self) -> Iterable[Widget]:
        """The block of what is wrong; under it the tags beside the panels, and what the room that is left shows."""
        cls, keys = FactsScreen, self.console.keys
        checks = checks_of(self.console.site.settings, 4)
        panels = HealthPanels(*(HealthPanel(entry, keys).data_bind(cls.snapshot) for entry in checks))
        panels.fit(*self.app.size)
        sequence, trends = SequencePanel(keys).data_bind(cls.snapshot), TrendPanel().data_bind(cls.snapshot)
        tags = TagList(keys).data_bind(cls.snapshot, DashboardScreen.tag_filter)
        yield TooSmall(keys).data_bind(cls.snapshot)
        yield IncidentBlock(keys).data_bind(cls.snapshot)
        yield TagLine(keys).data_bind(cls.snapshot, DashboardScreen.tag_filter)
        yield FilterLine()
        right = Vertical(panels, sequence, trends, Today().data_bind(cls.snapshot), id="right")
        yield Container(Vertical(tags, id="left"), right, id="main")

    def watch_snapshot(self) -> None:
        """Show no checks where there is nothing to check yet."""
        self.set_class(self.snapshot is not None and self.snapshot.focus is None, "-fresh")

    def on_mount(self) -> None:
        """Keys go to the list of tags at first."""
        self.query_one("#tags-rows").focus()

    async def recompose(self) -> None:
        """Build every panel anew, without a filter."""
        self.tag_filter = ""
        await super().recompose()
        self.query_one("#tags-rows").focus()

    def on_resize(self) -> None:
        """Fit the panels; give the focus back to the list of tags, which a narrow terminal hides."""
        for panels in self.query(HealthPanels):
            panels.fit(*self.app.size)
        if self.focused is None:
            self.query_one("#tags-rows").focus()

    def take_output(self, output: OutputArrived) -> None:
        """Show what a step wrote, once the panel for it is there: the first look may be over before the first paint."""
        if self.is_mounted:
            self.query_one(SequencePanel).take(output)
        else:
            self.call_later(self.take_output, output)

    def action_neighbour(self, by: int) -> None:
        """Show the tag before or after."""
        self.query_one("#tags-rows", Rows).action_cursor(by)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while it is typed, by the field's present text, since it may have been left meanwhile."""
        self.tag_filter = event.input.value.strip().lower()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Show the first tag that is left, and give the focus to the list."""
        self.tag_filter = event.input.value.strip().lower()
        if self.query_one(TagList).take_first():
            self.set_focus(self.query_one("#tags-rows"))

    def action_back(self) -> None:
        """Show every tag again; without a filter show the active or newest one."""
        if self.leave_inner():
            return
        if self.query_one(FilterLine).end():
            self.tag_filter = ""
            self.set_focus(self.query_one("#tags-rows"))
        else:
            self.post_message(TagChosen(None))
