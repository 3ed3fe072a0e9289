"""Timers of what can be seen: they rest while another screen covers theirs."""

from collections.abc import Callable
from typing import Protocol, cast

from textual.timer import Timer
from textual.widget import Widget


class RestingScreen(Protocol):
    """A screen that pauses its timers while another covers it."""

    timers: list[Timer]
    """Held here, since Textual itself only refers to a paused timer weakly."""


def every(seconds: float, widget: Widget, tick: Callable[[], object]) -> None:
    """Call `tick` so often, but not while another screen covers the widget's: a repaint there sends the one above."""
    cast("RestingScreen", widget.screen).timers.append(widget.set_interval(seconds, tick))
