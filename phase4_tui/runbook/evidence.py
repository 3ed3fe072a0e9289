"""Reads from disk all that a tag is judged by: its artifacts, its last steps, and whether it is being run."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from phase4_tui.artifacts.clock import now_ns
from phase4_tui.artifacts.documents import Look, changed_ns, look, look_json, look_text
from phase4_tui.artifacts.manifest import FrozenState, Tampering, read_manifest
from phase4_tui.artifacts.models import (
    Document,
    Monitoring,
    Phase3Summary,
    QualityCheck,
    ReleaseCheck,
    ReportHead,
    Summary,
)
from phase4_tui.artifacts.names import Artifact, check_tag, file_name
from phase4_tui.artifacts.report_head import look_report
from phase4_tui.journal.state import OperationsState
from phase4_tui.policy.monitoring import Rules
from phase4_tui.runbook.freshness import Ahead, Files, furthest_ahead, is_ahead, stale_files
from phase4_tui.runbook.frozen_tags import look_at_frozen
from phase4_tui.runbook.provenance import BROKEN, ChangedFile, RunRecord, StepRecord, changed_during
from phase4_tui.runbook.rules import present_rules
from phase4_tui.runbook.run_holder import running_tag
from phase4_tui.runbook.signoff_note import Recommendation, read_recommendation
from phase4_tui.runbook.site import Site
from phase4_tui.runbook.steps import Phase, steps_of
from phase4_tui.runbook.tag_runs import DamagedRecord, LatestSteps, TagRuns, ended_ns, latest_steps, read_runs
from phase4_tui.runbook.used_files import path_of_used

QUALITY_LIMIT_BYTES = 32 << 20


@dataclass(frozen=True)
class Evidence:
    """The evidence on one tag; `broken_steps` are those whose last run crashed or timed out and still counts."""

    tag: str
    workdir: Path
    reports: Path
    phase: Phase
    looked_ns: int
    release: Look[ReleaseCheck]
    quality: Look[QualityCheck]
    monitoring: Look[Monitoring]
    signoff: Look[Document]
    report: Look[ReportHead]
    """Read only at its beginning and end, since a report may be of any size."""
    summary: Look[Summary] | Look[Phase3Summary]
    missing_files: tuple[str, ...]
    """Names of core artifacts that are absent, and of Markdown files that are absent or empty."""
    frozen: FrozenState
    recommendation: Recommendation
    """What the sign-off note recommends."""
    running: bool
    unfinished: tuple[str, ...] = ()
    """Names of Markdown files that are being written."""
    rules: Rules | None = None
    """The present rules of the file that the tag was monitored by; None where they can't be read."""
    release_is_recorded: bool = False
    """The release check is what a run on record wrote, wherever this directory was then."""
    stale: Mapping[str, str] = field(default_factory=dict)
    """Why a file does not judge what is there now, by its name."""
    ahead: Ahead | None = None
    tampering: tuple[Tampering, ...] = ()
    """How a frozen tag differs from what was frozen."""
    own: Mapping[str, Look[Document]] = field(default_factory=dict)
    """The files of the desk's own steps and checks by suffix, JSON files with their content."""
    others: tuple[str, ...] = ()
    """One text for each core artifact whose content names another run tag: the file and that tag."""
    broken_steps: tuple[StepRecord, ...] = ()
    stopped: tuple[RunRecord, StepRecord] | None = None
    """The first step that a run which died or was cancelled left undone, and that nothing has made up for."""
    damaged_records: tuple[DamagedRecord, ...] = ()
    runs: tuple[RunRecord, ...] = ()
    """The runs of which at least one step counts."""
    changed: tuple[tuple[Path, ChangedFile], ...] = ()
    """What changed during these runs, each with its path."""


def read_evidence(
    site: Site,
    tag: str,
    state: OperationsState | None = None,
    *,
    patient: bool = True,
    running: Callable[[], str | None] | None = None,
) -> Evidence:
    """Read the evidence on `tag`; `patient` waits up to half a second for a file that is being written.

    `state` says what is frozen. `running` returns the tag that is being run; pass it when reading many tags at once.
    Raises BadTag.
    """
    reports = site.reports
    under_way = (running() if running else running_tag(reports)) == tag
    left = read_runs(site, tag, under_way=under_way)
    if left.stopped is not None and left.stopped[0].state == "running" and running_tag(reports) == tag:
        under_way = True  # it began since that was asked
        left = read_runs(site, tag, under_way=True)
    phase = _phase_of(reports, tag, left.latest)
    frozen, tampering = look_at_frozen(site, tag, state or OperationsState())
    begin = f"{reports}/{check_tag(tag)}"

    def path(artifact: Artifact) -> str:
        return begin + artifact

    signoff = Artifact.PHASE4_SIGNOFF if phase == 4 else Artifact.PHASE3_SIGNOFF
    texts = [Artifact.REPORT_MD] + ([Artifact.MONITORING_MD] if phase == 4 else [])
    monitoring = look(path(Artifact.MONITORING), Monitoring, patient=patient)
    report = look_report(path(Artifact.REPORT), patient=patient)
    summary: Look[Summary] | Look[Phase3Summary] = (
        look(path(Artifact.SUMMARY), Summary, patient=patient)
        if phase == 4
        else look(path(Artifact.SUMMARY), Phase3Summary, patient=patient)
    )
    missing = [found.name for found in (report, summary) if found.state == "absent"]
    unfinished: list[str] = []
    for kind in texts:
        if kind is Artifact.MONITORING_MD and monitoring.state == "absent":
            continue  # the monitor has not run: one finding, not two
        text = look_text(path(kind))[0].state
        if text != "valid":
            (unfinished if text == "writing" else missing).append(f"{tag}{kind}")
    note, note_text = look_text(path(signoff))
    release = look(path(Artifact.RELEASE_CHECK), ReleaseCheck, patient=patient)
    quality = look(path(Artifact.QUALITY_CHECK), QualityCheck, limit=QUALITY_LIMIT_BYTES, patient=patient)
    own = {suffix: _look_own(begin + suffix, patient) for suffix in site.artifacts.own} if phase == 4 else {}
    looked: list[Look[Any]] = [report, summary, release, quality, monitoring, note, *own.values()]
    times = {one.name: one.modified_ns for one in looked if one.modified_ns is not None}
    moment = now_ns()
    files = Files(reports, times, left.made, read_manifest(reports, tag) if frozen == "intact" else None, moment)
    return Evidence(
        tag=tag,
        workdir=site.workdir,
        reports=reports,
        phase=phase,
        looked_ns=moment,
        release=release,
        quality=quality,
        monitoring=monitoring,
        signoff=note,
        report=report,
        summary=summary,
        missing_files=tuple(missing),
        unfinished=tuple(unfinished),
        frozen=frozen,
        tampering=tampering,
        recommendation=read_recommendation(note_text),
        rules=present_rules(site.workdir / _rules_of(left, site)),
        release_is_recorded=files.is_as_recorded(release.name),
        running=under_way,
        stale=stale_files(tag, steps_of(phase, site.settings), files),
        ahead=furthest_ahead(times, moment),
        own=own,
        others=tuple(_others(report, summary, tag)),
        broken_steps=tuple(
            step
            for run, step in left.latest.values()
            if step.state in BROKEN and not _written_since(site, tag, run, step, files)
        ),
        stopped=left.stopped if left.stopped and not _written_since(site, tag, *left.stopped, files) else None,
        damaged_records=left.damaged,
        runs=left.runs,
        changed=tuple(
            (path_of_used(change.file, tag, site.workdir, reports), change) for change in changed_during(left.runs)
        ),
    )


def _rules_of(left: TagRuns, site: Site) -> str:
    """Return the rules file of the tag's last monitoring on record, else the usual one."""
    monitored = left.made.get("monitor")
    return site.settings.rules if monitored is None else monitored[0].rules.path


def _look_own(file: str, patient: bool) -> Look[Document]:
    return look_json(file, patient=patient) if file.endswith(".json") else look_text(file)[0]


def _others(report: Look[ReportHead], summary: Look[Summary] | Look[Phase3Summary], tag: str) -> Iterator[str]:
    for found in (summary, report):
        inside = found.value.run_tag if found.value else None
        if inside is not None and inside != tag:
            yield f"{found.name} names run tag {inside!a}"


def phase_of(site: Site, tag: str) -> Phase:
    """Return the phase that wrote a tag, by its sign-off note, else its last run, else its summary; raises BadTag."""
    return _phase_of(site.reports, tag, latest_steps(site, tag))


def _phase_of(reports: Path, tag: str, latest: LatestSteps) -> Phase:
    begin = f"{reports}/{check_tag(tag)}"
    if os.path.exists(begin + Artifact.PHASE4_SIGNOFF):  # noqa: PTH110 - asked of every tag of an index
        return 4
    if os.path.exists(begin + Artifact.PHASE3_SIGNOFF):  # noqa: PTH110 - as above
        return 3
    for run, _ in latest.values():
        return run.phase
    return 3 if look(reports / file_name(tag, Artifact.SUMMARY), Phase3Summary, patient=False).usable else 4


def _written_since(site: Site, tag: str, run: RunRecord, step: StepRecord, files: Files) -> bool:
    """True when every file expected of a step that broke or was left was written since, by whatever means.

    A new time alone is not enough where the run's record has the bytes that it left: a copy has new times too.
    """
    ended = ended_ns(run, step)
    steps = steps_of(run.phase, site.settings)
    artifacts = next((known.artifacts for known in steps if known.name == step.name), ())
    if ended is None or not artifacts:
        return False
    names = [file_name(tag, artifact) for artifact in artifacts]
    times = [changed_ns(site.reports / name) for name in names]
    newer = all(time is not None and time > ended and not is_ahead(time, now_ns()) for time in times)
    return newer and not any(run.left[name] == files.sha256(name) for name in names if name in run.left)
