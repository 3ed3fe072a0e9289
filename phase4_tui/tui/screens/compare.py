"""The comparison of a bad tag, a rehearsal and a known-good tag: checks, KPIs and each decision."""

import time
from collections.abc import Iterable, Sequence
from typing import cast

from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import Static

from phase4_tui.console.background import in_background
from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.console.operations.defaults import to_compare
from phase4_tui.console.operations.dialogues.phase4 import compare_tags, reopen
from phase4_tui.console.operations.known_tags import describe_tag, verdict_on
from phase4_tui.console.operations.session import Session
from phase4_tui.console.remedies import parts_of
from phase4_tui.console.symbols import SYMBOLS
from phase4_tui.errors import FORESEEN
from phase4_tui.rollback.comparison import ComparisonResult, compare
from phase4_tui.rollback.read_situation import last_rehearsal
from phase4_tui.runbook.status import TagRow
from phase4_tui.tui.screens.base import FactsScreen
from phase4_tui.tui.screens.choice import LongChoiceScreen
from phase4_tui.tui.text import Part, clip, content, lines
from phase4_tui.tui.timers import every
from phase4_tui.tui.widgets.differences import Differences
from phase4_tui.tui.widgets.hint_line import HintLine
from phase4_tui.tui.widgets.rows import Rows

SIDES = {"bad": ("b", "bad"), "rerun": ("h", "re-run"), "known_good": ("m", "known-good")}
NONE = "(none)"


class CompareScreen(FactsScreen):
    """Chooses three tags, compares them, and shows what is gone, still there or new."""

    CSS_PATH = "compare.tcss"
    AUTO_FOCUS = ""  # the empty table would take enter for itself
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (20, "-low"), (30, "-tall")]
    BINDINGS = [
        Binding("c,enter", "compare", "compare", show=True, key_display="c"),
        Binding("b", "choose('bad')", "bad", show=True),
        Binding("h", "choose('rerun')", "re-run", show=True),
        Binding("m", "choose('known_good')", "known-good", show=True),
        Binding("o", "reopen", "reopen", show=True),
    ]

    def __init__(self, bad: str | None = None, rerun: str | None = None) -> None:
        super().__init__()
        self._given: dict[str, str | None] = {
            side: tag for side, tag in (("bad", bad), ("rerun", rerun)) if tag is not None
        }
        self._tags: dict[str, str | None] = dict.fromkeys(SIDES)
        self._rehearsed: str | None = None
        self._at_once = bad is not None and rerun is not None
        self._result: ComparisonResult | None = None
        self._begun: float | None = None

    @property
    def result(self) -> "ComparisonResult | None":
        """The result, None before the end of a comparison."""
        return self._result

    def body(self) -> Iterable[Widget]:
        """The three tags, the verdict, what differs, and the row under the cursor in full."""
        yield Static("", id="compare-tags", markup=False)
        yield Static("", id="compare-verdict", markup=False)
        yield Static("", id="compare-columns", markup=False)
        yield Differences()
        with VerticalScroll(id="compare-detail") as detail:
            yield Static("", markup=False)
        detail.can_focus = True
        yield HintLine()

    def on_mount(self) -> None:
        """Begin with the most likely tags."""
        every(1.0, self, self._tick)
        self._draw()
        self.begin(self._begin, group="begin")

    async def _begin(self) -> None:
        snapshot = self.snapshot
        if snapshot is None:
            return
        incident = snapshot.state.incident
        run = (
            await in_background(lambda _: last_rehearsal(self.console.site, incident)) if incident is not None else None
        )
        self._rehearsed = run.tag if run is not None else None
        self._draw()
        move = snapshot.next_move
        if self._at_once or (move is not None and move.operation == "compare" and not self.console.read_only):
            self.action_compare()

    def on_resize(self) -> None:
        """Fit to the new width."""
        self._draw()

    def watch_snapshot(self) -> None:
        """Draw again what changed of the tags."""
        if self.is_mounted:
            self._draw()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Reopen on what was compared, where something may be changed."""
        if action == "reopen":
            return not self.console.read_only and (True if self._result is not None else None)
        return True

    def action_choose(self, side: str) -> None:
        """Choose a tag for one side; a side that had it gets the replaced one."""

        async def ask(session: Session) -> None:
            snapshot = self.snapshot
            if snapshot is None or self._begun is not None:
                return
            choices = [(row.tag, describe_tag(row)) for row in ordered(snapshot, good_first=side == "known_good")]
            if side == "known_good":
                choices.insert(0, (NONE, "compare the bad tag and the re-run alone"))
            screen = LongChoiceScreen(f"Which tag is the {SIDES[side][1]} one?", choices, self._tags[side])
            chosen = await self.app.push_screen_wait(screen)
            if chosen is None or chosen == self._tags[side]:
                return
            for other, tag in self._tags.items():
                if tag == chosen:
                    self._given[other] = self._tags[side]
            self._given[side] = None if chosen == NONE else chosen
            self._result = None
            self._draw()

        self.console.operate(ask)

    def action_compare(self) -> None:
        """Compare the three tags; one comparison at a time."""
        bad, rerun = self._tags["bad"], self._tags["rerun"]
        if self._begun is not None:
            self.console.tell("the comparison is under way")
        elif bad is None or rerun is None:
            bad_key, rerun_key = SIDES["bad"][0], SIDES["rerun"][0]
            self.console.tell(f"choose a bad tag ({bad_key}) and a rehearsal ({rerun_key}) first", severity="warning")
        else:
            self._begun, self._result = time.monotonic(), None
            self._draw()
            self.begin(self._compare, bad, rerun, self._tags["known_good"], group="compare")

    async def _compare(self, bad: str, rerun: str, good: str | None) -> None:
        try:
            if self.console.read_only:
                found: object = await in_background(lambda _: compare(self.console.site, bad, rerun, good))
            else:
                found = await compare_tags(self.console.session, bad, rerun, good)
            self._result = cast("ComparisonResult", found)
        except FORESEEN as error:
            message, remedies = parts_of(error)
            self.console.tell(message, severity="error", remedies=remedies)
        finally:
            self._begun = None
            if self.is_open:
                self._draw(first=True)

    def action_reopen(self) -> None:
        """Reopen Phase 4 on the rehearsal."""
        result = self._result
        if result is not None:
            self.console.operate(lambda session: reopen(session, result.rerun))

    def on_rows_moved(self, event: Rows.Moved) -> None:
        """Show the row under the cursor in full."""
        event.stop()
        self._show_detail()

    def on_rows_chosen(self, event: Rows.Chosen) -> None:
        """Go to the whole of the row."""
        event.stop()
        self.query_one("#compare-detail").focus()

    # Drawing --------------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        if self._begun is not None:
            self._show_verdict()

    def _draw(self, *, first: bool = False) -> None:
        snapshot = self.snapshot
        if snapshot is None:
            return
        if self._begun is None and self._result is None:
            self._tags = to_compare(snapshot, self._rehearsed, self._given)
        rows = {row.tag: row for row in snapshot.rows}
        self.query_one("#compare-tags", Static).update(lines(self._tag_rows(snapshot, rows)))
        self._show_verdict()
        columns = self.query_one("#compare-columns", Static)
        table = self.query_one(Differences)
        columns.update(content((table.columns("what", "bad", "known-good", "re-run", "label"), "bold $text-muted")))
        self.set_class(self._result is not None, "-compared")
        table.take(self._result)
        if first and self._result is not None:
            table.focus()
        self._show_detail()
        self.query_one(HintLine).tell(*self._hint())
        self.refresh_bindings()

    def _tag_rows(self, snapshot: Snapshot, rows: dict[str, TagRow]) -> list[list[Part]]:
        told: list[list[Part]] = []
        for side, (key, name) in SIDES.items():
            tag = self._tags[side]
            row = rows.get(tag) if tag else None
            note = " · the incident's" if tag and snapshot.state.incident_of(tag) is not None else ""
            shown = f"{clip(tag or 'none', 40)}"
            told.append(
                [
                    (f"{key} ", "bold $accent"),
                    f"{name:<11} ",
                    (shown, "bold"),
                    f"  {verdict_on(row) if row else ''}{note}",
                ]
            )
        return told

    def _show_verdict(self) -> None:
        self.query_one("#compare-verdict", Static).update(lines(self._verdict_rows()))

    def _verdict_rows(self) -> list[list[Part]]:
        if self._begun is not None:
            seconds = int(time.monotonic() - self._begun)
            return [[(f"{SYMBOLS['running']} comparing… {seconds} s", "bold $accent")]]
        result = self._result
        if result is None:
            return [[("not compared yet", "$text-muted")]]
        if not result.comparable:
            symbol, style = SYMBOLS["incomparable"], "bold $warning"
        elif result.recovered:
            symbol, style = SYMBOLS["done"], "bold $success"
        else:
            symbol, style = SYMBOLS["failed"], "bold $error"
        told: list[list[Part]] = [
            [(f"{symbol} {result.verdict}", style)],
            [*self._source("input", result.same_input), " · ", *self._source("rules", result.same_rules)],
        ]
        return told + [[(f"{SYMBOLS['warning']} {note}", "$warning")] for note in result.notes]

    def _source(self, name: str, same: bool) -> list[Part]:
        assert self._result is not None
        if same:
            return [(f"{SYMBOLS['done']} same {name}", "$success")]
        sources = self._result.sources
        known = all(getattr(sources[side], f"{name}_sha256") for side in ("bad", "rerun") if side in sources)
        return [(f"{SYMBOLS['warning']} other {name}" if known else f"? {name} not on record", "$warning")]

    def _hint(self) -> list[Part]:
        if self._begun is not None:
            return ["comparing; reports of any size are read once · escape leaves it"]
        if self._result is None:
            sides = " ".join(key for key, _ in SIDES.values())
            return [(self.own_key("compare"), "bold"), f" or enter compares · {sides} choose the tags · escape back"]
        if self.console.read_only:
            return ["read-only: nothing was noted · ↑ ↓ each difference, tab reads it · escape back"]
        if self.snapshot is not None and self.snapshot.state.evaluation_mode == "phase4":
            return ["Phase 4 is open · ↑ ↓ each difference, tab reads it · escape back"]
        reopens = (self.own_key("reopen"), "bold")
        return ["↑ ↓ each difference, tab reads it · ", reopens, " reopens Phase 4 on it · escape back"]

    def _show_detail(self) -> None:
        self.query_one("#compare-detail Static", Static).update(lines(self.query_one(Differences).detail()))
        self.query_one("#compare-detail", VerticalScroll).scroll_home(animate=False, immediate=True)


def ordered(snapshot: Snapshot, *, good_first: bool) -> Sequence[TagRow]:
    """Return the tags to choose from, newest first, or known-good ones first."""
    return sorted(snapshot.rows, key=lambda row: not row.known_good) if good_first else snapshot.rows
