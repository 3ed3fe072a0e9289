"""Opens the dashboard for `phase4` and `phase4 dash` without the cost of loading the command line."""

import gc
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from phase4_tui.runbook.site import Site

VALUES = {"-C": "workdir", "--workdir": "workdir", "--reports": "reports", "--operator": "operator"}
SWITCHES = {"--read-only": "read_only", "--ascii": "ascii_only"}


def quick_start(arguments: Sequence[str]) -> int | None:
    """Run the dashboard and return its exit status; None for other arguments, or when something is wrong.

    The command line then parses the same arguments again and reports what is wrong.
    """
    given = _parse(arguments)
    if given is None:
        return None
    gc.disable()  # nothing loaded now is garbage, and collecting costs a third of the start; the app enables it again
    site = _site(given)
    if site is None:
        gc.enable()
        return None
    from phase4_tui.tui.start import run_dashboard  # noqa: PLC0415 - other commands do not need it

    return run_dashboard(site, read_only="read_only" in given, ascii_only="ascii_only" in given)


def _site(given: dict[str, str]) -> "Site | None":
    from phase4_tui.runbook.settings import SettingsError, load_settings  # noqa: PLC0415 - as above
    from phase4_tui.runbook.site import Site  # noqa: PLC0415 - as above
    from phase4_tui.tui.terminal import why_unusable  # noqa: PLC0415 - as above

    environment = dict(os.environ)
    try:
        workdir = Path(given.get("workdir") or environment.get("PHASE4_WORKDIR") or ".").absolute()
    except FileNotFoundError:
        return None  # the directory that this was started in is gone
    if not workdir.is_dir() or why_unusable() is not None:
        return None
    try:
        settings = load_settings(workdir, environment, {name: given.get(name) for name in ("reports", "operator")})
        if settings.keys:
            from phase4_tui.console.key_settings import refuse_bad_keys  # noqa: PLC0415 - few desks set keys

            refuse_bad_keys(workdir, settings.keys)
    except SettingsError:
        return None
    return Site(workdir, settings, environment)


def means_dashboard(arguments: Sequence[str]) -> bool:
    """True for `phase4` or `phase4 dash` with only options of the dashboard."""
    return _parse(arguments) is not None


def _parse(arguments: Sequence[str]) -> dict[str, str] | None:
    """Return the options of `phase4` or `phase4 dash`, None for any other command."""
    given: dict[str, str] = {}
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if word == "dash" and "dash" not in given:
            given["dash"] = ""
        elif word in SWITCHES:
            given[SWITCHES[word]] = ""
        elif name in VALUES and (equals or rest):
            given[VALUES[name]] = value if equals else rest.pop(0)
        else:
            return None
    return given
