"""What the tests of the runbook share: working directories, runs in this process, and a look at other processes."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from phase4_tui.artifacts.names import Artifact, file_name
from phase4_tui.cli.installation import laid_out_files
from phase4_tui.journal.state import OperationsState
from phase4_tui.runbook.classification import Classification
from phase4_tui.runbook.health import Health
from phase4_tui.runbook.judging import judge_tag
from phase4_tui.runbook.provenance import RunRecord, StepRecord
from phase4_tui.runbook.run_plan import Request, RunPlan, plan_run
from phase4_tui.runbook.sequence import Observer, run_plan
from phase4_tui.runbook.settings import load_settings
from phase4_tui.runbook.site import Site
from phase4_tui.runbook.steps import Command
from tests.runbook.documents import Tag, contents

FOREIGN = Path(__file__).parent.parent / "foreign"
TAG = "phase4_demo"
STEP_NAMES = ["pipeline", "release_check", "quality_check", "signoff", "monitor"]
PATIENCE_SECONDS = 20.0
POLL_SECONDS = 0.02
ENVIRONMENT = {
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}",
    "PHASE4_PYTHON": sys.executable,
    "PHASE4_OPERATOR": "ada",
    "PHASE4_GRACE_SECONDS": "0.5",
}
T = TypeVar("T")


def laid_out(directory: Path) -> Path:
    """Lay out a working directory as `phase4 init` does."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in laid_out_files().items():
        (directory / name).write_bytes(content)
    (directory / "reports").mkdir(exist_ok=True)
    return directory


def foreign(directory: Path, **scripts: str) -> Path:
    """Lay out an operator's working directory; `scripts` replace the steps of those names by other code."""
    laid_out(directory)
    (directory / "phase4.toml").unlink()
    for script in FOREIGN.glob("*.py"):
        shutil.copy(script, directory)
    for name, code in scripts.items():
        script_of(directory, name).write_text(code, encoding="utf-8")
    return directory


def script_of(directory: Path, step: str) -> Path:
    """Return the script of a Phase 4 step in a working directory."""
    names = {"pipeline": "pipeline_runner", "signoff": "phase4_signoff_generator", "monitor": "phase4_monitor_runner"}
    return directory / f"{names.get(step, f'phase4_{step}')}.py"


class Recording(Observer):
    """An observer that remembers everything."""

    wants_progress = True

    def __init__(self) -> None:
        self.records: list[RunRecord] = []
        self.started: list[str] = []
        self.facts: list[tuple[str, Mapping[str, int]]] = []
        self.ended: list[StepRecord] = []

    def run_started(self, record: RunRecord) -> None:
        """Remember the record."""
        self.records.append(record)

    def step_started(self, command: Command) -> None:
        """Remember the step."""
        self.started.append(command.step.name)

    def progress(self, command: Command, facts: Mapping[str, int]) -> None:
        """Remember the facts."""
        self.facts.append((command.step.name, facts))

    def step_ended(self, record: StepRecord) -> None:
        """Remember the outcome."""
        self.ended.append(record)


def plan(workdir: Path, environment: Mapping[str, str] | None = None, **request: Any) -> RunPlan:
    """Plan a run as the command line does."""
    environment = ENVIRONMENT | dict(environment or {})
    return plan_run(load_settings(workdir, environment), workdir, environment, Request(**request))


def run(
    workdir: Path,
    environment: Mapping[str, str] | None = None,
    *,
    observer: Recording | None = None,
    cancel: threading.Event | None = None,
    **request: Any,
) -> RunRecord:
    """Plan and run in this process, with real children."""
    environment = ENVIRONMENT | dict(environment or {})
    settings = load_settings(workdir, environment)
    planned = plan_run(settings, workdir, environment, Request(**request))
    return run_plan(planned, settings, environment, observer or Recording(), cancel or threading.Event())


@contextmanager
def running(workdir: Path, environment: Mapping[str, str] | None = None, **request: Any) -> Iterator[list[RunRecord]]:
    """Run in a thread of this process; cancelled at the latest when the block ends, which then has the record."""
    done: list[RunRecord] = []
    cancel = threading.Event()
    thread = threading.Thread(
        target=lambda: done.append(run(workdir, environment, cancel=cancel, **request)), daemon=True
    )
    thread.start()
    try:
        yield done
    finally:
        cancel.set()
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive(), "a cancelled run did not end"


def step(record: RunRecord, name: str) -> StepRecord:
    """Return the record of a step."""
    return next(step for step in record.steps if step.name == name)


def states(record: RunRecord) -> dict[str, str]:
    """Return the state of each step."""
    return {step.name: step.state for step in record.steps}


def verdict(workdir: Path, tag: str = TAG) -> tuple[Health, Classification]:
    """Judge a tag from what is on disk."""
    judgement = judge_tag(Site(workdir, load_settings(workdir, ENVIRONMENT), ENVIRONMENT), tag, OperationsState())
    return judgement.health, judgement.classification


def found(tag: Tag) -> Classification:
    """Return the classification of a tag, whose level says whether it has a class."""
    classification = judge_tag(tag.site, tag.name, OperationsState(), patient=False).classification
    assert (classification.severity_class is None) == (classification.level != "incident")
    return classification


def named(tag: Tag) -> tuple[str | None, str | None, int]:
    """Return class (or level), owner and exit status."""
    one = found(tag)
    return one.severity_class or one.level, one.owner, one.exit_status


def until(condition: Callable[[], T], seconds: float = PATIENCE_SECONDS) -> T:
    """Return the first true value of `condition`; fail when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(POLL_SECONDS)
    return value


NO_PROCESS = (1 << 31) - 1


def alive(pid: int) -> bool:
    """True while a process of that number does anything; a zombie is dead, unless a thread of it runs on."""
    try:
        states = [(task / "stat").read_bytes().rpartition(b")")[2].split()[0] for task in _tasks(pid)]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return any(state not in (b"Z", b"X") for state in states)


def _tasks(pid: int) -> list[Path]:
    return list(Path(f"/proc/{pid}/task").iterdir())


def zombies() -> list[int]:
    """Return the dead children of this process that nobody has collected."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, parent = (entry / "stat").read_bytes().rpartition(b")")[2].split()[:2]
            except (FileNotFoundError, ProcessLookupError):
                continue
            if state == b"Z" and int(parent) == os.getpid():
                found.append(int(entry.name))
    return found


def pids_in(path: Path, count: int = 1) -> list[int]:
    """Wait until `count` processes that work beside a file have noted themselves in it; return their numbers out here.

    A step has process numbers of its own; one that is dead by now has the number of no process.
    """

    def read() -> list[int]:
        lines = path.read_text().split("\n")[:-1] if path.exists() else []
        return [int(line) for line in lines] if len(lines) >= count else []

    inside = until(read)
    here = {number: pid for pid in working_in(path.parent) for number in (_innermost_number(pid),)}
    return [here.get(number, NO_PROCESS) for number in inside]


def working_in(directory: Path) -> list[int]:
    """Return every process whose working directory that is."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                if (entry / "cwd").readlink() == directory:
                    found.append(int(entry.name))
    return found


def _innermost_number(pid: int) -> int | None:
    """Return the number by which a process knows itself."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("NSpid:"):
                return int(line.split()[-1])
    return None


def listing(directory: Path) -> dict[str, bytes | None]:
    """Return every path below `directory` with its content; None for a directory."""
    found = sorted(directory.rglob("*"))
    return {str(path.relative_to(directory)): path.read_bytes() if path.is_file() else None for path in found}


def phase4(workdir: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    """Start `phase4` as a process of its own, in a working directory."""
    return subprocess.Popen(
        [sys.executable, "-m", "phase4_tui", *arguments],
        cwd=workdir,
        env=ENVIRONMENT | {"TMPDIR": str(workdir.parent)} | environment,  # a killed run leaves its HOME behind
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def misled(directory: Path, name: str, code: str) -> Path:
    """Lay out an operator's directory with one bad script; it may run the good one, `original.py`."""
    work = foreign(directory)
    script = script_of(work, name)
    script.rename(work / "original.py")
    script.write_text(code, encoding="utf-8")
    return work if name == "pipeline" else fed(work)


def fed(work: Path, tag: str = TAG) -> Path:
    """Put there what a step by itself reads of a tag, and return the working directory."""
    for artifact in (Artifact.REPORT, Artifact.SUMMARY):
        (work / "reports" / file_name(tag, artifact)).write_text(json.dumps(contents(tag)[artifact]))
    return work
