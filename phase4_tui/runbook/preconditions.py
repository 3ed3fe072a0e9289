"""The runbook's preconditions, checked before a run and shown live."""

import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from phase4_tui.artifacts.directories import obstacle
from phase4_tui.artifacts.frozen import is_frozen
from phase4_tui.artifacts.models import Diagnostic
from phase4_tui.artifacts.names import Artifact, file_name, state_dir
from phase4_tui.errors import Refused, Remedy, command_line
from phase4_tui.runbook.isolation import Proof, live_order_switches
from phase4_tui.runbook.settings import Settings
from phase4_tui.runbook.site import Site
from phase4_tui.runbook.step_scripts import is_foreign
from phase4_tui.runbook.steps import (
    PHASE3_STEPS,
    PHASE4_STEPS,
    Phase,
    Place,
    Step,
    place_of,
    script_directory,
    steps_of,
)

LAY_OUT = Remedy("", command_line("init"), "lays out what is missing")


class Precondition(Diagnostic):
    """One condition, whether it holds, and the detail."""

    name: str
    ok: bool
    detail: str


def preconditions(site: Site, tag: str | None, proof: Proof) -> tuple[Precondition, ...]:
    """Return the runbook's preconditions as they are now."""
    place = place_of(site.settings, site.workdir, 4, None, None)
    found = [check_workdir(site.settings, place, 4), check_environment(site.settings, site.environment)]
    found += [check_artifacts(place, tag)] if tag is not None else []
    return (*found, check_isolation(proof))


def check_workdir(settings: Settings, place: Place, phase: Phase, steps: Sequence[Step] | None = None) -> Precondition:
    """Check that the working directory holds what `steps` (default: all) read, and that reports can be written."""
    problems: list[str] = []
    remedies: list[Remedy] = []
    names = {step.name for step in steps or steps_of(phase, settings)}
    if "pipeline" in names and not place.input_path.is_file():
        problems.append(f"input {place.input} is missing")
        remedies += [Remedy("", command_line("run", "--input", "FILE"), "names another"), LAY_OUT]
    if "monitor" in names and not place.rules_path.is_file():
        problems.append(f"rules {place.rules} are missing")
        remedies += [Remedy("", command_line("run", "--rules", "FILE"), "names others"), LAY_OUT]
    wrong = obstacle(state_dir(place.reports))
    nearest = _nearest(place.reports)
    if wrong is not None:
        problems.append(wrong.message)
        remedies += wrong.remedies
    elif not os.access(nearest, os.W_OK | os.X_OK):
        problems.append(f"{nearest} can't be written by this user")
    if problems:
        told = "; ".join(problems)
        return Precondition(name="working_directory", ok=False, detail=told, remedies=tuple(remedies))
    return Precondition(name="working_directory", ok=True, detail=_scripts(settings, place, phase))


def _scripts(settings: Settings, place: Place, phase: Phase) -> str:
    directory = script_directory(settings, place.workdir, phase)
    steps = PHASE4_STEPS if phase == 4 else PHASE3_STEPS
    own = [step.script for step in steps if is_foreign(directory / step.script)]
    if not own:
        return "complete; the steps are this program's"
    if len(own) == len(steps):
        return f"complete; the steps are the scripts in {directory.resolve()}"
    missing = ", ".join(step.script for step in steps if step.script not in own)
    return f"complete; the scripts in {directory.resolve()} are used, and for {missing} this program's steps"


def check_artifacts(place: Place, tag: str) -> Precondition:
    """Check that the tag's artifacts are present."""
    wrong = obstacle(place.reports)
    if wrong is not None:
        return Precondition(name="artifacts", ok=False, detail=wrong.message, remedies=wrong.remedies)
    core = (Artifact.REPORT, Artifact.SUMMARY, Artifact.REPORT_MD)
    missing = [name for name in (file_name(tag, kind) for kind in core) if not (place.reports / name).is_file()]
    if missing:
        writes = Remedy("run", command_line("run"), "writes them")
        return Precondition(name="artifacts", ok=False, detail=f"missing: {', '.join(missing)}", remedies=(writes,))
    return Precondition(name="artifacts", ok=True, detail=f"present for {tag}")


def check_step_input(settings: Settings, place: Place, tag: str, step: Step, phase: Phase) -> Precondition:
    """Check that the artifact that a single step reads exists; a missing one is named with the step that writes it."""
    name = None if step.reads is None else file_name(tag, step.reads)
    if name is None or os.path.lexists(place.reports / name):
        return Precondition(name="artifacts", ok=True, detail=f"{step.name} has what it reads")
    makes = next(one for one in steps_of(phase, settings) if step.reads in one.artifacts)
    detail = f"{step.name} reads {name}, which is missing; step {makes.number} {makes.name} makes it"
    runs = Remedy(makes.operation, command_line("step", makes.name, "--tag", tag), "runs it")
    return Precondition(name="artifacts", ok=False, detail=detail, remedies=(runs,))


def check_environment(settings: Settings, environment: Mapping[str, str]) -> Precondition:
    """Check that no variable enables live orders."""
    found = live_order_switches(settings, environment)
    if found:
        detail = f"live orders are enabled by {', '.join(found)}"
        return Precondition(name="paper_mode", ok=False, detail=detail, remedies=(Remedy(effect="unset it"),))
    return Precondition(name="paper_mode", ok=True, detail="no variable enables live orders")


def check_isolation(proof: Proof) -> Precondition:
    """Check that the barrier between steps and the network is proven."""
    return Precondition(name="isolation", ok=proof.proven, detail=proof.detail)


def check_not_frozen(place: Place, tag: str) -> Precondition:
    """Check that the tag is not frozen."""
    if is_frozen(place.reports, tag):
        advice = Remedy(effect="run under another tag")
        return Precondition(name="tag", ok=False, detail=f"{tag} is frozen", remedies=(advice,))
    return Precondition(name="tag", ok=True, detail=f"{tag} may be written")


def _nearest(directory: Path) -> Path:
    """Return the directory, or the nearest one above it that exists."""
    above = (directory, *directory.parents)
    # Path.is_dir raises where a directory above can't be entered.
    return next((place for place in above if os.path.isdir(place)), directory)  # noqa: PTH112


def check_room(place: Place) -> Precondition:
    """Check that the disk has room for the artifacts of a batch: about four times its input."""
    try:
        needed = 4 * place.input_path.stat().st_size
        free = shutil.disk_usage(_nearest(place.reports)).free
    except OSError as error:
        return Precondition(name="disk", ok=False, detail=f"can't be looked at: {error.strerror}")
    ok = free > needed
    detail = f"{free >> 20} MiB free, about {needed >> 20} MiB needed"
    advice = () if ok else (Remedy(effect="make room first"),)
    return Precondition(name="disk", ok=ok, detail=detail, remedies=advice)


def refuse_unmet(conditions: Iterable[Precondition]) -> None:
    """Raise Refused for the first condition that does not hold."""
    for condition in conditions:
        if not condition.ok:
            message = f"precondition {condition.name}: {condition.detail}"
            raise Refused(message, remedy=condition.remedies, precondition=condition.name)
