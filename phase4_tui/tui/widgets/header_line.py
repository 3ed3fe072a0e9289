"""The header of every screen: shown tag, known-good tag, mode, verdict, clock, and every alarm."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from textual.reactive import var

from phase4_tui.artifacts.clock import iso, now_ns
from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.console.next_move_text import as_key
from phase4_tui.console.remedies import as_keys
from phase4_tui.console.symbols import SYMBOLS
from phase4_tui.tui.text import clip
from phase4_tui.tui.timers import every
from phase4_tui.tui.widgets.lines import CORNER, Lines, wrapped

if TYPE_CHECKING:
    from phase4_tui.runbook.preconditions import Precondition

LEVELS = {"ok": "bold $success", "warning": "bold $warning", "incident": "bold $error", "unknown": "bold $warning"}


class HeaderLine(Lines):
    """Header of every screen: one line, and one more for each alarm."""

    snapshot: var[Snapshot | None] = var(None)
    DEFAULT_CSS = """
    HeaderLine { height: 1; background: $panel; padding: 0 1; }
    HeaderLine.-alarm { background: $error 25%; }
    """

    def __init__(self, keys: Mapping[str, str], *, banner: str = "") -> None:
        super().__init__()
        self._keys = keys
        self._banner = banner

    def on_mount(self) -> None:
        """Start the clock."""
        self._tick()
        every(1.0, self, self._tick)

    def on_resize(self) -> None:
        """Fit to the new width."""
        self.watch_snapshot()

    def watch_snapshot(self) -> None:
        """Draw what is new."""
        snapshot = self.snapshot
        if snapshot is None:
            return
        found = alarms(snapshot, self._keys)
        width = self.content_size.width or self.app.size.width - 2
        facts = wrapped(header_parts(snapshot), width - CORNER, 2)
        banner = [(f" {part} ", "bold $background on $accent") for part in self._banner.splitlines()]
        rows = [*facts, *(wrapped(banner, width, 2) if banner else ())]
        rows += [((f"{SYMBOLS['incident']} {alarm}", "bold $error"),) for alarm in found]
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

    def _tick(self) -> None:
        self.show_corner(((f"{iso(now_ns())[11:16]} UTC", "$text-muted"),))


def header_parts(snapshot: Snapshot) -> list[tuple[str, str]]:
    """Return the parts of the header."""
    view = snapshot.focus
    parts = [(f"PHASE {view.phase if view else 4} · PAPER", "bold")]
    if view is not None:
        active = f" {SYMBOLS['active']} active" if view.tag == snapshot.state.active_tag else ""
        parts.append((f"  {clip(view.tag, 30)}{active}", "bold $primary"))
        if view.frozen == "intact":
            parts.append((f"  {SYMBOLS['frozen']} frozen", "$primary"))
        if not active and snapshot.state.active_tag is not None:
            parts.append((f"  {SYMBOLS['active']} active is {clip(snapshot.state.active_tag, 24)}", ""))
    fallback = snapshot.state.evaluation_mode == "phase3_only"
    parts.append(("  mode PHASE 3 ONLY", "bold $warning") if fallback else ("  mode PHASE 4", ""))
    parts.append((f"  {verdict(snapshot)}", LEVELS[snapshot.level]))
    incident = snapshot.state.incident
    if incident is not None and (view is None or incident.tag != view.tag):
        word = f"INCIDENT {incident.severity_class or ''} {clip(incident.tag, 24)}"
        parts.append((f"  {SYMBOLS['incident']} {word}", LEVELS["incident"]))
    parts.append(_known_good(snapshot))
    if snapshot.read_only:
        parts.append(("  READ-ONLY", "bold $accent"))
    if snapshot.lease is not None:
        parts.append((f"  lease {clip(snapshot.lease.operator, 16)}@{clip(snapshot.lease.host, 16)}", "$accent"))
    return parts


def _known_good(snapshot: Snapshot) -> tuple[str, str]:
    """Return the known-good tag on record, else the newest that can be switched to."""
    recorded, good = snapshot.state.known_good_tag, snapshot.known_good
    if recorded is not None:
        return f"  {SYMBOLS['known_good']} known-good {clip(recorded, 24)}", ""
    if good is not None:
        return f"  good candidate {clip(good, 24)}", ""
    if snapshot.focus is not None and snapshot.focus.rung is None:
        return "  no other good tag", ""
    return "  no known-good", "$warning"


def verdict(snapshot: Snapshot) -> str:
    """Return the verdict on the shown tag in a few words."""
    if snapshot.focus is None:
        return "NO TAG"
    found = snapshot.focus.classification
    if found.level == "ok":
        return f"{SYMBOLS['ok']} OK"
    word = found.severity_class or found.level.upper()
    return f"{SYMBOLS[found.level]} {word} {found.rule.replace('_', ' ')}"


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
