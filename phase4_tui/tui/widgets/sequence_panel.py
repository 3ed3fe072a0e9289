"""The last run on one line, and the output of its steps under it: open while a step runs, folded until asked for."""

from collections.abc import Mapping

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.reactive import var

from phase4_tui.artifacts.clock import duration, nanoseconds
from phase4_tui.console.facts.events import OutputArrived
from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.console.next_move_text import as_key
from phase4_tui.console.operations.registry import BY_ID, why_not
from phase4_tui.console.remedies import as_keys, how
from phase4_tui.console.symbols import SYMBOLS
from phase4_tui.runbook.provenance import COMPLETE, RunRecord, StepRecord
from phase4_tui.runbook.steps import PHASE3_STEPS
from phase4_tui.tui.text import clip
from phase4_tui.tui.timers import every
from phase4_tui.tui.widgets.clocks import clock
from phase4_tui.tui.widgets.lines import Lines, paragraphs, wrapped
from phase4_tui.tui.widgets.output import Output

MAX_LINES = 2000
STEP_ROWS, MOST_ROWS = 3, 8
ENDED = "· ended "
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
    SequencePanel { height: auto; }
    SequencePanel.-open { height: 1fr; min-height: 4; }
    SequencePanel #steps { height: 1; }
    SequencePanel Output { display: none; }
    SequencePanel.-open Output { display: block; }
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
        self._asked: bool | None = None
        """Whether the operator opened or folded the output of the run that is shown; None for neither."""
        self._of: str | None = None

    def compose(self) -> ComposeResult:
        """Steps, progress, output."""
        yield Lines(id="steps")
        yield Output(id="output")

    def on_mount(self) -> None:
        """Let the running step's clock count up."""
        every(1.0, self, self._tick)

    def on_resize(self) -> None:
        """Fit the steps to the new width."""
        self._draw()

    def watch_snapshot(self) -> None:
        """Draw what is new."""
        snapshot = self.snapshot
        if snapshot is None or not self.is_mounted:
            return
        run = snapshot.run.run_id if snapshot.run else None
        if run != self._of:
            self._of, self._asked = run, None
        if snapshot.holder is None:
            self._progress, self._following = "", True
        self.query_one(Output).set_class(snapshot.holder is None, "-past")
        self._draw()

    @property
    def is_open(self) -> bool:
        """True while the output is shown: as asked for, else while a step runs and after a run that broke."""
        snapshot = self.snapshot
        if self._asked is not None or snapshot is None:
            return bool(self._asked)
        return snapshot.holder is not None or is_broken(snapshot)

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

    def toggle(self) -> None:
        """Stop following the output of a step that runs, or follow it again; else open the output or fold it."""
        if self.snapshot is not None and self.snapshot.holder is not None and self.is_open:
            self._following = not self._following
            self._flush()
        else:
            self._asked = not self.is_open
        self._draw()

    def _tick(self) -> None:
        if self.snapshot is not None and self.snapshot.holder is not None:
            self._draw()

    def _draw(self) -> None:
        if self.snapshot is None or not self.is_mounted:
            return
        self.set_class(self.is_open, "-open")
        steps = self.query_one(Lines)
        width = max(self.content_size.width, 20)
        parts = [*step_parts(self.snapshot, self._keys), (self._note(), "$accent")]
        if sum(len(text) for text, _ in parts) > width:
            parts = [part for part in parts if not part[0].startswith(ENDED)]
        rows = wrapped(parts, width, STEP_ROWS)
        more = paragraphs([*error_parts(self.snapshot), *precondition_parts(self.snapshot, self._keys)], width)
        rows += [(part,) for part in more]
        del rows[MOST_ROWS:]
        if steps.styles.height is None or steps.styles.height.value != len(rows):
            steps.styles.height = len(rows)
        steps.show(rows)

    def _note(self) -> str:
        if not self._following:
            return f"paused: {how('pause', self._keys)} follows again"
        if self._progress or self.snapshot is None or self.snapshot.run is None:
            return self._progress
        does = "output" if not self.is_open else "folds" if self.snapshot.holder is None else "pauses"
        return f"{how('pause', self._keys)} {does}"

    def _flush(self) -> None:
        self._flushing = False
        if self._following:
            lines, self._lines = self._lines, []
            self.query_one(Output).add(lines, self._frame)


def is_broken(snapshot: Snapshot) -> bool:
    """True when the shown run was stopped before its end, or a step of it broke."""
    run = snapshot.run
    if run is None or snapshot.holder is not None:
        return False
    return run.state == "interrupted" or any(step.state not in COMPLETE for step in run.steps)


def step_parts(snapshot: Snapshot, keys: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the steps of the run under way, else of the shown tag's last run, each with its state."""
    run = snapshot.run
    if run is None:
        steps = PHASE3_STEPS if snapshot.state.evaluation_mode == "phase3_only" else snapshot.sequence
        names = [(f"{step.number} {step.name}  ", "$text-muted") for step in steps]
        return [("SEQUENCE  ", "bold"), *names, ("no run of this tag is on record  ", "$text-muted")]
    parts: list[tuple[str, str]] = [("RUN ", "bold")]
    if snapshot.holder is not None:
        own = why_not(BY_ID["cancel"], snapshot) is None
        cancel = f", {how('cancel', keys)} cancels" if own else ""
        parts.append((f"{clip(snapshot.holder.operator, 20)} runs {clip(run.tag, 30)}{cancel}  ", "bold $accent"))
    elif is_broken(snapshot):
        move = snapshot.next_move
        parts.append((f"stopped{f', next: {as_key(move, keys)}' if move else ''}  ", "bold $warning"))
    for step in run.steps:
        state = "cancelled" if step.state == "running" and snapshot.holder is None else step.state
        parts.append((f"{SYMBOLS[state]} {_short(step.name)}{_told(step, state)} ", STYLES[state]))
    if snapshot.holder is None:
        parts += [(f"· {took} ", "$text-muted") for took in _took(run)]
    return parts


def _short(name: str) -> str:
    """Return the name of a step as the line has room for."""
    return "sign-off" if name == "signoff" else name.removesuffix("_check")


def _took(run: RunRecord) -> list[str]:
    """Return how long a run took, and when it ended."""
    if run.ended_at is None:
        return [f"begun {run.started_at[11:16]} UTC"]
    seconds = (nanoseconds(run.ended_at) - nanoseconds(run.started_at)) / 1e9
    return [duration(seconds), f"ended {run.ended_at[11:16]} UTC"]


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
    return ""
