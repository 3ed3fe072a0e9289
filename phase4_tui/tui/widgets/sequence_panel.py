"""The sequence: each step's state, and the running step's output."""

from collections.abc import Mapping

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.reactive import var

from phase4_tui.console.facts.events import OutputArrived
from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.console.next_move_text import as_key
from phase4_tui.console.operations.registry import BY_ID, why_not
from phase4_tui.console.remedies import as_keys, how
from phase4_tui.console.symbols import SYMBOLS
from phase4_tui.runbook.provenance import COMPLETE, StepRecord
from phase4_tui.runbook.steps import PHASE3_STEPS
from phase4_tui.tui.text import clip
from phase4_tui.tui.widgets.incident_panel import clock
from phase4_tui.tui.widgets.lines import Lines, paragraphs, wrapped
from phase4_tui.tui.widgets.output import Output

MAX_LINES = 2000
STEP_ROWS, MOST_ROWS = 3, 8
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

    snapshot: var[Snapshot | None] = var(None)
    DEFAULT_CSS = """
    SequencePanel #steps { height: 3; }
    SequencePanel Output.-past { color: $foreground 65%; }
    """

    def __init__(self, keys: Mapping[str, str]) -> None:
        super().__init__(id="sequence")
        self._keys = keys
        self._lines: list[str] = []
        self._frame = ""
        self._following = True
        self._flushing = False
        self._progress = ""

    def compose(self) -> ComposeResult:
        """Steps, progress, output."""
        yield Lines(id="steps")
        yield Output(id="output")

    def on_resize(self) -> None:
        """Fit the steps to the new width."""
        self._draw()

    def watch_snapshot(self) -> None:
        """Draw what is new."""
        snapshot = self.snapshot
        if snapshot is None or not self.is_mounted:
            return
        if snapshot.holder is None:
            self._progress = ""
        self.query_one(Output).set_class(snapshot.holder is None, "-past")
        self._draw()

    def take(self, output: OutputArrived) -> None:
        """Queue output to be shown soon."""
        if output.page:
            self._lines, self._progress = [], ""
            self.query_one(Output).clear()
        if output.fresh:
            self._lines.append(f"── {output.title}")
        self._lines += output.lines[-MAX_LINES:]
        del self._lines[:-MAX_LINES]
        self._frame = output.frame
        if not self._flushing:
            self._flushing = True
            self.set_timer(FLUSH_SECONDS, self._flush)
        running = self.snapshot is not None and self.snapshot.holder is not None
        if output.progress is not None and running:
            done, total = output.progress.get("bytes", 0), output.progress.get("total_bytes", 0)
            share = f"{100 * done / total:3.0f} % · " if total else ""
            self._progress = f"{share}{output.progress.get('records', 0):,} records"
            self._draw()

    def toggle(self) -> bool:
        """Stop following, or follow again; return whether it follows now."""
        self._following = not self._following
        self._flush()
        self._draw()
        return self._following

    def _draw(self) -> None:
        if self.snapshot is None or not self.is_mounted:
            return
        steps, size = self.query_one(Lines), self.content_size
        width = max(size.width, 20)
        note = self._progress if self._following else f"paused: {how('pause', self._keys)} follows again"
        rows = wrapped([*step_parts(self.snapshot, self._keys), (note, "$accent")], width, STEP_ROWS)
        more = paragraphs([*error_parts(self.snapshot), *precondition_parts(self.snapshot, self._keys)], width)
        rows += [(part,) for part in more]
        del rows[max(min(size.height - 2, MOST_ROWS), STEP_ROWS) :]
        if steps.styles.height is None or steps.styles.height.value != max(len(rows), STEP_ROWS):
            steps.styles.height = max(len(rows), STEP_ROWS)
        steps.show(rows)

    def _flush(self) -> None:
        self._flushing = False
        if self._following:
            lines, self._lines = self._lines, []
            self.query_one(Output).add(lines, self._frame)


def step_parts(snapshot: Snapshot, keys: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the steps of the run under way, else of the shown tag's last run, each with its state."""
    run = snapshot.run
    parts: list[tuple[str, str]] = [("SEQUENCE  ", "bold")]
    if run is None:
        steps = PHASE3_STEPS if snapshot.state.evaluation_mode == "phase3_only" else snapshot.sequence
        names = [(f"{step.number} {step.name}  ", "$text-muted") for step in steps]
        return [*parts, *names, ("no run of this tag is on record  ", "$text-muted")]
    if snapshot.holder is not None:
        own = why_not(BY_ID["cancel"], snapshot) is None
        cancel = f", {how('cancel', keys)} cancels" if own else ""
        parts.append((f"{clip(snapshot.holder.operator, 20)} runs {clip(run.tag, 30)}{cancel}  ", "$accent"))
    elif run.state == "interrupted" or any(step.state not in COMPLETE for step in run.steps):
        move = snapshot.next_move
        parts.append((f"stopped{f', next: {as_key(move, keys)}' if move else ''}  ", "bold $warning"))
    numbers = {step.name: step.number for step in snapshot.sequence}  # a step of Phase 3 has the same numbers
    for step in run.steps:
        state = "cancelled" if step.state == "running" and snapshot.holder is None else step.state
        parts.append(
            (f"{numbers.get(step.name, '')} {step.name} {SYMBOLS[state]}{_told(step, state)}  ", STYLES[state])
        )
    return parts


def error_parts(snapshot: Snapshot) -> list[tuple[str, str]]:
    """Return the error of the last step that broke, else that of the run."""
    run = snapshot.run
    if run is None:
        return []
    errors = [("run", run.error), *((step.name, step.error) for step in run.steps)]
    told = [(name, error) for name, error in errors if error]
    return [(f"{SYMBOLS['failed']} {name}: {clip(error, 400)}", "$error") for name, error in told[-1:]]


def precondition_parts(snapshot: Snapshot, keys: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the unmet preconditions; if all hold, that and the isolation barrier."""
    found = [one for one in snapshot.preconditions if one.name != "artifacts" or snapshot.holder is None]
    wrong = [one for one in found if not one.ok]
    if wrong:
        told = [(one.name.replace("_", " "), as_keys(one.detail, one.remedies, keys)) for one in wrong]
        return [(f"{SYMBOLS['warning']} {name}: {detail}", "bold $warning") for name, detail in told]
    barrier = next((one.detail for one in found if one.name == "isolation"), None)
    if barrier is None:
        return []
    return [(f"{SYMBOLS['ok']} preconditions hold · {barrier.partition(' holds')[0]}", "$text-muted")]


def _told(step: StepRecord, state: str) -> str:
    if state == "failed_gate":
        return f" exit {step.exit_code}" if step.exit_code else " not passed"
    if state == "running" and step.started_at is not None:
        return f" {clock(step.started_at, None)}"
    return f" {step.seconds:.1f}s" if step.seconds else ""
