"""How bad a tag is by its runs: a step that broke, one that broke no longer, and a run that is under way."""

import json
from collections.abc import Iterator

import pytest

from phase4_tui.artifacts.names import Artifact
from phase4_tui.journal.locks import DirectoryLock
from phase4_tui.runbook.evidence import read_evidence
from phase4_tui.runbook.provenance import ChangedFile, save_run
from phase4_tui.runbook.run_holder import announce, run_lock, withdraw
from tests.runbook.documents import ALERT, REPORT_AGE, Tag, quality
from tests.runbook.support import found, named

RELEASE, QUALITY, MONITORING, SIGNOFF = (
    Artifact.RELEASE_CHECK,
    Artifact.QUALITY_CHECK,
    Artifact.MONITORING,
    Artifact.PHASE4_SIGNOFF,
)


def test_a_crash_without_core_checks_is_p0_and_engineerings(tag: Tag) -> None:
    tag.remove(QUALITY)
    tag.ran(pipeline="passed", release_check="passed", quality_check="crashed", signoff="not_run")
    assert named(tag) == ("P0", "engineering", 10)
    (evidence,) = found(tag).evidence
    assert (evidence.file, evidence.key) == ("/w/a.log", "steps.quality_check")
    assert "it broke" in str(evidence.value)


@pytest.mark.parametrize("state", ["crashed", "timed_out"])
def test_a_broken_step_with_core_checks_passing_is_p2(tag: Tag, state: str) -> None:
    tag.remove(SIGNOFF)
    tag.ran(pipeline="passed", release_check="passed", quality_check="passed", signoff=state)  # type: ignore[arg-type]
    assert named(tag) == ("P2", "engineering", 12)
    assert {one.key for one in found(tag).evidence} == {"steps.signoff"}


@pytest.mark.parametrize("gate", [RELEASE, QUALITY])
def test_a_broken_step_is_p2_only_when_both_core_checks_pass(tag: Tag, gate: Artifact) -> None:
    tag.remove(SIGNOFF)
    tag.ran(signoff="crashed")
    assert named(tag)[0] == "P2"
    tag.age(gate, REPORT_AGE + 10)
    assert (named(tag)[0], found(tag).rule) == ("P0", "step_broken")


def test_a_change_during_a_run_comes_after_an_incident_and_before_all_else(tag: Tag) -> None:
    change = ChangedFile(file=tag.path(Artifact.REPORT).name, step=None, before="a" * 64, after=None)
    tag.ran(monitor="passed", changed=(change,))
    assert named(tag) == ("unknown", "engineering", 14)
    (finding,) = found(tag).evidence
    assert (finding.file, finding.key) == (str(tag.path(Artifact.REPORT)), "at the end of the run")
    assert finding.value == "sha256 aaaaaaaa → missing"
    tag.change(MONITORING, lambda content: content.update(status="ALERT", alerts=[ALERT | {"severity": "LOW"}]))
    assert found(tag).rule == "changed_during_run"
    with run_lock(tag.reports):
        announce(tag.reports, tag.name, "r1", "ada")
        assert found(tag).rule == "changed_during_run", "what goes on takes no change back"
        withdraw(tag.reports)
    tag.change(MONITORING, lambda content: content.update(alerts=[ALERT]))
    assert found(tag).rule == "monitoring_alert_high"


def test_a_crash_that_left_the_checks_of_an_older_report_is_p0(tag: Tag) -> None:
    for artifact in (Artifact.REPORT, Artifact.SUMMARY, Artifact.REPORT_MD):
        tag.age(artifact, 10)
    tag.ran(age=5, pipeline="passed", release_check="crashed")
    assert named(tag) == ("P0", "engineering", 10)


def test_a_crash_mended_by_hand_no_longer_counts(tag: Tag) -> None:
    tag.ran(age=30, signoff="crashed")
    assert named(tag) == ("P2", "engineering", 12)
    tag.put(SIGNOFF, "# Sign-off by hand\n", age=20)
    assert named(tag) == ("ok", None, 0)


def test_a_crash_is_mended_only_when_all_that_the_step_writes_is_newer(tag: Tag) -> None:
    tag.ran(age=30, monitor="crashed")
    tag.age(MONITORING, 20)
    assert named(tag) == ("P2", "engineering", 12)
    tag.age(Artifact.MONITORING_MD, 20)
    assert named(tag) == ("ok", None, 0)


def test_a_later_run_of_the_step_is_what_counts(tag: Tag) -> None:
    tag.ran(age=30, signoff="crashed")
    tag.ran(age=20, signoff="passed")
    assert named(tag) == ("ok", None, 0)
    tag.ran(age=10, signoff="crashed")
    assert named(tag)[0] == "P2"


def test_a_crash_counts_however_often_other_steps_were_run_since(tag: Tag) -> None:
    tag.ran(age=40, signoff="crashed")
    for _ in range(25):
        tag.ran(age=30, release_check="passed")
    assert named(tag) == ("P2", "engineering", 12)


@pytest.mark.parametrize("state", ["cancelled", "not_run"])
def test_a_step_that_was_cancelled_or_never_run_is_no_incident_and_leaves_no_green_verdict(
    tag: Tag, state: str
) -> None:
    tag.ran(pipeline="passed", release_check="passed", quality_check="passed", signoff=state)  # type: ignore[arg-type]
    assert named(tag) == ("unknown", "engineering", 14)
    tag.ran(age=0, signoff="passed")
    assert named(tag) == ("ok", None, 0), "until the step is made up for"


def test_a_record_of_a_run_that_can_not_be_read_is_not_passed_over(tag: Tag) -> None:
    record = tag.ran(signoff="crashed")
    path = tag.reports / ".phase4" / "runs" / tag.name / f"{record.run_id}.json"
    path.write_text(json.dumps({"run_id": 1}))
    assert named(tag) == ("unknown", "engineering", 14)


@pytest.mark.parametrize("whose", ["another run's", "another tag's"])
def test_the_record_of_another_run_or_tag_proves_nothing_and_is_not_passed_over(tag: Tag, whose: str) -> None:
    record = Tag(tag.reports, "t2").ran(signoff="passed") if whose == "another tag's" else tag.ran(signoff="passed")
    runs = tag.reports / ".phase4" / "runs"
    copy = runs / tag.name / (f"{record.run_id}.json" if record.tag == "t2" else "9.json")
    copy.parent.mkdir(exist_ok=True)
    copy.write_bytes((runs / record.tag / f"{record.run_id}.json").read_bytes())
    assert (found(tag).level, found(tag).rule) == ("unknown", "run_record_damaged")
    assert f"the record of run {record.run_id} of {record.tag}" in str(found(tag).evidence[0].value)
    copy.unlink()
    assert named(tag) == ("ok", None, 0)


@pytest.fixture
def under_way(tag: Tag) -> Iterator[DirectoryLock]:
    """A run of the tag that is under way: it holds the lock and has left its note."""
    with run_lock(tag.reports) as lock:
        announce(tag.reports, tag.name, "r1", "ada")
        yield lock
        withdraw(tag.reports)


@pytest.mark.usefixtures("under_way")
def test_while_a_run_is_under_way_what_it_has_not_written_yet_is_no_incident(tag: Tag) -> None:
    for artifact in (Artifact.REPORT, Artifact.SUMMARY, Artifact.REPORT_MD):
        tag.age(artifact, 1)
    assert named(tag)[::2] == ("unknown", 14)
    assert found(tag).rule == "run_in_progress"
    for artifact in (RELEASE, QUALITY, MONITORING, SIGNOFF, Artifact.MONITORING_MD):
        tag.remove(artifact)
    assert found(tag).rule == "run_in_progress"
    tag.ran(pipeline="passed", release_check="crashed")
    assert found(tag).rule == "run_in_progress", "the step may be the one that runs again"


@pytest.mark.usefixtures("under_way")
def test_a_violation_found_while_the_run_is_under_way_is_p0_at_once(tag: Tag) -> None:
    tag.remove(SIGNOFF)
    tag.put(QUALITY, quality(False, {"event_and_portfolio_policy_enforced": ["record 2: traded in a high-risk event"]}))
    assert named(tag) == ("P0", "risk", 10)


def test_once_the_run_is_over_what_it_did_not_write_counts(tag: Tag, under_way: DirectoryLock) -> None:
    tag.remove(SIGNOFF)
    assert found(tag).rule == "run_in_progress"
    under_way.release()
    assert named(tag)[0] == "P2"


def test_a_run_that_began_since_it_was_asked_about_is_under_way_and_not_interrupted(
    tag: Tag, under_way: DirectoryLock
) -> None:
    record = tag.ran(pipeline="running")
    save_run(tag.reports, record.model_copy(update={"state": "running"}))
    evidence = read_evidence(tag.site, tag.name, patient=False, running=lambda: None)
    assert (evidence.running, evidence.stopped) == (True, None)
