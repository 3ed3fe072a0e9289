"""Shows a run under way: bars on a terminal, plain lines in a pipe, nothing with `--json`."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from phase4_tui.artifacts.clock import duration
from phase4_tui.artifacts.plain_words import plain
from phase4_tui.artifacts.safe_text import safe_text
from phase4_tui.cli.context import fitted, say
from phase4_tui.console.symbols import SYMBOLS
from phase4_tui.runbook.provenance import RunRecord, StepRecord
from phase4_tui.runbook.sequence import Observer
from phase4_tui.runbook.steps import Command
from phase4_tui.signs import shows_signs

NAME_CELLS = 14


def line_of(record: StepRecord, number: int, width: int) -> str:
    """Return the line about a step's outcome, its name `width` cells wide."""
    words = plain(record.state)
    error = f": {record.error}" if record.error else ""
    return f"{SYMBOLS[record.state]} {number} {record.name:<{width}} {words} · {duration(record.seconds)}{error}"


class PlainObserver(Observer):
    """One line per step."""

    def __init__(self) -> None:
        self._number = 0
        self._width = NAME_CELLS

    def run_started(self, record: RunRecord) -> None:
        """Print what runs, and behind which isolation barrier."""
        self._width = max(NAME_CELLS, *(len(step.name) for step in record.steps))
        self._line(f"run {record.run_id} of {record.tag} by {record.operator}", "")
        self._line(f"paper mode: {record.isolation.detail}", "")
        if record.unisolated_reason is not None:
            self._line(f"! WITHOUT ISOLATION, on record: {record.unisolated_reason}", "bold red")

    def step_started(self, command: Command) -> None:
        """Remember the step for its outcome."""
        self._number = command.step.number

    def step_ended(self, record: StepRecord) -> None:
        """Print how the step ended, and after a failure where its transcript is."""
        self._line(line_of(record, self._number, self._width), "green" if record.state == "passed" else "red")
        if record.state in ("crashed", "timed_out"):
            self._line(f"    transcript: {record.transcript}", "")

    def _line(self, text: str, style: str) -> None:
        say(text, style)


class LiveObserver(PlainObserver):
    """A bar for the running step, with records per second if the step reports them."""

    wants_progress = True

    def __init__(self) -> None:
        super().__init__()
        from rich.console import Console  # noqa: PLC0415 - only on a terminal
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415
        from rich.table import Column  # noqa: PLC0415 - only on a terminal

        self._progress = Progress(
            SpinnerColumn("dots" if shows_signs(sys.stdout.encoding) else "line"),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[rate]}", markup=False),
            TextColumn("{task.fields[frame]}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis")),
            console=Console(highlight=False),
            transient=True,
        )
        self._task = self._progress.add_task("starting", total=None, rate="", frame="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def _line(self, text: str, style: str) -> None:
        from rich.text import Text  # noqa: PLC0415 - only on a terminal

        self._progress.console.print(Text(fitted(safe_text(text), sys.stdout), style=style), soft_wrap=True)

    def step_started(self, command: Command) -> None:
        """Begin the step's bar."""
        super().step_started(command)
        title = f"{command.step.number} {command.step.title}"
        self._progress.reset(self._task, description=title, total=None, rate="", frame="")

    def progress(self, command: Command, facts: Mapping[str, int]) -> None:
        """Move the bar."""
        elapsed = self._progress.tasks[0].elapsed or 0
        rate = f"{facts.get('records', 0) / elapsed:,.0f} records/s" if elapsed > 0 else ""
        self._progress.update(
            self._task, completed=facts.get("bytes", 0), total=facts.get("total_bytes") or None, rate=rate
        )

    def frame(self, command: Command, text: str) -> None:
        """Show what the step writes over and over beside its bar."""
        self._progress.update(self._task, frame=text)


@contextmanager
def observing(silent: bool) -> Iterator[Observer]:
    """Yield the observer that shows a run here; its display ends with the context."""
    if silent:
        yield Observer()
    elif sys.stdout.isatty():
        with LiveObserver() as live:
            yield live
    else:
        yield PlainObserver()
