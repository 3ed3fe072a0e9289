"""What is kept of every run under `reports/.phase4/runs/<tag>/`: one record a run, one transcript a step."""

import os
import platform
import secrets
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from phase4_tui import __version__
from phase4_tui.artifacts.atomic_files import atomic_write, to_json
from phase4_tui.artifacts.clock import iso, now_ns
from phase4_tui.artifacts.documents import look
from phase4_tui.artifacts.models import Document
from phase4_tui.artifacts.names import check_tag, state_dir
from phase4_tui.errors import command_line
from phase4_tui.runbook.isolation import Proof
from phase4_tui.runbook.site import Site
from phase4_tui.runbook.steps import steps_of

StepState = Literal["passed", "failed_gate", "crashed", "timed_out", "cancelled", "not_run", "running"]
RunState = Literal["running", "finished", "interrupted"]
COMPLETE: tuple[StepState, ...] = ("passed", "failed_gate")
BROKEN: tuple[StepState, ...] = ("crashed", "timed_out")


class Source(Document):
    """A file that went into a run."""

    path: str
    sha256: str | None = None


class StepRecord(Document):
    """What became of one step; `produced` maps file names to their sha256, `error` is one line."""

    name: str
    state: StepState
    exit_code: int | None = None
    signal: int | None = None
    seconds: float = 0.0
    started_at: str | None = None
    ended_ns: int | None = None
    argv: tuple[str, ...] = ()
    cwd: str = ""
    origin: str = ""
    produced: dict[str, str] = Field(default_factory=dict)
    error: str | None = None
    transcript: str | None = None


class RunRecord(Document):
    """One run: a whole sequence, or one step by itself."""

    run_id: str
    tag: str
    phase: Literal[3, 4]
    kind: Literal["sequence", "step"]
    state: RunState
    rehearsal: bool = False
    resumes: str | None = None
    operator: str
    host: str
    pid: int
    started_at: str
    ended_at: str | None = None
    workdir: str
    input: Source
    rules: Source
    definition_sha256: str
    versions: dict[str, str]
    isolation: Proof
    unisolated_reason: str | None = None
    steps: tuple[StepRecord, ...]


@lru_cache(maxsize=16)
def runs_dir(reports: Path) -> Path:
    """Return where all runs of a reports directory are kept."""
    return state_dir(reports) / "runs"


def tag_runs_dir(reports: Path, tag: str) -> Path:
    """Return where a tag's runs are kept; raises BadTag."""
    return runs_dir(reports) / check_tag(tag)


def new_run_id() -> str:
    """Return an identifier that sorts by time."""
    moment = iso(now_ns())
    return moment[:19].replace("-", "").replace(":", "") + "Z-" + moment[20:26] + secrets.token_hex(2)


def versions() -> dict[str, str]:
    """Return what a run ran on."""
    return {
        "phase4_tui": __version__,
        "python": platform.python_version(),
        "interpreter": sys.executable,
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
    }


def save_run(reports: Path, record: RunRecord) -> None:
    """Write the record of a run, replacing its earlier state."""
    atomic_write(tag_runs_dir(reports, record.tag) / f"{record.run_id}.json", to_json(record.model_dump()))


def runs_of(reports: Path, tag: str) -> Iterator[RunRecord]:
    """Yield the readable records of a tag's runs, the newest first."""
    directory = tag_runs_dir(reports, tag)
    try:
        names = sorted((entry.name for entry in directory.iterdir() if entry.suffix == ".json"), reverse=True)
    except OSError:
        return
    for name in names:
        found = look(directory / name, RunRecord, patient=False)
        if found.value is not None:
            yield _with_moved_transcripts(directory, found.value)


def _with_moved_transcripts(directory: Path, run: RunRecord) -> RunRecord:
    """Return the run with its transcripts where they are now.

    A record names them by absolute path, and the working directory may have been moved or copied since.
    """
    moved = {step.name: path for step in run.steps if (path := _moved_transcript(directory, step)) is not None}
    if not moved:
        return run
    steps = (step.model_copy(update={"transcript": moved.get(step.name, step.transcript)}) for step in run.steps)
    return run.model_copy(update={"steps": tuple(steps)})


def _moved_transcript(directory: Path, step: StepRecord) -> str | None:
    """Return the transcript that lies beside the record, None where that is the one on record or there is none."""
    if step.transcript is None:
        return None
    beside = f"{directory}/{step.transcript.rpartition('/')[2]}"
    if beside == step.transcript or not os.path.isfile(beside):  # noqa: PTH113 - asked of every step of an index
        return None
    return beside


def last_sequence(reports: Path, tag: str) -> RunRecord | None:
    """Return the newest run of a whole sequence under the tag."""
    return next((run for run in runs_of(reports, tag) if run.kind == "sequence"), None)


def latest_steps(site: Site, tag: str) -> dict[str, tuple[RunRecord, StepRecord]]:
    """Return, for each step that was ever started under the tag, its last run."""
    latest: dict[str, tuple[RunRecord, StepRecord]] = {}
    for run in runs_of(site.reports, tag):
        for step in run.steps:
            if step.state != "not_run":
                latest.setdefault(step.name, (run, step))
        if {step.name for step in steps_of(run.phase, site.settings)} <= latest.keys():
            break  # every step has been met; older runs can add nothing
    return latest


def resume_command(run: RunRecord) -> str:
    """Return the command that resumes a run, in whatever mode it was made."""
    kind = ("--rehearsal",) if run.rehearsal else ("--phase", "3") if run.phase == 3 else ()
    return command_line("run", "--resume", *kind, "--tag", run.tag)


def last_transcript(run: RunRecord) -> Path | None:
    """Return the transcript of the last step that was started in a run."""
    return next((Path(step.transcript) for step in reversed(run.steps) if step.transcript is not None), None)
