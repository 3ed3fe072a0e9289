"""The settings: command line over environment `PHASE4_*` over `phase4.toml` over defaults (docs settings)."""

import getpass
import os
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, ValidationError

from phase4_tui.artifacts.names import DEFAULT_TAG, TAG_RULE, is_tag
from phase4_tui.artifacts.plain_words import schema_words
from phase4_tui.artifacts.regular_files import Unreadable, read_bytes
from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.artifacts.strict_json import BadJson, decode_text
from phase4_tui.errors import Refused, Remedy, command_line
from phase4_tui.journal.incident import Owner
from phase4_tui.runbook.setting_types import (
    Argument,
    Count,
    KeyPath,
    Name,
    OwnFile,
    Scalar,
    Seconds,
    Section,
    Text,
    Title,
    VisibleText,
)

SETTINGS_FILE = "phase4.toml"
ENV_PREFIX = "PHASE4_"
DEFAULT_TIMEOUT_SECONDS = 900.0
DEFAULT_GRACE_SECONDS = 2.0
LIVE_WHEN_TRUTHY = ("*_ALLOW_LIVE_ORDERS", "INSTITUTIONAL_ADAPTER_ENABLED", "INSTITUTIONAL_AGENT_ENABLED")
LIVE_WHEN_FALSY = ("*_DRY_RUN",)


class SettingsError(Refused):
    """A setting that can't be used; the message names file or variable, line and key."""


class SetAt(NamedTuple):
    """Where a setting comes from: a file with its line if known, a variable or an option."""

    source: str
    line: int | None = None

    def __str__(self) -> str:
        return self.source if self.line is None else f"{self.source}, line {self.line}"

    def error(self, key: str, problem: str, remedy: Remedy | Sequence[Remedy] = ()) -> SettingsError:
        """Return the error about `key` at this place."""
        return SettingsError(f"{self}: {problem}", remedy=remedy, source=self.source, line=self.line, key=key)


class StepSettings(Section):
    """The settings of one step; `{tag}`, `{input}`, `{rules}` and `{outdir}` are filled in."""

    argv: Annotated[tuple[Text, ...], Field(min_length=1)] | None = None
    """The whole command line, the program first."""
    timeout_seconds: Seconds | None = None
    expects: Annotated[tuple[Text, ...], Field(min_length=1)] | None = None
    """Names of the files in the reports directory that the step must write."""


StepTables = dict[str, StepSettings]
"""`[steps.NAME]`: one table per step of the sequence (runbook/steps.py), the desk's own included."""


def _named(phase: Literal[3, 4]) -> Callable[[dict[str, Any]], None]:
    """Return a function that adds the steps of a phase to the JSON Schema of their tables."""

    def add(schema: dict[str, Any]) -> None:
        from phase4_tui.runbook.steps import PHASE3_STEPS, PHASE4_STEPS  # noqa: PLC0415 - they know the settings

        steps = PHASE4_STEPS if phase == 4 else PHASE3_STEPS
        schema["properties"] = {step.name: schema["additionalProperties"] for step in steps}

    return add


class OwnStep(Section):
    """`[[own_steps]]`: a step of the desk's own; they run after the runbook's, in the order of the file."""

    name: Name
    argv: Annotated[tuple[Argument, ...], Field(min_length=1)]
    """The whole command line, the program first; `{tag}`, `{input}`, `{rules}` and `{outdir}` are filled in."""
    expects: Annotated[tuple[OwnFile, ...], Field(min_length=1)]
    """The files in the reports directory that it must write, each `{tag}_NAME`; they are artifacts of the tag."""


class OwnCheck(Section):
    """`[[own_checks]]`: a health check of the desk's own, beside the runbook's four."""

    name: Name
    title: Title
    file: OwnFile
    """The file that it reads, `{tag}_NAME`; it is an artifact of the tag."""
    key: KeyPath | None = None
    """Where the value is in the file, as keys joined by dots; without it the check holds when the file exists."""
    expected: Scalar = True
    """The value that must be there."""
    severity_class: Literal["P0", "P1", "P2", "warning"] = Field(alias="class")
    """The severity class of a failed check."""
    owner: Owner
    issues: KeyPath | None = None
    """Where the reasons, a list of texts, are in the file, as keys joined by dots."""

    @property
    def suffix(self) -> str:
        """The suffix of its file, which is an artifact of the tag."""
        return self.file.removeprefix("{tag}")


class Phase3(Section):
    """`[phase3]`: the fallback."""

    tag: Text = "phase3_demo"
    directory: Text = "../phase3_scaffold"
    """Where the operator's own Phase 3 scripts are, relative to the working directory."""
    input: Text | None = None
    """The batch; by default the sample beside those scripts, else the packaged one."""
    steps: StepTables = Field(default_factory=dict, json_schema_extra=_named(3))


class Isolation(Section):
    """`[isolation]`: what keeps a run in paper mode."""

    pass_environment: tuple[Text, ...] = ()
    """Names of variables that a step gets in addition to the few that it always gets."""
    live_when_truthy: tuple[Text, ...] = LIVE_WHEN_TRUTHY
    live_when_falsy: tuple[Text, ...] = LIVE_WHEN_FALSY
    writable: tuple[Text, ...] = ()
    """Files and directories that a step may write besides the working directory, relative to it."""


class Limits(Section):
    """`[limits]`: what one step may use up."""

    processes: Count = 1024
    """How many processes and threads it may have at a time; the kernel may allow up to 300 more."""
    open_files: Count = 1024
    """How many files each of its processes may have open."""
    file_megabytes: Count = 16384
    """How large a file may become, in MiB."""
    memory_megabytes: Count | None = None
    """How much memory each of its processes may map, in MiB; by default there is no limit."""


class DashboardSettings(Section):
    """`[dashboard]`: how the dashboard looks and sounds."""

    theme: Literal["calm", "colour-blind", "high-contrast", "light"] = "calm"
    bell: bool = False
    """Ring the terminal's bell when an incident of P0 or P1 opens."""
    ascii: bool | None = None
    """Draw with ASCII characters alone; by default where the terminal's encoding lacks the signs."""


class Settings(Section):
    """All settings of a working directory; paths are relative to it."""

    tag: Text = DEFAULT_TAG
    input: Text = "sample_batch_input.json"
    rules: Text = "monitoring_rules.json"
    reports: Text = "reports"
    operator: VisibleText = "unknown"
    python: Text | None = None
    """The interpreter of the operator's own scripts; by default `python` on PATH."""
    timeout_seconds: Seconds = DEFAULT_TIMEOUT_SECONDS
    """How long one step may take."""
    grace_seconds: Seconds = DEFAULT_GRACE_SECONDS
    """How long a step may take to stop before it is killed."""
    steps: StepTables = Field(default_factory=dict, json_schema_extra=_named(4))
    own_steps: tuple[OwnStep, ...] = ()
    own_checks: tuple[OwnCheck, ...] = ()
    phase3: Phase3 = Phase3()
    isolation: Isolation = Isolation()
    limits: Limits = Limits()
    dashboard: DashboardSettings = DashboardSettings()
    keys: dict[str, Text] = Field(default_factory=dict)
    """`[keys]`: the dashboard's keys by action, e.g. `freeze = "f2"`; every command checks them."""

    def files_of(self, step: OwnStep) -> tuple[str, ...]:
        """Return the suffixes of the files that an own step must write; `[steps.NAME]` may replace them."""
        tuned = self.steps.get(step.name, StepSettings()).expects
        return tuple(file.removeprefix("{tag}") for file in tuned or step.expects)

    @property
    def own_suffixes(self) -> tuple[str, ...]:
        """The suffixes of the artifacts of the desk's own steps and checks."""
        written = (suffix for step in self.own_steps for suffix in self.files_of(step))
        return tuple(dict.fromkeys((*written, *(check.suffix for check in self.own_checks))))


Location = tuple[int | str, ...]
"""The path to a key: names of tables and keys, and indices in an array."""
_FROM_ENVIRONMENT = ("tag", "input", "rules", "reports", "operator", "python", "timeout_seconds", "grace_seconds")
_NO_SETTINGS = {"PHASE4_WORKDIR", "PHASE4_PROGRESS"}
UNKNOWN = " is unknown"
KNOWN_KEYS = Remedy("", command_line("schema", "settings"), "lists the known ones")


def load_settings(
    workdir: Path, environment: Mapping[str, str], given: Mapping[str, str | None] | None = None
) -> Settings:
    """Return the settings of a working directory; `given` holds the values from the command line.

    Raises SettingsError for an unknown key or a bad value.
    """
    path = workdir / SETTINGS_FILE
    text, values = _read_file(path)
    values.setdefault("operator", _login_name(environment))
    settings = _validate(values, lambda location: SetAt(str(path), _line_of(text, location)))
    set_names: dict[str, SetAt] = {}
    for name in sorted(environment):
        if name.startswith(ENV_PREFIX) and name not in _NO_SETTINGS and not _guards(settings, name):
            key = name.removeprefix(ENV_PREFIX).lower()
            if key not in _FROM_ENVIRONMENT:
                known = ", ".join(ENV_PREFIX + key.upper() for key in _FROM_ENVIRONMENT)
                variable = SetAt(f"environment variable {safe_line(name)}")
                raise variable.error(key, f"unknown setting; known are {known}")
            values[key] = environment[name]
            set_names[key] = SetAt(f"environment variable {name}")
    for key, value in (given or {}).items():
        if value is not None:
            values[key] = value
            set_names[key] = SetAt(f"option --{key}")
    settings = _validate(values, lambda location: set_names.get(str(location[0]), SetAt(str(path))))
    for key, tag in (("tag", settings.tag), ("phase3.tag", settings.phase3.tag)):
        if not is_tag(tag):
            where = set_names.get(key, SetAt(str(path), _line_of(text, tuple(key.split(".")))))
            raise where.error(key, f"key `{key}`: {tag!a} is no run tag: a tag is {TAG_RULE}")
    if settings.steps or settings.phase3.steps or settings.own_steps or settings.own_checks:
        _refuse_bad_entries(settings, lambda location: SetAt(str(path), _line_of(text, location)))
    return settings


def _refuse_bad_entries(settings: Settings, where: Callable[[Location], SetAt]) -> None:
    """Raise SettingsError for the first entry that conflicts with the runbook's or with another of the desk's."""
    from phase4_tui.runbook.own_entries import problems  # noqa: PLC0415 - few desks have such entries

    for location, problem in problems(settings):
        key = safe_line(".".join(str(part) for part in location), 120)
        raise where(location).error(key, f"key `{key}`{problem}", KNOWN_KEYS if problem == UNKNOWN else ())


def place_in_file(workdir: Path, *location: str) -> SetAt:
    """Return the settings file and the line that sets a key, for an error about it."""
    path = workdir / SETTINGS_FILE
    return SetAt(str(path), _line_of(_read_file(path)[0], location))


def _guards(settings: Settings, name: str) -> bool:
    """True for a variable that is a switch for live orders, which the preconditions judge, and no setting."""
    return matches_any(name, settings.isolation.live_when_truthy + settings.isolation.live_when_falsy)


def matches_any(name: str, patterns: tuple[str, ...]) -> bool:
    """True when the name matches one of the patterns, case-insensitively; `*` matches any text."""
    return any(
        re.fullmatch(".*".join(re.escape(part) for part in pattern.split("*")), name, re.IGNORECASE)
        for pattern in patterns
    )


def _login_name(environment: Mapping[str, str]) -> str:
    for name in ("LOGNAME", "USER"):
        if environment.get(name, "").strip():
            return environment[name]
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid{os.getuid()}"


def _read_file(path: Path) -> tuple[str, dict[str, Any]]:
    try:
        text = decode_text(read_bytes(path))
    except FileNotFoundError:
        return "", {}
    except (Unreadable, BadJson) as error:
        raise SettingsError(f"{path}: {error.message}", remedy=error.remedies, source=str(path)) from None
    try:
        return text, tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: is not TOML: {error}", source=str(path)) from None
    except RecursionError:
        raise SettingsError(f"{path}: is nested too deeply", source=str(path)) from None
    except ValueError as error:  # an integer of thousands of digits, an offset of more than a day
        raise SettingsError(f"{path}: holds a value that can't be read: {error}", source=str(path)) from None


def _validate(values: Mapping[str, Any], where: Callable[[Location], SetAt]) -> Settings:
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_context=False)[0]
        location = problem["loc"]
        key = safe_line(".".join(str(part) for part in location), 120)
        if problem["type"] == "extra_forbidden":
            raise where(location).error(key, f"key `{key}`{UNKNOWN}", KNOWN_KEYS) from None
        message = f"key `{key}`: {schema_words(problem['msg'])}, found {safe_line(ascii(problem['input']), 60)}"
        raise where(location).error(key, message) from None


def _line_of(text: str, location: Location) -> int | None:
    """Return the number of the line that sets the key at `location`; None where plain TOML does not show it."""
    names = [str(part) for part in location]
    table: list[str] = []
    counts: dict[str, int] = {}
    best: tuple[int, int] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*(\[\[?)([^\]]+)\]", line)
        key = re.match(r"\s*([A-Za-z0-9_.\"'-]+)\s*=", line)
        if header:
            table = _dotted(header.group(2))
            if header.group(1) == "[[":  # an array of tables: the index is part of each key's path
                count = counts[header.group(2)] = counts.get(header.group(2), -1) + 1
                table = [*table, str(count)]
            found = table
        elif key:
            found = table + _dotted(key.group(1))
        else:
            continue
        if found == names[: len(found)] and (best is None or len(found) > best[0]):
            best = (len(found), number)
    return best[1] if best else None


def _dotted(text: str) -> list[str]:
    return [part.strip().strip("\"'") for part in text.split(".")]
