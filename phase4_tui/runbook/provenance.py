"""The provenance of every run, under `reports/.phase4/runs/<tag>/`: a record per run, a transcript per step."""

import os
import platform
import secrets
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from shlex import join
from typing import Literal

from pydantic import Field

from phase4_tui import __version__
from phase4_tui.artifacts.atomic_files import atomic_write, to_json
from phase4_tui.artifacts.clock import iso, nanoseconds, now_ns
from phase4_tui.artifacts.documents import Look, look
from phase4_tui.artifacts.index import Identity
from phase4_tui.artifacts.models import Document, Moment
from phase4_tui.artifacts.names import check_tag, is_tag, state_dir
from phase4_tui.journal.noted_runs import noted_runs
from phase4_tui.runbook.isolation import Proof

StepState = Literal["passed", "failed_gate", "crashed", "timed_out", "cancelled", "not_run", "running"]
RunState = Literal["running", "finished", "interrupted"]
COMPLETE: tuple[StepState, ...] = ("passed", "failed_gate")
BROKEN: tuple[StepState, ...] = ("crashed", "timed_out")
RECORD_SUFFIX = ".json"


class Source(Document):
    """An input file of a run."""

    path: str
    sha256: str | None = None


class StepRecord(Document):
    """The outcome of one step; `error` is one line.

    `produced` maps the names of the files that it wrote to their SHA-256 at its end, `seen` the same names to their
    identity then (artifacts/index.py), `used` the files that it read to their SHA-256 at its start: artifacts by
    name, input, rules and scripts by the path on the command line.
    """

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
    seen: dict[str, Identity] = Field(default_factory=dict)
    used: dict[str, str] = Field(default_factory=dict)
    error: str | None = None
    transcript: str | None = None
    left_processes: int | None = None
    """How many processes it left running, which were ended; None where it did not end by itself."""


class ChangedFile(Document):
    """A file that changed while a run used it: its SHA-256 `before` and `after`, None where there was no file.

    `file` is named as in `StepRecord.used`. `step` used it as it is after the change; None where only the look at the
    end of the run showed the change.
    """

    file: str
    step: str | None
    before: str | None
    after: str | None

    @property
    def seen(self) -> str:
        """Who saw the change, in words."""
        return "at the end of the run" if self.step is None else f"used by {self.step}"

    @property
    def digests(self) -> str:
        """The change in words."""
        return f"sha256 {(self.before or 'missing')[:8]} → {(self.after or 'missing')[:8]}"

    def __str__(self) -> str:
        return f"{self.file} changed during the run: {self.digests}, {self.seen}"


class RunRecord(Document):
    """One run: a whole sequence, or a single step.

    `input` and `rules` are as planned; `error` says on one line why an interrupted run was. `left` maps the names of
    the tag's artifacts to their SHA-256 at the end of a run in which a step did not complete.
    """

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
    started_at: Moment
    ended_at: Moment | None = None
    workdir: str
    input: Source
    rules: Source
    definition_sha256: str
    versions: dict[str, str]
    isolation: Proof
    unisolated_reason: str | None = None
    error: str | None = None
    steps: tuple[StepRecord, ...]
    changed: tuple[ChangedFile, ...] = ()
    left: dict[str, str] = Field(default_factory=dict)

    @property
    def input_used(self) -> str | None:
        """The SHA-256 of the input that was really used; the planned one where that is not on record."""
        return self._used(self.input, "pipeline")

    @property
    def rules_used(self) -> str | None:
        """The SHA-256 of the rules that were really used; the planned one where that is not on record."""
        return self._used(self.rules, "monitor")

    def _used(self, source: Source, reader: str) -> str | None:
        used = (step.used.get(source.path) for step in self.steps if step.name == reader)
        return next(used, None) or source.sha256


@lru_cache(maxsize=16)
def runs_dir(reports: Path) -> Path:
    """Return the directory of all run records of a reports directory."""
    return state_dir(reports) / "runs"


def tag_runs_dir(reports: Path, tag: str) -> Path:
    """Return the directory of a tag's run records; raises BadTag."""
    return runs_dir(reports) / check_tag(tag)


def last_runs(reports: Path) -> dict[str, int]:
    """Return every tag of which a run was begun, with the time in ns at which its records last changed.

    A tag whose records are gone has the time that the journal has of its last run.
    """
    found = {tag: nanoseconds(at) for tag, at in noted_runs(reports).last().items()}
    with suppress(OSError), os.scandir(runs_dir(reports)) as entries:
        for entry in entries:
            with suppress(OSError):  # a link that leads nowhere is no tag, and hides no other
                if is_tag(entry.name) and entry.is_dir():
                    found[entry.name] = entry.stat().st_mtime_ns
    return found


def last_run(reports: Path, tag: str) -> int | None:
    """Return when the records of a tag's runs last changed, in ns; None without any. Raises BadTag."""
    try:
        return tag_runs_dir(reports, tag).stat().st_mtime_ns
    except OSError:
        return None


def new_run_id() -> str:
    """Return an identifier that sorts by time."""
    return run_id_at(iso(now_ns())) + secrets.token_hex(2)


def run_id_at(moment: str) -> str:
    """Return how the id of a run begins that is made at a time as `iso` writes it."""
    return moment[:19].replace("-", "").replace(":", "") + "Z-" + moment[20:26]


def versions() -> dict[str, str]:
    """Return the versions that a run ran on, by component."""
    return {
        "phase4_tui": __version__,
        "python": platform.python_version(),
        "interpreter": sys.executable,
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
    }


def save_run(reports: Path, record: RunRecord) -> None:
    """Write the record of a run, replacing its earlier state."""
    atomic_write(record_path(reports, record.tag, record.run_id), to_json(record.model_dump()))


def record_path(reports: Path, tag: str, run_id: str) -> Path:
    """Return the path of a run's record; raises BadTag."""
    return tag_runs_dir(reports, tag) / f"{run_id}{RECORD_SUFFIX}"


def run_ids(reports: Path, tag: str) -> list[str]:
    """Return the ids of a tag's runs that have a record, the newest first; raises BadTag."""
    try:
        entries = list(tag_runs_dir(reports, tag).iterdir())
    except OSError:
        return []
    return sorted((entry.stem for entry in entries if entry.suffix == RECORD_SUFFIX), reverse=True)


def look_at_record(reports: Path, tag: str, run_id: str) -> Look[RunRecord]:
    """Return the record of a run, with its transcripts where they are now; raises BadTag."""
    found = look(record_path(reports, tag, run_id), RunRecord, patient=False)
    moved = None if found.value is None else _with_moved_transcripts(tag_runs_dir(reports, tag), found.value)
    return replace(found, value=moved)


def runs_of(reports: Path, tag: str) -> Iterator[RunRecord]:
    """Yield the readable records of a tag's runs, the newest first; raises BadTag."""
    found = (look_at_record(reports, tag, run_id).value for run_id in run_ids(reports, tag))
    return (run for run in found if run is not None)


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
    """Return the transcript beside the record; None where there is none or it is the recorded one."""
    if step.transcript is None:
        return None
    beside = f"{directory}/{step.transcript.rpartition('/')[2]}"
    if beside == step.transcript or not os.path.isfile(beside):  # noqa: PTH113 - asked of every step of an index
        return None
    return beside


def last_sequence(reports: Path, tag: str) -> RunRecord | None:
    """Return the newest run of a whole sequence under the tag, or None."""
    return next((run for run in runs_of(reports, tag) if run.kind == "sequence"), None)


def changed_during(runs: Iterable[RunRecord]) -> tuple[ChangedFile, ...]:
    """Return what changed during any of the runs."""
    return tuple(dict.fromkeys(change for run in runs for change in run.changed))


def resume_words(run: RunRecord) -> tuple[str, ...]:
    """Return the words of the command that resumes a run in the mode of that run."""
    kind = ("--rehearsal",) if run.rehearsal else ("--phase", "3") if run.phase == 3 else ()
    return ("run", "--resume", *kind, "--tag", run.tag)


def resume_command(run: RunRecord) -> str:
    """Return the command that resumes a run in the mode of that run."""
    return join(["phase4", *resume_words(run)])


def last_transcript(run: RunRecord) -> Path | None:
    """Return the transcript of the last step that was started in a run, or None."""
    return next((Path(step.transcript) for step in reversed(run.steps) if step.transcript is not None), None)
