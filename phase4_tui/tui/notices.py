"""The notices of the dashboard: shown literally, each once, and never over a question."""

import time
from typing import TYPE_CHECKING, NamedTuple

from textual.screen import ModalScreen

from phase4_tui.artifacts.safe_text import safe_text

if TYPE_CHECKING:
    from textual.app import App

NOTICE_LIMIT = 600
SEEN_SECONDS = 2.0
"""A notice that stood so long when a question came up counts as read."""
PAUSE_SECONDS = 0.2
"""After a question, one more may follow at once: what waits is shown when none did."""


class Notice(NamedTuple):
    """One notice."""

    text: str
    title: str
    severity: str


class Notices:
    """Shows notices; while a question is open they wait for its end."""

    def __init__(self, app: "App[None]") -> None:
        self._app = app
        self._waiting: list[Notice] = []
        self._shown: list[tuple[float, Notice]] = []

    def tell(self, text: str, title: str, severity: str) -> None:
        """Show a notice, now or after the question that is open."""
        self._show_or_hold(Notice(safe_text(text, NOTICE_LIMIT), title, severity))

    def _show_or_hold(self, notice: Notice) -> None:
        if not self._app.screen_stack:
            return  # the application is ending
        if isinstance(self._app.screen, ModalScreen):
            if notice not in self._waiting:
                self._waiting.append(notice)
            return
        now = time.monotonic()
        self._shown = [(since, one) for since, one in self._shown if now - since < SEEN_SECONDS]
        if notice not in (one for _, one in self._shown):
            self._shown.append((now, notice))
            text, title, severity = notice
            self._app.notify(text, title=title, severity=severity, markup=False)  # type: ignore[arg-type]

    def make_way(self) -> None:
        """A question comes up: nothing may stand over it, and what nobody can have read yet waits for its end."""
        now = time.monotonic()
        self._waiting += [one for since, one in self._shown if now - since < SEEN_SECONDS]
        self._shown = []
        self._app.clear_notifications()

    def come_back(self) -> None:
        """A question was answered: show what waits, unless another one follows."""
        if self._waiting:
            self._app.clear_notifications()  # one that was told just before the question would be there twice
            self._app.set_timer(PAUSE_SECONDS, self._show_waiting)

    def _show_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        for notice in waiting:
            self._show_or_hold(notice)
