"""The guided rollback: the five steps of the runbook, who leads it, and its clock; resumed on any host."""

import asyncio
import time
from collections.abc import Iterable, Mapping

from textual.binding import Binding
from textual.widget import Widget

from phase4_tui.artifacts.clock import moment
from phase4_tui.console.background import in_background
from phase4_tui.console.facts.events import OutputArrived
from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.console.next_move_text import as_key
from phase4_tui.console.operations.defaults import of_next_move
from phase4_tui.console.operations.dialogues import rollback as dialogues
from phase4_tui.console.operations.registry import BY_ID, why_not
from phase4_tui.console.operations.rollback_lease import RollbackLease
from phase4_tui.console.operations.session import Session
from phase4_tui.console.remedies import as_keys, how, parts_of
from phase4_tui.console.remedies import short as short_digests
from phase4_tui.console.run_words import running_words
from phase4_tui.console.symbols import SYMBOLS
from phase4_tui.errors import FORESEEN, Refused
from phase4_tui.journal.lease import HEARTBEAT_SECONDS, Lease
from phase4_tui.journal.log import read_events
from phase4_tui.journal.state import read_state
from phase4_tui.rollback.closing import Closing, read_closing
from phase4_tui.rollback.guided import Guided, GuidedStep, open_for_shown_tag, read_guided
from phase4_tui.rollback.incidents import incidents_of
from phase4_tui.runbook.site import Site
from phase4_tui.tui.screens.base import FactsScreen
from phase4_tui.tui.text import Part
from phase4_tui.tui.timers import every
from phase4_tui.tui.widgets.clocks import open_for
from phase4_tui.tui.widgets.hint_line import HintLine
from phase4_tui.tui.widgets.incident_lines import closed_rows, incident_rows
from phase4_tui.tui.widgets.lines import Lines, Row
from phase4_tui.tui.widgets.step_cards import StepCards

REST = 4
"""After a look, pause for this many times its duration, since it hashes what is frozen."""


class GuidedScreen(FactsScreen):
    """Where the rollback of the open incident stands, and what to do next."""

    CSS_PATH = "guided.tcss"
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (20, "-low"), (30, "-tall")]
    BINDINGS = [
        *(Binding(str(number), f"do({number})", f"step {number}", show=False) for number in range(1, 6)),
        Binding("T", "take_over", "take over", show=True),
        Binding("m", "post_mortem", "post-mortem", show=True),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._guided: Guided | None = None
        self._ending: Closing | None = None
        self._progress: Mapping[str, int] | None = None
        self._looked = False
        self._looking = False
        self._stale = False
        self._lead = RollbackLease(self.console.site, self.console.write)

    def body(self) -> Iterable[Widget]:
        """The incident, who leads, the steps."""
        yield Lines(id="guided-top")
        yield StepCards()
        yield HintLine()

    async def on_mount(self) -> None:
        """Look and take the lease; first open an incident for the shown tag if it needs one."""
        self.query_one(StepCards).focus()
        opens = self.snapshot is not None and of_next_move(self.snapshot, "guided") is not None
        if opens and not self.console.read_only:
            self._looking = True  # nothing is shown before the incident is open
            self.begin(self._open, group="lease")
        else:
            self._look()
        every(1.0, self, self._tick)
        self.set_interval(HEARTBEAT_SECONDS, self._beat)
        if not self.console.read_only and not opens:
            self.begin(self._take_lease, group="lease")

    async def _open(self) -> None:
        try:
            await self.console.write(lambda: open_for_shown_tag(self.console.site))
        except FORESEEN as error:
            message, remedies = parts_of(error)
            self.console.tell(f"no incident was opened: {message}", severity="error", remedies=remedies)
        else:
            await self._take_lease()
        self._looking = False
        self._look()

    async def on_unmount(self) -> None:
        """Give the lease back, so that another may go on."""
        await self._lead.leave()

    def watch_snapshot(self) -> None:
        """Look again after a change on disk."""
        if self.is_mounted:
            if self._lead.is_lost(self.snapshot.lease if self.snapshot else None):
                self._beat()
            self._look()
            self._tick()

    def take_output(self, output: OutputArrived) -> None:
        """Take how far the running step is."""
        if output.fresh or output.page:
            self._progress = None
        if output.progress is not None:
            self._progress = output.progress

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the post-mortem of a closed incident, and the lease where another has it."""
        if action == "take_over":
            return not self.console.read_only and self._guided is not None and not self._lead.held
        return self._looked and self._guided is None if action == "post_mortem" else True

    # The lease ------------------------------------------------------------------------------------------------

    async def _take_lease(self) -> None:
        try:
            if (await asyncio.to_thread(read_state, self.console.site.reports)).incident is None:
                return
            await self._lead.take()
        except Refused as error:
            self.console.tell(
                f"{error.message}: look on, or {self._take_over} takes it over with a reason", severity="warning"
            )
        except FORESEEN as error:
            message, remedies = parts_of(error)
            self.console.tell(f"the rollback can't be led from here: {message}", severity="error", remedies=remedies)
        self.console.look_now()
        self._draw()

    @property
    def _take_over(self) -> str:
        return self.own_key("take_over")

    def _beat(self) -> None:
        self.begin(self._keep_lease, group="lease")

    async def _keep_lease(self) -> None:
        if self._lead.held and not await self._lead.keep():
            self.console.look_now()
            self.console.tell(
                f"this rollback was taken over elsewhere: {self._take_over} takes it back", severity="warning"
            )
            self._draw()

    def _other(self) -> Lease | None:
        return self._lead.other(self.snapshot.lease if self.snapshot else None)

    def action_take_over(self) -> None:
        """Lead the rollback; ask for a reason to take it over from another operator."""
        other = self._other()
        if other is None:
            self.begin(self._take_lease, group="lease")
            return
        who = self._lead.who(other)

        async def take(session: Session) -> None:
            await dialogues.take_over(session, who)
            self._lead.held = True
            self.console.look_now()
            self._draw()

        self.console.operate(take)

    # Looking --------------------------------------------------------------------------------------------------

    def _look(self) -> None:
        if self._looking:
            self._stale = True
            return
        self._looking = True
        self.begin(self._read, group="look")

    async def _read(self) -> None:
        try:
            while True:
                self._stale = False
                begun = time.monotonic()
                self._guided, self._ending = await in_background(lambda _: _read_all(self.console.site))
                self._looked = True
                self._draw()
                await asyncio.sleep(REST * (time.monotonic() - begun))
                if not self._stale:
                    return
        except FORESEEN as error:
            message, remedies = parts_of(error)
            told = f"where the rollback stands can't be told: {message}"
            self.console.tell(told, severity="error", remedies=remedies)
        finally:
            self._looking = False

    # Drawing --------------------------------------------------------------------------------------------------

    def _draw(self) -> None:
        if not self.is_open or not self._looked:
            return
        guided = self._guided
        cards = self.query_one(StepCards)
        cards.display = guided is not None
        if guided is not None:
            move, keys = guided.next_move, self.console.keys
            to_do = as_key(move, keys) if move is not None else ""
            cards.show(tuple(_worded(step, keys) for step in guided.steps), to_do)
        else:
            self.begin(self._lead.give_back, group="lease")
        self._draw_top()
        self.query_one(HintLine).tell(*self._hint())
        self.refresh_bindings()

    def _draw_top(self) -> None:
        if not self._looked:
            return
        if self._guided is None:
            rows: list[Row] = closed_rows(self._ending, self.console.keys, self.size.width - 4)
        else:
            lease = self.snapshot.lease if self.snapshot else None
            rows = [*incident_rows(self._guided.incident), (self._who_leads(lease),)]
        top = self.query_one("#guided-top", Lines)
        top.styles.height = len(rows)
        top.show(rows)
        self._tick()

    def _tick(self) -> None:
        """Count up; each clock redraws its own cells alone, since over a slow link each cell counts."""
        if not self.is_open or not self._looked:
            return
        clock = open_for(self._guided.incident) if self._guided is not None else ""
        self.query_one("#guided-top", Lines).show_corner(((clock, "bold"),))
        run = self.snapshot.run if self.snapshot is not None and self.snapshot.holder is not None else None
        number = 0 if run is None else 3 if run.phase == 3 else 5
        self.query_one(StepCards).tell(number, running_words(run, self._progress) if run is not None else "")

    def _who_leads(self, lease: Lease | None) -> Part:
        other = self._lead.other(lease)
        if other is not None:
            way = "" if self.console.read_only else f"; {self._take_over} takes it over"
            who = self._lead.who(other)
            since = "" if "(since " in who else f" since {moment(other.since)}"  # a session is told apart by its time
            return f"! {who} leads{since}{way}", "bold $warning"
        if self.console.read_only:
            return "read-only: this dashboard looks on", "$text-muted"
        if self._lead.held:
            return f"{SYMBOLS['done']} you lead; others look on meanwhile", "$success"
        return f"! nobody leads; {self._take_over} leads from here", "$warning"

    def _hint(self) -> list[Part]:
        guided, keys = self._guided, self.console.keys
        if guided is None:
            key = self.own_key("post_mortem")
            return ["the incident is closed: ", (key, "bold"), " shows its post-mortem · escape back to the dashboard"]
        if self.console.read_only:
            return ["read-only: ↑ ↓ look at each step · escape back"]
        other = self._other()
        if other is not None:
            return [(self._take_over, "bold"), f" takes the rollback over from {self._lead.who(other)} · escape back"]
        move = guided.next_move
        told = f"next: {as_key(move, keys)} · " if move is not None else ""
        cancel = f"{how('cancel', keys)} cancels it · " if why_not(BY_ID["cancel"], self.snapshot) is None else ""
        owner = f"{how('escalate', keys)} calls an owner"
        return [(told, "bold"), f"{cancel}enter acts on a step · {owner} · escape back"]

    # Acting ---------------------------------------------------------------------------------------------------

    def on_step_cards_chosen(self, event: StepCards.Chosen) -> None:
        """Act on a step."""
        event.stop()
        self.action_do(event.number)

    def action_do(self, number: int) -> None:
        """Do what a step needs next."""
        guided, snapshot = self._guided, self.snapshot
        if guided is None or snapshot is None:
            return
        self.query_one(StepCards).move_to(number)
        reason = self._why_not(number, snapshot)
        if reason is not None:
            self.console.tell(reason, severity="warning")
            return
        self.console.operate(lambda session: dialogues.step(session, number))

    def _why_not(self, number: int, snapshot: Snapshot) -> str | None:
        if self.console.read_only:
            return "this dashboard is read-only"
        other = self._other()
        if other is not None:
            return f"{self._lead.who(other)} leads this rollback: {self._take_over} takes it over with a reason"
        runs = number == 5 or (number == 3 and snapshot.state.evaluation_mode == "phase3_only")
        if runs and snapshot.holder is not None:
            return f"a run is under way: {snapshot.holder}"
        return None

    def action_post_mortem(self) -> None:
        """Show the post-mortem of the incident that is closed."""
        self.console.give("export")


def _read_all(site: Site) -> tuple[Guided | None, Closing | None]:
    guided = read_guided(site)
    if guided is not None:
        return guided, None
    last = next(reversed(incidents_of(read_events(site.reports)).values()), None)
    return None, read_closing(site, last) if last is not None else None


def _worded(step: GuidedStep, keys: Mapping[str, str]) -> GuidedStep:
    """Return a step whose detail has remedies as keys and each sha256 shortened."""
    detail = as_keys(short_digests(step.detail, step.digests), step.remedies, keys)
    return step.model_copy(update={"detail": detail, "remedies": ()})
