"""One health check as a live panel: word and symbol, what was found against what is expected, issues, file, age."""

from textual.reactive import var

from phase4_tui.artifacts.clock import age, now_ns
from phase4_tui.runbook.health import Check
from phase4_tui.runbook.symbols import SYMBOLS, TITLES
from phase4_tui.tui.snapshot import Snapshot, TagView
from phase4_tui.tui.text import clip
from phase4_tui.tui.widgets.lines import Lines, Row

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
BAR_CELLS = 10


class HealthPanel(Lines):
    """The panel of one check; its age counts up by itself."""

    snapshot: var[Snapshot | None] = var(None)

    def __init__(self, check: str) -> None:
        super().__init__(id=check.replace("_", "-"), classes="health")
        self._check = check

    def on_mount(self) -> None:
        """Begin to count."""
        self.set_interval(1.0, self._tick)

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
        found: Check | None = getattr(view.health, self._check) if view else None
        return found

    def _draw(self) -> None:
        if self.snapshot is None:
            return
        check = self._found()
        self.show(self._content(self.snapshot.focus, check))
        self._tick()
        for level in ("bad", "doubt"):
            self.set_class(level == _level(check), f"-{level}")

    def _content(self, view: TagView | None, check: Check | None) -> list[Row]:
        name = (f"{TITLES[self._check]}  ", "bold")
        if view is None or check is None:
            return [(name, ("○ NO TAG", "$warning")), ("`r` runs the sequence",)]
        word = check.state.upper().replace("_", " ")
        if self._check == "monitoring" and check.state == "alert":
            word += " HIGH" if any(alert[3] == "HIGH" for alert in view.alerts) else ""
        width = max(self.content_size.width, 10)
        body = [((clip(text, width), style),) for text, style in self._rows_of(view, check, width)]
        return [(name, (f"{SYMBOLS[check.state]} {word}", STYLES[check.state])), *body]

    def _rows_of(self, view: TagView, check: Check, width: int) -> list[tuple[str, str]]:
        rows: list[tuple[str, str]] = []
        if self._check == "monitoring":
            rows += [_alert_row(alert, width) for alert in view.alerts]
        if self._check == "signoff" and check.ok:
            rows.append((_signoff(view), "$error" if view.signoff == "NO-GO" else ""))
        if not check.ok and check.found not in (check.expected, check.state):
            rows.append((f"found {check.found}, expected {check.expected}", ""))
        elif not rows:
            rows.append((check.found if check.ok else f"expected {check.expected}", "$text-muted" if check.ok else ""))
        rows += [(f"· {issue}", "") for issue in check.issues]
        rows.append((check.file.rpartition("/")[2], "$text-muted"))
        return rows


def _signoff(view: TagView) -> str:
    recommended = view.signoff or "no recommendation"
    return f"{recommended} · engineering ☐ risk ☐ product ☐"


def _alert_row(alert: tuple[str, object, object, str], width: int) -> tuple[str, str]:
    """Return an alert as metric, value, a bar up to the limit, and by how much it is past."""
    metric, value, threshold, severity = alert
    if not isinstance(value, int | float) or not isinstance(threshold, int | float):
        return f"{severity} {metric} {value}", "$error" if severity == "HIGH" else "$warning"
    start, end = f"{severity} {metric.removesuffix('_pct')} {value:g}", f" limit {threshold:g} {value - threshold:+.1f}"
    cells = min(BAR_CELLS, width - len(start) - len(end) - 1)
    filled = min(round(cells * value / 100), cells) if cells > 2 else 0
    bar = f" {'▇' * filled}{'░' * (cells - filled)}" if cells > 2 else ""
    text = start + bar + end
    return text, "$error" if severity == "HIGH" else "$warning"


def _level(check: Check | None) -> str:
    if check is None or check.state in ("absent", "writing", "stale", "alert"):
        return "doubt"
    return "good" if check.ok else "bad"
