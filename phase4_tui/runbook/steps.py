"""The steps of the run sequence, the runbook's and the desk's own, and the command line of each.

A step runs the operator's own script where the working directory has one of that name, else this program's
module. `phase4.toml` may replace argv, time limit and expected files of any step.
"""

import hashlib
import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from phase4_tui.artifacts.names import Artifact, check_tag, file_name
from phase4_tui.errors import Refused
from phase4_tui.runbook.settings import Settings, SettingsError, StepSettings
from phase4_tui.runbook.step_scripts import is_foreign

Phase = Literal[3, 4]
Origin = Literal["built-in", "working directory", "settings"]
CHUNK = 1 << 20
DATA = Path(__file__).parent.parent / "data"
PHASE3_SAMPLE = DATA / "phase3_sample_batch_input.json"


@dataclass(frozen=True)
class Step:
    """One step of a sequence: the artifacts that it writes and those that it needs.

    `artifacts` are suffixes; `verdict` is the suffix of the file that says whether a gate passed; `judges` are the
    suffixes of the artifacts whose content its own output depends on.
    """

    number: int
    name: str
    title: str
    script: str
    module: str
    flags: tuple[str, ...]
    artifacts: tuple[str, ...]
    verdict: str | None = None
    reads: Artifact | None = Artifact.REPORT
    judges: tuple[str, ...] = (Artifact.REPORT,)
    argv: tuple[str, ...] | None = None
    """The command line of a step of the desk's own, which has neither script nor module."""

    @property
    def stem(self) -> str:
        """The name of its script without `.py`; for a step of the desk's own just its name."""
        return self.script.removesuffix(".py") or self.name

    @property
    def operation(self) -> str:
        """The id of the operation that runs this step alone; empty for a step of the desk's own, which has no key."""
        return f"step_{self.number}" if self.argv is None else ""

    @property
    def is_gate(self) -> bool:
        """True when the step's result is pass or fail."""
        return self.verdict is not None


_BATCH_FLAGS = ("--input", "{input}", "--outdir", "{outdir}", "--tag", "{tag}")
_CORE = (Artifact.REPORT, Artifact.SUMMARY, Artifact.REPORT_MD)


def _in_outdir(artifact: Artifact) -> str:
    return "{outdir}/{tag}" + artifact.value


def _gates(phase: Phase) -> tuple[Step, Step]:
    release, quality = _in_outdir(Artifact.RELEASE_CHECK), _in_outdir(Artifact.QUALITY_CHECK)
    return (
        Step(
            2,
            "release_check",
            "Validate release artifacts",
            f"phase{phase}_release_check.py",
            f"phase{phase}_release_check",
            ("--tag", "{tag}", "--outdir", "{outdir}", "--out-json", release),
            (Artifact.RELEASE_CHECK,),
            Artifact.RELEASE_CHECK,
            judges=_CORE,
        ),
        Step(
            3,
            "quality_check",
            "Validate quality policy gates",
            f"phase{phase}_quality_check.py",
            f"phase{phase}_quality_check",
            ("--report-json", _in_outdir(Artifact.REPORT), "--out-json", quality),
            (Artifact.QUALITY_CHECK,),
            Artifact.QUALITY_CHECK,
        ),
    )


def _signoff(phase: Phase, artifact: Artifact) -> Step:
    return Step(
        4,
        "signoff",
        "Generate sign-off note",
        f"phase{phase}_signoff_generator.py",
        f"phase{phase}_signoff_generator",
        ("--tag", "{tag}", "--outdir", "{outdir}"),
        (artifact,),
        reads=Artifact.SUMMARY,
        judges=(Artifact.REPORT, Artifact.SUMMARY, Artifact.RELEASE_CHECK, Artifact.QUALITY_CHECK),
    )


def _pipeline(module: str) -> Step:
    title, script = "Generate core artifacts", "pipeline_runner.py"
    return Step(1, "pipeline", title, script, module, _BATCH_FLAGS, _CORE, reads=None, judges=())


PHASE4_STEPS = (
    _pipeline("pipeline_runner"),
    *_gates(4),
    _signoff(4, Artifact.PHASE4_SIGNOFF),
    Step(
        5,
        "monitor",
        "Generate monitoring snapshot and alerts",
        "phase4_monitor_runner.py",
        "phase4_monitor_runner",
        (
            "--report-json",
            _in_outdir(Artifact.REPORT),
            "--release-json",
            _in_outdir(Artifact.RELEASE_CHECK),
            "--quality-json",
            _in_outdir(Artifact.QUALITY_CHECK),
            "--rules-json",
            "{rules}",
            "--out-json",
            _in_outdir(Artifact.MONITORING),
            "--out-md",
            _in_outdir(Artifact.MONITORING_MD),
        ),
        (Artifact.MONITORING, Artifact.MONITORING_MD),
        judges=(Artifact.REPORT, Artifact.RELEASE_CHECK, Artifact.QUALITY_CHECK),
    ),
)
PHASE3_STEPS = (_pipeline("phase3_pipeline_runner"), *_gates(3), _signoff(3, Artifact.PHASE3_SIGNOFF))


def steps_of(phase: Phase, settings: Settings) -> tuple[Step, ...]:
    """Return the sequence of a phase; Phase 4's ends with the desk's own steps."""
    if phase == 3:
        return PHASE3_STEPS
    return (*PHASE4_STEPS, *_own_steps(settings)) if settings.own_steps else PHASE4_STEPS


def _own_steps(settings: Settings) -> Iterator[Step]:
    checked = {check.name: check.suffix for check in settings.own_checks if check.key is not None}
    for number, own in enumerate(settings.own_steps, len(PHASE4_STEPS) + 1):
        artifacts = settings.files_of(own)
        verdict = checked.get(own.name)
        yield Step(
            number,
            own.name,
            own.name.replace("_", " "),
            script="",
            module="",
            flags=(),
            artifacts=artifacts,
            verdict=verdict if verdict in artifacts else None,
            reads=None,
            argv=own.argv,
        )


def find_step(text: str, steps: Sequence[Step] = PHASE4_STEPS) -> Step:
    """Return the step with this number, name or script name; raises Refused."""
    wanted = text.lower().replace("-", "_").removesuffix(".py")
    for step in steps:
        if wanted in {str(step.number), step.name, step.stem}:
            return step
    near = [step for step in steps if step.name.startswith(wanted)]
    if len(near) == 1:
        return near[0]
    known = ", ".join(f"{step.number} {step.name}" for step in steps)
    raise Refused(f"{ascii(text)[:60]} is no step; the steps are {known}")


@dataclass(frozen=True)
class Command:
    """A step ready to run; `expects` are names in the reports directory."""

    step: Step
    argv: tuple[str, ...]
    cwd: Path
    origin: Origin
    timeout_seconds: float
    expects: tuple[str, ...]
    scripts: tuple[Path, ...] = ()
    """The operator's files named on the command line; their content is part of the step's definition."""


@dataclass(frozen=True)
class Place:
    """The place of a run; `outdir`, `input` and `rules` are as on the steps' command lines."""

    workdir: Path
    reports: Path
    outdir: str
    input: str
    rules: str

    @property
    def input_path(self) -> Path:
        """The batch file."""
        return self.workdir / self.input

    @property
    def missing(self) -> tuple[str, ...]:
        """Which of input and rules are not there, without which a run is refused."""
        sources = ((self.input, self.input_path), (self.rules, self.rules_path))
        return tuple(name for name, path in sources if not path.exists())

    @property
    def rules_path(self) -> Path:
        """The rules file."""
        return self.workdir / self.rules


def interpreter(settings: Settings, workdir: Path, environment: Mapping[str, str]) -> str:
    """Return the Python for the operator's own scripts: from the settings, else `python` on PATH, else ours."""
    if settings.python is not None:
        named = str(workdir / settings.python) if "/" in settings.python else settings.python
        found = shutil.which(named, path=environment.get("PATH"))
        if found is None:
            raise SettingsError(f"setting `python`: {settings.python} is no program on this machine", key="python")
        return found
    return shutil.which("python", path=environment.get("PATH")) or sys.executable


def place_of(settings: Settings, workdir: Path, phase: Phase, input_file: str | None, rules_file: str | None) -> Place:
    """Return the place of a run of `phase`."""
    reports = workdir / settings.reports
    if phase == 4:
        return Place(
            workdir,
            reports,
            settings.reports,
            settings.input if input_file is None else input_file,
            settings.rules if rules_file is None else rules_file,
        )
    scaffold = workdir / settings.phase3.directory
    own = scaffold / "sample_batch_input.json"
    chosen = settings.phase3.input if input_file is None else input_file
    if chosen is not None:
        source = (workdir / chosen).resolve()
    elif has_foreign(settings, workdir, 3) and own.is_file():
        source = own.resolve()
    else:
        source = PHASE3_SAMPLE
    return Place(workdir, reports, str(reports.resolve()), str(source), rules_file or settings.rules)


def has_foreign(settings: Settings, workdir: Path, phase: Phase) -> bool:
    """True when the operator has at least one script of the phase's sequence."""
    directory = script_directory(settings, workdir, phase)
    return any(step.script and is_foreign(directory / step.script) for step in steps_of(phase, settings))


def script_directory(settings: Settings, workdir: Path, phase: Phase) -> Path:
    """Return the directory for the operator's own scripts of a phase."""
    return workdir if phase == 4 else workdir / settings.phase3.directory


def command_for(
    step: Step, phase: Phase, tag: str, place: Place, settings: Settings, environment: Mapping[str, str]
) -> Command:
    """Return the command line of a step; raises BadTag, SettingsError."""
    check_tag(tag)
    values = {"tag": tag, "input": place.input, "rules": place.rules, "outdir": place.outdir}
    table = settings.steps if phase == 4 else settings.phase3.steps
    own = table.get(step.name, StepSettings())
    given = own.argv or step.argv
    directory = script_directory(settings, place.workdir, phase)
    script = directory / step.script
    flags = tuple(_fill(flag, values) for flag in step.flags)
    origin: Origin
    scripts: tuple[Path, ...] = ()
    if given is not None:
        argv, origin, cwd = tuple(_fill(part, values) for part in given), "settings", place.workdir
        scripts = tuple(_scripts_in(given, place))
    elif is_foreign(script):
        argv = (interpreter(settings, place.workdir, environment), step.script, *flags)
        origin, cwd = "working directory", directory.resolve()
        scripts = (script,)
    else:
        argv = (sys.executable, "-P", "-m", f"phase4_tui.steps.{step.module}", *flags)
        origin, cwd = "built-in", place.workdir
    expects = (
        tuple(_fill(name, values) for name in own.expects)
        if own.expects is not None
        else tuple(file_name(tag, artifact) for artifact in step.artifacts)
    )
    return Command(step, argv, cwd, origin, own.timeout_seconds or settings.timeout_seconds, expects, scripts)


def _scripts_in(argv: Sequence[str], place: Place) -> Iterator[Path]:
    """Yield the files that a command line names literally, except in the reports directory, which the run writes."""
    for part in argv:
        path = place.workdir / part
        if "{" not in part and path.is_file() and not path.resolve().is_relative_to(place.reports.resolve()):
            yield path


def _fill(text: str, values: Mapping[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: values.get(match.group(1), match.group()), text)


def definition_sha256(commands: tuple[Command, ...]) -> str:
    """Return the SHA-256 of the steps' definition: argv, expected files, and the operator's own scripts."""
    digest = hashlib.sha256()
    for command in commands:
        digest.update(msgspec.json.encode((command.step.name, command.argv, command.expects)))
        for script in command.scripts:
            with script.open("rb") as file:
                while chunk := file.read(CHUNK):
                    digest.update(chunk)
    return digest.hexdigest()
