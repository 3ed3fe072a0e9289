"""One health check as a live panel: state, actual and expected values, issues, file, age."""

from collections.abc import Mapping, Sequence

from textual.containers import Grid
from textual.geometry import Size
from textual.reactive import var

from phase4_tui.artifacts.clock import age, now_ns
from phase4_tui.console.facts.snapshot import Snapshot, TagView
from phase4_tui.console.operations.availability import RUN
from phase4_tui.console.remedies import as_keys, how
from phase4_tui.console.symbols import SYMBOLS
from phase4_tui.policy.monitoring import SEVERITIES
from phase4_tui.runbook.checks import CheckEntry
from phase4_tui.runbook.health import Check
from phase4_tui.tui.text import Part, clip
from phase4_tui.tui.timers import every
from phase4_tui.tui.widgets.kpi_rows import kpi_rows
from phase4_tui.tui.widgets.lines import Lines, Row, paragraphs

STYLES = {
    "passed": "$success",
    "ok": "$success",
    "present": "$success",
    "failed": "bold $error",
    "alert": "bold $warning",
    "absent": "$warning",
    "unreadable": "bold $error",
    "writing": "$warning",
    "stale": "$warning",
    "not_applicable": "$text-muted",
}
ROOMY_ROWS = 2
TITLE_CELLS = 8
ROOMY = 38
SHORT = {
    "output_schema_valid": "schema",
    "score_and_sizing_valid": "sizing",
    "event_and_portfolio_policy_enforced": "policy",
    "scores_and_confidence_valid": "scores",
    "conflict_policy_enforced": "conflict",
    "memory_policy_valid": "memory",
}
"""Short names of sections, since the full ones leave no room for the issues."""


class HealthPanels(Grid):
    """The panels of all checks, two in a row; with more than the runbook's four each gets fewer lines."""

    def __init__(self, *panels: "HealthPanel") -> None:
        super().__init__(*panels, id="health")
        rows = -(-len(panels) // 2)
        self.styles.grid_size_columns, self.styles.grid_size_rows = 2, rows
        self.set_class(rows > ROOMY_ROWS, "-many")
        if len(panels) % 2:
            panels[-1].styles.column_span = 2


class HealthPanel(Lines):
    """The panel of one check; its age counts up by itself."""

    snapshot: var[Snapshot | None] = var(None)

    def __init__(self, entry: CheckEntry, keys: Mapping[str, str]) -> None:
        super().__init__(id=f"{'own-' if entry.is_own else ''}{entry.name.replace('_', '-')}", classes="health")
        self._entry = entry
        self._keys = keys

    def on_mount(self) -> None:
        """Begin to count."""
        every(1.0, self, self._tick)

    def on_resize(self) -> None:
        """Fit the lines to the new width."""
        self._draw()

    def watch_snapshot(self) -> None:
        """Draw what is new."""
        self._draw()

    def _tick(self) -> None:
        check = self._found()
        modified_ns = check.modified_ns if check else None
        shown = "" if modified_ns is None else age((now_ns() - modified_ns) / 1e9)
        self.show_corner(((shown, "$text-muted"),))

    def _found(self) -> Check | None:
        view = self.snapshot.focus if self.snapshot else None
        return view.health.checks.get(self._entry.name) if view else None

    def _draw(self) -> None:
        if self.snapshot is None:
            return
        check = self._found()
        self.show(self._content(self.snapshot, check))
        self._tick()
        level = _level(check) if check is not None or self.snapshot.focus is None else "good"
        for one in ("bad", "doubt"):
            self.set_class(one == level, f"-{one}")

    def _content(self, snapshot: Snapshot, check: Check | None) -> list[Row]:
        view = snapshot.focus
        if view is None:
            return [(self._heading(""), ("○ NO TAG", "$warning")), (as_keys("", (RUN,), self._keys),)]
        if check is None:  # one of the desk's own, on a tag of Phase 3
            return [(self._heading(""), (f"{SYMBOLS['not_applicable']} NOT IN PHASE {view.phase}", "$text-muted"))]
        word = check.state.upper().replace("_", " ")
        if self._entry.name == "monitoring" and check.state == "alert":
            word += " HIGH" if any(alert[3] == "HIGH" for alert in view.alerts) else ""
        size = self.content_size
        rows = _body(self._entry.name, snapshot, view, check, size)
        more = f"… {how('audit', self._keys)} shows all"
        body = fitted(rows, max(size.width, 10), max(size.height - 1, 1), more)
        return [(self._heading(word), (f"{SYMBOLS[check.state]} {word}", STYLES[check.state])), *body]

    def _heading(self, word: str) -> Part:
        """Return the title, with room for the state after it."""
        title, width = self._entry.title.upper(), self.content_size.width
        if width:  # zero before the first layout
            title = clip(title, max(width - len(word) - 4, TITLE_CELLS))
        return f"{title}  ", "bold"


def _body(name: str, snapshot: Snapshot, view: TagView, check: Check, size: Size) -> list[tuple[str, str]]:
    """Return the lines under the title, the most important first."""
    if check.state == "not_applicable":
        return [(check.expected, "$text-muted")]
    rows: list[tuple[str, str]] = []
    issues = list(check.issues)
    if name == "monitoring" and check.state in ("ok", "alert"):
        rows += kpi_rows(snapshot.rules, view, size.width, size.height - 1)
        issues = [issue for issue in issues if issue.partition(" ")[0] not in SEVERITIES]  # shown as bars
    if name == "signoff" and check.ok:
        rows.append((_signoff(view), "$error" if view.signoff == "NO-GO" else ""))
    rows += [(f"· {_shortened(issue)}", "") for issue in issues]
    if not check.ok and check.found not in (check.expected, check.state):
        rows.append((f"found {check.found}, expected {check.expected}", "$text-muted" if rows else ""))
    elif not check.ok:
        rows.append((f"expected {check.expected}", "$text-muted" if rows else ""))
    elif check.detail or not rows:
        rows.append((check.detail or check.found, ""))
    rows.append((check.file.rpartition("/")[2], "$text-muted"))
    if check.ok and check.detail:
        rows.append((check.found, "$text-muted"))
    return rows


def _shortened(issue: str) -> str:
    section, colon, rest = issue.partition(": ")
    return f"{SHORT.get(section, section)}{colon}{rest}"


def _signoff(view: TagView) -> str:
    recommended = view.signoff or "no recommendation"
    return f"{recommended} · engineering ☐ risk ☐ product ☐"


def fitted(rows: Sequence[tuple[str, str]], width: int, height: int, more: str) -> list[Row]:
    """Return texts wrapped to `height` lines; where what matters is cut off, the last one ends with `more`."""
    found = paragraphs(rows, width)
    shown = found[:height]
    if any(style != "$text-muted" for _, style in found[height:]):
        (line, style), end = shown[-1], more if width >= ROOMY else "…"
        shown[-1] = (f"{clip(line, width - len(end)).rstrip('…')}{end}", style)
    return [(part,) for part in shown]


def _level(check: Check | None) -> str:
    if check is None or check.state in ("absent", "writing", "stale", "alert"):
        return "doubt"
    return "good" if check.ok else "bad"
