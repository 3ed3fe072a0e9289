"""The settings: command line over environment `PHASE4_*` over `phase4.toml` over defaults (cli.md)."""

import getpass
import os
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from phase4_tui.artifacts.names import DEFAULT_TAG, TAG_RULE, is_tag
from phase4_tui.artifacts.regular_files import Unreadable, read_bytes
from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.artifacts.strict_json import BadJson, decode_text
from phase4_tui.errors import Refused, Remedy, command_line

SETTINGS_FILE = "phase4.toml"
ENV_PREFIX = "PHASE4_"
DEFAULT_TIMEOUT_SECONDS = 900.0
DEFAULT_GRACE_SECONDS = 2.0
LIVE_WHEN_TRUTHY = ("*_ALLOW_LIVE_ORDERS", "INSTITUTIONAL_ADAPTER_ENABLED", "INSTITUTIONAL_AGENT_ENABLED")
LIVE_WHEN_FALSY = ("*_DRY_RUN",)


def _no_switch(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("Input should be a number of seconds")
    return value


Seconds = Annotated[float, BeforeValidator(_no_switch), Field(gt=0, allow_inf_nan=False)]
Text = Annotated[str, Field(min_length=1)]


class SettingsError(Refused):
    """A setting that can't be used; the message names file or variable, line and key."""


class SetAt(NamedTuple):
    """Where a setting is set: a file with a line, where one is known, or a variable or an option."""

    source: str
    line: int | None = None

    def __str__(self) -> str:
        return self.source if self.line is None else f"{self.source}, line {self.line}"

    def error(self, key: str, problem: str, remedy: Remedy | Sequence[Remedy] = ()) -> SettingsError:
        """Return the error that the key `key` makes here."""
        return SettingsError(f"{self}: {problem}", remedy=remedy, source=self.source, line=self.line, key=key)


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class StepSettings(_Section):
    """What may be changed of one step; `{tag}`, `{input}`, `{rules}` and `{outdir}` are filled in."""

    argv: Annotated[tuple[Text, ...], Field(min_length=1)] | None = None
    """The whole command line, the program first."""
    timeout_seconds: Seconds | None = None
    expects: Annotated[tuple[Text, ...], Field(min_length=1)] | None = None
    """The names of the files in the reports directory that the step must write."""


class Steps(_Section):
    """`[steps.NAME]`, one table a step of the Phase 4 sequence."""

    pipeline: StepSettings = StepSettings()
    release_check: StepSettings = StepSettings()
    quality_check: StepSettings = StepSettings()
    signoff: StepSettings = StepSettings()
    monitor: StepSettings = StepSettings()


class Phase3Steps(_Section):
    """`[phase3.steps.NAME]`, one table a step of the Phase 3 sequence."""

    pipeline: StepSettings = StepSettings()
    release_check: StepSettings = StepSettings()
    quality_check: StepSettings = StepSettings()
    signoff: StepSettings = StepSettings()


class Phase3(_Section):
    """`[phase3]`: the fallback."""

    tag: Text = "phase3_demo"
    directory: Text = "../phase3_scaffold"
    """Where the operator's own Phase 3 scripts are, relative to the working directory."""
    input: Text | None = None
    """The batch; by default the sample beside those scripts, else the one that this program carries."""
    steps: Phase3Steps = Phase3Steps()


class Isolation(_Section):
    """`[isolation]`: what keeps a run in paper mode."""

    pass_environment: tuple[Text, ...] = ()
    """Names of variables that a step gets besides the few that it always gets."""
    live_when_truthy: tuple[Text, ...] = LIVE_WHEN_TRUTHY
    live_when_falsy: tuple[Text, ...] = LIVE_WHEN_FALSY


class DashboardSettings(_Section):
    """`[dashboard]`: how the dashboard looks and sounds."""

    theme: Literal["calm", "colour-blind", "high-contrast", "light"] = "calm"
    bell: bool = False
    """Ring the terminal's bell when an incident of P0 or P1 opens."""
    ascii: bool = False
    """Draw with ASCII characters alone."""


class Settings(_Section):
    """All settings of a working directory; paths are relative to it."""

    tag: Text = DEFAULT_TAG
    input: Text = "sample_batch_input.json"
    rules: Text = "monitoring_rules.json"
    reports: Text = "reports"
    operator: Text = "unknown"
    python: Text | None = None
    """The interpreter of the operator's own scripts; by default `python` on PATH."""
    timeout_seconds: Seconds = DEFAULT_TIMEOUT_SECONDS
    """How long any one step may take."""
    grace_seconds: Seconds = DEFAULT_GRACE_SECONDS
    """How long a step that is asked to stop may take before it is killed."""
    steps: Steps = Steps()
    phase3: Phase3 = Phase3()
    isolation: Isolation = Isolation()
    dashboard: DashboardSettings = DashboardSettings()
    keys: dict[str, Text] = Field(default_factory=dict)
    """`[keys]`: the dashboard's keys by action, e.g. `freeze = "f2"`; the dashboard checks them at its start."""


_FROM_ENVIRONMENT = ("tag", "input", "rules", "reports", "operator", "python", "timeout_seconds", "grace_seconds")
_NO_SETTINGS = {"PHASE4_WORKDIR", "PHASE4_PROGRESS"}


def load_settings(
    workdir: Path, environment: Mapping[str, str], given: Mapping[str, str | None] | None = None
) -> Settings:
    """Return the settings of a working directory; `given` holds what the command line sets.

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
    return settings


def place_in_file(workdir: Path, *location: str) -> SetAt:
    """Return the settings file and the line that sets a key, for an error about it."""
    path = workdir / SETTINGS_FILE
    return SetAt(str(path), _line_of(_read_file(path)[0], location))


def _guards(settings: Settings, name: str) -> bool:
    """True for a variable that is no setting but a switch for live orders, which the preconditions judge."""
    return matches_any(name, settings.isolation.live_when_truthy + settings.isolation.live_when_falsy)


def matches_any(name: str, patterns: tuple[str, ...]) -> bool:
    """True when the variable's name matches one of the patterns, case aside; `*` stands for any text."""
    return any(
        re.fullmatch(".*".join(re.escape(part) for part in pattern.split("*")), name, re.IGNORECASE)
        for pattern in patterns
    )


def _login_name(environment: Mapping[str, str]) -> str:
    for name in ("LOGNAME", "USER"):
        if environment.get(name):
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


def _validate(values: Mapping[str, Any], where: Callable[[tuple[int | str, ...]], SetAt]) -> Settings:
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_context=False)[0]
        location = problem["loc"]
        key = safe_line(".".join(str(part) for part in location), 120)
        if problem["type"] == "extra_forbidden":
            known = Remedy("", command_line("schema", "settings"), "lists the known ones")
            raise where(location).error(key, f"key `{key}` is unknown", known) from None
        message = f"key `{key}`: {problem['msg']}, found {safe_line(ascii(problem['input']), 60)}"
        raise where(location).error(key, message) from None


def _line_of(text: str, location: tuple[int | str, ...]) -> int | None:
    """Return the number of the line that sets the key at `location`, as far as plain TOML shows it."""
    names = [str(part) for part in location if isinstance(part, str)]
    table: list[str] = []
    best: tuple[int, int] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[+([^\]]+)\]", line)
        key = re.match(r"\s*([A-Za-z0-9_.\"'-]+)\s*=", line)
        if header:
            table = _dotted(header.group(1))
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
