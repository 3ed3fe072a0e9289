"""The guided rollback: the five steps of the runbook, who leads it, and its clock; left and taken up again anywhere."""

import asyncio
import time
from collections.abc import Iterable

from textual import getters
from textual.binding import Binding
from textual.widget import Widget
from textual.widgets import Static

from phase4_tui.console.background import in_background
from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.console.next_move_text import as_key
from phase4_tui.console.operations.defaults import of_next_move
from phase4_tui.console.operations.dialogues import Flows
from phase4_tui.console.operations.registry import BY_ID, why_not
from phase4_tui.console.operations.rollback_lease import Leading
from phase4_tui.console.remedies import how, in_keys
from phase4_tui.errors import FORESEEN, Refused
from phase4_tui.journal.incident import Incident
from phase4_tui.journal.lease import HEARTBEAT_SECONDS, Lease
from phase4_tui.journal.log import read_events
from phase4_tui.journal.state import read_state
from phase4_tui.rollback.guided import Guided, open_for_shown_tag, read_guided
from phase4_tui.rollback.incidents import incidents_of
from phase4_tui.runbook.site import Site
from phase4_tui.tui.app import Phase4App
from phase4_tui.tui.screens.base import FactsScreen
from phase4_tui.tui.text import Part, lines
from phase4_tui.tui.widgets.hint_line import HintLine
from phase4_tui.tui.widgets.incident_lines import closed_rows, incident_rows
from phase4_tui.tui.widgets.step_cards import StepCards

REST = 4
"""A look that took long is not made again before so many times its duration: it hashes what is frozen."""


class GuidedScreen(FactsScreen):
    """Where the rollback of the open incident stands, and what to do next."""

    app = getters.app(Phase4App)
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
        self._last: Incident | None = None
        self._looked = False
        self._looking = False
        self._stale = False
        self._lead = Leading(self.app.site, self.app.queue.write)

    def body(self) -> Iterable[Widget]:
        """The incident, who leads, the steps."""
        yield Static("", id="guided-top", markup=False)
        yield StepCards()
        yield HintLine()

    async def on_mount(self) -> None:
        """Look, and take the lease; where there is no incident yet for what the shown tag shows, open it first."""
        self.query_one(StepCards).focus()
        opens = self.snapshot is not None and of_next_move(self.snapshot, "guided") is not None
        if opens and not self.app.read_only:
            self._looking = True  # what is found before it is open is not shown
            self.begin(self._open, group="lease")
        else:
            self._look()
        self.set_interval(1.0, self._draw_top)
        self.set_interval(HEARTBEAT_SECONDS, self._beat)
        if not self.app.read_only and not opens:
            self.begin(self._take_lease, group="lease")

    async def _open(self) -> None:
        try:
            await self.app.queue.write(lambda: open_for_shown_tag(self.app.site))
        except FORESEEN as error:
            self.app.tell(f"no incident was opened: {error}", severity="error")
        else:
            await self._take_lease()
        self._looking = False
        self._look()

    async def on_unmount(self) -> None:
        """Give the lease back, so that another may go on."""
        await self._lead.leave()

    def watch_snapshot(self) -> None:
        """Look again: something has changed on disk."""
        if self.is_mounted:
            if self._lead.is_lost(self.snapshot.lease if self.snapshot else None):
                self._beat()
            self._look()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the post-mortem of a closed incident, and the lease where another has it."""
        if action == "take_over":
            return not self.app.read_only and self._guided is not None and not self._lead.held
        return self._looked and self._guided is None if action == "post_mortem" else True

    # The lease ------------------------------------------------------------------------------------------------

    async def _take_lease(self) -> None:
        try:
            if (await asyncio.to_thread(read_state, self.app.site.reports)).incident is None:
                return
            await self._lead.take()
        except Refused as error:
            self.app.tell(f"{str(error).split(';')[0]}: look on, or T takes it over with a reason", severity="warning")
        except FORESEEN as error:
            self.app.tell(f"the rollback can't be led from here: {error}", severity="error")
        self.app.facts.look_now()
        self._draw()

    def _beat(self) -> None:
        self.begin(self._keep_lease, group="lease")

    async def _keep_lease(self) -> None:
        if self._lead.held and not await self._lead.keep():
            self.app.facts.look_now()
            self.app.tell("this rollback was taken over elsewhere: T takes it back", severity="warning")
            self._draw()

    def _other(self) -> Lease | None:
        return self._lead.other(self.snapshot.lease if self.snapshot else None)

    def action_take_over(self) -> None:
        """Lead the rollback; whoever leads it now is taken over from with a reason."""
        other = self._other()
        if other is None:
            self.begin(self._take_lease, group="lease")
            return
        who = self._lead.who(other)

        async def take(flows: Flows) -> None:
            if await flows.take_lead(who):
                self._lead.held = True
                self._draw()

        self.app.operate(take)

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
                self._guided, self._last = await in_background(lambda _: _read_all(self.app.site))
                self._looked = True
                self._draw()
                await asyncio.sleep(REST * (time.monotonic() - begun))
                if not self._stale:
                    return
        except FORESEEN as error:
            self.app.tell(f"where the rollback stands can't be told: {error}", severity="error")
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
            keys = self.app.keys
            told = [one.model_copy(update={"detail": in_keys(one.detail, keys)}) for one in guided.steps]
            cards.show(tuple(told))
        else:
            self.begin(self._lead.give_back, group="lease")
        self._draw_top()
        self.query_one(HintLine).tell(*self._hint())
        self.refresh_bindings()

    def _draw_top(self) -> None:
        if not self._looked:
            return
        if self._guided is None:
            rows = closed_rows(self._last)
        else:
            lease = self.snapshot.lease if self.snapshot else None
            rows = [*incident_rows(self._guided.incident), [self._lead.told(lease, read_only=self.app.read_only)]]
        drawn = lines(rows)
        top = self.query_one("#guided-top", Static)
        if top.content != drawn:
            top.update(drawn)

    def _hint(self) -> list[Part]:
        guided = self._guided
        if guided is None:
            return ["the incident is closed: ", ("m", "bold"), " shows its post-mortem · escape back to the dashboard"]
        if self.app.read_only:
            return ["read-only: ↑ ↓ look at each step · escape back"]
        other = self._other()
        if other is not None:
            return [("T", "bold"), f" takes the rollback over from {self._lead.who(other)} · escape back"]
        keys, move = self.app.keys, guided.next_move
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
            self.app.tell(reason, severity="warning")
            return
        step, tag = guided.steps[number - 1], guided.incident.tag
        if number == 1:
            tampered = step.state == "tampered"
            self.app.operate(lambda flows: flows.restore(tag) if tampered else flows.freeze(tag))
        elif number == 2:
            self.app.shows.known_good()
        elif number == 3:
            self._fall_back(snapshot)
        elif number == 4:
            self.app.shows.root_cause()
        else:
            self.app.operate(lambda flows: flows.go_on_to_reopen())

    def _fall_back(self, snapshot: Snapshot) -> None:
        fallen = snapshot.state.evaluation_mode == "phase3_only"
        unproven = snapshot.fallback is not None and snapshot.fallback.phase3_tag is None
        self.app.operate(lambda flows: flows.run() if fallen and unproven else flows.mode())

    def _why_not(self, number: int, snapshot: Snapshot) -> str | None:
        if self.app.read_only:
            return "this dashboard is read-only"
        other = self._other()
        if other is not None:
            return f"{self._lead.who(other)} leads this rollback: T takes it over with a reason"
        runs = number == 5 or (number == 3 and snapshot.state.evaluation_mode == "phase3_only")
        if runs and snapshot.holder is not None:
            return f"a run is under way: {snapshot.holder}"
        return None

    def action_post_mortem(self) -> None:
        """Show the post-mortem of the incident that is closed."""
        self.app.action_act("export")


def _read_all(site: Site) -> tuple[Guided | None, Incident | None]:
    guided = read_guided(site)
    if guided is not None:
        return guided, None
    return None, next(reversed(incidents_of(read_events(site.reports)).values()), None)
