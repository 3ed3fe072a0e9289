"""The choice of one of the three owners, on one line; a symbol, not a colour alone, marks the chosen one."""

from textual import events
from textual.binding import Binding
from textual.widgets import Static

from phase4_tui.console.symbols import SYMBOLS
from phase4_tui.journal.incident import Owner
from phase4_tui.runbook.escalation import OWNERS
from phase4_tui.tui.text import Part, content

NAMES: tuple[Owner, ...] = tuple(OWNERS)
GAP = 3


class OwnerField(Static, can_focus=True):
    """Left, right and space choose; the line below shows the chosen owner's remit."""

    DEFAULT_CSS = """
    OwnerField { height: 2; width: 1fr; }
    OwnerField:focus { background: $panel; }
    """
    BINDINGS = [
        Binding("left", "choose(-1)", "owner before", show=False),
        Binding("right,space", "choose(1)", "next owner", show=False),
    ]

    def __init__(self, owner: Owner) -> None:
        super().__init__("", id="field-owner", markup=False)
        self.owner: Owner = owner

    def on_mount(self) -> None:
        """Draw it."""
        self._draw()

    def action_choose(self, by: int) -> None:
        """Choose another owner."""
        self.owner = NAMES[(NAMES.index(self.owner) + by) % len(NAMES)]
        self._draw()

    def on_click(self, event: events.Click) -> None:
        """Choose the owner that was clicked."""
        at = 0
        for name in NAMES:
            end = at + len(name) + 2 + GAP
            if at <= event.x < end:
                self.owner = name
                self._draw()
            at = end

    def _draw(self) -> None:
        parts: list[Part] = []
        for name in NAMES:
            chosen = name == self.owner
            symbol = SYMBOLS["active"] if chosen else SYMBOLS["absent"]
            parts += [(f"{symbol} {name}", "bold" if chosen else "$text-muted"), " " * GAP]
        self.update(content(*parts, (f"\n{OWNERS[self.owner]}  (← → chooses)", "$text-muted")))
