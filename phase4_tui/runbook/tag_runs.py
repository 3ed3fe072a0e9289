"""What the runs of a tag left: the last result of each step, where a run stopped, and damaged records."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from phase4_tui.artifacts.clock import nanoseconds
from phase4_tui.artifacts.documents import Look
from phase4_tui.artifacts.sha256 import sha256_or_none
from phase4_tui.journal.noted_runs import NotedRun, noted_runs
from phase4_tui.runbook.provenance import (
    BROKEN,
    COMPLETE,
    RECORD_SUFFIX,
    ChangedFile,
    RunRecord,
    StepRecord,
    changed_during,
    last_runs,
    look_at_record,
    record_path,
    run_id_at,
    run_ids,
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
    journal = noted_runs(reports)
    noted, begun = journal.of(tag), journal.begun()  # before the records, which are written before their events
    latest: dict[str, tuple[RunRecord, StepRecord]] = {}
    made: dict[str, tuple[RunRecord, StepRecord]] = {}
    last: dict[str, tuple[RunRecord, StepRecord]] = {}
    damaged: list[DamagedRecord] = []
    names: list[str] = []
    oldest = ""
    ids = run_ids(reports, tag)
    for run_id in ids:
        found = look_at_record(reports, tag, run_id)
        wrong = _damage(found, tag, noted, begun, under_way=under_way)
        if wrong is not None:
            damaged.append(wrong)
        run = found.value
        if run is None or (run.tag, run.run_id) != (tag, run_id):
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
        if made.keys() >= {step.name for step in steps_of(run.phase, site.settings)}:
            oldest = run_id  # what older runs left counts no more
            break
    damaged += [_missing(reports, tag, run_id) for run_id in sorted(noted.keys() - set(ids)) if run_id > oldest]
    undone = (last[name] for name in names if name in last and last[name][1].state not in (*COMPLETE, *BROKEN))
    return TagRuns(latest, made, next(undone, None), tuple(damaged))


def damaged_records(reports: Path) -> Iterator[tuple[str, DamagedRecord]]:
    """Yield the tag and the damage of every record that the journal knows otherwise, save those known as lost."""
    journal = noted_runs(reports)
    (every, lost), begun = journal.every(), journal.begun()
    now = running_tag(reports)
    for tag in sorted(last_runs(reports)):
        noted, ids = every.get(tag, {}), run_ids(reports, tag)
        for run_id in ids:
            if run_id not in lost:
                found = look_at_record(reports, tag, run_id)
                wrong = _damage(found, tag, noted, begun, under_way=tag == now)
                if wrong is not None:
                    yield tag, wrong
        for run_id in sorted(noted.keys() - set(ids) - lost):
            yield tag, _missing(reports, tag, run_id)


def _missing(reports: Path, tag: str, run_id: str) -> DamagedRecord:
    return DamagedRecord(str(record_path(reports, tag, run_id)), "is missing, though the journal has its run on record")


def _damage(
    found: Look[RunRecord], tag: str, noted: Mapping[str, NotedRun], begun: str | None, *, under_way: bool
) -> DamagedRecord | None:
    """Return what is wrong with a record; `begun` is the time of the journal's first event about a run."""
    run, run_id = found.value, found.name.removesuffix(RECORD_SUFFIX)
    if run is None:
        return DamagedRecord(found.file, "; ".join(found.problems) or "is cut short")
    if (run.tag, run.run_id) != (tag, run_id):  # the journal knows it under neither name
        return DamagedRecord(found.file, f"is a copy of the record of run {run.run_id} of {run.tag}: move it away")
    event = noted.get(run_id)
    if event is None:  # as of a run that began this moment, or before the journal told of runs
        unknown = run.state != "running" and begun is not None and run_id > run_id_at(begun)
        return DamagedRecord(found.file, "is of a run that the journal does not know") if unknown else None
    if event.state == "running":  # a record is closed before the event about it
        if not under_way and all(step.state in COMPLETE for step in run.steps):  # an undone step tells it by itself
            return DamagedRecord(found.file, "says that the run came to its end, of which the journal knows nothing")
        return None
    for name, known, here in (
        ("state", event.state, run.state),
        ("phase", event.phase, run.phase),
        ("rehearsal", event.rehearsal, run.rehearsal),
        *((f"step {step}", state, _state_of(run, step)) for step, state in event.steps.items()),
    ):
        if known != here:
            return DamagedRecord(found.file, f"says {name} {here}, the journal {known}")
    if event.record is not None and event.record != sha256_or_none(Path(found.file)):
        return DamagedRecord(found.file, "is not the record that the run closed: it was changed since")
    return None


def _state_of(run: RunRecord, name: str) -> str | None:
    return next((step.state for step in run.steps if step.name == name), None)


def ended_ns(run: RunRecord, step: StepRecord) -> int | None:
    """Return when a step, or else its run, ended in ns; None for a run whose process died and was not closed."""
    if step.ended_ns is not None:
        return step.ended_ns
    return nanoseconds(run.ended_at) if run.ended_at is not None else None
