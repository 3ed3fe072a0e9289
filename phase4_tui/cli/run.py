"""The commands that run steps: `run`, `step`."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Annotated, Literal

import typer

from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.cli.context import DONE, FAILED, Desk, complain, emit, say
from phase4_tui.cli.run_progress import observing
from phase4_tui.cli.status_document import StatusDocument, read_status_document
from phase4_tui.cli.status_text import show_status
from phase4_tui.errors import FORESEEN, Refused, Remedy, as_commands, command_line, error_as_commands
from phase4_tui.rollback.incidents import look_for_incident
from phase4_tui.runbook.provenance import RunRecord
from phase4_tui.runbook.run_plan import Request, RunPlan, choose_phase, plan_run
from phase4_tui.runbook.sequence import run_plan
from phase4_tui.runbook.steps import Phase, find_step, steps_of

GATE_NOT_PASSED = 10
INTERRUPTED = 128
WHOLE = "`--dry-run --json` shows every path and command line"
PHASES: dict[str, Phase] = {"3": 3, "4": 4}

Tag = Annotated[str | None, typer.Option(help="The run tag.", show_default="from the settings")]
Input = Annotated[
    str | None,
    typer.Option("--input", help="The batch.", show_default="from the settings"),
]
Rules = Annotated[str | None, typer.Option(help="The monitoring rules.", show_default="from the settings")]
Unisolated = Annotated[
    str | None,
    typer.Option("--without-isolation", metavar="REASON", help="Run although no network barrier is proven; recorded."),
]


def run(
    desk: Desk,
    tag: Tag = None,
    input_file: Input = None,
    rules: Rules = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on after the last complete step.")] = False,
    phase: Annotated[
        Literal["3", "4"] | None, typer.Option(help="Which sequence.", show_default="by the evaluation mode")
    ] = None,
    rehearsal: Annotated[
        bool, typer.Option("--rehearsal", help="Phase 4 before reopening, under a tag of its own.")
    ] = False,
    without_isolation: Unisolated = None,
) -> int:
    """Run the sequence and end with the health."""
    request = Request(
        tag=tag,
        phase=PHASES[phase] if phase else None,
        input=input_file,
        rules=rules,
        resume=resume,
        rehearsal=rehearsal,
        unisolated_reason=_reason(without_isolation),
    )
    return execute(desk, request)


def step(
    desk: Desk,
    name: Annotated[str, typer.Argument(metavar="N|NAME", help="A step's number or name; 1 to 5 are the runbook's.")],
    tag: Tag = None,
    input_file: Input = None,
    rules: Rules = None,
    phase: Annotated[
        Literal["3", "4"] | None, typer.Option(help="Of which sequence.", show_default="by the evaluation mode")
    ] = None,
    without_isolation: Unisolated = None,
) -> int:
    """Run one step of the sequence."""
    request = Request(tag=tag, phase=PHASES[phase] if phase else None)
    chosen = choose_phase(desk.reports, request)
    only = find_step(name, steps_of(chosen, desk.settings))
    request = Request(
        tag=tag,
        phase=chosen,
        input=input_file,
        rules=rules,
        only=only,
        unisolated_reason=_reason(without_isolation),
    )
    return execute(desk, request)


def _reason(text: str | None) -> str | None:
    if text is not None and not text.strip():
        raise Refused("--without-isolation needs a reason")
    return text


def execute(desk: Desk, request: Request) -> int:
    """Run a request, print its outcome, and return the exit status."""
    plan = plan_run(desk.settings, desk.workdir, desk.environment, request)
    if desk.dry_run:
        if desk.json:
            emit({"plan": plan.describe()})
        else:
            _show_plan(desk, plan)
        return DONE
    return execute_plan(desk, plan)


def _show_plan(desk: Desk, plan: RunPlan) -> None:
    from phase4_tui.console.operations.run_lines import run_lines  # noqa: PLC0415 - a run itself does not need it

    say(f"run {plan.tag}", "bold")
    for line in run_lines(desk.site, plan):
        say(safe_line(line), "yellow" if line.startswith("  !") else "")
    say(f"  {WHOLE}")


def execute_plan(desk: Desk, plan: RunPlan) -> int:
    """Carry out the plan of a run, print its outcome, and return the exit status."""
    with _cancel_on_signals() as (cancel, caught), observing(desk.json) as watching:
        record = run_plan(plan, desk.settings, desk.environment, watching, cancel)
    _look_for_incident(desk, plan.tag)
    status, evidence = read_status_document(desk, plan.tag, record.isolation)
    if desk.json:
        emit(_document(record, status))
    else:
        say()
        show_status(status, evidence)
    if caught:
        return INTERRUPTED + caught[0]
    if plan.request.only is not None:
        return {"passed": DONE, "failed_gate": GATE_NOT_PASSED}.get(record.steps[-1].state, FAILED)
    return status.classification.exit_status


def _look_for_incident(desk: Desk, tag: str) -> None:
    """Open an incident for the run's findings; an error here only prints, since the run's outcome must be shown."""
    try:
        look_for_incident(desk.site, tag)
    except FORESEEN as error:
        again = Remedy("guided", command_line("rollback"), "looks again")
        complain(as_commands(f"no incident was opened: {error_as_commands(error)}", (again,)))


def _document(record: RunRecord, status: StatusDocument) -> dict[str, object]:
    """Return `run --json` (docs command_line, "The others")."""
    steps = [
        {
            "name": step.name,
            "state": step.state,
            "exit_code": step.exit_code,
            "seconds": step.seconds,
            "produced": sorted(step.produced),
            "error": step.error,
        }
        for step in record.steps
    ]
    changed = {"changed": record.changed} if record.changed else {}
    return {"tag": record.tag, "run_id": record.run_id, "steps": steps, **changed, "status": status}


@contextmanager
def _cancel_on_signals() -> Iterator[tuple[threading.Event, list[int]]]:
    """Yield an event that SIGINT, SIGHUP or SIGTERM sets, and the list of signals caught."""
    cancel, caught = threading.Event(), list[int]()

    def note(number: int, frame: FrameType | None) -> None:
        caught.append(number)
        cancel.set()

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield cancel, caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
