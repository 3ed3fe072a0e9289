"""The notices of the dashboard: shown literally, each once, the last in the status line, all of them kept."""

import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.screen import ModalScreen

from phase4_tui.artifacts.clock import iso, now_ns
from phase4_tui.artifacts.safe_text import safe_text
from phase4_tui.tui.messages import Notice

if TYPE_CHECKING:
    from textual.app import App

NOTICE_LIMIT = 600
KEPT = 200
AGAIN_SECONDS = 2.0
"""The same notice within this time is one."""
PAUSE_SECONDS = 0.2
"""Another question may follow at once: what waits is shown after this long without one."""


class Notices:
    """Shows notices, the newest in place of the former; while a question is open they wait."""

    def __init__(self, app: "App[None]", show: Callable[[], None]) -> None:
        self._app = app
        self._show = show
        self._waiting: list[Notice] = []
        self._told = 0.0
        self.history: deque[Notice] = deque(maxlen=KEPT)
        """Every notice that was shown, oldest first."""
        self.together = 0
        """How many came before the newest within moments, so that nobody can have read them."""

    @property
    def newest(self) -> tuple[Notice, ...]:
        """The last notice, after those that came with it."""
        return tuple(self.history)[-self.together - 1 :]

    def tell(self, text: str, title: str, severity: str) -> None:
        """Show a notice, now or after the question that is open."""
        self._show_or_hold(Notice(safe_text(text, NOTICE_LIMIT), title, severity, iso(now_ns())))

    def come_back(self) -> None:
        """Show what waited for the end of a question, unless another one follows."""
        if self._waiting:
            self._app.set_timer(PAUSE_SECONDS, self._show_waiting)

    def _show_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        for notice in waiting:
            self._show_or_hold(notice)

    def _show_or_hold(self, notice: Notice) -> None:
        if not self._app.screen_stack:
            return  # the application is ending
        if isinstance(self._app.screen, ModalScreen):
            if not any(notice.is_again(one) for one in self._waiting):
                self._waiting.append(notice)
            return
        now = time.monotonic()
        recent = now - self._told < AGAIN_SECONDS
        if recent and self.history and notice.is_again(self.history[-1]):
            return
        self.together = self.together + 1 if recent else 0
        self._told = now
        self.history.append(notice)
        self._show()
