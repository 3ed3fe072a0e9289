"""The dashboard's application: gives screens the facts, turns keys into operations, restores the terminal."""

import asyncio
import gc
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from textual.app import App, SystemCommand
from textual.binding import Binding
from textual.filter import LineFilter
from textual.reactive import var
from textual.screen import ModalScreen, Screen
from textual.widgets import Input
from textual.worker import Worker, WorkerState

from phase4_tui.console.facts.schedule import Facts
from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.console.operations.queue import OperationQueue
from phase4_tui.console.operations.registry import ACTIONS, BY_ID, Action, why_not
from phase4_tui.console.remedies import how
from phase4_tui.runbook.site import Site
from phase4_tui.tui.keys import keys_of
from phase4_tui.tui.messages import EventsSeen, OutputArrived, SnapshotReady, TagChosen, message_of
from phase4_tui.tui.notices import Notices
from phase4_tui.tui.screens.base import FactsScreen
from phase4_tui.tui.screens.dashboard import DashboardScreen
from phase4_tui.tui.text import AsciiFilter, ControlFilter
from phase4_tui.tui.themes import THEMES

if TYPE_CHECKING:
    from phase4_tui.console.facts.events import FactEvent
    from phase4_tui.console.operations.dialogues import Flows
    from phase4_tui.console.operations.runs import Runs
    from phase4_tui.runbook.provenance import RunRecord
    from phase4_tui.runbook.run_plan import RunPlan
    from phase4_tui.tui.openings import Shows

T = TypeVar("T")
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
            Binding(
                one.key,
                f"act('{one.id}')",
                one.label,
                show=one.footer,
                tooltip=one.description,
                id=one.id,
                priority=one.id == "filter",  # before what is typed on in one go, which is meant for its field
            )
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
        self.facts = Facts(site, self._post_fact, read_only=read_only)
        self.keys = keys_of(site.settings.keys)
        self.set_keymap({name: key for name, key in self.keys.items() if key})
        self.twin: str | None = None
        """The command that does what was done here last."""
        self._notices = Notices(self)
        self._able: tuple[bool, ...] = ()
        self._leaving: int | None = None
        self.queue = OperationQueue(self)
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = site.settings.dashboard.theme

    @cached_property
    def runs(self) -> "Runs":
        """The runs of this dashboard; loaded at the first one."""
        from phase4_tui.console.operations.runs import Runs  # noqa: PLC0415 - the first paint does without

        return Runs(self.site)

    @property
    def running_here(self) -> bool:
        """True while a run of this dashboard is under way."""
        return "runs" in self.__dict__ and self.runs.busy

    @property
    def flows(self) -> "Flows":
        """The operations; loaded at the first one."""
        from phase4_tui.console.operations.dialogues import Flows  # noqa: PLC0415 - the first paint does without

        return Flows(self)

    @cached_property
    def shows(self) -> "Shows":
        """What is opened and shown; loaded at the first key."""
        from phase4_tui.tui.openings import Shows  # noqa: PLC0415 - the first paint does without

        return Shows(self)

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
        self.set_interval(STALE_SECONDS / 5, lambda: self.facts.mark_stale(STALE_SECONDS))
        self.app_resume_signal.subscribe(self, lambda _: self.facts.look_now())

    def _post_fact(self, event: "FactEvent") -> None:
        """Take an event of the facts, in any thread."""
        message = message_of(event)
        if message is not None:
            self.post_message(message)

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
        if self.site.settings.dashboard.bell and before is not None and message.snapshot.is_worse_than(before):
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
                screen.take_output(message.output)

    def on_events_seen(self, message: EventsSeen) -> None:
        """Tell what another operator did, by name."""
        self.queue.tell(message)

    def on_tag_chosen(self, message: TagChosen) -> None:
        """Look at another tag."""
        self.facts.choose(message.tag)

    def push_screen(self, screen: Any, *args: Any, **more: Any) -> Any:
        """Show a screen, with the facts of now; none any more while the application ends."""
        if self._exit:
            return asyncio.get_running_loop().create_future()
        if isinstance(screen, FactsScreen):
            screen.set_reactive(FactsScreen.snapshot, self.snapshot)
        if isinstance(screen, ModalScreen):
            self.queue.asking = False
            self._notices.make_way()
        return super().push_screen(screen, *args, **more)

    def pop_screen(self) -> Any:
        """Leave a screen; behind a question, what had to wait is told."""
        left = super().pop_screen()
        self._notices.come_back()
        return left

    # Actions -------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Grey out what can't act now; hide every operation where nothing may be changed."""
        if action == "command_palette":
            return not isinstance(self.screen, ModalScreen) and not self._is_typing()
        if action != "act":
            return True
        if self.queue.asking:
            return False
        found = BY_ID[str(parameters[0])]
        if isinstance(self.screen, ModalScreen) or self._is_typing():
            return False
        if self.read_only and found.changes:
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
        form = isinstance(self.screen, FactsScreen) and self.screen.IS_FORM
        return form or isinstance(self.focused, Input)

    def action_act(self, name: str) -> None:
        """Do one action of the registry; none any more while the application ends."""
        if self._exit:
            return
        action = BY_ID[name]
        reason = why_not(action, self.snapshot)
        if reason is not None:
            self.tell(f"{action.label}: {reason}", severity="warning")
            return
        twin = self.twin_of(action)
        show = self.shows.of(name)
        if show is not None:
            self.twin = self.twin if name == "copy" else twin
            show()
        elif name.startswith("step_"):
            self.operate(lambda flows: flows.step(int(name.removeprefix("step_"))), twin)
        else:
            self.operate(lambda flows: getattr(flows, name)(), twin)

    def twin_of(self, action: Action) -> str:
        """Return the command that does what an action would do now."""
        return action.twin(self.snapshot, self.site.settings) if self.snapshot is not None else ""

    def operate(self, flow: "Callable[[Flows], Awaitable[object]]", twin: str | None = None) -> None:
        """Begin an operation, unless a question is open already; `twin` is its command until all of it was chosen."""
        if not isinstance(self.screen, ModalScreen):
            self.queue.begin(flow, twin)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Show the error of a worker that failed."""
        if event.state is WorkerState.ERROR:
            error = event.worker.error
            self.tell(f"failed: {type(error).__name__}: {error}", severity="error")

    def start_run(self, plan: "RunPlan") -> None:
        """Start a run and show its tag."""
        self.queue.own.runs.add(plan.tag)
        self.runs.start(plan, lambda record, error: self.call_later(self._run_ended, record, error))
        self.facts.choose(plan.tag)

    def _run_ended(self, record: "RunRecord | None", error: Exception | None) -> None:
        self.facts.look_now()
        if error is not None:
            self.queue.own.runs.clear()  # one that did not begin has no end to be seen
            self.tell(f"the run failed: {error}", severity="error")
        elif record is not None:
            off = [f"{step.name} {step.state.replace('_', ' ')}" for step in record.steps if step.state != "passed"]
            self.tell(f"run of {record.tag} ended: {', '.join(off) or 'every step passed'}")

    def tell(self, text: str, *, title: str = "", severity: str = "information") -> None:
        """Show a notice, literally; after the question that is open, if one is."""
        self._notices.tell(text, title, severity)

    # Leaving and the palette ---------------------------------------------------------------------------------

    def leave_when_safe(self) -> None:
        """Leave; a run under way is cancelled first, when the operator says so."""
        if self.queue.busy:
            self.queue.leave_after = True
            self.tell("an operation is being carried out: leaving at its end")
        elif self.running_here:
            self.operate(lambda flows: self._quit_running())
        else:
            self.exit()

    async def _quit_running(self) -> None:
        from phase4_tui.tui.screens.questions import PlanScreen  # noqa: PLC0415 - the first paint does without

        told = [f"its steps are asked to end, then killed; `{how('resume', self.keys)}` goes on later"]
        if await self.push_screen_wait(PlanScreen("A run is under way. Cancel it and leave?", told, "Leave")):
            await asyncio.to_thread(self.runs.finish)
            self.exit()

    async def action_quit(self) -> None:
        """Leave, as by the key."""
        self.leave_when_safe()

    def action_help_quit(self) -> None:
        """Say what leaves, to who pressed ctrl+c."""
        self.tell(f"`{how('quit', self.keys)}` leaves the dashboard")

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Offer every action in the palette; one that can't act now tells why."""
        for action in ACTIONS:
            if not (action.changes and self.read_only):
                reason = why_not(action, self.snapshot)
                told = f"not now: {reason}" if reason is not None else self.twin_of(action)
                yield SystemCommand(f"{action.label}: {action.description}", told, self._command(action.id))

    def _command(self, name: str) -> Callable[[], None]:
        return lambda: self.action_act(name)
