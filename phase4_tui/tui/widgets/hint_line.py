"""The line at the foot of a screen: what to press next."""

from textual.widgets import Static

from phase4_tui.tui.text import Part, content


class HintLine(Static):
    """What to press next, in a sentence; drawn only when it is another one."""

    DEFAULT_CSS = """
    HintLine { height: auto; max-height: 3; padding: 0 1; background: $panel; color: $accent; }
    """

    def __init__(self) -> None:
        super().__init__("", id="hint", markup=False)
        self._told: tuple[Part, ...] = ()

    def tell(self, *parts: Part) -> None:
        """Show this."""
        if parts != self._told:
            self._told = parts
            self.update(content(*parts))
