"""The header of every screen: one line, each fact in a place of its own that only the width decides."""

from typing import NamedTuple

from textual.geometry import Region
from textual.reactive import var

from phase4_tui.artifacts.clock import iso, now_ns
from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.console.symbols import SYMBOLS
from phase4_tui.tui.text import clip
from phase4_tui.tui.timers import every
from phase4_tui.tui.widgets.clocks import clock
from phase4_tui.tui.widgets.lines import Lines, Row

LEVELS = {"ok": "bold $success", "warning": "bold $warning", "incident": "bold $error", "unknown": "bold $warning"}
WORDS = {"warning": "WARNING", "unknown": "UNKNOWN", "incident": "INCIDENT"}
UTC, SHORT_CLOCK = 9, 5
"""Cells of the clock: `12:04 UTC`, or `12:04`."""
GAP = 2


class Places(NamedTuple):
    """The cells of each place; 0 where there is no room for it."""

    product: int
    viewing: int
    mode: int
    verdict: int
    other: int
    clock: int


def places(width: int) -> Places:
    """Return the places of a header of that width."""
    if width >= 110:
        left = width - (17 + 17 + 15 + UTC + 5 * GAP)
        viewing = left * 11 // 20
        return Places(17, viewing, 17, 15, left - viewing, UTC)
    if width >= 74:
        return Places(5, width - (5 + 12 + 14 + UTC + 4 * GAP), 12, 14, 0, UTC)
    return Places(5, max(width - (5 + 12 + 14 + SHORT_CLOCK + 4 * GAP), 0), 12, 14, 0, SHORT_CLOCK)


class HeaderLine(Lines):
    """What is viewed, the evaluation mode, the verdict or the incident's clock, the active tag or the fallback, now."""

    snapshot: var[Snapshot | None] = var(None)
    DEFAULT_CSS = "HeaderLine { height: 1; background: $panel; padding: 0 1; }"

    def on_mount(self) -> None:
        """Start the clock."""
        every(1.0, self, self._tick)

    def on_resize(self) -> None:
        """Fit to the new width."""
        self.watch_snapshot()

    def watch_snapshot(self) -> None:
        """Draw what is new."""
        if self.snapshot is not None:
            self.show([self._row(self.snapshot)])

    def _row(self, snapshot: Snapshot) -> Row:
        return header_row(snapshot, self.content_size.width or self.app.size.width - 2)

    def _tick(self) -> None:
        """Repaint the places of the two clocks, and nothing else."""
        if self.snapshot is None or not self._rows:
            return
        row, before = self._row(self.snapshot), self._rows[0]
        if len(row) != len(before):  # another width, which is drawn wholly in a moment
            return
        self._rows = (row,)
        at = 0
        for part, old in zip(row, before, strict=True):
            cells = len(part[0])
            if part != old:
                self.refresh(Region(at, 0, cells, 1))
            at += cells


def header_row(snapshot: Snapshot, width: int) -> tuple[tuple[str, str], ...]:
    """Return the header: a part for each place, padded to its cells."""
    at, state = places(width), snapshot.state
    roomy = bool(at.other)
    paper = "PHASE 4 · PAPER" if roomy else "PAPER"
    if snapshot.read_only:
        paper = "PAPER · READ-ONLY" if roomy else "LOOKS"
    fallback = state.evaluation_mode == "phase3_only"
    mode = "PHASE 3 ONLY" if fallback else "PHASE 4"
    now = f"{iso(now_ns())[11:16]} UTC"
    parts = (
        (paper, "bold $accent" if snapshot.read_only else "bold", at.product),
        (_viewing(snapshot, at.viewing, "viewing " if roomy else ""), "bold $primary", at.viewing),
        (f"mode {mode}" if roomy else mode, "bold $warning" if fallback else "", at.mode),
        (*verdict(snapshot), at.verdict),
        (*_other(snapshot, at.other), at.other),
        (now[: at.clock], "$text-muted", at.clock),
    )
    shown = [(f"{clip(text, cells):<{cells}}{' ' * GAP}", style) for text, style, cells in parts if cells]
    shown[-1] = (shown[-1][0][:-GAP], shown[-1][1])
    return tuple(shown)


def _viewing(snapshot: Snapshot, cells: int, before: str) -> str:
    """Return what is viewed; a sign behind it says that it is the active tag, or frozen."""
    view = snapshot.focus
    if view is None:
        return "no run yet"
    active = view.tag == snapshot.state.active_tag
    state = "tampered" if view.frozen == "tampered" else "active" if active else "frozen"
    sign = "" if state == "frozen" and view.frozen == "no" else SYMBOLS[state]
    return f"{before}{clip(view.tag, cells - len(before) - 2)} {sign}"


def _other(snapshot: Snapshot, cells: int) -> tuple[str, str]:
    """Return the active tag where another is viewed, else the one to fall back on."""
    state, view = snapshot.state, snapshot.focus
    if state.active_tag is not None and (view is None or view.tag != state.active_tag):
        return f"active {clip(state.active_tag, cells - 9)} {SYMBOLS['active']}", ""
    own = view.tag if view is not None else None
    good = [snapshot.known_good, *(row.tag for row in snapshot.rows if row.known_good)]
    fallback = next((tag for tag in good if tag not in (None, own)), None)
    if fallback is not None:
        return f"fallback {clip(fallback, cells - 11)} {SYMBOLS['known_good']}", ""
    if len(snapshot.rows) < snapshot.tags:
        return "", ""  # not every tag is read yet
    return ("no fallback yet", "$warning") if view is not None and view.rung is not None else ("no other good tag", "")


def verdict(snapshot: Snapshot) -> tuple[str, str]:
    """Return the incident with its clock, else the verdict on the shown tag, and its style."""
    view, incident, holder = snapshot.focus, snapshot.state.incident, snapshot.holder
    if incident is not None:
        sign = f"{SYMBOLS['incident']} {incident.severity_class or 'INCIDENT'}"
        return f"{sign} {clock(incident.opened_at, incident.recovered_at)}", LEVELS["incident"]
    if view is None:
        return f"{SYMBOLS['absent']} NO TAG", "$text-muted"
    if holder is not None and holder.tag == view.tag:
        return f"{SYMBOLS['running']} RUNNING", "bold $primary"
    found = view.classification
    if found.level == "ok":
        return f"{SYMBOLS['ok']} HEALTHY", LEVELS["ok"]
    return f"{SYMBOLS[found.level]} {found.severity_class or WORDS[found.level]}", LEVELS[found.level]
