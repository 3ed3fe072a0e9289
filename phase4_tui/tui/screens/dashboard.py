"""The dashboard: tags, the four health checks, the incident, the sequence with its output."""

from collections.abc import Iterable

from textual.binding import Binding
from textual.containers import Container, Grid, Horizontal, Vertical
from textual.reactive import var
from textual.widget import Widget

from phase4_tui.runbook.symbols import TITLES
from phase4_tui.tui.messages import OutputArrived, TagChosen
from phase4_tui.tui.screens.base import FactsScreen
from phase4_tui.tui.snapshot import Snapshot
from phase4_tui.tui.text import clip
from phase4_tui.tui.widgets.header_line import LEVELS, verdict
from phase4_tui.tui.widgets.health_panel import HealthPanel
from phase4_tui.tui.widgets.incident_panel import IncidentPanel, incident_rows
from phase4_tui.tui.widgets.lines import Lines
from phase4_tui.tui.widgets.rows import Rows
from phase4_tui.tui.widgets.sequence_panel import SequencePanel
from phase4_tui.tui.widgets.tag_list import TagList, mark


class TagLine(Lines):
    """The tags on one line, for a narrow terminal: the shown one between its neighbours."""

    snapshot: var[Snapshot | None] = var(None)

    def __init__(self) -> None:
        super().__init__(id="tag-line")

    def watch_snapshot(self) -> None:
        """Draw what is new."""
        snapshot = self.snapshot
        if snapshot is None:
            return
        shown = snapshot.focus.tag if snapshot.focus else None
        at = next((index for index, row in enumerate(snapshot.rows) if row.tag == shown), 0)
        near = snapshot.rows[max(at - 1, 0) : at + 3]
        state = snapshot.state
        parts = [("[ ] ", "$text-muted")]
        for row in near:
            symbol = mark(row, state.active_tag, state.known_good_tag).strip()
            text = f"{symbol} {clip(row.tag, 18)}".strip() + f" {row.severity_class or row.level.upper()}"
            parts.append(
                (f"▶{text}  " if row.tag == shown else f" {text}  ", "bold" if row.tag == shown else "$text-muted")
            )
        parts.append((f"of {snapshot.tags}", "$text-muted"))
        self.show([tuple(parts)])


class TooSmall(Lines):
    """What is readable in any terminal: the overall state, and how much room is needed."""

    snapshot: var[Snapshot | None] = var(None)

    def __init__(self) -> None:
        super().__init__(id="too-small")

    def watch_snapshot(self) -> None:
        """Draw what is new."""
        snapshot = self.snapshot
        if snapshot is None:
            return
        tag = snapshot.focus.tag if snapshot.focus else "no tag"
        (title, style), rows = incident_rows(snapshot)
        self.show(
            [
                ((verdict(snapshot), LEVELS[snapshot.level]),),
                (tag,),
                ((title, style),),
                (next((text for text, _ in rows if text.startswith("next: ")), rows[-1][0]),),
                (("60×16 is the least room for the panels", "$text-muted"),),
            ]
        )


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
    ]

    def body(self) -> Iterable[Widget]:
        """Tags beside panels, incident and sequence under them."""
        cls = FactsScreen
        health = Grid(*(HealthPanel(check).data_bind(cls.snapshot) for check in TITLES), id="health")
        right = Vertical(health, Horizontal(SequencePanel().data_bind(cls.snapshot), id="lower"), id="right")
        left = Vertical(TagList().data_bind(cls.snapshot), IncidentPanel().data_bind(cls.snapshot), id="left")
        yield TooSmall().data_bind(cls.snapshot)
        yield TagLine().data_bind(cls.snapshot)
        yield Container(left, right, id="main")

    def on_mount(self) -> None:
        """Keys go to the list of tags at first."""
        self.query_one("#tags-rows").focus()

    def on_resize(self) -> None:
        """The list of tags is not there in a narrow terminal: give it the keys once it is there again."""
        if self.focused is None:
            self.query_one("#tags-rows").focus()

    def take_output(self, message: OutputArrived) -> None:
        """Show what a step wrote."""
        self.query_one(SequencePanel).take(message)

    def action_neighbour(self, by: int) -> None:
        """Show the tag before or after."""
        self.query_one("#tags-rows", Rows).action_cursor(by)

    def action_back(self) -> None:
        """The first screen has none before it: show the active or newest tag again."""
        self.post_message(TagChosen(None))
