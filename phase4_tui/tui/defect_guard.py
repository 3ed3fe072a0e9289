"""Keeps the dashboard alive: an exception of one screen or handler becomes a notice, and that screen is closed.

Textual ends an application at the first exception, and a widget with it, and offers no public way to do otherwise. This
is the only module that takes private parts of it for that: `App._handle_exception`, where every pump, timer, callback
and drawing reports, `MessagePump._dispatch_message`, since a pump ends with the first handler that fails, and
`active_message_pump`, which tells whose callback failed.
"""

import re
import time
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, ClassVar
from weakref import WeakSet

from textual._context import active_message_pump
from textual.app import App
from textual.dom import NoScreen
from textual.message import Message
from textual.message_pump import MessagePump
from textual.screen import Screen
from textual.timer import Timer
from textual.widget import Widget
from textual.worker import Worker

from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.console.operations.asker import Severity
from phase4_tui.errors import Remedy, command_line
from phase4_tui.runbook.escalation import OWNERS

AGAIN_SECONDS = 60.0
"""A second defect within this time ends the dashboard."""
STATUS = 1
"""The exit status then."""
ERROR_CHARS = 200
OPEN_AGAIN = Remedy("", command_line(), "opens the dashboard again")
LOOK = Remedy("", command_line("status"), "needs no screen")
GOES_ON = Remedy("", command_line("run", "--resume"), "goes on")
_OWNER = next(owner for owner, remit in OWNERS.items() if "defects" in remit)
_WORDS = re.compile(r"[A-Z][a-z0-9]*")


class DefectGuard(App[None]):
    """An application that survives the first defect of a screen, and leaves cleanly at a second one soon after."""

    CONTAINS_DEFECTS: ClassVar[bool] = True
    """False where a defect is to end the application with its traceback, as in tests of anything else."""

    def __init__(self) -> None:
        super().__init__()
        self.ended_by_defect = self.run_cancelled = False
        self._failed: WeakSet[Widget] = WeakSet()
        self.defects: list[str] = []
        """What failed and what to report of it, by defect; told again when the dashboard is left."""
        self._defect_at = -AGAIN_SECONDS

    @property
    @abstractmethod
    def running_here(self) -> bool:
        """True while a run of this dashboard is under way."""

    @abstractmethod
    def tell(
        self, text: str, *, title: str = "", severity: Severity = "information", remedies: Sequence[Remedy] = ()
    ) -> None:
        """Show a notice."""

    # Where exceptions arrive -----------------------------------------------------------------------------------

    def _handle_exception(self, error: Exception) -> None:
        if not self.take_defect(error):
            super()._handle_exception(error)

    def take_defect(self, error: BaseException, worker: Worker[Any] | None = None) -> bool:
        """Contain an exception that nobody foresaw; False when it is not contained, and must be shown otherwise."""
        from phase4_tui.tui.defect_file import write_defect  # noqa: PLC0415 - not for the first paint

        if not self.CONTAINS_DEFECTS:
            return False
        node = worker.node if worker is not None else next(_nodes(error), active_message_pump.get(None))
        screen = self._screen_of(node)
        if screen in self._failed or node in self._failed:
            return True  # until it is closed, whatever else goes wrong there is the same defect
        if screen is not None:
            self._failed.add(screen)
        place = _name(screen) if screen is not None else "the dashboard"
        told = safe_line(f"{type(error).__name__}: {error}", ERROR_CHARS)
        try:
            report = f"report it to {_OWNER} with {write_defect(error, place)}"
        except OSError as trouble:
            report = f"its traceback was not written: {trouble.strerror or trouble}; report it to {_OWNER}"
        self.defects.append(f"{place} failed, {told}; {report}")
        now = time.monotonic()
        again, self._defect_at = now - self._defect_at < AGAIN_SECONDS, now
        if self._exit or again or not self._is_up():
            self._leave()
        else:
            self._go_on(screen, f"{place} failed", told, report)
        return True

    def _is_up(self) -> bool:
        return bool(self.screen_stack) and self.screen_stack[0].is_mounted

    def _screen_of(self, node: object) -> Screen[Any] | None:
        """Return the open screen that a widget belongs to, None for the application itself."""
        try:
            screen = node.screen if isinstance(node, Widget) else None
        except NoScreen:
            return None
        return screen if screen in self.screen_stack or screen in self._failed else None

    # What becomes of it ----------------------------------------------------------------------------------------

    def _go_on(self, screen: Screen[Any] | None, title: str, told: str, report: str) -> None:
        closed = ""
        if screen is not None:
            at_bottom = screen is self.screen_stack[0]
            closed = " It was built anew." if at_bottom else " It was closed."
            self.call_later(self._close, screen)
        again = f"Another one within {AGAIN_SECONDS:.0f} s ends the dashboard"
        again += " and cancels the run." if self.running_here else "."
        self.tell(f"{told}.{closed} {report[:1].upper()}{report[1:]}. {again}", title=title, severity="error")

    def _close(self, failed: Screen[Any]) -> None:
        """Close a screen and what is above it, each question answered as by escape; the lowest is built anew."""
        from phase4_tui.tui.screens.questions import Question  # noqa: PLC0415 - not for the first paint

        while failed in self.screen_stack[1:]:
            top = self.screen
            top.dismiss(top.CANCELLED if isinstance(top, Question) else None)
        if failed is self.screen_stack[0]:
            failed.call_later(self._build_anew, failed)

    async def _build_anew(self, screen: Screen[Any]) -> None:
        """Build the widgets of a screen anew; what still goes wrong in the old ones is the same defect."""
        self._failed.update(screen.query("*"))
        self._failed.discard(screen)
        await screen.recompose()

    def _leave(self) -> None:
        self.ended_by_defect = True
        self.run_cancelled = self.run_cancelled or self.running_here
        if not self._exit:
            self.exit(return_code=STATUS)

    def last_words(self) -> str:
        """Return what the operator is told once the screen is gone: each defect, and what to do next."""
        lines = [f"{'error' if self.ended_by_defect else 'note'}: {one}" for one in self.defects]
        if self.run_cancelled:
            lines.append(f"the run of this dashboard was cancelled: `{GOES_ON.command}` {GOES_ON.effect} with it")
        if self.ended_by_defect:
            lines.append("; ".join(f"`{one.command}` {one.effect}" for one in (OPEN_AGAIN, LOOK)))
        return "\n".join(lines)


_dispatch: Callable[[MessagePump, Message], Awaitable[None]] = MessagePump._dispatch_message


async def _guarded_dispatch(pump: MessagePump, message: Message) -> None:
    """Dispatch a message as Textual does, but keep the pump running in an application that is guarded."""
    try:
        await _dispatch(pump, message)
    except Exception as error:
        if not (isinstance(pump.app, DefectGuard) and pump.app.take_defect(error)):
            raise


# Nothing that Textual offers stands between a handler and the end of its widget's pump.
MessagePump._dispatch_message = _guarded_dispatch  # type: ignore[method-assign, assignment]


def _nodes(error: BaseException) -> Iterator[Widget]:
    """Return the screens and widgets whose methods an exception passed through, the innermost first."""
    frames = []
    trace = error.__traceback__
    while trace is not None:
        frames.append(trace.tb_frame)
        trace = trace.tb_next
    for frame in reversed(frames):
        node = frame.f_locals.get("self")
        node = node.target if isinstance(node, Timer) else node
        if isinstance(node, Screen) or (isinstance(node, Widget) and node.is_attached):
            yield node


def _name(screen: Screen[Any]) -> str:
    words = [word.lower() for word in _WORDS.findall(type(screen).__name__) if word != "Screen"]
    return f"the {' '.join(words)}{'' if words == ['dashboard'] else ' screen'}"
