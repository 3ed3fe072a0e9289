"""What is shown of a directory: which tag, in which state, and what each tag lacks to be known-good."""

import hashlib
import json
import os
from pathlib import Path

import pytest

from phase4_tui.artifacts.names import Artifact, BadTag
from phase4_tui.journal.actor import Actor
from phase4_tui.journal.log import Draft
from phase4_tui.journal.state import OperationsState, StateUnreadable
from phase4_tui.journal.writer import record
from phase4_tui.runbook.audit import audit
from phase4_tui.runbook.isolation import Proof
from phase4_tui.runbook.ladder import RUNGS
from phase4_tui.runbook.provenance import save_run
from phase4_tui.runbook.run_holder import announce, run_lock
from phase4_tui.runbook.status import Status, TagRow, read_status, read_tags, shown_tag
from tests.rollback.support import freeze
from tests.runbook.documents import ALERT, Tag, quality, site_at
from tests.runbook.support import laid_out

PROOF = Proof(barrier="seccomp", proven=True, ways={}, reached=0, detail="it holds")
QUARANTINED = {"tag": "not-quarantined", "report_sha256": None, "report_size": None, "reason": "bad", "at": "then"}


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return laid_out(tmp_path / "w")


def status(work: Path, tag: str | None = None) -> Status:
    return read_status(site_at(work / "reports"), tag, PROOF)[0]


def put_state(work: Path, **content: object) -> None:
    path = work / "reports" / ".phase4" / "state.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    os.utime(path, (10**9, 10**9))


def rows(work: Path) -> dict[str, TagRow]:
    return {row.tag: row for row in read_tags(site_at(work / "reports"))}


def test_an_empty_directory_has_no_tag_and_an_unknown_health(work: Path) -> None:
    found = status(work)
    assert (found.tag, found.active_tag, found.known_good_tag) == (None, None, None)
    assert found.classification.level == "unknown"
    assert (found.frozen, found.incident, found.evaluation_mode) == ("no", None, "phase4")
    assert {condition.name: condition.ok for condition in found.preconditions} == {
        "working_directory": True,
        "artifacts": False,
        "paper_mode": True,
        "isolation": True,
    }


def test_runs_that_go_on_or_died_are_told_the_newest_first(work: Path) -> None:
    reports = work / "reports"
    died, ended, goes_on, again = (Tag(reports, name) for name in ("died", "ended", "goes_on", "again"))
    runs = {tag.name: tag.ran(pipeline="running") for tag in (died, goes_on, again)}
    ended.ran(pipeline="passed")
    for run in runs.values():
        save_run(reports, run.model_copy(update={"state": "running"}))
    again.ran(pipeline="passed")
    closed = died.ran(pipeline="cancelled").model_copy(
        update={"state": "interrupted", "ended_at": "2026-02-17T03:46:00.000000Z"}
    )
    save_run(reports, closed)
    with run_lock(reports):
        announce(reports, "goes_on", runs["goes_on"].run_id, "ada")
        assert [(run.tag, run.state, run.ended_at) for run in status(work).runs] == [
            ("died", "interrupted", "2026-02-17T03:46:00.000000Z"),
            ("goes_on", "running", None),
        ]
    assert [(run.tag, run.state) for run in status(work).runs][1] == ("goes_on", "interrupted"), "nobody runs it"


def test_the_newest_tag_is_shown_unless_one_is_active_or_wanted(work: Path) -> None:
    older, newer = Tag(work / "reports", "zz"), Tag(work / "reports", "aa")
    for artifact in Artifact:
        if older.path(artifact).exists():
            older.age(artifact, 1000)
    assert status(work).tag == "aa"
    put_state(work, active_tag="zz")
    assert (status(work).tag, status(work).active_tag) == ("zz", "zz")
    assert status(work, "aa").tag == "aa"
    newer.remove(Artifact.REPORT)
    assert status(work, "aa").classification.severity_class == "P0"


def test_a_tag_whose_run_left_nothing_counts_as_the_newest(work: Path) -> None:
    Tag(work / "reports", "mon")
    left = Tag(work / "reports", "tue")
    left.ran(pipeline="crashed")
    for artifact in Artifact:
        left.path(artifact).unlink(missing_ok=True)
    assert status(work).tag == "tue"
    assert shown_tag(site_at(work / "reports"), None, OperationsState(), newest=lambda: "indexed") == "indexed"
    (work / "reports" / ".phase4" / "runs" / "no tag!").mkdir()
    assert status(work).tag == "tue"


def test_the_newest_tag_is_that_of_the_last_changed_artifact(work: Path) -> None:
    first, second = Tag(work / "reports", "first"), Tag(work / "reports", "second")
    first.age(Artifact.MONITORING, 1)
    assert status(work).tag == "first"
    second.age(Artifact.REPORT_MD, 0)
    assert status(work).tag == "second"


def test_files_of_nobody_are_no_tags(work: Path) -> None:
    for name in ("README.md", "_report.json", ".a_report.json", "x_report.json.bak", "a b_report.json"):
        (work / "reports" / name).write_text("{}")
    assert rows(work) == {}


def test_a_tag_may_begin_with_another(work: Path) -> None:
    for name in ("a", "a_report", "a_release_check"):
        Tag(work / "reports", name)
    assert set(rows(work)) == {"a", "a_report", "a_release_check"}
    assert all(row.known_good for row in rows(work).values())


@pytest.mark.parametrize("tag", ["../x", "", "a/b", "a\n", ".phase4"])
def test_no_tag_leads_out_of_the_directory(work: Path, tag: str) -> None:
    with pytest.raises(BadTag):
        status(work, tag)
    with pytest.raises(BadTag):
        audit(site_at(work / "reports"), tag)


def test_a_state_that_can_not_be_used_is_no_guess(work: Path) -> None:
    (work / "reports" / ".phase4").mkdir()
    (work / "reports" / ".phase4" / "state.json").write_text("[]")
    with pytest.raises(StateUnreadable):
        status(work)
    with pytest.raises(StateUnreadable):
        read_tags(site_at(work / "reports"))


def test_a_frozen_tag_says_so(work: Path) -> None:
    Tag(work / "reports", "t1")
    Tag(work / "reports", "t2")
    freeze(work, "t1")
    assert (status(work, "t1").frozen, status(work, "t2").frozen) == ("intact", "no")
    assert rows(work)["t1"].frozen == "intact"


def test_each_tag_shows_the_first_rung_that_it_fails(work: Path) -> None:
    reports = work / "reports"
    tags = {rung: Tag(reports, rung.replace(" ", "-")) for rung in RUNGS}
    Tag(reports, "good")
    tags["complete"].remove(Artifact.QUALITY_CHECK)
    tags["parses"].put(Artifact.QUALITY_CHECK, "nonsense")
    tags["gates passed"].put(Artifact.QUALITY_CHECK, quality(False))
    alert = {"status": "ALERT", "alerts": [ALERT]}
    tags["monitoring OK"].change(Artifact.MONITORING, lambda content: content.update(alert))
    tags["sign-off not NO-GO"].remove(Artifact.PHASE4_SIGNOFF)
    freeze(work, "matches-its-manifest")
    tags["matches its manifest"].put(Artifact.REPORT_MD, "# other\n")
    draft = Draft("note", detail={"changes": {"quarantine": [QUARANTINED]}})
    record(reports, Actor("maria"), draft)
    found = rows(work)
    for rung in RUNGS:
        row = found[tags[rung].name]
        assert (row.first_failed_rung, row.known_good) == (rung, False), rung
    assert (found["good"].first_failed_rung, found["good"].known_good) == (None, True)
    assert found["not-quarantined"].quarantined
    assert found["gates-passed"].severity_class == "P0"
    assert found["monitoring-OK"].severity_class == "P1"


def test_a_tag_whose_last_run_crashed_is_not_known_good_though_its_files_are(work: Path) -> None:
    tag = Tag(work / "reports", "t1")
    tag.ran(signoff="crashed")
    assert rows(work)["t1"].first_failed_rung == "gates passed"


def test_the_audit_lists_the_runbooks_artifacts_with_what_identifies_them(work: Path) -> None:
    tag = Tag(work / "reports", "t1")
    names = [entry.name for entry in audit(tag.site, "t1")]
    assert names == [
        f"t1{suffix}"
        for suffix in (
            "_report.json",
            "_release_check.json",
            "_quality_check.json",
            "_monitoring.json",
            "_phase4_signoff.md",
        )
    ]
    for entry in audit(tag.site, "t1"):
        path = tag.reports / entry.name
        assert entry.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
        assert (entry.present, entry.size, entry.frozen) == (True, path.stat().st_size, False)


def test_the_audit_says_what_is_missing_and_what_can_not_be_read(work: Path) -> None:
    tag = Tag(work / "reports", "t1")
    tag.remove(Artifact.MONITORING)
    tag.remove(Artifact.REPORT)
    os.mkfifo(tag.path(Artifact.REPORT))
    entries = {entry.name: entry for entry in audit(tag.site, "t1")}
    missing, fifo = entries["t1_monitoring.json"], entries["t1_report.json"]
    assert (missing.present, missing.sha256, missing.problem) == (False, None, None)
    assert (fifo.present, "FIFO" in (fifo.problem or "")) == (False, True)


def test_the_audit_of_a_phase_3_tag_has_no_monitoring(work: Path) -> None:
    tag = Tag(work / "reports", "p3", phase=3)
    names = [entry.name for entry in audit(tag.site, "p3")]
    assert "p3_monitoring.json" not in names
    assert names[-1] == "p3_phase3_signoff.md"
