"""The part of the application that gives every screen the facts, and begins and ends with the terminal's."""

import gc
from collections.abc import Sequence
from functools import cached_property
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from rich.console import RenderableType
from textual.app import App
from textual.driver import Driver
from textual.events import DescendantFocus, Resize
from textual.filter import LineFilter
from textual.geometry import Size
from textual.messages import InBandWindowResize
from textual.reactive import var
from textual.screen import Screen
from textual.widgets import Input

from phase4_tui.console.facts.schedule import Facts
from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.runbook.site import Site
from phase4_tui.signs import shows_signs
from phase4_tui.tui.driver import ConsoleDriver, console_driver
from phase4_tui.tui.memory import Collector, share_colours_between_widgets
from phase4_tui.tui.messages import OutputArrived, SnapshotReady, TagChosen, message_of
from phase4_tui.tui.screen_buffer import Update
from phase4_tui.tui.screens.base import FactsScreen
from phase4_tui.tui.screens.dashboard import DashboardScreen
from phase4_tui.tui.terminal import size_of_terminal
from phase4_tui.tui.text import AsciiFilter, ControlFilter, fit_to
from phase4_tui.tui.themes import THEMES

if TYPE_CHECKING:
    from phase4_tui.console.facts.events import FactEvent

STALE_SECONDS = 10.0
BUILD_SECONDS = 0.02
"""Interval between checks whether every screen is built, before the application ends."""
FIRST_LOOK_SECONDS = 0.5
"""The first paint waits at most this long for the first facts, since painting twice costs more than most disks."""
GC_THRESHOLDS = (20_000, 20, 100)
"""Rarer than Python's default: with ten thousand tags a full collection blocks the screen for a tenth of a second."""


class FactsApp(App[None]):
    """An application whose screens show the facts of one working directory."""

    CSS_PATH = [  # names would be looked up beside the class that inherits them
        Path(__file__).with_name("dashboard.tcss"),
        Path(__file__).with_name("focus.tcss"),
    ]

    snapshot: var[Snapshot | None] = var(None)

    def __init__(self, site: Site, *, read_only: bool = False, ascii_only: bool = False) -> None:
        self._control = ControlFilter()
        """The same one always, as each of them, since Textual keeps what a filter made of a line."""
        self._ascii = True if ascii_only else site.settings.dashboard.ascii
        self._plain: AsciiFilter | None = None
        self._draw_in("ascii" if self._ascii else None)
        super().__init__()
        self.animation_level = "none"  # over SSH each frame would be sent
        self.site = site
        self.read_only = read_only
        self._collector = Collector(self)
        self.facts = Facts(site, self._post_fact, read_only=read_only)
        self._leaving: int | None = None
        """The exit status of a signal that came before there was a loop."""
        self._told_size = False
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = site.settings.dashboard.theme

    def facts_changed(self, snapshot: Snapshot) -> None:
        """Called after every screen has the new snapshot."""

    def on_load(self) -> None:
        """Begin to look at the disk."""
        share_colours_between_widgets()
        self.facts.start()

    def get_default_screen(self) -> Screen[Any]:
        """Return the dashboard's screen, with the first facts unless the disk is too slow."""
        screen = DashboardScreen()
        self.snapshot = self.facts.first(FIRST_LOOK_SECONDS)
        screen.set_reactive(FactsScreen.snapshot, self.snapshot)
        return screen

    def get_driver_class(self) -> type[Driver]:
        """Return the driver, on a terminal our own."""
        return console_driver(super().get_driver_class())

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return filters that drop control characters and, where wanted, draw without colour or in ASCII."""
        own = (self._control, *((self._plain,) if self._plain else ()))
        return (*((self._alarms,) if self.no_color else ()), *super().get_line_filters(), *own)

    @cached_property
    def _alarms(self) -> LineFilter:
        from phase4_tui.tui.colourless import AlarmsWithoutColour  # noqa: PLC0415 - rarely used

        return AlarmsWithoutColour()

    def draw_on(self, stream: TextIO) -> None:
        """Draw with what the stream's encoding can show, unless a setting says otherwise; before the application runs.

        Where the setting asks for the signs, they are sent in UTF-8 whatever the locale says.
        """
        if self._ascii is None and not shows_signs(stream.encoding):
            self._draw_in(stream.encoding)
        elif self._ascii is False and isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8")

    def _draw_in(self, encoding: str | None) -> None:
        self._plain = None if encoding is None else AsciiFilter(encoding)
        fit_to(encoding)

    def on_mount(self) -> None:
        """Look again whenever the terminal comes back; leave if a signal came before there was a loop."""
        if self._leaving is not None:
            self.exit(return_code=self._leaving)
        self.call_after_refresh(self._started)
        self.set_interval(STALE_SECONDS / 5, self._look_at_clock_and_size)
        self.app_resume_signal.subscribe(self, lambda _: self.facts.look_now())

    def _started(self) -> None:
        """After the first paint look the terminal up, and enable garbage collection without what was loaded for it."""
        if isinstance(self._driver, ConsoleDriver):
            self._driver.look_up_terminal()
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)
        gc.enable()

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        """Draw an update; on a terminal only what it changes there."""
        driver = self._driver
        if not isinstance(driver, ConsoleDriver) or not isinstance(renderable, Update):
            super()._display(screen, renderable)
        elif self._running and not self._closed and not self._batch_count:
            cursor = self.screen.outer_size.clamp_offset(self.cursor_position)
            driver.show(renderable, cursor, synchronized=self._sync_available)
            self.post_display_hook()

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """Let the cursor of a field stand still: each blink would be sent."""
        if isinstance(event.widget, Input):
            event.widget.cursor_blink = False

    def on_resize(self, event: Resize) -> None:
        """Draw everything anew, also where the terminal has the size again that it had."""
        if isinstance(self._driver, ConsoleDriver):
            self._driver.resized(event.size)

    def on_in_band_window_resize(self, message: InBandWindowResize) -> None:
        """Note that the terminal tells its size itself, which may be right where the system's is not."""
        self._told_size = message.enabled

    def _look_at_clock_and_size(self) -> None:
        """Mark old facts, and take the terminal's size anew.

        A signal's handler that another one interrupts tells a size that is past, and tells it last.
        """
        self.facts.mark_stale(STALE_SECONDS)
        size = None if self.is_headless or self._told_size else size_of_terminal()
        if size is not None and size != self.size:
            self.post_message(Resize(Size(*size), Size(*size)))

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

    def on_snapshot_ready(self, message: SnapshotReady) -> None:
        """Give every open screen the new snapshot; while the application ends, they are taken down one by one."""
        if not self.screen_stack:
            return
        before, self.snapshot = self.snapshot, message.snapshot
        for screen in self.screen_stack:
            if isinstance(screen, FactsScreen) and screen.is_open:
                screen.snapshot = message.snapshot
        if self.site.settings.dashboard.bell and before is not None and message.snapshot.is_worse_than(before):
            self.bell()
        self.facts_changed(message.snapshot)

    def pop_screen(self) -> Any:
        """Leave a screen, and give its memory back."""
        self._collector.screen_left()
        return super().pop_screen()

    def on_output_arrived(self, message: OutputArrived) -> None:
        """Show what a step wrote."""
        for screen in self.screen_stack:
            if isinstance(screen, FactsScreen) and screen.is_open:
                screen.take_output(message.output)

    def on_tag_chosen(self, message: TagChosen) -> None:
        """Look at another tag."""
        self.facts.choose(message.tag)

    def show_tag(self, tag: str | None) -> None:
        """Show another tag; None follows the active one, else the newest."""
        self.facts.choose(tag)

    def look_now(self) -> None:
        """Look at the disk again, soon."""
        self.facts.look_now()

    def exit(self, result: None = None, return_code: int = 0, message: Any = None) -> None:
        """End once every screen is built: a screen under construction would find none of its widgets."""
        if all(screen.is_mounted for screen in self.screen_stack):
            super().exit(result, return_code, message)
        else:
            self.set_timer(BUILD_SECONDS, lambda: self.exit(result, return_code, message))
