"""The line at the foot of a screen: what to press next."""

from textual.widgets import Static

from phase4_tui.tui.text import Part, content


class HintLine(Static):
    """A sentence that says what to press next; drawn only when it changes."""

    DEFAULT_CSS = """
    HintLine { height: auto; max-height: 3; padding: 0 1; background: $panel; color: $accent; }
    """

    def __init__(self) -> None:
        super().__init__("", id="hint", markup=False)
        self._told: tuple[Part, ...] = ()

    def tell(self, *parts: Part) -> None:
        """Show a sentence."""
        if parts != self._told:
            self._told = parts
            self.update(content(*parts))
