"""What a run will do, decided before anything is done: the plan that `--dry-run` shows is the plan that runs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, count, takewhile
from pathlib import Path

from phase4_tui.artifacts.index import Identity, scan
from phase4_tui.artifacts.known_hashes import KnownHashes
from phase4_tui.artifacts.names import DEFAULT_TAG, check_tag
from phase4_tui.artifacts.regular_files import Unreadable
from phase4_tui.artifacts.strict_json import BadJson
from phase4_tui.errors import Refused, Remedy, Wording, as_commands, command_line
from phase4_tui.journal.state import read_state
from phase4_tui.runbook.preconditions import (
    Precondition,
    check_environment,
    check_not_frozen,
    check_room,
    check_step_input,
    check_workdir,
    refuse_unmet,
)
from phase4_tui.runbook.provenance import (
    COMPLETE,
    RunRecord,
    Source,
    StepRecord,
    last_sequence,
    runs_of,
)
from phase4_tui.runbook.settings import Settings
from phase4_tui.runbook.site import Site
from phase4_tui.runbook.steps import (
    PHASE3_SAMPLE,
    Command,
    Phase,
    Place,
    Step,
    command_for,
    definition_sha256,
    place_of,
    steps_of,
)
from phase4_tui.runbook.used_files import UsedFiles

OWN_BATCH = (
    Remedy("", command_line("run", "--phase", "3", "--input", "FILE"), "runs one of your own"),
    Remedy(effect="[phase3] input in phase4.toml names it for good"),
)


@dataclass(frozen=True)
class Request:
    """An operator's request for a run; None leaves the choice to mode and settings."""

    tag: str | None = None
    phase: Phase | None = None
    input: str | None = None
    rules: str | None = None
    only: Step | None = None
    resume: bool = False
    rehearsal: bool = False
    unisolated_reason: str | None = None


@dataclass(frozen=True)
class RunPlan:
    """A run that may start; `done` are the records of steps that a resumed run does not repeat."""

    tag: str
    phase: Phase
    place: Place
    commands: tuple[Command, ...]
    done: tuple[StepRecord, ...]
    resumes: str | None
    request: Request
    input: Source
    rules: Source
    definition_sha256: str
    preconditions: tuple[Precondition, ...]
    hashes: KnownHashes = field(default_factory=KnownHashes, compare=False)
    """What was hashed for the plan, so that the run need not read it again."""

    @property
    def to_run(self) -> tuple[Command, ...]:
        """The steps that will be run, in order."""
        return self.commands[len(self.done) :]

    def describe(self, word: Wording = as_commands) -> list[str]:
        """Return the whole plan in lines; `word` puts remedies into the words of a face."""
        lines = [f"run tag {self.tag}, Phase {self.phase}, in {self.place.workdir}"]
        lines.append(f"input {self.input.path} (sha256 {(self.input.sha256 or 'missing')[:12]})")
        if self.phase == 3 and self.input.path == str(PHASE3_SAMPLE):
            lines.append(word("  which is this program's sample", OWN_BATCH))
        lines += [f"keep {record.name}: {record.state} in run {self.resumes}" for record in self.done]
        return lines + self.details()

    def details(self) -> list[str]:
        """Return each step with its command line and the path of each file that it writes or replaces."""
        lines: list[str] = []
        for command in self.to_run:
            lines.append(f"step {command.step.number} {command.step.name} ({command.origin}): {' '.join(command.argv)}")
            for name in command.expects:
                exists = (self.place.reports / name).exists()
                lines.append(f"  {'replaces' if exists else 'writes'} {self.place.reports / name}")
        return lines


def input_of_incident(workdir: Path, reports: Path) -> str | None:
    """Return the path of the input that the open incident's run was given; None where it is not there (any more)."""
    incident = read_state(reports).incident
    run = last_sequence(reports, incident.tag) if incident is not None else None
    if run is None or run.phase != 4 or not (workdir / run.input.path).is_file():
        return None
    return run.input.path


def check_run_tag(site: Site, tag: str) -> None:
    """Raise BadTag, or Refused for a tag that no run may write to."""
    found = check_not_frozen(place_of(site.settings, site.workdir, 4, None, None), check_tag(tag))
    if not found.ok:
        raise Refused(found.detail, remedy=found.remedies, tag=tag)


def rerun_tag(site: Site, base: str | None = None) -> str:
    """Return an unused tag for a re-run, named after the open incident's tag, else after `base` or the default tag."""
    incident = read_state(site.reports).incident
    begin = f"{(incident.tag if incident else base or DEFAULT_TAG)[:50]}_rerun"
    names = scan(site.reports)
    return next(tag for tag in chain([begin], _numbered(begin)) if not _is_taken(site, names, tag))


def free_tag(site: Site, base: str) -> str:
    """Return an unused tag: `base` with a number appended."""
    names = scan(site.reports)
    return next(tag for tag in _numbered(base[:60]) if not _is_taken(site, names, tag))


def _numbered(base: str) -> Iterator[str]:
    return (f"{base}{number}" for number in count(2))


def _is_taken(site: Site, names: Mapping[str, Identity], tag: str) -> bool:
    there = any(name in names for name in site.artifacts.of(tag))
    return there or next(runs_of(site.reports, tag), None) is not None


def choose_phase(reports: Path, request: Request) -> Phase:
    """Return the phase to run by the evaluation mode; raises Refused, StateUnreadable."""
    mode = read_state(reports).evaluation_mode
    if mode == "phase4":
        return request.phase or 4
    if request.phase == 4 and not request.rehearsal:
        raise Refused(
            "evaluation mode is Phase 3 only: a Phase 4 run is refused unless it is a rehearsal",
            remedy=(
                Remedy("rehearse", command_line("run", "--rehearsal"), "makes one"),
                Remedy("reopen", command_line("reopen", "--tag", "TAG"), "ends the mode"),
            ),
        )
    return 4 if request.rehearsal else (request.phase or 3)


def plan_run(settings: Settings, workdir: Path, environment: Mapping[str, str], request: Request) -> RunPlan:
    """Return the plan of a run.

    Raises Refused when a precondition does not hold or there is nothing to resume; BadTag; SettingsError;
    StateUnreadable.
    """
    reports = workdir / settings.reports
    phase = choose_phase(reports, request)
    tag = request.tag if request.tag is not None else settings.tag if phase == 4 else settings.phase3.tag
    if request.tag is None and request.rehearsal and not request.resume:
        tag = rerun_tag(Site(workdir, settings, environment), tag)
    prior = _to_resume(reports, tag, phase) if request.resume else None
    place = place_of(
        settings,
        workdir,
        phase,
        _input(request, prior),
        prior.rules.path if prior and request.rules is None else request.rules,
    )
    steps = (request.only,) if request.only else steps_of(phase, settings)
    commands = tuple(command_for(step, phase, tag, place, settings, environment) for step in steps)
    preconditions = [
        check_workdir(settings, place, phase, steps),
        check_environment(settings, environment),
        check_not_frozen(place, tag),
        check_room(place),
    ]
    if request.only is not None and request.only.number > 1:
        preconditions.pop()  # reads artifacts, not the batch
        if commands[0].origin != "settings":  # a command line from the settings may read other files
            preconditions.append(check_step_input(settings, place, tag, request.only, phase))
    refuse_unmet(preconditions)
    hashes = KnownHashes()
    plan = RunPlan(
        tag=tag,
        phase=phase,
        place=place,
        commands=commands,
        done=(),
        resumes=None,
        request=request,
        input=_source(place.input, place.input_path, hashes),
        rules=_source(place.rules, place.rules_path, hashes),
        definition_sha256=definition_sha256(commands),
        preconditions=tuple(preconditions),
        hashes=hashes,
    )
    return _resumed(plan, prior) if prior else plan


def _input(request: Request, prior: RunRecord | None) -> str | None:
    """Return the input that was asked for, else that of the run to resume, else None: the one of the settings."""
    return request.input if request.input is not None or prior is None else prior.input.path


def _source(name: str, path: Path, hashes: KnownHashes) -> Source:
    try:
        return Source(path=name, sha256=hashes.sha256(path))
    except (Unreadable, BadJson) as error:
        raise Refused(f"{name} {error.message}", remedy=error.remedies, file=str(path)) from None


def _to_resume(reports: Path, tag: str, phase: Phase) -> RunRecord:
    for run in runs_of(reports, tag):
        if run.kind == "sequence" and run.phase == phase:
            if all(step.state in COMPLETE for step in run.steps):
                starts = Remedy("run", command_line("run", "--tag", tag), "starts a new one")
                raise Refused(f"the last run of {tag} is complete: nothing to resume", remedy=starts, tag=tag)
            return run
    starts = Remedy("run", command_line("run", "--tag", tag), "starts one")
    raise Refused(f"no run of {tag} is on record: nothing to resume", remedy=starts, tag=tag)


def _resumed(plan: RunPlan, prior: RunRecord) -> RunPlan:
    """Return the plan that goes on after the last complete step of `prior`; raises Refused naming what changed."""
    changed = changes_since(plan, prior)
    if changed:
        raise Refused(
            f"can't resume {plan.tag}: since run {prior.run_id} these changed: {'; '.join(changed)}",
            remedy=Remedy("run", command_line("run", "--tag", plan.tag), "starts from the beginning"),
            tag=plan.tag,
        )
    return RunPlan(**{**vars(plan), "done": tuple(_kept(prior)), "resumes": prior.run_id})


def changes_since(plan: RunPlan, prior: RunRecord) -> list[str]:
    """Return in words what has changed since an earlier run and keeps it from being resumed by this plan."""
    changed: dict[str, str] = {}
    if plan.input.sha256 != prior.input_used:
        changed[plan.input.path] = f"the input ({_change(prior.input_used, plan.input.sha256)})"
    if plan.rules.sha256 != prior.rules_used:
        changed[plan.rules.path] = f"the rules ({_change(prior.rules_used, plan.rules.sha256)})"
    if plan.definition_sha256 != prior.definition_sha256:
        changed[""] = "the definition of the steps (command line, script or expected files)"
    kept = tuple(_kept(prior))
    for step in kept:
        for name, sha256 in step.produced.items():
            if plan.hashes.sha256(plan.place.reports / name, contained=True) != sha256:
                changed[name] = f"{name} of step {step.name}"
    files = UsedFiles(plan.tag, plan.place, plan.commands, plan.hashes)
    files.keep(kept)
    for change in files.at_end():
        changed.setdefault(change.file, f"{change.file} ({_change(change.before, change.after)})")
    return list(changed.values())


def _kept(prior: RunRecord) -> Iterator[StepRecord]:
    """Yield the steps that a resumed run does not repeat."""
    return takewhile(lambda step: step.state in COMPLETE, prior.steps)


def _change(before: str | None, after: str | None) -> str:
    return f"sha256 {(before or 'missing')[:12]} → {(after or 'missing')[:12]}"
