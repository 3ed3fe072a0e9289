"""A field for free text, one row high: a text pasted into it keeps its lines, each end of a line shown by a sign."""

from typing import Any

from textual import events
from textual.widgets import Input

LINE_END = "⏎"


class TextField(Input):
    """An input whose text may have several lines."""

    def __init__(self, text: str = "", **more: Any) -> None:
        super().__init__(_on_one_row(text), **more)

    @property
    def text(self) -> str:
        """What was typed and pasted, with its lines, without spaces and empty lines around it."""
        return self.value.replace(LINE_END, "\n").strip()

    def on_paste(self, event: events.Paste) -> None:
        """Insert every line; Textual's input takes the first one only."""
        event.prevent_default()
        event.stop()
        if event.text:
            self.replace(_on_one_row(event.text), *self.selection)


def _on_one_row(text: str) -> str:
    return LINE_END.join(text.rstrip("\r\n").splitlines())
