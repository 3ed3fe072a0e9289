"""Shows a run under way: bars on a terminal, plain lines in a pipe, nothing with `--json`."""

import sys
import time
from collections.abc import Iterable, Iterator, Mapping
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
BAR_CELLS = 20


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
    """A bar over all steps: which one of how many, for how long, and what it reports of its records."""

    wants_progress = True

    def __init__(self, steps: Iterable[str] = ()) -> None:
        super().__init__()
        from rich.console import Console  # noqa: PLC0415 - only on a terminal
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn  # noqa: PLC0415 - only on a terminal
        from rich.table import Column  # noqa: PLC0415 - only on a terminal

        self._progress = Progress(
            SpinnerColumn("dots" if shows_signs(sys.stdout.encoding) else "line"),
            TextColumn("{task.description}", markup=False),
            BarColumn(BAR_CELLS),
            TextColumn("{task.fields[clock]}", markup=False),
            TextColumn("{task.fields[told]}", markup=False),
            TextColumn("{task.fields[frame]}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis")),
            console=Console(highlight=False),
            transient=True,
        )
        self._steps = list(steps)
        self._at = 0
        self._begun = time.monotonic()
        self._task = self._progress.add_task("starting", total=None, clock=_Clock(self), told="", frame="")

    def shown(self) -> tuple[float, float | None, str, str]:
        """Return the steps done, with the share of the running one, of how many, which step, and what it reports."""
        (task,) = self._progress.tasks
        return task.completed, task.total, task.description, task.fields["told"]

    def elapsed(self) -> str:
        """Return how long the running step has been running, in whole seconds."""
        return duration(max(int(time.monotonic() - self._begun), 0)).replace(".0 s", " s")

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

    def run_started(self, record: RunRecord) -> None:
        """Learn the steps; print what runs."""
        self._steps = [step.name for step in record.steps]
        super().run_started(record)

    def step_started(self, command: Command) -> None:
        """Move the bar to the step, and start its clock."""
        super().step_started(command)
        self._begun, name = time.monotonic(), command.step.name
        self._at = self._steps.index(name) if name in self._steps else 0
        title = f"{self._at + 1} of {len(self._steps)} · {plain(name)}"
        total = max(len(self._steps), 1)
        self._progress.update(
            self._task, description=title, total=total, completed=self._at, told="", frame="", refresh=True
        )

    def progress(self, command: Command, facts: Mapping[str, int]) -> None:
        """Move the bar within the step."""
        records, read, total = (facts.get(name, 0) for name in ("records", "bytes", "total_bytes"))
        share = min(max(read / total, 0), 1) if total > 0 else 0
        told = [f"{records:,} records"] if records > 0 else []
        told += [f"{100 * share:.0f} %"] if share else []
        self._progress.update(self._task, completed=self._at + share, told=" · ".join(told))

    def frame(self, command: Command, text: str) -> None:
        """Show what the step writes over and over beside its bar."""
        self._progress.update(self._task, frame=text)


class _Clock:
    """The running step's clock, read each time it is drawn."""

    def __init__(self, observer: LiveObserver) -> None:
        self._observer = observer

    def __str__(self) -> str:
        return self._observer.elapsed()


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
