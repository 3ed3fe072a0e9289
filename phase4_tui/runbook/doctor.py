"""Diagnoses whether this machine and this working directory are ready for runs and operations."""

import errno
import os
import platform
import resource
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from phase4_tui import __version__
from phase4_tui.artifacts.directories import obstacle
from phase4_tui.artifacts.models import Diagnostic
from phase4_tui.artifacts.names import state_dir
from phase4_tui.errors import Remedy
from phase4_tui.journal.state import StateUnreadable, read_state
from phase4_tui.runbook.cage_plan import cage_of, lock_view
from phase4_tui.runbook.guards import row_of
from phase4_tui.runbook.isolation import Proof, probe_barrier
from phase4_tui.runbook.preconditions import (
    Precondition,
    check_artifacts,
    check_environment,
    check_isolation,
    check_room,
    check_workdir,
)
from phase4_tui.runbook.run_holder import running
from phase4_tui.runbook.settings import Settings, SettingsError
from phase4_tui.runbook.status import unfinished_runs
from phase4_tui.runbook.steps import PHASE4_STEPS, interpreter, place_of

PACKAGES = ("msgspec", "pydantic", "rich", "typer", "watchfiles")
INOTIFY = Path("/proc/sys/fs/inotify")
MIN_WATCHES = 1024
MIN_FILES = 256
CLOCK_SKEW_SECONDS = 2.0
SHOWN_TAGS = 5
NO_NAMELESS_FILES = (errno.EOPNOTSUPP, errno.EISDIR, errno.ENOENT)


class Finding(Diagnostic):
    """The result of one diagnostic; an advisory one does not fail the whole."""

    name: str
    ok: bool
    detail: str
    advisory: bool = False


def examine(settings: Settings, workdir: Path, environment: Mapping[str, str]) -> list[Finding]:
    """Return the result of every diagnostic."""
    place = place_of(settings, workdir, 4, None, None)
    reports = place.reports
    proof, cage = _proof(settings, workdir, reports)
    conditions = [
        check_workdir(settings, place, 4, PHASE4_STEPS),
        check_room(place),
        check_environment(settings, environment),
        check_isolation(proof),
    ]
    artifacts = check_artifacts(place, settings.tag)
    return [
        _installed(),
        Finding(name="python", ok=sys.version_info >= (3, 11), detail=f"{platform.python_version()} {sys.executable}"),
        _interpreter(settings, workdir, environment),
        *map(_as_finding, conditions),
        *cage,
        _as_finding(artifacts).model_copy(update={"advisory": True}),
        _state(reports),
        _running(reports),
        *_disk(reports),
        _limits(),
        _terminal(environment),
    ]


def _as_finding(condition: Precondition) -> Finding:
    return Finding(name=condition.name, ok=condition.ok, detail=condition.detail, remedies=condition.remedies)


def _installed() -> Finding:
    found = []
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            again = Remedy(effect="install phase4-tui anew")
            return Finding(name="packages", ok=False, detail=f"{package} is not installed", remedies=(again,))
    return Finding(name="packages", ok=True, detail=f"phase4_tui {__version__}, {', '.join(found)}")


def _interpreter(settings: Settings, workdir: Path, environment: Mapping[str, str]) -> Finding:
    try:
        return Finding(name="step scripts' python", ok=True, detail=interpreter(settings, workdir, environment))
    except SettingsError as error:
        return Finding(name="step scripts' python", ok=False, detail=error.message, remedies=error.remedies)


def _proof(settings: Settings, workdir: Path, reports: Path) -> tuple[Proof, list[Finding]]:
    """Probe the barrier and the cage of a step; return the proof and a finding about each guard.

    Where the state of operations is missing a temporary directory stands in for it.
    """
    state, wrong = state_dir(reports), []
    try:
        cage = cage_of(settings, workdir, reports, ())
    except SettingsError as error:
        wrong, cage = [Finding(name="writable", ok=False, detail=error.message, remedies=error.remedies)], None
    if state.is_dir():
        proof, whose = probe_barrier("seccomp", state, cage), f"for {state}"
    else:
        with tempfile.TemporaryDirectory(prefix="phase4-doctor-") as directory:
            found, stand_in = obstacle(state), Path(directory).resolve()
            if cage is not None:
                cage = replace(cage, sealed=(*cage.sealed, stand_in), hidden=lock_view(stand_in))
            proof = probe_barrier("seccomp", stand_in, cage)
            whose = f"shown elsewhere, {found.message if found else f'{state} does not exist yet'}"
    protection = Finding(
        name="state protection", ok=proof.protects_state, detail=f"{proof.state_protection}, {whose}", advisory=True
    )
    rows = [
        Finding(name=f"cage: {guard.name}", ok=guard.holds and not guard.open, detail=row_of(guard), advisory=True)
        for guard in proof.guards
    ]
    return proof, [*wrong, protection, *rows]


def _state(reports: Path) -> Finding:
    try:
        state = read_state(reports)
    except StateUnreadable as error:
        return Finding(name="state", ok=False, detail=error.message, remedies=error.remedies)
    active = state.active_tag or "none"
    detail = f"revision {state.revision}, mode {state.evaluation_mode}, active tag {active}"
    return Finding(name="state", ok=True, detail=detail)


def _running(reports: Path) -> Finding:
    holder = running(reports)
    died = [run.tag for run in unfinished_runs(reports) if run.state == "interrupted"]
    told = f"; the last run of {', '.join(died[:SHOWN_TAGS])} was interrupted" if died else ""
    return Finding(name="running", ok=True, detail=(str(holder) if holder else "no sequence runs") + told)


def _disk(reports: Path) -> list[Finding]:
    """Check permissions and compare the file system's clock with ours, by a file without a name: it changes nothing."""
    wrong = obstacle(reports)
    if wrong is not None:
        return [Finding(name="file rights", ok=False, detail=wrong.message, remedies=wrong.remedies)]
    if not reports.is_dir():
        detail = f"{reports} does not exist yet; a run makes it"
        return [Finding(name="file rights", ok=True, detail=detail, advisory=True)]
    try:
        descriptor = os.open(reports, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if error.errno in NO_NAMELESS_FILES and os.access(reports, os.W_OK | os.X_OK):
            unknown = Finding(name="clock", ok=True, detail="can't be compared on this file system", advisory=True)
            return [Finding(name="file rights", ok=True, detail=f"{reports} can be written"), unknown]
        return [Finding(name="file rights", ok=False, detail=f"{reports} can't be written: {error.strerror}")]
    written = os.fstat(descriptor).st_mtime
    os.close(descriptor)
    skew = written - time.time()
    steady = abs(skew) <= CLOCK_SKEW_SECONDS
    clock = f"file times are {skew:+.1f} s from this clock" + ("" if steady else "; ages and staleness mislead")
    return [
        Finding(name="file rights", ok=True, detail=f"{reports} can be written"),
        Finding(name="clock", ok=steady, detail=clock),
    ]


def _limits() -> Finding:
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    watches = _number(INOTIFY / "max_user_watches")
    instances = _number(INOTIFY / "max_user_instances")
    ok = (files == resource.RLIM_INFINITY or files >= MIN_FILES) and (watches is None or watches >= MIN_WATCHES)
    detail = f"{files} open files, {watches} inotify watches, {instances} inotify instances"
    return Finding(name="limits", ok=ok, detail=detail, advisory=True)


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


def _terminal(environment: Mapping[str, str]) -> Finding:
    term = environment.get("TERM", "")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        others = Remedy(effect="use status, watch and run")
        return Finding(name="terminal", ok=False, detail="none", remedies=(others,), advisory=True)
    columns, lines = os.get_terminal_size(sys.stdout.fileno())
    ok = term not in ("", "dumb")
    return Finding(name="terminal", ok=ok, detail=f"TERM={term}, {columns}x{lines}", advisory=True)
