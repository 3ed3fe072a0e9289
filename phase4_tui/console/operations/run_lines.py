"""The plan of a run in the few lines that are read before it starts; its details unfold every path and command line."""

import time
from collections.abc import Iterator
from contextlib import suppress

from phase4_tui.artifacts.clock import since
from phase4_tui.artifacts.counting import counted
from phase4_tui.console.operations.known_inputs import DIGITS, describe_input
from phase4_tui.errors import Wording, as_commands
from phase4_tui.journal.state import read_state
from phase4_tui.rollback.comparison import sources_of
from phase4_tui.runbook.provenance import Source
from phase4_tui.runbook.run_plan import OWN_BATCH, RunPlan
from phase4_tui.runbook.site import Site
from phase4_tui.runbook.steps import PHASE3_SAMPLE

NAMED_FILES = 3
SOURCES = ("input", "rules")
AS_BEFORE = "as in the incident"
REPEATS = "input and rules are those of the incident, so the same result is to be expected: correct one of them first"
BARRIER = "kernel (seccomp), no network; proven first, else no step runs"


def run_lines(site: Site, plan: RunPlan, word: Wording = as_commands) -> list[str]:
    """Return what a run replaces, its steps, its input and how that differs from the incident's, and its barrier.

    Raises StateUnreadable.
    """
    lines = [f"  ! {line}" for line in _warnings(plan)]
    sources = list(_sources(site, plan))
    if plan.request.rehearsal and [text for _, text in sources].count(AS_BEFORE) == len(SOURCES):
        lines.append(f"  ! {REPEATS}")
    rows = [("steps", _steps(plan)), *sources, ("writes", _writes(plan)), ("barrier", BARRIER)]
    if plan.done:
        kept = ", ".join(_name(record.name) for record in plan.done)
        rows.insert(1, ("keeps", f"{kept} of run {plan.resumes}"))
    lines += [f"  {label:<7} {text}" for label, text in rows]
    if plan.phase == 3 and plan.input.path == str(PHASE3_SAMPLE):
        lines.append(word("  the input is this program's sample", OWN_BATCH))
    return lines


def _warnings(plan: RunPlan) -> Iterator[str]:
    there: dict[str, float] = {}
    for name in (name for command in plan.to_run for name in command.expects):
        with suppress(OSError):  # it is not there, or a place that can't be looked at: the run will tell
            there[name] = (plan.place.reports / name).stat().st_mtime
    if there:
        named = ", ".join(list(there)[:NAMED_FILES])
        more = f" and {len(there) - NAMED_FILES} more" if len(there) > NAMED_FILES else ""
        age = since(time.time() - max(there.values()))
        yield f"replaces {counted(len(there), 'file')} of {plan.tag}, written {age}: {named}{more}"
    if plan.request.unisolated_reason is not None:
        yield f"runs even if no barrier is proven: {plan.request.unisolated_reason}"


def _steps(plan: RunPlan) -> str:
    names = ", ".join(_name(command.step.name) for command in plan.to_run)
    if len(plan.to_run) == len(plan.commands) > 1:
        first, last = plan.commands[0].step.name, plan.commands[-1].step.name
        names = f"all {len(plan.commands)}, {_name(first)} to {_name(last)}"
    origins = dict.fromkeys(command.origin for command in plan.to_run)
    whose = {"built-in": "this program's", "working directory": "scripts of the desk", "settings": "from phase4.toml"}
    return f"Phase {plan.phase}: {names} · {', '.join(whose[origin] for origin in origins)}"


def _name(step: str) -> str:
    return step.replace("_", " ")


def _sources(site: Site, plan: RunPlan) -> Iterator[tuple[str, str]]:
    """Yield input and rules as far as a step of the run reads them, each with its difference from the incident's."""
    incident = read_state(site.reports).incident if plan.phase == 4 else None
    before = sources_of(site, incident.tag) if incident is not None else None
    words = {word for command in plan.to_run for word in (command.step.name, *command.argv)}
    for name, reader, source in zip(SOURCES, ("pipeline", "monitor"), (plan.input, plan.rules), strict=True):
        if reader in words or source.path in words:
            told = f" · {describe_input(site, source.path)}" if name == "input" else ""
            yield name, f"{source.path}{told}"
            if before is not None:
                yield "", _against(getattr(before, f"{name}_sha256"), source)


def _against(before: str | None, source: Source) -> str:
    if before is None:
        return "the incident's is not on record"
    if before == source.sha256:
        return AS_BEFORE
    return f"differs from the incident's ({before[:DIGITS]} → {(source.sha256 or 'missing')[:DIGITS]})"


def _writes(plan: RunPlan) -> str:
    count = sum(len(command.expects) for command in plan.to_run)
    return f"{counted(count, 'file')} of {plan.tag} in {plan.place.outdir}"
