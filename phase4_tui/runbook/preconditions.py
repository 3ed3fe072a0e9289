"""The runbook's preconditions, checked before a run and shown live."""

import os
import shutil
from collections.abc import Mapping, Sequence

from phase4_tui.artifacts.frozen import is_frozen
from phase4_tui.artifacts.models import Document
from phase4_tui.artifacts.names import Artifact, file_name
from phase4_tui.runbook.isolation import Proof, live_order_switches
from phase4_tui.runbook.settings import Settings
from phase4_tui.runbook.site import Site
from phase4_tui.runbook.steps import (
    PHASE3_STEPS,
    PHASE4_STEPS,
    Phase,
    Place,
    Step,
    is_foreign,
    place_of,
    script_directory,
    steps_of,
)


class Precondition(Document):
    """One condition, whether it holds, and what was found."""

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
    """The working directory holds what `steps` (default: all) read of it, and its reports can be written."""
    problems = []
    names = {step.name for step in steps or steps_of(phase, settings)}
    if "pipeline" in names and not place.input_path.is_file():
        problems.append(f"input {place.input} is missing (--input names another, `phase4 init` lays one out)")
    if "monitor" in names and not place.rules_path.is_file():
        problems.append(f"rules {place.rules} are missing (--rules names others, `phase4 init` lays them out)")
    nearest = place.reports
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    if not nearest.is_dir():
        problems.append(f"{nearest} is not a directory")
    elif not os.access(nearest, os.W_OK | os.X_OK):
        problems.append(f"{nearest} can't be written by this user")
    if problems:
        return Precondition(name="working_directory", ok=False, detail="; ".join(problems))
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
    """The latest artifacts are present for the tag."""
    core = (Artifact.REPORT, Artifact.SUMMARY, Artifact.REPORT_MD)
    missing = [name for name in (file_name(tag, kind) for kind in core) if not (place.reports / name).is_file()]
    detail = f"missing: {', '.join(missing)}; `phase4 run` writes them" if missing else f"present for {tag}"
    return Precondition(name="artifacts", ok=not missing, detail=detail)


def check_step_input(settings: Settings, place: Place, tag: str, step: Step, phase: Phase) -> Precondition:
    """What a step by itself can't do without is there; where it is not, the step that makes it is named."""
    name = None if step.reads is None else file_name(tag, step.reads)
    if name is None or os.path.lexists(place.reports / name):
        return Precondition(name="artifacts", ok=True, detail=f"{step.name} has what it reads")
    makes = next(one for one in steps_of(phase, settings) if step.reads in one.artifacts)
    detail = f"{step.name} reads {name}, which is missing; step {makes.number} {makes.name} makes it"
    return Precondition(name="artifacts", ok=False, detail=f"{detail}: `phase4 step {makes.name} --tag {tag}`")


def check_environment(settings: Settings, environment: Mapping[str, str]) -> Precondition:
    """No variable enables live orders."""
    found = live_order_switches(settings, environment)
    detail = f"live orders are enabled by {', '.join(found)}; unset it" if found else "no variable enables live orders"
    return Precondition(name="paper_mode", ok=not found, detail=detail)


def check_isolation(proof: Proof) -> Precondition:
    """The barrier that keeps steps from the network is proven."""
    return Precondition(name="isolation", ok=proof.proven, detail=proof.detail)


def check_not_frozen(place: Place, tag: str) -> Precondition:
    """The tag may be written."""
    frozen = is_frozen(place.reports, tag)
    detail = f"{tag} is frozen; run under another tag" if frozen else f"{tag} may be written"
    return Precondition(name="tag", ok=not frozen, detail=detail)


def check_room(place: Place) -> Precondition:
    """The disk has room for the artifacts of a batch: about four times its input."""
    nearest = place.reports
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    try:
        needed = 4 * place.input_path.stat().st_size
        free = shutil.disk_usage(nearest).free
    except OSError as error:
        return Precondition(name="disk", ok=False, detail=f"can't be looked at: {error.strerror}")
    ok = free > needed
    detail = f"{free >> 20} MiB free, about {needed >> 20} MiB needed"
    return Precondition(name="disk", ok=ok, detail=detail if ok else f"{detail}; make room first")
