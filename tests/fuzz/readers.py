"""Every reader of a file that others may write: which files it finds mutated, how it is asked, what it may raise."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from phase4_tui.artifacts.decision_row import describe
from phase4_tui.artifacts.json_stream import BadElement, decode_array
from phase4_tui.artifacts.manifest import look_frozen, manifest_sha256, read_manifest
from phase4_tui.artifacts.names import RUNBOOK_ARTIFACTS
from phase4_tui.artifacts.records import BadInput, open_records
from phase4_tui.artifacts.report import ReportReader, tolerant_row
from phase4_tui.artifacts.strict_json import BadJson
from phase4_tui.console.facts.journal_rows import row_of
from phase4_tui.errors import Refused
from phase4_tui.journal.actor import Actor
from phase4_tui.journal.event_text import describe as describe_event
from phase4_tui.journal.journal_check import check_journal
from phase4_tui.journal.lease import Held, other_holder, read_lease, take_lease
from phase4_tui.journal.log import JournalDamaged, read_end, read_events, read_head
from phase4_tui.journal.noted_runs import noted_runs
from phase4_tui.journal.state import OperationsState, StateUnreadable, read_state, stored_state
from phase4_tui.policy.phase3.record import Record as Phase3Record
from phase4_tui.policy.phase4.record import Record
from phase4_tui.rollback.active import published_active
from phase4_tui.rollback.comparison import compare
from phase4_tui.rollback.incidents import incidents_of
from phase4_tui.rollback.operations import state_to_plan_on
from phase4_tui.rollback.post_mortem import post_mortem
from phase4_tui.rollback.read_situation import read_situation
from phase4_tui.rollback.root_cause import root_causes
from phase4_tui.rollback.verification import verify
from phase4_tui.runbook.judging import judge_tag
from phase4_tui.runbook.provenance import last_transcript, look_at_record, run_ids
from phase4_tui.runbook.rules import read_rules
from phase4_tui.runbook.run_holder import holder, running
from phase4_tui.runbook.settings import SettingsError, load_settings
from phase4_tui.runbook.signoff_note import read_recommendation
from phase4_tui.runbook.site import Site
from phase4_tui.runbook.status import unfinished_runs
from phase4_tui.runbook.trends import read_trends
from phase4_tui.steps import (
    phase4_monitor_runner,
    phase4_quality_check,
    phase4_release_check,
    phase4_signoff_generator,
)
from tests.cli.support import DANGEROUS
from tests.fuzz.mutations import mutated, resealed
from tests.runbook.support import ENVIRONMENT

TAG, OTHER = "good", "bad"
STATE = "reports/.phase4"


@dataclass(frozen=True)
class Reader:
    """A reader of the files of a pattern in the working directory; `read` takes that and the mutated file."""

    pattern: str
    read: Callable[[Path, Path], object]
    raises: tuple[type[Exception], ...] = ()
    mutate: Callable[[bytes, random.Random], bytes] = mutated

    def files(self, work: Path) -> list[Path]:
        """Return the valid files to begin with."""
        return sorted(path for path in work.glob(self.pattern) if path.is_file())


def site_at(work: Path) -> Site:
    """Return the site with its settings as they are."""
    return Site(work, load_settings(work, ENVIRONMENT), ENVIRONMENT)


def _judged(work: Path, _: Path) -> None:
    site = site_at(work)
    for tag in (TAG, OTHER):
        judgement = judge_tag(site, tag, OperationsState(), patient=False)
        json.dumps([judgement.health.model_dump(), judgement.classification.model_dump()])


def _rows(_: Path, path: Path) -> None:
    reader: ReportReader[object] = ReportReader(path, decode_array(dict), tolerant_row)
    for batch in reader:
        for row in batch:
            describe(row)
            json.dumps(row)


def _compared(work: Path, _: Path) -> None:
    compare(site_at(work), OTHER, TAG, None)


def _step(command: Callable[[list[str]], int], *flags: str) -> Callable[[Path, Path], object]:
    def read(work: Path, path: Path) -> None:
        places = {"reports": work / "reports", "out": work / "out", "rules": work / "monitoring_rules.json"}
        status = command([flag.format(path=path, tag=TAG, **places) for flag in flags])
        assert status in (0, 1, 2), f"exit status {status}"

    return read


def _checked(work: Path, path: Path) -> None:
    _judged(work, path)
    read_trends(site_at(work), lambda: False)


def _ruled(work: Path, path: Path) -> None:
    _, problem = read_rules(path)
    assert problem is None or problem.strip()
    _judged(work, path)
    read_trends(site_at(work), lambda: False)


def _settings(work: Path, _: Path) -> None:
    site = site_at(work)
    judge_tag(site, TAG, OperationsState(), patient=False)


def _journal(work: Path, _: Path) -> None:
    reports = work / "reports"
    check_journal(reports)
    noted_runs(reports).of(TAG)
    verify(site_at(work))
    for event in read_events(reports):
        json.dumps(event.detail)
    list(read_events(reports, after=3))
    read_end(reports)
    read_head(reports)
    read_state(reports)


def _state(work: Path, _: Path) -> None:
    reports = work / "reports"
    check_journal(reports)
    verify(site_at(work))
    published_active(reports)
    (stored_state(reports) or OperationsState()).model_dump_json()
    state = read_state(reports)
    judge_tag(site_at(work), TAG, state, patient=False)


def _frozen(work: Path, _: Path) -> None:
    reports = work / "reports"
    read_manifest(reports, TAG)
    manifest_sha256(reports, TAG)
    for hashes in (False, True):
        for one in look_frozen(reports, TAG, RUNBOOK_ARTIFACTS, hashes=hashes):
            str(one)
    verify(site_at(work))


def _lease(work: Path, path: Path) -> None:
    reports = work / "reports"
    lease = read_lease(reports)
    if lease is not None:
        str(lease)
        lease.is_alive()
    other_holder(reports, Actor("grace"))
    take_lease(reports, Actor("grace"))


def _holder(work: Path, _: Path) -> None:
    str(holder(work / "reports"))
    running(work / "reports")
    _judged(work, work)


def _runs(work: Path, path: Path) -> None:
    reports, tag = work / "reports", path.parent.name
    for run_id in run_ids(reports, tag):
        found = look_at_record(reports, tag, run_id)
        if found.value is not None:
            last_transcript(found.value)
            found.value.model_dump_json()
    unfinished_runs(reports)
    _judged(work, path)
    verify(site_at(work))


def _batch(_: Path, path: Path) -> None:
    file, records = open_records(path, Record)
    with file:
        for batch in records:
            assert batch


def _phase3_batch(_: Path, path: Path) -> None:
    file, records = open_records(path, Phase3Record)
    with file:
        for batch in records:
            assert batch


def forge_head(journal: Path) -> None:
    """Let the anchor name the last event, and the state follow from the events alone."""
    last = json.loads(journal.read_bytes().splitlines()[-1])
    (journal.parent / "journal.head").write_text(json.dumps({"seq": last["seq"], "hash": last["hash"]}))
    (journal.parent / "state.json").unlink(missing_ok=True)


def _resealed(work: Path, path: Path) -> None:
    forge_head(path)
    site = site_at(work)
    events = list(read_events(site.reports))
    for event in events:
        row_of(event)
        describe_event(event)
    noted_runs(site.reports).of(OTHER)
    verify(site)
    root_causes(events)
    for incident in incidents_of(events).values():
        assert not DANGEROUS.search(post_mortem(site, incident.id))
    _journal(work, path)
    state = read_state(site.reports)
    judge_tag(site, TAG, state, patient=False)
    read_situation(site)
    state_to_plan_on(site).model_dump_json()


def _note(work: Path, path: Path) -> None:
    read_recommendation(path.read_bytes().decode("utf-8", "replace"))
    _judged(work, path)


MONITOR = ("--report-json", "{path}", "--out-json", "{out}/m.json", "--rules-json", "{rules}", "--out-md", "{out}/m.md")
_REPORTS = "reports/*_report.json"
_JSON_ARTIFACTS = "reports/*_{}.json"
READERS: dict[str, Reader] = {
    "report": Reader(_REPORTS, _judged),
    "report_rows": Reader(_REPORTS, _rows, (BadJson, BadElement)),
    "report_compared": Reader(_REPORTS, _compared, (Refused,)),
    "report_gate": Reader(
        _REPORTS, _step(phase4_quality_check.main, "--report-json", "{path}", "--out-json", "{out}/q")
    ),
    "report_monitor": Reader(_REPORTS, _step(phase4_monitor_runner.main, *MONITOR)),
    "report_release": Reader(
        f"reports/{TAG}_[rs]*",
        _step(phase4_release_check.main, "--tag", "{tag}", "--outdir", "{reports}", "--out-json", "{out}/r"),
    ),
    "summary": Reader("reports/*_summary.json", _checked),
    "signoff_step": Reader(
        f"reports/{TAG}_[!f]*.json", _step(phase4_signoff_generator.main, "--tag", "{tag}", "--outdir", "{reports}")
    ),
    "checks": Reader("reports/*_check.json", _checked),
    "monitoring": Reader("reports/*_monitoring.json", _checked),
    "own_check": Reader("reports/*_shadow_duration.json", _judged),
    "rules": Reader("monitoring_rules.json", _ruled),
    "rules_step": Reader(
        "monitoring_rules.json",
        _step(
            phase4_monitor_runner.main, "--report-json", f"{{reports}}/{TAG}_report.json", "--out-json", "{out}/m.json",
            "--rules-json", "{path}",
        ),
    ),
    "settings": Reader("phase4.toml", _settings, (SettingsError,)),
    "journal": Reader(f"{STATE}/journal.*", _journal, (JournalDamaged, StateUnreadable)),
    "resealed": Reader(f"{STATE}/journal.jsonl", _resealed, (JournalDamaged, StateUnreadable, Refused), resealed),
    "state": Reader(f"{STATE}/state.json", _state, (StateUnreadable,)),
    "active": Reader("reports/ACTIVE.json", _state, (StateUnreadable,)),
    "manifest": Reader(f"{STATE}/frozen/{TAG}/[mS]*", _frozen),
    "lease": Reader(f"{STATE}/lease.json", _lease, (Held,)),
    "holder": Reader(f"{STATE}/running/holder.json", _holder),
    "runs": Reader(f"{STATE}/runs/*/*.json", _runs),
    "batch": Reader("*[el]*s_input.json*", _batch, (BadInput,)),
    "phase3_batch": Reader("phase3_input.json", _phase3_batch, (BadInput,)),
    "note": Reader("reports/*_signoff.md", _note),
}  # fmt: skip
"""By name; what a reader raises besides is a defect."""
