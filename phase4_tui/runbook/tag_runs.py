"""What the runs of a tag left: the last result of each step, where a run stopped, and damaged records."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from phase4_tui.artifacts.clock import nanoseconds
from phase4_tui.artifacts.documents import Look
from phase4_tui.artifacts.regular_files import Unreadable
from phase4_tui.artifacts.sha256 import hash_file
from phase4_tui.journal.noted_runs import NotedRun, noted_runs
from phase4_tui.runbook.provenance import (
    BROKEN,
    COMPLETE,
    RECORD_SUFFIX,
    ChangedFile,
    RunRecord,
    StepRecord,
    changed_during,
    record_path,
    records_of,
)
from phase4_tui.runbook.run_holder import running_tag
from phase4_tui.runbook.site import Site
from phase4_tui.runbook.steps import steps_of

LatestSteps = Mapping[str, tuple[RunRecord, StepRecord]]


@dataclass(frozen=True)
class DamagedRecord:
    """The record of a run that is missing, can't be read, or is not what the journal has of that run."""

    file: str
    problem: str


@dataclass(frozen=True)
class TagRuns:
    """The runs of a tag as far back as its present verdict depends on them."""

    latest: LatestSteps
    """The last run of each step that was ever started, by the step's name."""
    made: LatestSteps
    """The last run of each step that ended with its files written, by the step's name."""
    stopped: tuple[RunRecord, StepRecord] | None = None
    """The first step that a run left undone, and that no later run has made up for."""
    damaged: tuple[DamagedRecord, ...] = ()

    @property
    def runs(self) -> tuple[RunRecord, ...]:
        """Each run that one of the latest steps, or the stop, is of."""
        found = [run for run, _ in self.latest.values()]
        found += [self.stopped[0]] if self.stopped else []
        return tuple({run.run_id: run for run in found}.values())


def latest_steps(site: Site, tag: str) -> LatestSteps:
    """Return the last run of each step that was ever started under the tag, by the step's name; raises BadTag."""
    return read_runs(site, tag, under_way=False).latest


def changed_files(site: Site, tag: str) -> tuple[ChangedFile, ...]:
    """Return what changed during those runs of a tag of which at least one step counts; raises BadTag."""
    return changed_during(read_runs(site, tag, under_way=False).runs)


def read_runs(site: Site, tag: str, *, under_way: bool) -> TagRuns:
    """Return what the runs of a tag left; `under_way` says that a run of it goes on now. Raises BadTag."""
    reports = site.reports
    noted = noted_runs(reports).of(tag)  # before the records: each of those is written before its event
    latest: dict[str, tuple[RunRecord, StepRecord]] = {}
    made: dict[str, tuple[RunRecord, StepRecord]] = {}
    last: dict[str, tuple[RunRecord, StepRecord]] = {}
    damaged: list[DamagedRecord] = []
    seen: set[str] = set()
    names: list[str] = []
    complete = False
    for found in records_of(reports, tag):
        seen.add(found.name.removesuffix(RECORD_SUFFIX))
        if complete:
            continue
        damaged += _damaged(found, tag, noted, under_way=under_way)
        run = found.value
        if run is None:
            continue
        names = names or [step.name for step in steps_of(run.phase, site.settings)]
        lives, under_way = under_way and run.state == "running", False
        for step in run.steps:
            if not lives:
                last.setdefault(step.name, (run, step))
            if step.state != "not_run":
                latest.setdefault(step.name, (run, step))
            if step.state in COMPLETE:
                made.setdefault(step.name, (run, step))
        complete = made.keys() >= {step.name for step in steps_of(run.phase, site.settings)}
    oldest = min((run.run_id for run, _ in made.values()), default="") if complete else ""
    damaged += [_missing(reports, tag, run_id) for run_id in sorted(noted.keys() - seen) if run_id > oldest]
    undone = (last[name] for name in names if name in last and last[name][1].state not in (*COMPLETE, *BROKEN))
    return TagRuns(latest, made, next(undone, None), tuple(damaged))


def damaged_records(reports: Path) -> Iterator[tuple[str, DamagedRecord]]:
    """Yield the tag and the damage of every record that the journal knows otherwise, save those known as lost."""
    every, lost = noted_runs(reports).every()
    now = running_tag(reports)
    for tag, noted in sorted(every.items()):
        seen = set()
        for found in records_of(reports, tag):
            run_id = found.name.removesuffix(RECORD_SUFFIX)
            seen.add(run_id)
            if run_id not in lost:
                yield from ((tag, one) for one in _damaged(found, tag, noted, under_way=tag == now))
        for run_id in sorted(noted.keys() - seen - lost):
            yield tag, _missing(reports, tag, run_id)


def _missing(reports: Path, tag: str, run_id: str) -> DamagedRecord:
    return DamagedRecord(str(record_path(reports, tag, run_id)), "is missing, though the journal has its run on record")


def _damaged(
    found: Look[RunRecord], tag: str, noted: Mapping[str, NotedRun], *, under_way: bool
) -> Iterator[DamagedRecord]:
    run, run_id = found.value, found.name.removesuffix(RECORD_SUFFIX)
    if run is None:
        yield DamagedRecord(found.file, "; ".join(found.problems) or "is cut short")
        return
    if (run.tag, run.run_id) != (tag, run_id):  # the journal knows it under neither name
        yield DamagedRecord(found.file, f"is a copy of the record of run {run.run_id} of {run.tag}: move it away")
        return
    event = noted.get(run_id)
    if event is None:  # a record is written before the event about it
        return
    if event.state == "running":
        if not under_way and all(step.state in COMPLETE for step in run.steps):  # an undone step tells it by itself
            yield DamagedRecord(found.file, "says that each step came to its end, the journal knows no end of the run")
        return
    for name, known, here in (
        ("state", event.state, run.state),
        ("phase", event.phase, run.phase),
        ("rehearsal", event.rehearsal, run.rehearsal),
        *((f"step {step}", state, _state_of(run, step)) for step, state in event.steps.items()),
    ):
        if known != here:
            yield DamagedRecord(found.file, f"says {name} {here}, the journal {known}")
            return
    if event.record is not None and event.record != _sha256(found.file):
        yield DamagedRecord(found.file, "is not the record that the run closed: it was changed since")


def _state_of(run: RunRecord, name: str) -> str | None:
    return next((step.state for step in run.steps if step.name == name), None)


def _sha256(file: str) -> str | None:
    try:
        return hash_file(Path(file))
    except Unreadable:
        return None


def ended_ns(run: RunRecord, step: StepRecord) -> int | None:
    """Return when a step, or else its run, ended in ns; None for a run whose process died and was not closed."""
    if step.ended_ns is not None:
        return step.ended_ns
    return nanoseconds(run.ended_at) if run.ended_at is not None else None
