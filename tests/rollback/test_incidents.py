"""Incidents: opened once for the same evidence however many watch, again for a new run, worse for worse evidence."""

import multiprocessing
import os
from functools import partial
from pathlib import Path
from threading import Barrier, Thread

import pytest

from phase4_tui.artifacts.names import Artifact
from phase4_tui.errors import Refused
from phase4_tui.journal.incident import Incident
from phase4_tui.journal.log import read_events
from phase4_tui.journal.state import StateUnreadable, read_state
from phase4_tui.rollback.fallback import plan_phase3_only
from phase4_tui.rollback.incidents import (
    incidents_of,
    look_for_incident,
    plan_acknowledge,
    plan_escalate,
    plan_reclassify,
)
from phase4_tui.rollback.operations import one_at_a_time
from phase4_tui.rollback.post_mortem import post_mortem
from phase4_tui.rollback.reopen import plan_reopen
from phase4_tui.rollback.root_cause import RootCause, plan_root_cause
from phase4_tui.rollback.verification import verify
from tests.rollback.support import freeze, give, site_of, state_of
from tests.runbook.documents import ALERT, Json, Tag, quality

POLICY = {"event_and_portfolio_policy_enforced": ["record 2: traded in a high-risk event"]}
LONG = "🔥\x1b[31m\n# x | y\n" * 6000


def alert(tag: Tag, age: float = 50.0, severity: str = "HIGH", **more: object) -> None:
    """Let the monitor have told an alert."""
    found: Json = {"status": "ALERT", "alerts": [ALERT | {"severity": severity} | more]}
    tag.change(Artifact.MONITORING, partial(dict.update, **found), age)


@pytest.fixture
def bad(tmp_path: Path) -> Tag:
    """A tag with a HIGH alert, beside nothing else."""
    tag = Tag(tmp_path / "reports", "bad")
    alert(tag)
    return tag


def look(work: Path, tag: str = "bad", operator: str = "maria") -> Incident | None:
    return look_for_incident(site_of(work, operator), tag)


def recorded(work: Path) -> dict[str, Incident]:
    return incidents_of(read_events(work / "reports"))


def kinds(work: Path) -> list[str]:
    return [event.kind for event in read_events(work / "reports")]


def close(work: Path) -> None:
    """Close the incident, by override."""
    site = site_of(work)
    give(site, plan_reopen(site, "bad", override=True, reason="test"))


def _look_when_all_are_ready(work: Path, number: int, ready: "multiprocessing.synchronize.Barrier") -> None:
    ready.wait(30)
    look(work, operator=f"operator{number}")


def test_ten_processes_that_look_at_once_open_one_incident(bad: Tag, tmp_path: Path) -> None:
    assert bad.name
    context = multiprocessing.get_context("fork")
    ready = context.Barrier(10)
    processes = [context.Process(target=_look_when_all_are_ready, args=(tmp_path, n, ready)) for n in range(10)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(40)
    assert [process.exitcode for process in processes] == [0] * 10
    assert kinds(tmp_path) == ["incident"]
    assert verify(site_of(tmp_path)).ok


def test_ten_threads_that_look_at_once_open_one_incident(bad: Tag, tmp_path: Path) -> None:
    assert bad.name
    ready = Barrier(10)
    found: list[Incident | None] = []

    def one() -> None:
        ready.wait(30)
        found.append(look(tmp_path))

    threads = [Thread(target=one) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(40)
    assert [incident is not None for incident in found].count(True) == 1
    assert len(found) == 10
    assert kinds(tmp_path) == ["incident"]


def test_an_incident_says_what_was_found_when_and_by_whom(bad: Tag, tmp_path: Path) -> None:
    incident = look(tmp_path)
    assert incident is not None
    assert (incident.severity_class, incident.rule, incident.tag) == ("P1", "monitoring_alert_high", "bad")
    assert (incident.owner, incident.stage) == ("risk", "detected")
    assert incident.opened_by.startswith("maria@")
    assert incident.evidence_at is not None
    assert incident.evidence_at < incident.opened_at
    (finding,) = incident.evidence
    assert (finding.file, finding.key, finding.value) == (str(bad.path(Artifact.MONITORING)), "alerts.no_trade_pct", 95)


@pytest.mark.parametrize("severity", ["LOW", "MEDIUM"])
def test_a_warning_opens_none(tmp_path: Path, severity: str) -> None:
    alert(Tag(tmp_path / "reports", "bad"), severity=severity)
    assert look(tmp_path) is None
    assert not (tmp_path / "reports" / ".phase4").exists()


def test_a_closed_incident_is_not_opened_again_by_the_same_evidence_but_by_a_new_run(bad: Tag, tmp_path: Path) -> None:
    assert look(tmp_path) is not None
    close(tmp_path)
    assert look(tmp_path) is None
    alert(bad, age=1)
    assert look(tmp_path) is not None
    assert [incident.stage for incident in recorded(tmp_path).values()] == ["recovered", "detected"]


def test_a_file_that_a_new_run_lacks_again_is_new_evidence(tmp_path: Path) -> None:
    tag = Tag(tmp_path / "reports", "bad")
    tag.remove(Artifact.REPORT_MD)
    incident = look(tmp_path)
    assert incident is not None
    assert incident.severity_class == "P2"
    close(tmp_path)
    assert look(tmp_path) is None
    for artifact in (Artifact.REPORT, Artifact.RELEASE_CHECK, Artifact.QUALITY_CHECK, Artifact.MONITORING):
        tag.age(artifact, 1)
    tag.age(Artifact.PHASE4_SIGNOFF, 1)
    assert look(tmp_path) is not None


def test_worse_evidence_makes_the_open_incident_worse_and_lesser_does_not_make_it_better(
    bad: Tag, tmp_path: Path
) -> None:
    first = look(tmp_path)
    bad.put(Artifact.QUALITY_CHECK, quality(False, POLICY))
    worse = look(tmp_path)
    assert first is not None
    assert worse is not None
    assert (worse.id, worse.severity_class, worse.rule, worse.owner) == (first.id, "P0", "policy_violated", "risk")
    assert {one.key for one in worse.evidence} > {one.key for one in first.evidence}
    bad.put(Artifact.QUALITY_CHECK, quality())
    alert(bad, age=2)
    look(tmp_path)
    state = state_of(tmp_path)
    assert state.incident is not None
    assert state.incident.severity_class == "P0"
    assert kinds(tmp_path) == ["incident", "evidence", "evidence"]


def test_what_made_it_worse_is_kept_though_much_was_found_before(tmp_path: Path) -> None:
    bad = Tag(tmp_path / "reports", "bad")
    many = [ALERT | {"metric": f"m{number}"} for number in range(40)]
    bad.change(Artifact.MONITORING, partial(dict.update, status="ALERT", alerts=many))
    look(tmp_path)
    bad.put(Artifact.QUALITY_CHECK, quality(False, POLICY))
    worse = look(tmp_path)
    assert worse is not None
    assert any("quality_check" in one.file for one in worse.evidence)
    assert len(worse.evidence) == 20


def test_the_class_that_an_operator_gave_holds_against_the_same_rule_and_not_against_a_worse_one(
    bad: Tag, tmp_path: Path
) -> None:
    look(tmp_path)
    site = site_of(tmp_path)
    give(site, plan_reclassify(site, "P2", "known data gap"))
    alert(bad, age=2)
    look(tmp_path)
    incident = state_of(tmp_path).incident
    assert incident is not None
    assert incident.severity_class == "P2"
    bad.put(Artifact.QUALITY_CHECK, quality(False, POLICY))
    look(tmp_path)
    incident = state_of(tmp_path).incident
    assert incident is not None
    assert incident.severity_class == "P0"


def test_a_new_incident_of_the_same_rule_has_the_class_that_the_operator_gave(bad: Tag, tmp_path: Path) -> None:
    look(tmp_path)
    site = site_of(tmp_path)
    give(site, plan_reclassify(site, "P2", "known data gap"))
    close(tmp_path)
    alert(bad, age=2)
    incident = look(tmp_path)
    assert incident is not None
    assert incident.severity_class == "P2"


def test_reclassifying_what_no_rule_found_opens_one_incident(tmp_path: Path) -> None:
    Tag(tmp_path / "reports", "odd")
    site = site_of(tmp_path)
    give(site, plan_reclassify(site, "P1", "figures look wrong"))
    incident = state_of(tmp_path).incident
    assert incident is not None
    assert (incident.severity_class, incident.tag, incident.rule) == ("P1", "odd", "healthy")
    assert look(tmp_path, "odd") is None


def test_a_tag_of_which_nothing_is_there_can_not_be_reclassified(tmp_path: Path) -> None:
    Tag(tmp_path / "reports", "odd")
    with pytest.raises(Refused, match="neither artifacts nor runs"):
        plan_reclassify(site_of(tmp_path), "P1", "why", "never-run")


def test_while_another_operation_is_carried_out_it_is_refused_and_found_later(
    bad: Tag, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bad.name
    monkeypatch.setattr("phase4_tui.rollback.operations.LOCK_SECONDS", 0.05)
    with one_at_a_time(tmp_path / "reports"), pytest.raises(Refused, match="another operation"):
        look(tmp_path)
    assert look(tmp_path) is not None


def test_owners_are_called_and_take_the_call(bad: Tag, tmp_path: Path) -> None:
    assert bad.name
    look(tmp_path)
    site, risk = site_of(tmp_path), site_of(tmp_path, "rita")
    with pytest.raises(Refused, match="no escalation to risk waits"):
        plan_acknowledge(risk, "risk")
    give(site, plan_escalate(site, "risk", "figures are off"))
    give(risk, plan_acknowledge(risk, "risk"))
    with pytest.raises(Refused, match="waits"):
        plan_acknowledge(risk, "risk")
    incident = state_of(tmp_path).incident
    assert incident is not None
    (call,) = incident.escalations
    assert (call.owner, call.note, call.by.split("@")[0]) == ("risk", "figures are off", "maria")
    assert call.acknowledged_by is not None
    assert call.acknowledged_by.startswith("rita@")


def test_root_causes_of_a_closed_incident_are_all_kept(bad: Tag, tmp_path: Path) -> None:
    assert bad.name
    incident = look(tmp_path)
    close(tmp_path)
    assert incident is not None
    ada, grace = site_of(tmp_path, "ada"), site_of(tmp_path, "grace")
    entry = RootCause(cause="c", remediation="r", owner="risk")
    plans = [(site, plan_root_cause(site, entry, incident.id)) for site in (ada, grace)]
    for site, plan in plans:
        give(site, plan)
    (closed,) = recorded(tmp_path).values()
    assert len(closed.root_causes) == 2
    assert state_of(tmp_path).incident is None


def test_texts_of_any_length_and_content_are_kept_in_part_and_break_nothing(tmp_path: Path) -> None:
    bad = Tag(tmp_path / "reports", "bad")
    many = [ALERT | {"metric": f"{number}{LONG[:5000]}", "value": LONG[:5000]} for number in range(30)]
    bad.change(Artifact.MONITORING, partial(dict.update, status="ALERT", alerts=many))
    assert look(tmp_path) is not None
    site = site_of(tmp_path, "mal\x1b[31m\nlory | `x`")
    entry = RootCause(cause=LONG, remediation=LONG, owner="risk", closure=LONG, evidence=LONG)
    give(site, plan_root_cause(site, entry))
    for _ in range(30):
        give(site, plan_escalate(site, "risk", LONG))
    give(site, plan_reclassify(site, "P0", LONG[:300]))
    close(tmp_path)
    text = post_mortem(site)
    assert "\x1b" not in text
    begun = ("#", "- ", "  - ", "| ", "    ")  # the last goes on with a text of several lines
    opening = text.splitlines()[2]
    assert opening.startswith("On 20")
    assert all(line.startswith(begun) or not line for line in text.splitlines() if line != opening)
    assert not any(line.lstrip().startswith("# ") for line in text.splitlines() if line.startswith(" "))
    assert [line for line in text.splitlines() if line.startswith("# ")] == [text.splitlines()[0]]
    table = [line for line in text.splitlines() if line.startswith("| ")]
    assert {line.replace("\\|", "").count("|") for line in table} == {5}
    assert "more characters" in text
    assert verify(site).ok


def test_thousands_of_incidents_fit_the_journal(bad: Tag, tmp_path: Path) -> None:
    look(tmp_path)
    path = tmp_path / "reports" / ".phase4" / "state.json"
    before = read_state(tmp_path / "reports")
    many = before.model_copy(update={"handled": tuple(f"{number:024d}" for number in range(3000)) + before.handled})
    path.write_text(many.model_dump_json(by_alias=True))
    assert look(tmp_path) is None
    alert(bad, age=1)
    assert look(tmp_path) is not None
    assert len(state_of(tmp_path).handled) == 500


def test_the_post_mortem_tells_the_clock_in_operation_and_each_thing_by_name(bad: Tag, tmp_path: Path) -> None:
    assert bad.name
    look(tmp_path)
    freeze(tmp_path, "bad")
    site = site_of(tmp_path)
    give(site, plan_phase3_only(site, "until mended"))
    give(site, plan_root_cause(site, RootCause(cause="x" * 1000, remediation="r", owner="risk", closure="c")))
    close(tmp_path)
    text = post_mortem(site)
    assert "x" * 1000 in text
    for words in (
        "opened: P1 monitoring alert high of bad: no_trade 95 > 70 HIGH",
        "freeze bad: evidence",
        "mode Phase 3 only: until mended",
        "reopen Phase 4 on bad, by override: test",
    ):
        assert words.replace("\\", "") in text.replace("\\", ""), words
    assert "## Overridden conditions" in text
    evidence = next(line for line in text.splitlines() if line.startswith("| Evidence written"))
    assert " before |" in evidence
    (incident,) = recorded(tmp_path).values()
    assert incident.recovered_at is not None
    assert incident.opened_at < incident.recovered_at


def test_a_reports_directory_that_can_not_be_written_is_an_error_and_no_half_incident(bad: Tag, tmp_path: Path) -> None:
    assert bad.name
    state = tmp_path / "reports" / ".phase4"
    state.write_text("a file where the directory should be")
    with pytest.raises(StateUnreadable, match="phase4"):
        look(tmp_path)
    state.unlink()
    assert look(tmp_path) is not None
    assert os.listdir(state)  # noqa: PTH208 - names
