"""The dashboard's application: gives screens the facts, turns keys into operations, restores the terminal."""

import asyncio
import gc
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
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
from phase4_tui.console.operations.asker import Severity
from phase4_tui.console.operations.operation import Operation
from phase4_tui.console.operations.queue import OperationQueue
from phase4_tui.console.operations.registry import BY_ID, OPERATIONS, why_not
from phase4_tui.console.remedies import as_keys, how, parts_of
from phase4_tui.console.views import Gesture, View
from phase4_tui.errors import Remedy, command_line
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
    from phase4_tui.console.operations.runs import Runs
    from phase4_tui.console.operations.session import Session
    from phase4_tui.runbook.provenance import RunRecord
    from phase4_tui.runbook.run_plan import RunPlan
    from phase4_tui.tui.openings import Openings

T = TypeVar("T")
STALE_SECONDS = 10.0
BUILD_SECONDS = 0.02
"""So often it is looked whether the screens are built, when the application is to end."""
FIRST_LOOK_SECONDS = 0.5
"""So long the first paint waits for the first facts: a paint without them costs more than most disks do."""
GC_THRESHOLDS = (20_000, 20, 100)
"""Rarer than Python's own: with ten thousand tags a whole collection stops the screen for a tenth of a second."""
GOES_ON = Remedy("resume", command_line("run", "--resume"), "goes on later")


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
            for one in OPERATIONS
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
        self.keys: Mapping[str, str] = keys_of(site.settings.keys)
        self.set_keymap({name: key for name, key in self.keys.items() if key})
        self._notices = Notices(self)
        self._able: tuple[bool, ...] = ()
        self._leaving: int | None = None
        self.queue = OperationQueue(self, site)
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

    @cached_property
    def session(self) -> "Session":
        """What dialogues do their work with; loaded at the first one."""
        from phase4_tui.console.operations.session import Session  # noqa: PLC0415 - the first paint does without
        from phase4_tui.tui.asker import DashboardFace, ModalAsker  # noqa: PLC0415 - as above

        return Session(self.site, ModalAsker(self, self), DashboardFace(self, self.queue, self.start_run))

    @cached_property
    def openings(self) -> "Openings":
        """What opens screens and does gestures; loaded at the first key."""
        from phase4_tui.tui.openings import Openings  # noqa: PLC0415 - the first paint does without

        return Openings(self, self)

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
        able = tuple(why_not(operation, message.snapshot) is None for operation in OPERATIONS)
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
        self.queue.take_news(message.events)

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
        if self.read_only and found.writes:
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
                self._is_refused(BY_ID[name])

    def _is_typing(self) -> bool:
        form = isinstance(self.screen, FactsScreen) and self.screen.IS_FORM
        return form or isinstance(self.focused, Input)

    def action_act(self, name: str) -> None:
        """Do one action of the registry; none any more while the application ends."""
        if self._exit:
            return
        self.give(name)

    def give(self, operation: str) -> None:
        """Give an operation of the registry by its id, as its key does; say why when it can't be given now."""
        entry = BY_ID[operation]
        if self._is_refused(entry):
            return
        command, does = self.command_of(entry), entry.does
        if isinstance(does, View):
            self.queue.command = command
            self.open(does)
        elif isinstance(does, Gesture):
            self.queue.command = self.queue.command if does is Gesture.COPY else command
            self.openings.do(does)
        else:
            self.operate(does(), command)

    def _is_refused(self, operation: Operation) -> bool:
        """Say why an operation can't be given now; False when it can."""
        obstacle = why_not(operation, self.snapshot)
        if obstacle is not None:
            self.tell(f"{operation.label}: {obstacle.text}", severity="warning", remedies=obstacle.remedies)
        return obstacle is not None

    def command_of(self, operation: Operation) -> str:
        """Return the command that does what an operation would do now."""
        return operation.command_of(self.snapshot, self.site.settings) if self.snapshot is not None else ""

    def operate(self, dialogue: "Callable[[Session], Awaitable[object]]", command: str | None = None) -> None:
        """Begin an operation, unless a question is open already; `command` is its own until all of it was chosen."""
        if not isinstance(self.screen, ModalScreen):
            self.queue.begin(lambda: dialogue(self.session), command)

    def begin_operation(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run an operation's dialogue, in place of one that still asks."""
        begun: Any = work  # begun by the worker: one that is replaced before leaves no coroutine behind
        self.run_worker(begun, group="operations", exclusive=True, exit_on_error=False)

    def open(self, view: View, *tags: str) -> None:
        """Open the screen of a view."""
        self.openings.open(view, *tags)

    def cancel_run(self) -> None:
        """Cancel the run of this dashboard."""
        self.runs.cancel()
        self.tell("the run is being cancelled")

    def show_tag(self, tag: str | None) -> None:
        """Show another tag; None follows the active one, else the newest."""
        self.facts.choose(tag)

    async def write(self, work: Callable[[], T]) -> T:
        """Do in a thread what writes into the journal; it is not told as another operator's."""
        return await self.queue.write(work)

    def look_now(self) -> None:
        """Look at the disk again, soon."""
        self.facts.look_now()

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
            message, remedies = parts_of(error)
            self.tell(f"the run failed: {message}", severity="error", remedies=remedies)
        elif record is not None:
            off = [f"{step.name} {step.state.replace('_', ' ')}" for step in record.steps if step.state != "passed"]
            self.tell(f"run of {record.tag} ended: {', '.join(off) or 'every step passed'}")

    def tell(
        self, text: str, *, title: str = "", severity: Severity = "information", remedies: Sequence[Remedy] = ()
    ) -> None:
        """Show a notice, literally; after the question that is open, if one is."""
        self._notices.tell(as_keys(text, remedies, self.keys), title, severity)

    # Leaving and the palette ---------------------------------------------------------------------------------

    def leave_when_safe(self) -> None:
        """Leave; a run under way is cancelled first, when the operator says so."""
        if self.queue.busy:
            self.queue.leave_after = True
            self.tell("an operation is being carried out: leaving at its end")
        elif self.running_here:
            self.operate(lambda session: self._quit_running())
        else:
            self.exit()

    async def _quit_running(self) -> None:
        from phase4_tui.tui.screens.questions import PlanScreen  # noqa: PLC0415 - the first paint does without

        told = [as_keys("its steps are asked to end, then killed", (GOES_ON,), self.keys)]
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
        for operation in OPERATIONS:
            if not (operation.writes and self.read_only):
                obstacle = why_not(operation, self.snapshot)
                told = self.command_of(operation)
                if obstacle is not None:
                    told = f"not now: {as_keys(obstacle.text, obstacle.remedies, self.keys)}"
                yield SystemCommand(f"{operation.label}: {operation.description}", told, self._command(operation.id))

    def _command(self, name: str) -> Callable[[], None]:
        return lambda: self.action_act(name)
