"""Alarms where no colour is wanted: bold or reverse, since their colours become greys that are dimmer than the text."""

from functools import lru_cache

from rich.color import Color as RichColor
from rich.color_triplet import ColorTriplet
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

from phase4_tui.tui.themes import THEMES

ALARMS = ("error", "warning", "text-error", "text-warning")
BOLD, REVERSE = Style(bold=True), Style(bold=True, reverse=True)


class AlarmsWithoutColour(LineFilter):
    """Gives what has an alarm's colour the colour of text, bold; an error that was bold already becomes reverse."""

    def __init__(self) -> None:
        super().__init__()
        self._texts: dict[ColorTriplet, tuple[Style, bool]] = {}
        for theme in THEMES:
            colours = theme.to_color_system().generate()
            text = Style(color=RichColor.from_triplet(_triplet(colours["foreground"])))
            for name, colour in colours.items():
                if name.startswith(ALARMS) and "muted" not in name:
                    self._texts[_triplet(colour)] = text, "error" in name
        self._changed = lru_cache(1 << 10)(self._change)

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments with alarms that are seen without colour."""
        return [
            Segment(text, None if style is None else self._changed(style), control) for text, style, control in segments
        ]

    def _change(self, style: Style) -> Style:
        triplet = style.color.triplet if style.color is not None else None
        if triplet not in self._texts:
            return style
        text, is_error = self._texts[triplet]
        return style + text + (REVERSE if is_error and style.bold else BOLD)


def _triplet(colour: str) -> ColorTriplet:
    return ColorTriplet(*Color.parse(colour).rgb)
