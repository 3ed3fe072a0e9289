"""The dashboard's application: keys and the palette give operations, notices report them, and leaving loses none."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from textual.binding import Binding
from textual.screen import ModalScreen
from textual.widgets import Input
from textual.worker import Worker, WorkerState

from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.console.key_settings import keys_of
from phase4_tui.console.operations.asker import Severity
from phase4_tui.console.operations.operation import Operation
from phase4_tui.console.operations.queue import OperationQueue
from phase4_tui.console.operations.registry import BY_ID, OPERATIONS, why_not
from phase4_tui.console.remedies import as_keys, how, parts_of
from phase4_tui.console.views import Gesture, View
from phase4_tui.errors import Remedy, command_line
from phase4_tui.runbook.site import Site
from phase4_tui.tui.defect_guard import DefectGuard
from phase4_tui.tui.driver import ConsoleDriver
from phase4_tui.tui.messages import ArtifactWanted, EventsSeen, Notice, TagOpened
from phase4_tui.tui.notices import Notices
from phase4_tui.tui.screens.base import FactsScreen
from phase4_tui.tui.screens.facts_app import FactsApp
from phase4_tui.tui.screens.palette import Palette

if TYPE_CHECKING:
    from phase4_tui.console.operations.runs import Runs
    from phase4_tui.console.operations.session import Session
    from phase4_tui.runbook.provenance import RunRecord
    from phase4_tui.runbook.run_plan import RunPlan
    from phase4_tui.tui.openings import Openings

T = TypeVar("T")
GOES_ON = Remedy("resume", command_line("run", "--resume"), "goes on later")


class Phase4App(FactsApp, DefectGuard):
    """The dashboard of one working directory."""

    TITLE = "phase4"
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
                priority=one.id == "filter",  # so that keys typed right after it reach the filter's field
            )
            for one in OPERATIONS
            if one.key
        ),
        Binding("f1", "help", "help", show=False),
        Binding("ctrl+z", "suspend_process", "suspend", show=False),
    ]

    def __init__(self, site: Site, *, read_only: bool = False, ascii_only: bool = False) -> None:
        super().__init__(site, read_only=read_only, ascii_only=ascii_only)
        self.banner = ""
        self.keys: Mapping[str, str] = keys_of(site.settings.keys)
        self.set_keymap({name: key for name, key in self.keys.items() if key})
        self.notices = Notices(self, self._show_notices)
        self._able: tuple[bool, ...] = ()
        self.queue = OperationQueue(self, site)

    @cached_property
    def runs(self) -> "Runs":
        """The runs of this dashboard; loaded at the first one."""
        from phase4_tui.console.operations.runs import Runs  # noqa: PLC0415 - not for the first paint

        return Runs(self.site)

    @property
    def running_here(self) -> bool:
        """True while a run of this dashboard is under way."""
        return "runs" in self.__dict__ and self.runs.busy

    @cached_property
    def session(self) -> "Session":
        """What dialogues do their work with; loaded at the first one."""
        from phase4_tui.console.operations.session import Session  # noqa: PLC0415 - not for the first paint
        from phase4_tui.tui.asker import DashboardFace, ModalAsker  # noqa: PLC0415 - as above

        return Session(self.site, ModalAsker(self, self), DashboardFace(self, self.queue, self.start_run))

    @cached_property
    def openings(self) -> "Openings":
        """What opens screens and does gestures; loaded at the first key."""
        from phase4_tui.tui.openings import Openings  # noqa: PLC0415 - not for the first paint

        return Openings(self, self)

    def leave(self, code: int) -> None:
        """Leave with that exit status, a run under way cancelled; for the handler of a signal, at any moment."""
        self._leaving = code
        if isinstance(self._driver, ConsoleDriver):
            self._driver.leaving = True
        if self.running_here:
            self.runs.cancel()
        if self._loop is not None:  # an idle loop sleeps on until it is woken
            with suppress(RuntimeError):  # it is closed: the application has ended
                self._loop.call_soon_threadsafe(lambda: self.exit(return_code=code))

    def facts_changed(self, snapshot: Snapshot) -> None:
        """Grey keys out, and offer others, where what can be done has changed."""
        able = tuple(why_not(operation, snapshot) is None for operation in OPERATIONS)
        if able != self._able:
            self._able = able
            self.refresh_bindings()

    def on_events_seen(self, message: EventsSeen) -> None:
        """Announce what other operators did, by name."""
        self.queue.take_news(message.events)

    def on_artifact_wanted(self, message: ArtifactWanted) -> None:
        """Open the file of a panel."""
        if not isinstance(self.screen, ModalScreen):
            self.openings.open_artifact(Path(message.path))

    def on_tag_opened(self, message: TagOpened) -> None:
        """Open the artifacts of the shown tag."""
        if not isinstance(self.screen, ModalScreen):
            self.give("audit")

    def push_screen(self, screen: Any, *args: Any, **more: Any) -> Any:
        """Show a screen with the present facts, unless the application is ending."""
        if self._exit:
            return asyncio.get_running_loop().create_future()
        if isinstance(screen, FactsScreen):
            screen.set_reactive(FactsScreen.snapshot, self.snapshot)
            screen.set_reactive(FactsScreen.notices, self.notices.newest)
        if isinstance(screen, ModalScreen):
            self.queue.asking = False
        return super().push_screen(screen, *args, **more)

    def pop_screen(self) -> Any:
        """Leave a screen; after a question show the notices that waited."""
        left = super().pop_screen()
        self.notices.come_back()
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
            return  # the screen's own key takes precedence
        for name, key in self.keys.items():
            if key == event.key:
                self._is_refused(BY_ID[name])

    def _is_typing(self) -> bool:
        form = isinstance(self.screen, FactsScreen) and self.screen.IS_FORM
        return form or isinstance(self.focused, Input)

    def action_act(self, name: str) -> None:
        """Perform an action of the registry, unless the application is ending."""
        if self._exit:
            return
        self.give(name)

    def give(self, operation: str) -> None:
        """Give an operation of the registry by its id, as its key does; say why when it can't be given now."""
        entry = BY_ID[operation]
        if self._is_refused(entry):
            return
        does = entry.does
        if isinstance(does, View):
            self.open(does)
        elif isinstance(does, Gesture):
            self.openings.do(does)
        else:
            self.operate(does())

    def _is_refused(self, operation: Operation) -> bool:
        """Say why an operation can't be given now; False when it can."""
        obstacle = why_not(operation, self.snapshot)
        if obstacle is not None:
            self.tell(f"{operation.label}: {obstacle.text}", severity="warning", remedies=obstacle.remedies)
        return obstacle is not None

    def command_of(self, operation: Operation) -> str:
        """Return the command that does what an operation would do now."""
        return operation.command_of(self.snapshot, self.site.settings) if self.snapshot is not None else ""

    def operate(self, dialogue: "Callable[[Session], Awaitable[object]]") -> None:
        """Begin an operation unless a question is open."""
        if not isinstance(self.screen, ModalScreen):
            self.queue.begin(lambda: dialogue(self.session))

    def begin_operation(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run an operation's dialogue, replacing one that still asks."""
        begun: Any = work  # called by the worker, so that a replaced one leaves no coroutine unawaited
        self.run_worker(begun, group="operations", exclusive=True, exit_on_error=False)

    def open(self, view: View, *tags: str) -> None:
        """Open the screen of a view."""
        self.openings.open(view, *tags)

    def cancel_run(self) -> None:
        """Ask whether to cancel the run of this dashboard, and do it."""
        self.operate(lambda session: self._cancel_run())

    async def _cancel_run(self) -> None:
        if not await self._confirm_cancel("A run is under way. Cancel it?", "Cancel it"):
            self.tell("nothing was cancelled: the run goes on")
            return
        if self.running_here:
            self.runs.cancel()
        self.tell("the run is being cancelled" if self.running_here else "the run has ended by itself")

    async def _confirm_cancel(self, question: str, yes: str) -> bool:
        from phase4_tui.tui.screens.questions import PlanScreen  # noqa: PLC0415 - not for the first paint

        told = [as_keys("its steps are asked to end, then killed", (GOES_ON,), self.keys)]
        return await self.push_screen_wait(PlanScreen(question, told, yes))

    async def write(self, work: Callable[[], T]) -> T:
        """Do work that writes into the journal in a thread; its events are not announced as another operator's."""
        return await self.queue.write(work)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Show the error of a worker that failed."""
        error = event.worker.error
        if event.state is WorkerState.ERROR and error is not None and not self.take_defect(error, event.worker):
            self.tell(f"failed: {type(error).__name__}: {error}", severity="error")

    def start_run(self, plan: "RunPlan") -> None:
        """Start a run and show its tag."""
        self.queue.own.runs.add(plan.tag)
        self.runs.start(plan, lambda record, error: self.call_later(self._run_ended, record, error))
        self.facts.choose(plan.tag)

    def _run_ended(self, record: "RunRecord | None", error: Exception | None) -> None:
        self.facts.look_now()
        if error is not None and record is None:
            self.queue.own.runs.clear()  # a run that did not begin has no end to wait for
            message, remedies = parts_of(error)
            self.tell(f"the run failed: {message}", severity="error", remedies=remedies)
        if record is not None:
            off = [f"{step.name} {step.state.replace('_', ' ')}" for step in record.steps if step.state != "passed"]
            self.tell(f"run of {record.tag} ended: {', '.join(off) or 'every step passed'}")
        if record is not None and error is not None:
            message, remedies = parts_of(error)
            self.tell(f"no incident was opened: {message}", severity="warning", remedies=remedies)

    def tell(
        self, text: str, *, title: str = "", severity: Severity = "information", remedies: Sequence[Remedy] = ()
    ) -> None:
        """Show a notice literally, after the open question if there is one."""
        self.notices.tell(as_keys(text, remedies, self.keys), title, severity)

    def told(self) -> Sequence[Notice]:
        """Return every notice so far, oldest first."""
        return self.notices.history

    def _show_notices(self) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, FactsScreen) and screen.is_open:
                screen.notices = self.notices.newest

    # Leaving and the palette ---------------------------------------------------------------------------------

    def leave_when_safe(self) -> None:
        """Leave; first ask whether to cancel a run under way."""
        if self.queue.busy:
            self.queue.leave_after = True
            self.tell("an operation is being carried out: leaving at its end")
        elif self.running_here:
            self.operate(lambda session: self._quit_running())
        else:
            self.exit()

    async def _quit_running(self) -> None:
        if await self._confirm_cancel("A run is under way. Cancel it and leave?", "Leave"):
            await asyncio.to_thread(self.runs.finish)
            self.exit()
        else:
            self.tell("nothing was cancelled: the run goes on")

    async def action_quit(self) -> None:
        """Leave, as by the key."""
        self.leave_when_safe()

    def action_command_palette(self) -> None:
        """Open the palette, once."""
        if not isinstance(self.screen, ModalScreen):
            from phase4_tui.tui.screens.palette_entries import OperationEntries  # noqa: PLC0415 - not for the first paint

            self.push_screen(Palette((OperationEntries,), id="--command-palette"))

    def action_help(self) -> None:
        """Open the help, or leave it; also from a form, where the key of the registry is a letter."""
        if not isinstance(self.screen, ModalScreen):
            self.give("help")

    def action_help_quit(self) -> None:
        """Answer ctrl+c with the key that leaves."""
        self.tell(f"`{how('quit', self.keys)}` leaves the dashboard")
