"""Gives back what closed screens held: caches that keep widgets which are gone, and cycles."""

import gc
import time
from functools import lru_cache
from typing import TYPE_CHECKING

from textual._styles_cache import StylesCache
from textual.color import Color
from textual.style import Style

if TYPE_CHECKING:
    from textual.app import App

REST_SECONDS = 0.5
"""A collection waits this long after a screen was left, so that no key waits for it."""
REST_PER_COLLECTION = 100
"""Collections take at most one part in this many of the time, however much there is to look through."""


@lru_cache(1024)
def _inner_and_outer(base: Color, background: Color) -> tuple[Style, Style]:
    return Style(background=base + background), Style(background=base)


def share_colours_between_widgets() -> None:
    """Cache the styles inside and outside a border by their colours alone.

    Textual's own cache has the drawn lines of the widget in its key, so that those of a thousand widgets that are
    gone stay in memory; this one serves every widget of a colour.
    """
    StylesCache.get_inner_outer = staticmethod(_inner_and_outer)  # type: ignore[assignment,method-assign]  # see above


class Collector:
    """Collects the cycles of a screen some time after it was left: a widget and its parent refer to each other."""

    def __init__(self, app: "App[None]") -> None:
        self._app = app
        self._waits = False
        self._cost = 0.0

    def screen_left(self) -> None:
        """Collect soon."""
        if not self._waits:
            self._waits = True
            self._app.set_timer(max(REST_SECONDS, self._cost * REST_PER_COLLECTION), self._collect)

    def _collect(self) -> None:
        self._waits = False
        begun = time.perf_counter()
        gc.collect()
        self._cost = time.perf_counter() - begun
