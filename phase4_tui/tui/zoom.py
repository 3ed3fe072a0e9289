"""Zoom: the panel that has the focus fills the screen between header and footer, until it is given back."""

from typing import Any

from textual.screen import Screen
from textual.widget import Widget

PANELS = ("tags", "sequence", "incident")
"""The panels, by id, whose part with the focus is not the whole of them."""


def panel_of(focused: Widget) -> Widget:
    """Return the panel that a widget with the focus belongs to, which may be itself."""
    inside = (node for node in focused.ancestors_with_self if isinstance(node, Widget) and node.id in PANELS)
    return next(inside, focused)


def toggle_zoom(screen: Screen[Any]) -> bool:
    """Zoom the panel that has the focus, or give it back; False where none has the focus."""
    if end_zoom(screen):
        return True
    focused = screen.focused
    if focused is not None:
        screen.maximized = panel_of(focused)
    return focused is not None


def end_zoom(screen: Screen[Any]) -> bool:
    """Give a zoomed panel back; False when none is zoomed."""
    zoomed = screen.maximized is not None
    if zoomed:
        screen.minimize()
    return zoomed
