"""One health check as a live panel: state, actual and expected values, issues, file, age."""

from collections.abc import Mapping, Sequence

from textual.containers import Grid
from textual.reactive import var

from phase4_tui.artifacts.clock import age, now_ns
from phase4_tui.console.facts.snapshot import Snapshot, TagView
from phase4_tui.console.remedies import how
from phase4_tui.console.symbols import SYMBOLS
from phase4_tui.policy.monitoring import SEVERITIES
from phase4_tui.runbook.check_words import check_reasons, check_words, state_word
from phase4_tui.runbook.checks import CheckEntry
from phase4_tui.runbook.health import Check
from phase4_tui.tui.text import clip, content
from phase4_tui.tui.timers import every
from phase4_tui.tui.widgets.artifact_panel import ArtifactPanel
from phase4_tui.tui.widgets.boxes import QUIET, Box
from phase4_tui.tui.widgets.kpi_rows import kpi_rows
from phase4_tui.tui.widgets.lines import Row, paragraphs

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
FRAMES = {"bad": "bold $error", "doubt": "$warning", "good": QUIET}
TITLE_CELLS = 8
ROOMY = 38
MOST_ROWS = 12
FRESH_SECONDS, COARSE_SECONDS = 60, 5
"""An age of less than a minute counts up in fives: over a slow link each repaint is felt."""
SHORT = {
    "output schema": "schema",
    "score and sizing": "sizing",
    "event and portfolio policy": "policy",
    "scores and confidence": "scores",
    "conflict policy": "conflict",
    "memory policy": "memory",
}
"""Short names of sections, since the full ones leave no room for the issues."""


class HealthPanels(Grid):
    """The panels of all checks at their natural height, as many rows each as the screen has for them."""

    DEFAULT_CSS = "HealthPanels { height: auto; grid-size: 2; grid-columns: 6fr 5fr; grid-rows: auto; }"

    def __init__(self, *panels: "HealthPanel") -> None:
        super().__init__(*panels, id="health")
        self._panels = panels

    def fit(self, width: int, height: int) -> None:
        """Choose frames, columns and the most rows of a panel for a screen of that size."""
        panels = self._panels
        framed = width >= 100 and height >= 30
        columns = 2 if framed or width >= 100 or 2 * len(panels) > height - 8 else 1
        self.styles.grid_size_columns = columns
        self.styles.grid_gutter_vertical = 1 if framed else 0
        self.styles.grid_columns = "6fr 5fr" if framed else "1fr"
        rows = -(-len(panels) // columns)
        most = min(max((height - 16) // rows - 2, 1), MOST_ROWS) if framed else 1
        for panel in panels:
            panel.fit(framed=framed, rows=most)


class HealthPanel(ArtifactPanel, Box):
    """The panel of one check; its age counts up by itself."""

    snapshot: var[Snapshot | None] = var(None)

    def __init__(self, entry: CheckEntry, keys: Mapping[str, str]) -> None:
        super().__init__(id=f"{'own-' if entry.is_own else ''}{entry.name.replace('_', '-')}", classes="health")
        self._entry = entry
        self._keys = keys
        self._most = MOST_ROWS

    def on_mount(self) -> None:
        """Begin to count."""
        every(1.0, self, self._tick)

    def on_resize(self) -> None:
        """Fit the lines to the new width."""
        self._draw()

    def fit(self, *, framed: bool, rows: int) -> None:
        """Take a frame or not, and at most so many rows."""
        if (framed, rows) != (self.framed, self._most):
            self.framed, self._most = framed, rows
            self._draw()

    def watch_snapshot(self) -> None:
        """Draw what is new."""
        self._draw()

    def artifact(self) -> str | None:
        """Return the file that is judged."""
        check = self._found()
        return check.file if check else None

    def _tick(self) -> None:
        check = self._found()
        self.show_age("" if check is None or check.modified_ns is None else _age_of(check.modified_ns))

    def _found(self) -> Check | None:
        view = self.snapshot.focus if self.snapshot else None
        return view.health.checks.get(self._entry.name) if view else None

    def _draw(self) -> None:
        if self.snapshot is None or self.snapshot.focus is None:
            return
        check, view = self._found(), self.snapshot.focus
        self._tick()
        if check is None:  # one of the desk's own, on a tag of Phase 3
            self.fill(self._heading(f"{SYMBOLS['not_applicable']} not in Phase {view.phase}", "$text-muted"), ())
            return
        wait = _waits_for(self.snapshot, view, check)
        if wait is not None:
            self.fill(self._heading(f"{SYMBOLS['not_run']} waiting", "$text-muted"), [((wait, "$text-muted"),)])
            return
        width = self.inner_width
        more = f"… {how('audit', self._keys)} shows all"
        most = self.app.size.height if self.is_maximized else self._most
        body = fitted(_body(self._entry.name, self.snapshot, view, check, width, most), width, most, more)
        self.fill(self._heading(f"{SYMBOLS[check.state]} {_word(check, view)}", STYLES[check.state]), body,
                  FRAMES[_level(check)])  # fmt: skip

    def _heading(self, state: str, style: str) -> Row:
        """Return the title, with room for the state after it."""
        title = clip(self._entry.title.upper(), max(self.inner_width - len(state) - 2, TITLE_CELLS))
        return ((f"{title} ", "bold"), (state, style))


def _age_of(modified_ns: int) -> str:
    seconds = (now_ns() - modified_ns) / 1e9
    return age(seconds // COARSE_SECONDS * COARSE_SECONDS if 0 <= seconds < FRESH_SECONDS else seconds)


def _word(check: Check, view: TagView) -> str:
    word = state_word(check.state)
    if check.state in ("passed", "present", "not_applicable"):
        return word
    high = check.state == "alert" and any(alert[3] == "HIGH" for alert in view.alerts)
    return word.upper() + (" HIGH" if high else "")


def _waits_for(snapshot: Snapshot, view: TagView, check: Check) -> str | None:
    """Return which step of the run under way writes a check's file, which is not there yet; else None."""
    if snapshot.holder is None or snapshot.holder.tag != view.tag or check.state != "absent":
        return None
    name = check.file.rpartition("/")[2]
    suffix = name.removeprefix(view.tag)
    step = next((one for one in snapshot.sequence if suffix in one.artifacts), None)
    return None if step is None else f"waiting for step {step.number}, {step.name}"


def _body(name: str, snapshot: Snapshot, view: TagView, check: Check, width: int, height: int) -> list[Row]:
    """Return the rows under the title, the most important first."""
    if check.state == "not_applicable":
        return [((check_words(check), "$text-muted"),)]
    rows: list[Row] = []
    issues = check_reasons(check)
    if name == "monitoring" and check.state in ("ok", "alert"):
        rows += kpi_rows(snapshot.rules, view, snapshot.rows, width, height)
        issues = [issue for issue in issues if issue.partition(" ")[0] not in SEVERITIES]  # shown as bars
    if name == "signoff" and check.ok:
        rows.append(((_signoff(view), "bold $error" if view.signoff == "NO-GO" else ""),))
    rows += [((f"· {_shortened(issue)}", ""),) for issue in issues]
    quiet = "$text-muted" if rows else ""
    words, name = check_words(check), check.file.rpartition("/")[2]
    counts_bars = bool(rows) and check.found == "status=ALERT"  # each alert is a bar already
    if words and not counts_bars and (not check.ok or not rows):
        rows.append(((words, quiet),))
    if not check.ok and not view.alerts and name not in words:
        rows.append(((name, "$text-muted"),))
    return rows


def _shortened(issue: str) -> str:
    section, colon, rest = issue.partition(": ")
    return f"{SHORT.get(section, section)}{colon}{rest}"


def _signoff(view: TagView) -> str:
    recommended = view.signoff or "no recommendation"
    return f"{recommended} · engineering ☐ risk ☐ product ☐"


def fitted(rows: Sequence[Row], width: int, height: int, more: str) -> list[Row]:
    """Return rows cut to `height`, texts wrapped; where what matters is cut off, the last one ends with `more`."""
    found: list[Row] = []
    for row in rows:
        part = row[0]
        if len(row) == 1 and not isinstance(part, str):
            found += [(line,) for line in paragraphs([part], width)]
        else:
            found.append(row)
    shown = found[:height]
    if any(_style(row) != "$text-muted" for row in found[height:]):
        end = more if width >= ROOMY else "…"
        shown[-1] = ((f"{clip(content(*shown[-1]).plain, width - len(end)).rstrip('…')}{end}", _style(shown[-1])),)
    return shown


def _style(row: Row) -> str:
    return "" if isinstance(row[0], str) else row[0][1]


def _level(check: Check) -> str:
    if check.state in ("absent", "writing", "stale", "alert"):
        return "doubt"
    return "good" if check.ok else "bad"
