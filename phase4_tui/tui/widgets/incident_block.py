"""The block on top of the dashboard while something is wrong: what, how bad, since when, how far, what to press."""

from collections.abc import Mapping, Sequence

from textual.reactive import var

from phase4_tui.artifacts.clock import duration, moment, nanoseconds
from phase4_tui.console.facts.snapshot import Snapshot, TagView
from phase4_tui.console.next_move_text import as_key
from phase4_tui.console.remedies import how
from phase4_tui.console.symbols import SYMBOLS
from phase4_tui.journal.incident import Incident
from phase4_tui.journal.state import Quarantined
from phase4_tui.runbook.evidence_words import classification_words, evidence_words
from phase4_tui.tui.text import Part, clip, content
from phase4_tui.tui.timers import every
from phase4_tui.tui.widgets.clocks import open_for
from phase4_tui.tui.widgets.lines import Lines, Row, paragraphs

NEXT = "next: "
ROOMY_COLUMNS, ROOMY_ROWS = 100, 30
MARKS = {"done": ("●", "$success"), "next": ("▶", "bold $accent"), "open": ("○", "$text-muted")}


class IncidentBlock(Lines):
    """As many lines as it has to say, none when all is well."""

    snapshot: var[Snapshot | None] = var(None)
    DEFAULT_CSS = """
    IncidentBlock { height: 0; padding: 0 1; }
    IncidentBlock.-bad { background: $error 12%; }
    IncidentBlock.-doubt { background: $warning 8%; }
    """

    def __init__(self, keys: Mapping[str, str]) -> None:
        super().__init__(id="incident")
        self._keys = keys

    def on_mount(self) -> None:
        """Begin to count."""
        every(1.0, self, self._tick)

    def on_resize(self) -> None:
        """Fit the lines to the new width."""
        self.watch_snapshot()

    def watch_snapshot(self) -> None:
        """Draw what is new."""
        snapshot = self.snapshot
        if snapshot is None:
            return
        columns, rows = self.app.size
        roomy = columns >= ROOMY_COLUMNS and rows >= ROOMY_ROWS
        shown = block_rows(snapshot, self._keys, max(columns - 2, 20), roomy=roomy)
        if self.styles.height is None or self.styles.height.value != len(shown):
            self.styles.height = len(shown)
        self.show(shown)
        self._tick()
        bad = snapshot.state.incident is not None or snapshot.level == "incident"
        self.set_class(bad, "-bad")
        self.set_class(not bad and snapshot.level != "ok" and snapshot.focus is not None, "-doubt")

    def _tick(self) -> None:
        """Let the incident's clock count up."""
        incident = self.snapshot.state.incident if self.snapshot else None
        self.show_corner(() if incident is None else ((open_for(incident), "bold $error"),))


def block_rows(snapshot: Snapshot, keys: Mapping[str, str], width: int, *, roomy: bool) -> list[Row]:
    """Return the lines of the block: four where there is room, else three; its clock stands in the corner."""
    incident, view = snapshot.state.incident, snapshot.focus
    if incident is not None:
        return _incident_rows(snapshot, incident, keys, width, roomy=roomy)
    if snapshot.closing is not None:
        return _closed(snapshot, keys, width, roomy=roomy)
    if view is None:
        return _fresh_rows(snapshot, keys)
    if snapshot.holder is not None and snapshot.holder.tag == view.tag:
        return [] if snapshot.next_move is None else [_next_row(snapshot, keys, width)]
    return _calm_rows(snapshot, view, keys, width, roomy=roomy)


def _incident_rows(
    snapshot: Snapshot, incident: Incident, keys: Mapping[str, str], width: int, *, roomy: bool
) -> list[Row]:
    rows = [
        _title(snapshot, incident, width),
        *_told(evidence_words(incident), width, 2 if roomy else 1),
    ]
    if roomy and snapshot.progress:
        rows.append(("  ", *progress_parts(snapshot)))
    rows.append(_next_row(snapshot, keys, width))
    return rows


def _title(snapshot: Snapshot, incident: Incident, width: int) -> Row:
    calls = [call for call in incident.escalations if call.owner == incident.owner]
    called = "" if not calls else ", has taken the call" if calls[-1].acknowledged_at else ", called"
    title = f"{SYMBOLS['incident']} {incident.severity_class or ''} {incident.rule.replace('_', ' ').upper()}"
    whose = f" · owner {incident.owner or 'none'}{called}"
    lease = f" · led by {clip(snapshot.lease.operator, 16)}" if snapshot.lease is not None else ""
    left: tuple[Part, ...] = ((title, "bold $error"), (f" · {clip(incident.tag, 40)}", "bold"), whose, lease)
    stage = "not contained" if incident.contained_at is None else f"contained after {_contained(incident)}"
    return spread(left, ((stage, "bold" if incident.contained_at is None else ""),), width - 9)


def _contained(incident: Incident) -> str:
    assert incident.contained_at is not None
    return duration((nanoseconds(incident.contained_at) - nanoseconds(incident.opened_at)) / 1e9)


def progress_parts(snapshot: Snapshot) -> tuple[Part, ...]:
    """Return how far the rollback is: `● freeze ── ▶ known-good ── ○ phase 3 …`."""
    parts: list[Part] = []
    for label, state in snapshot.progress:
        sign, style = MARKS[state]
        parts += [(" ── ", "$text-muted")] if parts else []
        parts.append((f"{sign} {label}", style))
    return tuple(parts)


def _told(texts: Sequence[str], width: int, rows: int) -> list[Row]:
    """Return texts side by side in at most so many rows; how many are left out is said."""
    found: list[str] = []
    left = list(texts)
    while left and len(found) < rows:
        line = left.pop(0)
        while left and len(line) + 4 + len(left[0]) <= width - 12:
            line += f"    {left.pop(0)}"
        found.append(clip(line, width - 12 if left else width - 2))
    if left:
        found[-1] += f"    + {len(left)} more"
    return [((f"  {line}", "bold"),) for line in found]


def _next_row(snapshot: Snapshot, keys: Mapping[str, str], width: int) -> Row:
    move = snapshot.next_move
    if move is None:
        return ()
    left: tuple[Part, ...] = (("  " + NEXT, "bold $accent"), (as_key(move, keys), "bold $accent"))
    guided = move.operation != "guided" and snapshot.state.incident is not None
    right: tuple[Part, ...] = ((f"{how('guided', keys)} guided rollback", "$accent"),) if guided else ()
    return spread(left, right, width)


def _closed(snapshot: Snapshot, keys: Mapping[str, str], width: int, *, roomy: bool) -> list[Row]:
    """Return how the last incident ended; where there is little room its title, its last time and the post-mortem."""
    from phase4_tui.tui.widgets.incident_lines import closed_rows  # noqa: PLC0415 - not for the first paint

    rows = closed_rows(snapshot.closing, keys, width)
    if not roomy:
        rows = [rows[0], *[row for row in rows if str(row[0][0]).strip() in ("recovered", "next")]]
    return [*rows, *([_next_row(snapshot, keys, width)] if snapshot.next_move is not None else [])]


def _fresh_rows(snapshot: Snapshot, keys: Mapping[str, str]) -> list[Row]:
    rows: list[Row] = [(("NO RUN YET", "bold"), f"   nothing was run in {clip(snapshot.reports, 60)} so far")]
    if snapshot.next_move is not None:
        rows.append(((f"  {NEXT}{as_key(snapshot.next_move, keys)}", "bold $accent"),))
    return rows


def _calm_rows(snapshot: Snapshot, view: TagView, keys: Mapping[str, str], width: int, *, roomy: bool) -> list[Row]:
    move, found = snapshot.next_move, view.classification
    ahead = [_next_row(snapshot, keys, width)] if move is not None else []
    if view.tag in snapshot.tampered:
        told = f"{SYMBOLS['tampered']} TAMPERED WITH"
        return [((told, "bold $error"), f" · the files of {clip(view.tag, 40)} are not what was frozen"), *ahead]
    if found.level == "ok":
        fallback: list[Row] = []
        if snapshot.state.evaluation_mode == "phase3_only":
            proof = paragraphs([(f"fallback: {snapshot.fallback}", "$warning")], width)
            fallback = [(line,) for line in proof]
        return [*fallback[: 2 if roomy else 1], *ahead]
    left = next((one for one in snapshot.state.quarantine if one.tag == view.tag), None)
    if left is not None:
        return [*_left_behind(snapshot, left), *ahead]
    word = found.severity_class or found.level.upper()
    owner = f" · owner {found.owner}" if found.owner else ""
    title: Row = (
        (f"{SYMBOLS[found.level]} {word} {found.rule.replace('_', ' ').upper()}", "bold $warning"),
        (f" · {clip(view.tag, 40)}", "bold"), f"{owner} · no incident open",
    )  # fmt: skip
    return [title, *_told(classification_words(found), width, 2 if roomy else 1), *ahead]


def _left_behind(snapshot: Snapshot, left: Quarantined) -> list[Row]:
    """Return that a tag was dealt with, and what took its place."""
    state = snapshot.state
    sign, tag = SYMBOLS["quarantined"], clip(left.tag, 40)
    rows: list[Row] = [
        ((f"{sign} QUARANTINED", "bold"), (f" · {tag}", "bold"), f" · left behind {moment(left.at)}: {left.reason}")
    ]
    if state.evaluation_mode == "phase4" and state.active_tag is not None:
        rows.append((f"  its incident is closed; Phase 4 was reopened on {clip(state.active_tag, 40)}",))
    return rows


def spread(left: Row, right: Row, width: int) -> Row:
    """Return a row with a part at its right end; without room for both the right one is left out."""
    taken, more = content(*left).cell_length, content(*right).cell_length
    if not more or taken + more + 2 > width:
        return left
    return (*left, " " * (width - taken - more), *right)
