"""The sequence: each step's state, and the running step's output as it is written."""

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.reactive import reactive
from textual.widgets import Log, Static

from phase4_tui.runbook.provenance import RunRecord
from phase4_tui.runbook.steps import steps_of
from phase4_tui.tui.messages import OutputArrived
from phase4_tui.tui.snapshot import Snapshot
from phase4_tui.tui.text import SYMBOLS, Part, clip, content

MAX_LINES = 2000
FLUSH_SECONDS = 0.1
STYLES = {
    "passed": "$success",
    "failed_gate": "bold $error",
    "crashed": "bold $error",
    "timed_out": "bold $error",
    "cancelled": "$warning",
    "running": "bold $primary",
    "not_run": "$text-muted",
}


class SequencePanel(Vertical):
    """Steps and output."""

    snapshot: reactive[Snapshot | None] = reactive(None)
    DEFAULT_CSS = """
    SequencePanel #steps { height: auto; }
    SequencePanel #progress { height: 1; color: $text-muted; }
    SequencePanel Log { height: 1fr; background: $surface; }
    """

    def __init__(self) -> None:
        super().__init__(id="sequence")
        self._lines: list[str] = []
        self._following = True
        self._progress = ""
        self._drawn: object = None

    def compose(self) -> ComposeResult:
        """Steps, progress, output."""
        yield Static("", id="steps", markup=False)
        yield Static("", id="progress", markup=False)
        yield Log(max_lines=MAX_LINES, id="output")

    def on_mount(self) -> None:
        """Write what arrived, a few times a second."""
        self.set_interval(FLUSH_SECONDS, self._flush)

    def watch_snapshot(self) -> None:
        """Draw what is new."""
        snapshot = self.snapshot
        if snapshot is None or not self.is_mounted:
            return
        parts = step_parts(snapshot)
        if parts != self._drawn:
            self._drawn = parts
            self.query_one("#steps", Static).update(content(*parts))
        if snapshot.holder is None and self._progress:
            self._progress = ""
            self._say("")

    def take(self, message: OutputArrived) -> None:
        """Take output to show it soon."""
        if message.fresh:
            self._lines.append(f"── {message.title}")
        self._lines += message.lines[-MAX_LINES:]
        del self._lines[:-MAX_LINES]
        if message.progress is not None:
            done, total = message.progress.get("bytes", 0), message.progress.get("total_bytes", 0)
            share = f"{100 * done / total:3.0f} % · " if total else ""
            self._progress = f"{share}{message.progress.get('records', 0):,} records"
            self._say(self._progress)

    def toggle(self) -> bool:
        """Stop following, or follow again; return whether it follows now."""
        self._following = not self._following
        self._say("" if self._following else "paused: space follows again")
        return self._following

    def _say(self, text: str) -> None:
        self.query_one("#progress", Static).update(content((text, "$accent")), layout=False)

    def _flush(self) -> None:
        if self._lines and self._following:
            lines, self._lines = self._lines, []
            self.query_one(Log).write_lines(lines, scroll_end=True)


def step_parts(snapshot: Snapshot) -> list[Part]:
    """Return the steps of the run under way, else of the shown tag's last run, each with its state."""
    run = snapshot.run
    parts: list[Part] = [("SEQUENCE  ", "bold")]
    if run is None:
        steps = steps_of(3 if snapshot.state.evaluation_mode == "phase3_only" else 4)
        names = "  ".join(f"{step.number} {step.name}" for step in steps)
        return [*parts, (f"{names}  no run of this tag is on record", "$text-muted")]
    if snapshot.holder is not None:
        parts.append((f"{clip(snapshot.holder.operator, 20)} runs {clip(run.tag, 30)}  ", "$accent"))
    elif run.state == "interrupted" or any(step.state in ("cancelled", "not_run", "running") for step in run.steps):
        parts.append(("stopped: R resumes  ", "bold $warning"))
    for number, step in enumerate(run.steps, 1):
        state = "cancelled" if step.state == "running" and snapshot.holder is None else step.state
        told = _told(run, number - 1)
        parts.append((f"{number} {step.name} {SYMBOLS[state]}{told}  ", STYLES[state]))
    errors = [step for step in run.steps if step.error]
    if errors:
        parts.append((f"\n{SYMBOLS['failed']} {errors[-1].name}: {clip(errors[-1].error or '', 160)}", "$error"))
    return parts


def _told(run: RunRecord, index: int) -> str:
    step = run.steps[index]
    if step.state == "failed_gate":
        return f" exit {step.exit_code}" if step.exit_code else " not passed"
    return f" {step.seconds:.1f}s" if step.seconds else ""
