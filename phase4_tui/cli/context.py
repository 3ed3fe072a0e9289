"""What every command has in common: options, settings, printing, and exit status."""

import inspect
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from textwrap import fill
from typing import Annotated, Any, TextIO

import typer

from phase4_tui.artifacts.models import Document
from phase4_tui.artifacts.safe_text import safe_line, safe_text
from phase4_tui.errors import Phase4Error, Refused, Remedy, command_line, error_as_commands
from phase4_tui.runbook.existing_tag import refuse_unknown
from phase4_tui.runbook.settings import Settings, load_settings
from phase4_tui.runbook.site import Site
from phase4_tui.streams import delivered

DONE, FAILED, REFUSED = 0, 1, 2

Workdir = Annotated[Path | None, typer.Option("--workdir", "-C", help="The working directory.", show_default="here")]
Reports = Annotated[str | None, typer.Option(help="The reports directory.", show_default="reports")]
Operator = Annotated[str | None, typer.Option(help="Who acts.", show_default="the login name")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, nothing else.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the plan, change nothing.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
COMMON: dict[str, tuple[Any, Any]] = {
    "workdir": (Workdir, None),
    "reports": (Reports, None),
    "operator": (Operator, None),
    "json": (Json, False),
    "dry_run": (DryRun, False),
    "yes": (Yes, False),
}


@dataclass(frozen=True)
class Desk:
    """The working directory, settings and options of one command."""

    workdir: Path
    settings: Settings
    environment: Mapping[str, str]
    json: bool
    dry_run: bool
    yes: bool

    @property
    def site(self) -> Site:
        """The site that operations are given in."""
        return Site(self.workdir, self.settings, self.environment)

    @property
    def reports(self) -> Path:
        """The reports directory."""
        return self.site.reports


EXISTING = "existing tag"
"""Beside the annotation of a parameter: it names a tag that must exist."""


def command(function: Callable[..., int], *, acts: bool, only_with: str | None = None) -> Callable[..., None]:
    """Make a typer command of `function`, whose first parameter is the Desk and whose result is the exit status.

    With `acts` it does something, unless the option `only_with` is missing: its status then stands, whatever becomes
    of its output.
    """
    _desk, *own = inspect.signature(function, eval_str=True).parameters.values()
    tags = [one.name for one in own if EXISTING in getattr(one.annotation, "__metadata__", ())]

    def work(common: Mapping[str, Any], values: Mapping[str, Any]) -> int:
        desk = open_desk(common)
        for name in tags:
            if values[name] is not None:
                refuse_unknown(desk.site, values[name])
        return function(desk, **values)

    @wraps(function)
    def run(**values: Any) -> None:
        context = values.pop("context")
        before = context.obj or {}
        common = {name: values.pop(name) for name in COMMON}
        common = {name: before.get(name) if value in (None, False) else value for name, value in common.items()}
        context.obj = common
        if context.invoked_subcommand is not None:
            return  # this is a group's own command, and a command of the group was given
        stands = acts and not common["dry_run"] and (only_with is None or bool(values[only_with]))
        raise typer.Exit(delivered(guarded(lambda: work(common, values)), stands=stands))

    return _with_options(run, own)


def root(function: Callable[..., None]) -> Callable[..., None]:
    """Make `function`, which takes only options, the callback that runs before every command."""
    own = inspect.signature(function, eval_str=True).parameters

    @wraps(function)
    def run(**values: Any) -> None:
        context = values.pop("context")
        context.obj = {name: values.pop(name) for name in COMMON}
        function(**values)

    return _with_options(run, own.values())


def _with_options(run: Callable[..., None], own: Iterable[inspect.Parameter]) -> Callable[..., None]:
    """Give `run` a signature for typer: the context, the parameters of `own` and the common options."""
    only = inspect.Parameter.KEYWORD_ONLY
    parameters = [inspect.Parameter("context", only, annotation=typer.Context)]
    parameters += [parameter.replace(kind=only) for parameter in own]
    parameters += [
        inspect.Parameter(name, only, default=default, annotation=annotation)
        for name, (annotation, default) in COMMON.items()
    ]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what inspect documents
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def open_desk(common: Mapping[str, Any]) -> Desk:
    """Return the desk for the common options; raises SettingsError, Refused."""
    environment = dict(os.environ)
    chosen = common["workdir"] or environment.get("PHASE4_WORKDIR") or "."
    try:
        workdir = Path(chosen).absolute()
    except FileNotFoundError:
        elsewhere = Remedy(effect="change to another one, or name one with `-C`")
        raise Refused("the directory that this was started in is gone", remedy=elsewhere) from None
    if not workdir.is_dir():
        lays_out = Remedy("", command_line("init", str(chosen)), "lays one out")
        raise Refused(f"{workdir} is not a directory", remedy=lays_out, file=str(workdir))
    given = {name: common[name] for name in ("reports", "operator")}
    settings = load_settings(workdir, environment, given)
    if settings.keys:
        from phase4_tui.console.key_settings import refuse_bad_keys  # noqa: PLC0415 - few desks set keys

        refuse_bad_keys(workdir, settings.keys)
    return Desk(workdir, settings, environment, bool(common["json"]), bool(common["dry_run"]), bool(common["yes"]))


def guarded(work: Callable[[], int]) -> int:
    """Return the exit status of `work`; an error that can be foreseen becomes one line on stderr."""
    try:
        return work()
    except Phase4Error as error:
        complain(error_as_commands(error))
        return error.exit_status
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        complain(f"{where}{error.strerror or error}")
        return FAILED


def say(text: str = "", style: str = "", *, aside: bool = False) -> None:
    """Print a text made safe; `style` is rich's and shows only on a terminal; `aside` prints to stderr."""
    text = fitted(safe_text(text, 1 << 16), sys.stderr if aside else sys.stdout)
    if aside:
        print(text, file=sys.stderr, flush=True)
    elif style and sys.stdout.isatty():
        from rich.console import Console  # noqa: PLC0415 - only where there are colours to show
        from rich.text import Text  # noqa: PLC0415 - as above

        Console(highlight=False, soft_wrap=True).print(Text(text, style=style))
    else:
        print(text, flush=True)


def fitted(text: str, stream: TextIO) -> str:
    """Return the text with long lines broken between words, where the terminal would break them anywhere."""
    width = shutil.get_terminal_size().columns
    if not stream.isatty() or len(text) <= width:
        return text
    return "\n".join(_wrapped(line, width) for line in text.split("\n"))


def _wrapped(line: str, width: int) -> str:
    indent = line[: len(line) - len(line.lstrip())] + "  "
    return fill(line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def complain(text: str) -> None:
    """Print one line on stderr."""
    print(f"error: {safe_line(text)}", file=sys.stderr)


def emit(document: Document | Mapping[str, Any], indent: int | None = 2) -> None:
    """Print one JSON document; without `indent` on one line."""
    # Everything but ASCII is escaped: no character from a file can control the terminal, and none is lost.
    print(json.dumps(document, indent=indent, default=_plain), flush=True)


def _plain(value: object) -> object:
    if isinstance(value, Document):
        return value.model_dump(by_alias=True)
    raise TypeError(f"{type(value).__name__} is no JSON")
