"""How a step's child process ended, in the words of a run's record."""

from phase4_tui.artifacts.clock import duration
from phase4_tui.artifacts.progress import parse_progress
from phase4_tui.runbook.children import ChildResult
from phase4_tui.runbook.provenance import StepState
from phase4_tui.runbook.steps import Command

GATE_FAILED = 2
"""The exit status of a gate that did not pass."""


def broken_off(command: Command, result: ChildResult) -> tuple[StepState, str] | None:
    """Return the state of a step that did not end by itself with a status of its interface, and why; else None."""
    if result.ending == "cancelled":
        return "cancelled", "cancelled by the operator"
    if result.ending == "timed_out":
        return "timed_out", f"took longer than {_limit(command.timeout_seconds)} and was stopped"
    if result.ending == "not_started" or (result.exit_code is None and result.signal is None):
        return "crashed", f"did not start: {result.failure}"
    if result.signal is not None:
        return "crashed", f"was killed by signal {result.signal}{last_words(result)}"
    if result.exit_code != 0 and not gate_failed(command, result):
        return "crashed", f"exit status {result.exit_code}{last_words(result)}"
    return None


def gate_failed(command: Command, result: ChildResult) -> bool:
    """True when a gate's exit status says that it did not pass."""
    return command.step.is_gate and result.exit_code == GATE_FAILED


def last_words(result: ChildResult) -> str:
    """Return the last line that the step wrote, which in a traceback names the error."""
    lines = [line for line in result.tail if line.strip() and parse_progress(line) is None]
    return f": {lines[-1].strip()}" if lines else ""


def _limit(seconds: float) -> str:
    return f"{seconds:g} s" if seconds < 60 else duration(seconds)
