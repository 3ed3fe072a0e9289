"""One health check as a live panel: word and symbol, what was found against what is expected, issues, file, age."""

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from phase4_tui.artifacts.clock import age, now_ns
from phase4_tui.runbook.health import Check
from phase4_tui.tui.snapshot import Snapshot, TagView
from phase4_tui.tui.text import SYMBOLS, clip, content, lines

TITLES = {
    "release_check": "RELEASE CHECK",
    "quality_check": "QUALITY CHECK",
    "monitoring": "MONITORING",
    "signoff": "SIGN-OFF",
}
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


class Age(Static):
    """How old a file is; it counts up by itself and draws nothing but itself."""

    def __init__(self) -> None:
        super().__init__("", markup=False, classes="age")
        self._modified_ns: int | None = None
        self._shown = ""

    def of(self, modified_ns: int | None) -> None:
        """Tell since when."""
        self._modified_ns = modified_ns
        self.tick()

    def tick(self) -> None:
        """Count up."""
        shown = "" if self._modified_ns is None else age((now_ns() - self._modified_ns) / 1e9)
        if shown != self._shown:
            self._shown = shown
            self.update(content((shown, "$text-muted")), layout=False)


class HealthPanel(Vertical):
    """The panel of one check."""

    snapshot: reactive[Snapshot | None] = reactive(None)

    def __init__(self, check: str) -> None:
        super().__init__(id=check.replace("_", "-"), classes="health")
        self._check = check
        self._drawn: object = None

    def compose(self) -> ComposeResult:
        """Title line with the age at its end, and the body."""
        with Vertical(classes="panel-top"):
            yield Static("", markup=False, classes="panel-title")
            yield Age()
        yield Static("", markup=False, classes="panel-body")

    def on_mount(self) -> None:
        """Begin to count."""
        self.set_interval(1.0, self._tick)

    def on_resize(self) -> None:
        """Fit the lines to the new width."""
        self._drawn = None
        self._draw()

    def watch_snapshot(self) -> None:
        """Draw what is new."""
        self._draw()

    def _tick(self) -> None:
        self.query_one(Age).tick()

    def _draw(self) -> None:
        snapshot = self.snapshot
        if not self.is_mounted or snapshot is None:
            return
        view = snapshot.focus
        check: Check | None = getattr(view.health, self._check) if view else None
        self.query_one(Age).of(check.modified_ns if check else None)
        drawn = (view and view.tag, check, self.size, view and (view.alerts, view.signoff, view.missing))
        if drawn == self._drawn:
            return
        self._drawn = drawn
        title, body = self._content(view, check)
        self.query_one(".panel-title", Static).update(title, layout=False)
        self.query_one(".panel-body", Static).update(body, layout=False)
        for level in ("good", "bad", "doubt"):
            self.set_class(level == _level(check), f"-{level}")

    def _content(self, view: TagView | None, check: Check | None) -> tuple[Content, Content]:
        name = TITLES[self._check]
        if view is None or check is None:
            return content((f"{name}  ", "bold"), ("○ NO TAG", "$warning")), content("`r` runs the sequence")
        word = check.state.upper().replace("_", " ")
        if self._check == "monitoring" and check.state == "alert":
            word += " HIGH" if any(alert[3] == "HIGH" for alert in view.alerts) else ""
        title = content((f"{name}  ", "bold"), (f"{SYMBOLS[check.state]} {word}", STYLES[check.state]))
        width = max(self.content_size.width, 10)
        return title, lines([(clip(text, width), style)] for text, style in self._rows(view, check, width))

    def _rows(self, view: TagView, check: Check, width: int) -> list[tuple[str, str]]:
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
    cells = BAR_CELLS if width > 44 else 0
    filled = min(round(cells * value / 100), cells) if cells else 0
    bar = f" {'▇' * filled}{'░' * (cells - filled)}" if cells else ""
    text = f"{severity} {metric.removesuffix('_pct')} {value:g}{bar} limit {threshold:g} {value - threshold:+.1f}"
    return text, "$error" if severity == "HIGH" else "$warning"


def _level(check: Check | None) -> str:
    if check is None or check.state in ("absent", "writing", "stale", "alert"):
        return "doubt"
    return "good" if check.ok else "bad"
