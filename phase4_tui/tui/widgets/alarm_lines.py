"""The alarms that every screen shows under its header, and the move that corrects them; no line without any."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from textual.reactive import var

from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.console.next_move_text import as_key
from phase4_tui.console.remedies import as_keys
from phase4_tui.console.symbols import SYMBOLS
from phase4_tui.tui.widgets.lines import Lines, Row, paragraphs, wrapped

if TYPE_CHECKING:
    from phase4_tui.runbook.preconditions import Precondition

MOST_LINES = 2
"""Of one alarm; the rest is cut off."""


class AlarmLines(Lines):
    """A line for each alarm, and for the banner of a demo."""

    snapshot: var[Snapshot | None] = var(None)
    DEFAULT_CSS = """
    AlarmLines { height: 0; background: $panel; padding: 0 1; }
    AlarmLines.-alarm { background: $error 25%; }
    """

    def __init__(self, keys: Mapping[str, str], *, banner: str = "") -> None:
        super().__init__()
        self._keys = keys
        self._banner = banner

    def on_resize(self) -> None:
        """Fit to the new width."""
        self.watch_snapshot()

    def watch_snapshot(self) -> None:
        """Draw what is new."""
        snapshot = self.snapshot
        if snapshot is None:
            return
        found = alarms(snapshot, self._keys)
        width = max((self.content_size.width or self.app.size.width) - 2, 10)
        banner = [(f" {part} ", "bold reverse $accent") for part in self._banner.splitlines()]
        rows: list[Row] = wrapped(banner, width, 2) if banner else []
        for alarm in found:
            lines = paragraphs([(f"{SYMBOLS['incident']} {alarm}", "bold $error")], width)
            rows += [(line,) for line in lines[:MOST_LINES]]
        move = snapshot.next_move
        if move is not None and is_alarm_of_move(snapshot):
            rows.append(((f"next: {as_key(move, self._keys)}", "bold $accent"),))
        if self.styles.height is None or self.styles.height.value != len(rows):
            self.styles.height = len(rows)
        self.show(rows)
        self.set_class(bool(found), "-alarm")

    def show_banner(self, banner: str) -> None:
        """Show another banner."""
        self._banner = banner
        self.watch_snapshot()


def is_alarm_of_move(snapshot: Snapshot) -> bool:
    """True when the next move corrects an alarm: every screen then shows that move."""
    return _live_orders(snapshot) is not None or bool(snapshot.tampered) or snapshot.trouble is not None


def _live_orders(snapshot: Snapshot) -> "Precondition | None":
    return next((one for one in snapshot.preconditions if one.name == "paper_mode" and not one.ok), None)


def alarms(snapshot: Snapshot, keys: Mapping[str, str]) -> list[str]:
    """Return the alarms that every screen shows; `keys` are those of the operations."""
    found = []
    if snapshot.stale:
        found.append(f"STALE: {snapshot.stale}")
    live = _live_orders(snapshot)
    if live is not None:
        found.append(f"LIVE ORDERS: {as_keys(live.detail, live.remedies, keys)}; nothing is run until then")
    if snapshot.tampered:
        found.append(f"TAMPERED: {', '.join(snapshot.tampered[:3])} is not what was frozen")
    if snapshot.trouble:
        found.append(as_keys(snapshot.trouble, snapshot.trouble_remedies, keys))
    if snapshot.watch_trouble:
        found.append(f"WATCH {snapshot.watch_trouble}: looking every two seconds instead")
    if snapshot.clock_trouble:
        found.append(f"CLOCK: {snapshot.clock_trouble}")
    if snapshot.fallback is not None and snapshot.fallback.intruders:
        found.append(f"FALLBACK: {as_keys(str(snapshot.fallback), snapshot.fallback.remedies, keys)}")
    for pending in snapshot.state.pending:
        told = f"{pending.kind} {pending.tag or ''}".strip()
        found.append(f"UNFINISHED OPERATION `{told}` of {pending.by}: give it again, or any other, to settle it")
    return found
