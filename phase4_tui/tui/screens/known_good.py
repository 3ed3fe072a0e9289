"""The picker of a known-good tag: every tag with its evidence ladder and its differences from the current one."""

import asyncio
from collections.abc import Iterable, Sequence
from functools import cached_property

from textual.binding import Binding
from textual.containers import Container, VerticalScroll
from textual.widget import Widget
from textual.widgets import Static

from phase4_tui.console.background import in_background
from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.console.operations.dialogues import tags as dialogues
from phase4_tui.console.operations.session import Session
from phase4_tui.console.remedies import error_as_keys
from phase4_tui.console.symbols import SYMBOLS
from phase4_tui.errors import FORESEEN
from phase4_tui.rollback.known_good import difference
from phase4_tui.runbook.ladder import rungs_of, why_not_good
from phase4_tui.runbook.status import TagRow
from phase4_tui.tui.screens.base import FactsScreen
from phase4_tui.tui.text import Part, clip, content, lines
from phase4_tui.tui.widgets.hint_line import HintLine
from phase4_tui.tui.widgets.rows import Rows
from phase4_tui.tui.widgets.tag_list import mark

PAUSE_SECONDS = 0.15
SHOWN_LINES = 200
CLIMBED, FAILED, OPEN = SYMBOLS["done"], SYMBOLS["failed"], SYMBOLS["open"]


class TagRows(Rows):
    """The list of tags; none has the cursor until the operator moves it."""

    def show(self, count: int, cursor: int | None = None) -> None:
        """Draw again, with so many rows."""
        chosen = self.cursor if cursor is None else cursor
        super().show(count, cursor)
        if chosen < 0:
            self.cursor = -1

    def _keep_in_sight(self) -> None:
        if self.cursor >= 0:
            super()._keep_in_sight()

    def action_choose(self) -> None:
        """Choose the row with the cursor, or say that there is none."""
        self.post_message(self.Chosen(self, self.cursor))


def _in_use(snapshot: Snapshot) -> str:
    if snapshot.state.active_tag is not None:
        return f"active: {clip(snapshot.state.active_tag, 40)}"
    return f"no active tag, {clip(current_tag(snapshot) or 'none', 40)} is the newest"


class KnownGoodScreen(FactsScreen):
    """Shows which tags are known-good and why the others are not, and switches to one."""

    CSS_PATH = "known_good.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (30, "-tall")]
    BINDINGS = [
        Binding("enter", "to_rows", "switch to it", show=True),
        Binding("w", "no_good_tag", "no known-good tag", show=True),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[TagRow] = []
        self._chosen: str | None = None
        self._told: tuple[tuple[str, str], list[str]] | None = None

    @cached_property
    def _rungs(self) -> tuple[str, ...]:
        return rungs_of(self.console.site.settings)

    def body(self) -> Iterable[Widget]:
        """The tags, and beside them the one under the cursor."""
        yield Static("", id="picker-title", markup=False)
        yield Container(
            TagRows(self._row, id="picker-rows"),
            VerticalScroll(Static("", id="picker-told", markup=False), id="picker-detail", can_focus=True),
            id="picker",
        )
        yield HintLine()

    def on_mount(self) -> None:
        """Keys go to the tags."""
        rows = self.query_one(TagRows)
        rows.cursor = -1
        rows.focus()
        self._draw()

    def on_resize(self) -> None:
        """Fit to the new width."""
        self._draw()

    def watch_snapshot(self) -> None:
        """Draw what is new; the cursor stays on its tag."""
        if self.is_mounted:
            self._draw()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer no operation where nothing may be changed."""
        if action in ("no_good_tag", "to_rows") and self.console.read_only:
            return False
        if action == "no_good_tag":
            return True if self.snapshot is not None and self.snapshot.state.incident is not None else None
        return True

    def on_rows_moved(self, event: Rows.Moved) -> None:
        """Show the details of the tag under the cursor."""
        event.stop()
        row = event.of(self._rows)
        self._chosen = row.tag if row is not None else None
        self._draw()

    def on_rows_chosen(self, event: Rows.Chosen) -> None:
        """Switch to the tag under the cursor, or say why it can't be."""
        event.stop()
        snapshot = self.snapshot
        if snapshot is None:
            return
        if self.console.read_only:
            self.console.tell("this dashboard is read-only", severity="warning")
            return
        row = event.of(self._rows)
        if row is None:
            self.console.tell("no tag is chosen: ↑ ↓ move to one", severity="warning")
            return
        reason = why_not_switch(row, snapshot)
        if reason is not None:
            self.console.tell(f"{row.tag} {reason}", severity="warning")
            return

        async def switch(session: Session) -> None:
            await dialogues.switch(session, row.tag)
            self._leave()

        self.console.operate(switch)

    def action_to_rows(self) -> None:
        """Give the focus to the list, where a tag is chosen."""
        self.query_one(TagRows).focus()

    def action_no_good_tag(self) -> None:
        """Go on without a known-good tag."""

        async def state_it(session: Session) -> None:
            await dialogues.no_good_tag(session)
            self._leave()

        self.console.operate(state_it)

    def _leave(self) -> None:
        if self.is_current:
            self.app.pop_screen()

    def _draw(self) -> None:
        snapshot = self.snapshot
        if snapshot is None:
            return
        self._rows = sorted(snapshot.rows, key=lambda row: (not row.known_good, not row.pinned, -row.modified_ns))
        rows = self.query_one(TagRows)
        at = next((at for at, row in enumerate(self._rows) if row.tag == self._chosen), -1)
        rows.show(len(self._rows), at)
        good = [row for row in self._rows if why_not_switch(row, snapshot) is None]
        reading = snapshot.tags - len(snapshot.rows)
        self.query_one("#picker-title", Static).update(
            content(
                ("KNOWN-GOOD TAGS ", "bold"),
                f"{len(good)} to switch to, of {snapshot.tags}" + (f" · reading {reading}" if reading > 0 else ""),
                (f" · {_in_use(snapshot)}", "$text-muted"),
            )
        )
        self.query_one(HintLine).tell(*self._hint(snapshot, good))
        self._tell(self._rows[at] if at >= 0 else None, snapshot, bool(good))
        self.refresh_bindings()

    def _hint(self, snapshot: Snapshot, good: Sequence[TagRow]) -> list[Part]:
        if self.console.read_only:
            return ["read-only: look at each tag with ↑ ↓ · escape back"]
        if not good and snapshot.state.incident is not None:
            return ["no tag to switch to: ", (self.own_key("no_good_tag"), "bold"), " goes on without one"]
        start = "no tag is chosen yet: ↓ to one, " if self._chosen is None else "↑ ↓ to a tag, "
        return [start, ("enter", "bold"), " switches to it, with a reason and a plan first · escape back"]

    def _row(self, index: int) -> list[Part]:
        row, snapshot = self._rows[index], self.snapshot
        assert snapshot is not None
        state, width = snapshot.state, self.query_one(TagRows).size.width
        failed, style = row.first_failed_rung, "$success" if row.known_good else "$warning"
        word = "known-good" if failed is None else why_not_good(failed, row.phase)
        word += ", pinned" if row.pinned else ""
        word += ", active" if row.tag == state.active_tag else ""
        longest = max(len(one.tag) for one in self._rows)
        room = max(min(longest, width - 2 - len(self._rungs) - 3 - 19, 40), 8)
        return [
            f"{mark(row, state.active_tag, state.known_good_tag)} {clip(row.tag, room):<{room}} ",
            (ladder(row, self._rungs), style),
            (f"  {word}", style),
        ]

    def _tell(self, row: TagRow | None, snapshot: Snapshot, some: bool) -> None:
        """Show the ladder of a tag, and read its differences in a thread."""
        before = current_tag(snapshot)
        if row is None:
            none = "↑ ↓ move to a tag: its evidence and what differs show here."
            if not some:
                none = f"No tag is known-good.\n{none}"
            self.query_one("#picker-told", Static).update(content((none, "$text-muted")))
            self._told = None
            return
        wanted = (before or row.tag, row.tag)
        if self._told is None or self._told[0] != wanted:
            self._told = wanted, []
            self.begin(self._compare, *wanted, group="difference", exclusive=True)
        self._show_told(row, snapshot)

    def _show_told(self, row: TagRow, snapshot: Snapshot) -> None:
        reason = why_not_switch(row, snapshot)
        title = f"{SYMBOLS['done']} can be switched to" if reason is None else f"{SYMBOLS['failed']} {reason}"
        told: list[list[Part]] = [
            [(row.tag, "bold")],
            [(title, "$success" if reason is None else "bold $warning")],
            [],
            *self._ladder_rows(row),
            [],
        ]
        assert self._told is not None
        found = self._told[1] or ["comparing…"]
        told += [[(line, "bold" if not at else "")] for at, line in enumerate(found[:SHOWN_LINES])]
        if len(found) > SHOWN_LINES:
            told.append([(f"… {len(found) - SHOWN_LINES} more", "$text-muted")])
        self.query_one("#picker-told", Static).update(lines(told))

    def _ladder_rows(self, row: TagRow) -> list[list[Part]]:
        climbed, roomy = climbed_rungs(row, self._rungs), self.size.width >= 100 and self.size.height >= 20
        rungs: list[list[Part]] = []
        for at, rung in enumerate(self._rungs):
            symbol, word, style = CLIMBED, "", "$success"
            if at >= climbed:
                symbol, word, style = (FAILED, "fails", "bold $warning")
            if at > climbed:
                symbol, word, style = (OPEN, "not looked at", "$text-muted")
            rungs.append([(f"{symbol} {rung}{f': {word}' if word and roomy else ''}", style)])
        return rungs if roomy else [[part for rung in rungs for part in (*rung, "  ")]]

    async def _compare(self, before: str, after: str) -> None:
        await asyncio.sleep(PAUSE_SECONDS)  # with an arrow key held down only the last tag is read
        try:
            if before == after:
                found = ["the tag that is current now: nothing differs"]
            else:
                found = await in_background(lambda _: difference(self.console.site, before, after))
        except FORESEEN as error:
            found = [f"what differs can't be told: {error_as_keys(error, self.console.keys)}"]
        if self._told is not None and self._told[0] == (before, after):
            self._told = (before, after), found
            self._draw()


def why_not_switch(row: TagRow, snapshot: Snapshot) -> str | None:
    """Return why a tag can't be switched to, None for one that can."""
    incident = snapshot.state.incident_of(row.tag)
    if not row.known_good:
        return f"is not known-good: it fails `{row.first_failed_rung}`"
    if incident is not None:
        return f"is the tag of the open incident {incident.id}"
    return "is the active tag already" if row.tag == snapshot.state.active_tag else None


def current_tag(snapshot: Snapshot) -> str | None:
    """Return the tag that analysis and reporting use now: the active one, else the newest."""
    newest = max(snapshot.rows, key=lambda row: row.modified_ns, default=None)
    return snapshot.state.active_tag or (newest.tag if newest else None)


def climbed_rungs(row: TagRow, rungs: Sequence[str]) -> int:
    """Return the number of rungs that a tag passes before the first that it fails."""
    return rungs.index(row.first_failed_rung) if row.first_failed_rung in rungs else len(rungs)


def ladder(row: TagRow, rungs: Sequence[str]) -> str:
    """Return the ladder as one symbol a rung."""
    climbed = climbed_rungs(row, rungs)
    failed = FAILED if climbed < len(rungs) else ""
    return CLIMBED * climbed + failed + OPEN * (len(rungs) - climbed - 1)
