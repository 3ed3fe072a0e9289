"""Notes a run in the journal, and closes the record of one that did not come to its end."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from phase4_tui.artifacts.clock import iso, now_ns
from phase4_tui.artifacts.names import ArtifactNames
from phase4_tui.artifacts.regular_files import Unreadable
from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.artifacts.sha256 import hash_file
from phase4_tui.errors import FORESEEN
from phase4_tui.journal import writer
from phase4_tui.journal.actor import Actor
from phase4_tui.journal.log import Draft
from phase4_tui.journal.noted_runs import noted_runs
from phase4_tui.journal.state import read_state
from phase4_tui.runbook.provenance import COMPLETE, RunRecord, StepRecord, record_path, runs_of, save_run
from phase4_tui.runbook.run_holder import holder, withdraw

PROCESS_ENDED = "the process that ran it ended"
ERROR_CHARS = 400


def note_run(reports: Path, run: RunRecord) -> None:
    """Record a run's start or end in the journal; raises Busy, JournalDamaged, StateUnreadable, OSError."""
    states = {step.name: step.state for step in run.steps}
    detail: dict[str, object] = {"run": run.run_id, "state": run.state, "phase": run.phase}
    detail |= {"rehearsal": run.rehearsal, "steps": states}
    if run.state != "running":
        detail["record"] = hash_file(record_path(reports, run.tag, run.run_id))
    if run.changed:
        detail["changed"] = [change.model_dump() for change in run.changed]
    if run.error is not None:
        detail["error"] = run.error
    incident = read_state(reports).incident
    writer.record(reports, Actor(run.operator), Draft("run", run.tag, incident.id if incident else None, detail))


def left_by(reports: Path, names: Iterable[str], steps: Iterable[StepRecord]) -> dict[str, str]:
    """Return the SHA-256 of each of these files that is there, if a step did not complete; else nothing."""
    if all(step.state in COMPLETE for step in steps):
        return {}
    left = {}
    for name in names:
        with suppress(Unreadable, OSError):
            sha256 = hash_file(reports / name, contained=True)
            if sha256 is not None:
                left[name] = sha256
    return left


def close_interrupted(reports: Path, why: str, artifacts: ArtifactNames) -> None:
    """Close the record of the run that the holder's note names, if it is still open, and withdraw the note.

    `why` is recorded as its error. Call it while holding the run lock. Raises OSError when the record can't be
    written; the note then stays, so that the next run closes it. A journal that takes no event hinders nothing.
    """
    noted = holder(reports)
    if noted is None:
        return
    own = next((run for run in runs_of(reports, noted.tag) if run.run_id == noted.run_id), None)
    if own is not None and own.state == "running":
        own = _closed(reports, own, safe_line(f"interrupted: {why}", ERROR_CHARS), artifacts)
        save_run(reports, own)
    if own is not None and not _has_its_end_noted(reports, own):
        with suppress(*FORESEEN):  # the record is closed, and who next needs the journal is told what is wrong with it
            note_run(reports, own)
    withdraw(reports)


def _closed(reports: Path, run: RunRecord, error: str, artifacts: ArtifactNames) -> RunRecord:
    steps = tuple(
        step.model_copy(update={"state": "cancelled", "error": error}) if step.state == "running" else step
        for step in run.steps
    )
    left = left_by(reports, artifacts.of(run.tag), steps)
    changes = {"state": "interrupted", "error": error, "steps": steps, "ended_at": iso(now_ns()), "left": left}
    return run.model_copy(update=changes)


def _has_its_end_noted(reports: Path, run: RunRecord) -> bool:
    """False too for a run whose process was killed between its record and the event about it."""
    event = noted_runs(reports).of(run.tag).get(run.run_id)
    return event is not None and event.state != "running"
