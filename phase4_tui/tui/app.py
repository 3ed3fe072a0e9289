"""The dashboard's application: tells screens the facts, turns keys into orders, and leaves the terminal as it was."""

import asyncio
import gc
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from textual.app import App, SystemCommand
from textual.binding import Binding
from textual.filter import LineFilter
from textual.reactive import var
from textual.screen import ModalScreen, Screen
from textual.worker import Worker, WorkerState

from phase4_tui.artifacts.safe_text import safe_text
from phase4_tui.journal.locks import Busy
from phase4_tui.journal.log import JournalDamaged
from phase4_tui.journal.state import StateUnreadable
from phase4_tui.runbook.settings import SettingsError
from phase4_tui.runbook.site import Refused, Site
from phase4_tui.tui.actions import ACTIONS, BY_ID, Action, keys_of, why_not
from phase4_tui.tui.facts import Facts
from phase4_tui.tui.looks import LOOKS, screen_class
from phase4_tui.tui.messages import OrdersSeen, OutputArrived, SnapshotReady, TagChosen
from phase4_tui.tui.own_orders import OwnOrders
from phase4_tui.tui.screens.base import FactsScreen
from phase4_tui.tui.screens.dashboard import DashboardScreen
from phase4_tui.tui.snapshot import Snapshot, is_urgent
from phase4_tui.tui.text import AsciiFilter, ControlFilter
from phase4_tui.tui.themes import THEMES

if TYPE_CHECKING:
    from phase4_tui.rollback.orders import Done
    from phase4_tui.runbook.planning import RunPlan
    from phase4_tui.runbook.provenance import RunRecord
    from phase4_tui.tui.flows import Flows
    from phase4_tui.tui.runs import Runs

EXPECTED = (Refused, StateUnreadable, JournalDamaged, Busy, SettingsError, OSError, ValueError)
NOTICE_LIMIT = 600
STALE_SECONDS = 10.0
BUILD_SECONDS = 0.02
"""So often it is looked whether the screens are built, when the application is to end."""
FIRST_LOOK_SECONDS = 0.5
"""So long the first paint waits for the first facts: a paint without them costs more than most disks do."""
GC_THRESHOLDS = (20_000, 20, 100)
"""Rarer than Python's own: with ten thousand tags a whole collection stops the screen for a tenth of a second."""


class Phase4App(App[None]):
    """The dashboard of one working directory."""

    TITLE = "phase4"
    CSS_PATH = "screens/dashboard.tcss"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS = [
        *(
            Binding(one.key, f"act('{one.id}')", one.label, show=one.footer, tooltip=one.description, id=one.id)
            for one in ACTIONS
            if one.key
        ),
        Binding("ctrl+z", "suspend_process", "suspend", show=False),
    ]

    snapshot: var[Snapshot | None] = var(None)

    def __init__(self, site: Site, *, read_only: bool = False, ascii_only: bool = False) -> None:
        self._ascii = ascii_only or site.settings.dashboard.ascii
        super().__init__()
        self.animation_level = "none"  # over SSH each frame would be sent
        self.site = site
        self.banner = ""
        self.read_only = read_only
        self.facts = Facts(site, self.post_message, read_only=read_only)
        self.keys = keys_of(site.settings.keys)
        self.set_keymap({name: key for name, key in self.keys.items() if key})
        self._last_action: Action | None = None
        self._able: tuple[bool, ...] = ()
        self._leaving: int | None = None
        self._ordering = 0
        self._own = OwnOrders(site)
        self._held_events: list[OrdersSeen] = []
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = site.settings.dashboard.theme

    @cached_property
    def runs(self) -> "Runs":
        """The runs of this dashboard; loaded at the first one."""
        from phase4_tui.tui.runs import Runs  # noqa: PLC0415 - the first paint does without

        return Runs(self.site)

    @property
    def running_here(self) -> bool:
        """True while a run of this dashboard is under way."""
        return "runs" in self.__dict__ and self.runs.busy

    @property
    def flows(self) -> "Flows":
        """The orders; loaded at the first one."""
        from phase4_tui.tui.flows import Flows  # noqa: PLC0415 - the first paint does without

        return Flows(self)

    def on_load(self) -> None:
        """Begin to look at the disk."""
        self.facts.start()

    def get_default_screen(self) -> Screen[Any]:
        """Begin with the dashboard, drawn at once with the first facts unless the disk lets wait for them."""
        screen = DashboardScreen()
        self.snapshot = self.facts.first(FIRST_LOOK_SECONDS)
        screen.set_reactive(FactsScreen.snapshot, self.snapshot)
        return screen

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Drop what could command the terminal, and draw in ASCII where that is wanted."""
        return (*super().get_line_filters(), ControlFilter(), *((AsciiFilter(),) if self._ascii else ()))

    def on_mount(self) -> None:
        """Look again whenever the terminal comes back; leave if a signal said so before there was a loop."""
        if self._leaving is not None:
            self.exit(return_code=self._leaving)
        self.call_after_refresh(self._started)
        self.set_interval(STALE_SECONDS / 5, self._watch_facts)
        self.app_resume_signal.subscribe(self, lambda _: self.facts.look_now())

    def _watch_facts(self) -> None:
        """Mark the screen when the disk has not been looked at for long: a look may hang on a lost mount."""
        silence = self.facts.silence()
        if silence > STALE_SECONDS and self.snapshot is not None:
            self.facts.note_stale()
            stale = replace(self.snapshot, stale=f"nothing was looked at for {silence:.0f} s: what is shown is old")
            self.post_message(SnapshotReady(stale))

    def on_app_focus(self) -> None:
        """Look again when the terminal has the focus again."""
        self.facts.look_now()

    def on_unmount(self) -> None:
        """Stop looking."""
        self.facts.stop()

    def leave(self, code: int) -> None:
        """Leave with that exit status, a run under way cancelled; for the handler of a signal, at any moment."""
        self._leaving = code
        if self.running_here:
            self.runs.cancel()
        if self._loop is not None:  # an idle loop sleeps on until it is woken
            with suppress(RuntimeError):  # it is closed: the application has ended
                self._loop.call_soon_threadsafe(lambda: self.exit(return_code=code))

    def exit(self, result: None = None, return_code: int = 0, message: Any = None) -> None:
        """End, once every screen is built: one that is being built would find none of its widgets."""
        if all(screen.is_mounted for screen in self.screen_stack):
            super().exit(result, return_code, message)
        else:
            self.set_timer(BUILD_SECONDS, lambda: self.exit(result, return_code, message))

    def on_snapshot_ready(self, message: SnapshotReady) -> None:
        """Tell every screen the new facts."""
        if not self.screen_stack:
            return  # the application is ending
        before, self.snapshot = self.snapshot, message.snapshot
        for screen in self.screen_stack:
            if isinstance(screen, FactsScreen):
                screen.snapshot = message.snapshot
        if self.site.settings.dashboard.bell and before is not None and is_urgent(before, message.snapshot):
            self.bell()
        able = tuple(why_not(action, message.snapshot) is None for action in ACTIONS)
        if able != self._able:
            self._able = able
            self.refresh_bindings()

    def _started(self) -> None:
        """The first paint is over: collect garbage again, but not among what was loaded for it."""
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)
        gc.enable()

    def on_output_arrived(self, message: OutputArrived) -> None:
        """Show what a step wrote."""
        for screen in self.screen_stack[:1]:  # there is none while the application ends
            if isinstance(screen, DashboardScreen):
                screen.take_output(message)

    def on_orders_seen(self, message: OrdersSeen) -> None:
        """Tell what another operator did, by name."""
        if self._ordering:
            self._held_events.append(message)
            return
        for news in self._own.news(message.events):
            self.tell(news, title="journal")

    def on_tag_chosen(self, message: TagChosen) -> None:
        """Look at another tag."""
        self.facts.choose(message.tag)

    def push_screen(self, screen: Any, *args: Any, **more: Any) -> Any:
        """Show a screen, with the facts of now; none any more while the application ends."""
        if self._exit:
            return asyncio.get_running_loop().create_future()
        if isinstance(screen, FactsScreen):
            screen.set_reactive(FactsScreen.snapshot, self.snapshot)
        return super().push_screen(screen, *args, **more)

    # Actions -------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Grey out what can't act now; hide every order where nothing may be changed."""
        if action != "act":
            return True
        found = BY_ID[str(parameters[0])]
        if isinstance(self.screen, ModalScreen) or self._is_typing():
            return False
        if self.read_only and found.order:
            return False
        return None if why_not(found, self.snapshot) else True

    def on_key(self, event: Any) -> None:
        """Say why a key can't act now."""
        if isinstance(self.screen, ModalScreen) or self._is_typing():
            return
        active = self.screen.active_bindings.get(event.key)
        if active is not None and active.node is not self:
            return  # the screen's own key goes before the one of an action
        for name, key in self.keys.items():
            if key == event.key:
                reason = why_not(BY_ID[name], self.snapshot)
                if reason is not None:
                    self.tell(f"{BY_ID[name].label}: {reason}", severity="warning")

    def _is_typing(self) -> bool:
        return isinstance(self.screen, FactsScreen) and self.screen.IS_FORM

    def action_act(self, name: str) -> None:
        """Do one action of the registry; none any more while the application ends."""
        if self._exit:
            return
        action = BY_ID[name]
        reason = why_not(action, self.snapshot)
        if reason is not None:
            self.tell(f"{action.label}: {reason}", severity="warning")
            return
        if name != "copy":
            self._last_action = action
        if name in LOOKS:
            self._open(*LOOKS[name])
            return
        show = getattr(self, f"show_{name}", None)
        if show is not None:
            show()
            return
        if name.startswith("step_"):
            self.order(lambda flows: flows.step(int(name.removeprefix("step_"))))
        else:
            self.order(lambda flows: getattr(flows, name)())

    def order(self, flow: "Callable[[Flows], Awaitable[object]]") -> None:
        """Begin an order, unless a question is open already."""
        if isinstance(self.screen, ModalScreen):
            return
        if self._ordering:  # a new worker would cancel the one that waits for the end of the order before
            self.tell("an order is being carried out; wait for its end", severity="warning")
            return
        work: Any = partial(self._guarded, flow)  # begun by the worker: one that is replaced before leaves nothing
        self.run_worker(work, group="orders", exclusive=True, exit_on_error=False)

    async def _guarded(self, flow: "Callable[[Flows], Awaitable[object]]") -> None:
        try:
            await flow(self.flows)
        except EXPECTED as error:
            self.tell(str(error) or type(error).__name__, severity="error")

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Show the error of a worker that failed."""
        if event.state is WorkerState.ERROR:
            error = event.worker.error
            self.tell(f"failed: {type(error).__name__}: {error}", severity="error")

    async def carry_out(self, work: "Callable[[], Done]") -> "Done":
        """Carry an order out in a thread; what it writes is not told as another's."""
        self._ordering += 1
        try:
            return await asyncio.to_thread(self._own.carry, work)
        finally:
            self._ordering -= 1
            held, self._held_events = self._held_events, []
            for message in held:
                self.post_message(message)
            self.facts.look_now()

    def start_run(self, plan: "RunPlan") -> None:
        """Start a run and show its tag."""
        self.runs.start(plan, lambda record, error: self.call_later(self._run_ended, record, error))
        self.facts.choose(plan.tag)

    def _run_ended(self, record: "RunRecord | None", error: Exception | None) -> None:
        self.facts.look_now()
        if error is not None:
            self.tell(f"the run failed: {error}", severity="error")
        elif record is not None:
            states = [step.state for step in record.steps]
            bad = [state for state in states if state != "passed"]
            self.tell(f"run of {record.tag} ended: {', '.join(bad) or 'every step passed'}")

    def tell(self, text: str, *, title: str = "", severity: str = "information") -> None:
        """Show a notice, literally."""
        self.notify(safe_text(text, NOTICE_LIMIT), title=title, severity=severity, markup=False)  # type: ignore[arg-type]

    # What is shown -------------------------------------------------------------------------------------------

    def _open(self, module: str, name: str, *args: object) -> None:
        """Open a screen, loading it now; one that is open already comes to the front, or makes way for `args`."""
        screen = screen_class(module, name)
        at = next((at for at, one in enumerate(self.screen_stack) if isinstance(one, screen)), None)
        while at is not None and len(self.screen_stack) > (at if args else at + 1):
            self.pop_screen()
        if at is None or args:
            self.push_screen(screen(*args))

    def show_cancel(self) -> None:
        """Cancel the run of this dashboard."""
        if self.running_here:
            self.runs.cancel()
            self.tell("the run is being cancelled")
        else:
            holder = self.snapshot.holder if self.snapshot else None
            self.tell(f"that run is another's: {holder}; cancel it there", severity="warning")

    def show_known_good(self) -> None:
        """Open the picker of known-good tags."""
        self._open("known_good", "KnownGoodScreen")

    def show_root_cause(self) -> None:
        """Open the root-cause form."""
        self._open("root_cause", "RootCauseScreen")

    def show_compare(self, bad: str | None = None, rerun: str | None = None) -> None:
        """Open the comparison; with two tags it begins at once."""
        self._open("compare", "CompareScreen", *(tag for tag in (bad, rerun) if tag is not None))

    def show_filter(self) -> None:
        """Filter the tags."""
        from phase4_tui.tui.widgets.tag_list import TagList  # noqa: PLC0415 - loaded with the dashboard

        while len(self.screen_stack) > 1:
            self.pop_screen()
        self.screen.query_one(TagList).start_filter()

    def show_pause(self) -> None:
        """Pause or follow the output."""
        from phase4_tui.tui.widgets.sequence_panel import SequencePanel  # noqa: PLC0415 - as above

        self.screen_stack[0].query_one(SequencePanel).toggle()

    def show_follow(self) -> None:
        """Show the active or newest tag again."""
        self.facts.choose(None)

    def show_theme(self) -> None:
        """Take the next theme."""
        names = [theme.name for theme in THEMES]
        at = names.index(self.theme) if self.theme in names else -1
        self.theme = names[(at + 1) % len(names)]
        self.tell(f"theme {self.theme}; `theme` under [dashboard] in phase4.toml keeps it")

    def show_copy(self) -> None:
        """Copy the CLI twin of the last action."""
        if self._last_action is None or self.snapshot is None:
            self.tell("no action yet", severity="warning")
            return
        twin = self._last_action.twin(self.snapshot)
        self.copy_to_clipboard(twin)
        self.tell(twin, title="copied")

    def show_quit(self) -> None:
        """Leave; a run under way is cancelled first, when the operator says so."""
        if self.running_here:
            self.order(lambda flows: self._quit_running())
        else:
            self.exit()

    async def _quit_running(self) -> None:
        from phase4_tui.tui.screens.modals import PlanScreen  # noqa: PLC0415 - the first paint does without

        told = ["its steps are asked to end, then killed; `phase4 run --resume` goes on later"]
        if await self.push_screen_wait(PlanScreen("A run is under way. Cancel it and leave?", told, "Leave")):
            await asyncio.to_thread(self.runs.finish)
            self.exit()

    async def action_quit(self) -> None:
        """Leave, as by the key."""
        self.show_quit()

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Offer every action in the palette."""
        for action in ACTIONS:
            if not (action.order and self.read_only) and why_not(action, self.snapshot) is None:
                title = f"{action.label}: {action.description}"
                yield SystemCommand(
                    title, action.twin(self.snapshot) if self.snapshot else "", self._command(action.id)
                )

    def _command(self, name: str) -> Callable[[], None]:
        return lambda: self.action_act(name)
