"""The working directory that version 0.1.0 left in November 2026 is read, verified and continued by this version.

What is expected stands here as literal data: a change of meaning must show itself. `tests/fixtures/make_desk.py` tells
what happened in that directory. It was written in /srv/desk on another host, so no absolute path on record is there.
"""

import hashlib
import json
import signal
from collections import Counter
from pathlib import Path

import pytest

from tests.cli.support import FAILED, HEALTHY, P0, P1, P2, REFUSED, UNKNOWN, Json, ask, started
from tests.deadline import within
from tests.fixtures import unpack_desk

CLOSED, OPEN = "inc-20261127T075229-999", "inc-20261127T075246-687"
EVENTS = 64
HEAD = "33232c4974f1367c841117dbda62d5bed18281e7af414f4e7de628fde409b6cc"
KINDS = {"run": 29, "pin": 2, "freeze": 8, "thaw": 2, "incident": 2, "evidence": 1, "escalate": 4, "acknowledge": 2,
         "switch": 4, "mode": 2, "reclassify": 2, "root_cause": 2, "compare": 2, "reopen": 2}  # fmt: skip
# exit status · class, level, rule, owner · frozen · release check, quality check, monitoring, sign-off
VERDICTS: dict[str, tuple[int | str | None, ...]] = {
    "dawn": (HEALTHY, None, "ok", "healthy", None, "no", "passed", "passed", "ok", "present"),
    "draft": (HEALTHY, None, "ok", "healthy", None, "no", "passed", "passed", "ok", "present"),
    "morning": (HEALTHY, None, "ok", "healthy", None, "intact", "passed", "passed", "ok", "present"),
    "forenoon": (P2, "P2", "incident", "monitoring_alert", "risk", "no", "passed", "passed", "alert", "present"),
    "noon": (P1, "P1", "incident", "monitoring_alert_high", "risk", "intact", "passed", "passed", "alert", "present"),
    "phase3_noon": (HEALTHY, None, "ok", "healthy", None, "no", "passed", "passed", "not_applicable", "present"),
    "noon_rerun": (HEALTHY, None, "ok", "healthy", None, "intact", "passed", "passed", "ok", "present"),
    "evening": (P0, "P0", "incident", "policy_violated", "risk", "intact", "passed", "failed", "alert", "present"),
    "dusk": (P2, "P2", "incident", "step_broken", "engineering", "no", "passed", "passed", "stale", "present"),
    "night": (
        UNKNOWN, None, "unknown", "run_interrupted", "engineering", "no", "absent", "absent", "absent", "absent",
    ),
}  # fmt: skip
# tag, class, level · frozen, quarantined, pinned · known-good, first failed rung · last change
TAGS = [
    ("night", None, "unknown", "no", False, False, False, "complete", "2026-11-27T07:52:54.896725Z"),
    ("dusk", "P2", "incident", "no", False, False, False, "parses", "2026-11-27T07:52:54.224376Z"),
    ("evening", "P0", "incident", "intact", True, False, False, "gates passed", "2026-11-27T07:52:48.994221Z"),
    ("noon_rerun", None, "ok", "intact", False, False, True, None, "2026-11-27T07:52:39.296456Z"),
    ("phase3_noon", None, "ok", "no", False, False, False, "monitoring OK", "2026-11-27T07:52:34.896589Z"),
    ("noon", "P1", "incident", "intact", True, False, False, "monitoring OK", "2026-11-27T07:52:29.958221Z"),
    ("forenoon", "P2", "incident", "no", False, False, False, "monitoring OK", "2026-11-27T07:52:27.863291Z"),
    ("morning", None, "ok", "intact", False, False, True, None, "2026-11-27T07:52:25.146222Z"),
    ("draft", None, "ok", "no", False, False, True, None, "2026-11-27T07:52:22.042222Z"),
    ("dawn", None, "ok", "no", False, True, True, None, "2026-11-27T07:52:19.871816Z"),
]
TAG_KEYS = ("tag", "class", "level", "frozen", "quarantined", "pinned", "known_good", "first_failed_rung",
            "modified_at")  # fmt: skip
INCIDENT_KEYS = ("class", "rule", "tag", "owner", "stage", "opened_by", "no_good_tag",
                 "evidence_at", "opened_at", "contained_at", "recovered_at")  # fmt: skip
INCIDENTS = {
    CLOSED: ("P1", "monitoring_alert_high", "noon", "risk", "recovered", "ada@desk-1", False,
             "2026-11-27T07:52:29.880049Z", "2026-11-27T07:52:29.999331Z",
             "2026-11-27T07:52:33.227446Z", "2026-11-27T07:52:41.138030Z"),
    OPEN: ("P0", "policy_violated", "evening", "risk", "detected", "ada@desk-1", False,
           "2026-11-27T07:52:46.554615Z", "2026-11-27T07:52:46.687920Z", None, None),
}  # fmt: skip
AUDITED = {
    "evening_report.json": "27edcd8335112b968f81c9528c10e93394db339266fd265e22891eda06f2fd0e",
    "evening_release_check.json": "b7df120a19b2a1e4f39a46a5840ea3cd9fc573200dfe7b642bf5decae9610661",
    "evening_quality_check.json": "d32b8631cd49923f2994efd2e5912cbd75aeb1365152f8aa8dfb337aa3e455aa",
    "evening_monitoring.json": "1d727fb5c940e6d9f1c90e3aa08aaa1aec30660808510f94dcf1332f70fe428b",
    "evening_phase4_signoff.md": "afa5a12c917fcb9b0b55d775dc0e06157dfad9348d3c5368f64011b72245b829",
}
ROOT_CAUSE = {
    "at": "2026-11-27T07:52:36.398635Z",
    "incident": CLOSED,
    "cause": "the feed sent every record without a bias",
    "remediation": "the feed was rolled back to yesterday's version and the batch corrected",
    "owner": "risk",
    "closure": "a rehearsal on the corrected batch is healthy",
}
POST_MORTEM = (
    "noon",
    "P1",
    "2026-11-27 07:52:29 UTC",  # detected
    "2026-11-27 07:52:33 UTC",  # contained
    "2026-11-27 07:52:41 UTC",  # recovered
    "no_trade 100",
    *(ROOT_CAUSE[name] for name in ("cause", "remediation", "closure")),
    "nothing is traded any more",
    "2026-11-27 07:52:32 UTC",
    "noon_rerun has recovered",
    "e87d736968499a3987d6c1c6e5fa3f038e1dcc239792714609a2e418db780603",  # the input of noon
    "bb822d59c4f2286ce2a82a468500bc8ccd4eb03a6c4b8d28e060e7c9445fbe80",  # the corrected one, accepted
    "the last good figures",
)
LOOKING = [
    *(f"status --tag {tag}" for tag in VERDICTS),
    *(f"audit --tag {tag}" for tag in VERDICTS),
    *("status", "tags", "journal", "verify", "known-good list", "root-cause list", "mode show", "trends", "runbook"),
    *("incident list", "incident show", f"incident show {CLOSED}", f"incident export {CLOSED}"),
    *("transcript --tag dusk", "decisions --tag evening", "path report_json", "schema settings", "doctor"),
    *("rollback --dry-run", "run --dry-run", "mode phase3-only --reason plan --dry-run"),
]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The working directory, shared by the tests that only look."""
    return unpack_desk(tmp_path_factory.mktemp("shared"))


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """The working directory, for a test that goes on in it."""
    return unpack_desk(tmp_path)


def told(work: Path, *arguments: str, status: int = HEALTHY) -> Json:
    """Give a command, expect its exit status, and return its document."""
    answer = ask(work, *arguments, "--json")
    assert answer.status == status, answer.err
    document = answer.document()
    assert isinstance(document, dict)
    return document


def steps(work: Path) -> list[str]:
    """Return the state of each step of the rollback."""
    return [step["state"] for step in told(work, "rollback")["steps"]]


def tree(directory: Path) -> dict[str, tuple[int, int, str]]:
    """Return mode, time of change and content's hash of a directory and of all that is in it."""
    found = {}
    for path in (directory, *directory.rglob("*")):
        content = path.read_bytes() if path.is_file() else b""
        info = path.stat()
        found[str(path)] = (info.st_mode, info.st_mtime_ns, hashlib.sha256(content).hexdigest())
    return found


@pytest.mark.parametrize("tag", VERDICTS)
def test_each_tag_has_the_verdict_that_it_had(desk: Path, tag: str) -> None:
    status, *expected = VERDICTS[tag]
    assert isinstance(status, int)
    found = told(desk, "status", "--tag", tag, status=status)
    classified = [found["classification"][name] for name in ("class", "level", "rule", "owner")]
    checks = [found["health"][name]["state"] for name in ("release_check", "quality_check", "monitoring", "signoff")]
    assert [*classified, found["frozen"], *checks] == expected


def test_without_a_tag_that_of_the_incident_is_shown_with_the_state_of_operations(desk: Path) -> None:
    found = told(desk, "status", status=P0)
    expected = {"tag": "evening", "active_tag": "morning", "known_good_tag": "morning", "evaluation_mode": "phase4"}
    assert {name: found[name] for name in expected} == expected
    incident = {"id": OPEN, "class": "P0", "opened_at": "2026-11-27T07:52:46.687920Z", "stage": "detected"}
    assert found["incident"] == incident
    conditions = {condition["name"]: condition["ok"] for condition in found["preconditions"]}
    assert (conditions["working_directory"], conditions["artifacts"]) == (True, True)


def test_the_files_of_a_frozen_tag_have_the_times_that_its_manifest_names(desk: Path) -> None:
    manifests = list(desk.glob("reports/.phase4/frozen/*/manifest.json"))
    assert {path.parent.name for path in manifests} == {"morning", "noon", "noon_rerun", "evening"}
    for path in manifests:
        for file in json.loads(path.read_bytes())["files"]:
            times = [(place / file["name"]).stat().st_mtime_ns for place in (path.parent, desk / "reports")]
            assert times == [file["mtime_ns"]] * 2


def test_an_operators_class_holds_with_the_reason_that_was_given(desk: Path) -> None:
    findings = told(desk, "status", "--tag", "forenoon", status=P2)["classification"]["evidence"]
    assert findings[0]["key"] == "alerts.no_trade_pct"
    assert findings[-1]["value"] == "the drop in trades has the same cause"


def test_the_tags_are_listed_as_they_were(desk: Path) -> None:
    assert [tuple(row[name] for name in TAG_KEYS) for row in told(desk, "tags")["tags"]] == TAGS


def test_the_known_good_tags_come_first_and_the_pinned_one_before_them(desk: Path) -> None:
    order = [row["tag"] for row in told(desk, "known-good", "list")["tags"]]
    assert order[:4] == ["dawn", "noon_rerun", "morning", "draft"]
    assert order[4:] == ["night", "dusk", "evening", "phase3_noon", "noon", "forenoon"]


def test_every_event_of_the_journal_is_shown_as_it_is_stored(desk: Path) -> None:
    events = told(desk, "journal")["events"]
    lines = (desk / "reports" / ".phase4" / "journal.jsonl").read_text(encoding="utf-8").splitlines()
    assert events == [json.loads(line) for line in lines]
    assert [event["seq"] for event in events] == list(range(1, EVENTS + 1))
    assert [event["prev"] for event in events[1:]] == [event["hash"] for event in events[:-1]]
    assert events[-1]["hash"] == HEAD
    assert Counter(event["kind"] for event in events) == KINDS
    shown = [int(line.split()[0]) for line in ask(desk, "journal").out.splitlines()]
    assert shown == sorted(set(shown))  # a row an operation: what it began with is folded into its result
    assert shown[-1] == EVENTS


def test_journal_state_and_every_frozen_tag_verify(desk: Path) -> None:
    assert told(desk, "verify") == {"ok": True, "problems": [], "journal": {"events": EVENTS, "head": HEAD}}
    assert ask(desk, "verify").status == HEALTHY


def test_both_incidents_have_their_class_their_stage_and_their_times(desk: Path) -> None:
    listed = told(desk, "incident", "list")["incidents"]
    assert [incident["id"] for incident in listed] == [CLOSED, OPEN]
    for incident in listed:
        assert tuple(incident[name] for name in INCIDENT_KEYS) == INCIDENTS[incident["id"]]
        shown = told(desk, "incident", "show", incident["id"])
        assert (shown.pop("next_move") is None) == (incident["id"] == CLOSED)
        assert shown == incident
    latest = told(desk, "incident", "show")
    assert latest.pop("next_move")
    assert latest == listed[1]
    (call,) = listed[0]["escalations"]
    taken = ("risk", "2026-11-27T07:52:32.611221Z", "grace@desk-1")
    assert (call["owner"], call["acknowledged_at"], call["acknowledged_by"]) == taken
    (waiting,) = listed[1]["escalations"]
    assert (waiting["owner"], waiting["acknowledged_at"]) == ("risk", None)
    (made,) = listed[0]["comparisons"]
    assert (made["rerun"], made["at"]) == ("noon_rerun", "2026-11-27T07:52:40.054692Z")


def test_the_post_mortem_of_the_closed_incident_tells_all_of_it(desk: Path) -> None:
    answer = ask(desk, "incident", "export", CLOSED)
    assert answer.status == HEALTHY
    assert [text for text in POST_MORTEM if text not in answer.out] == []
    exported = told(desk, "incident", "export", CLOSED)
    assert (exported["incident"], exported["markdown"]) == (CLOSED, answer.out)


def test_the_root_cause_is_on_record(desk: Path) -> None:
    (found,) = told(desk, "root-cause", "list")["root_causes"]
    assert {name: found[name] for name in ROOT_CAUSE} == ROOT_CAUSE


def test_the_evaluation_mode_is_the_one_since_the_reopening(desk: Path) -> None:
    found = told(desk, "mode", "show")
    since = "2026-11-27T07:52:41.138030Z"
    assert (found["evaluation_mode"], found["since"], found["overrides"]) == ("phase4", since, [])


def test_the_audit_artifacts_have_the_hashes_that_they_had(desk: Path) -> None:
    found = told(desk, "audit", "--tag", "evening")["artifacts"]
    assert {entry["name"]: entry["sha256"] for entry in found} == AUDITED
    assert all(entry["frozen"] for entry in found)
    present = {
        tag: sum(entry["present"] for entry in told(desk, "audit", "--tag", tag)["artifacts"])
        for tag in VERDICTS
        if tag != "night"
    }
    assert present == {tag: 4 if tag == "phase3_noon" else 5 for tag in present}
    of_the_killed_run = told(desk, "audit", "--tag", "night", status=UNKNOWN)["artifacts"]
    assert [entry["name"] for entry in of_the_killed_run if entry["present"]] == ["night_report.json"]


@pytest.mark.parametrize("tag", VERDICTS)
def test_the_transcript_of_each_tag_is_found_where_the_directory_is_now(desk: Path, tag: str) -> None:
    path = Path(told(desk, "transcript", "--tag", tag)["transcript"])
    assert path.parent == desk / "reports" / ".phase4" / "runs" / tag
    assert ask(desk, "transcript", "--tag", tag).out == path.read_text(encoding="utf-8")


def test_a_crashed_step_is_explained_by_its_transcript(desk: Path) -> None:
    assert "max_no_trade_pct" in ask(desk, "transcript", "--tag", "dusk").out
    (found,) = told(desk, "status", "--tag", "dusk", status=P2)["classification"]["evidence"]
    assert (found["key"], Path(found["file"]).is_file()) == ("steps.monitor", True)


def test_the_scripts_that_init_laid_out_are_still_this_programs_own(desk: Path) -> None:
    lines = [line for line in told(desk, "run", "--tag", "new", "--dry-run")["plan"] if line.startswith("step ")]
    assert len(lines) == 5
    assert all("(built-in)" in line for line in lines)


def test_what_only_looks_writes_nothing(own: Path) -> None:
    before = tree(own)
    for arguments in LOOKING:
        for form in ([], ["--json"]):
            answer = ask(own, *arguments.split(), *form)
            assert (answer.err, bool(answer.out)) == ("", True), arguments
    with started(own, "watch", "--read-only") as process, within(30):
        assert process.stdout is not None
        shown = [process.stdout.readline().partition(" UTC ")[2].split()[0] for _ in VERDICTS]
        process.send_signal(signal.SIGINT)
        process.communicate()
    assert sorted(shown) == sorted(VERDICTS)
    assert tree(own) == before


def test_the_open_rollback_goes_on_to_its_end(own: Path) -> None:
    known = told(own, "journal")["events"]
    assert steps(own) == ["done", "done", "next", "open", "open"]
    told(own, "mode", "phase3-only", "--reason", "until the script is corrected", "--yes")
    assert told(own, "incident", "show")["stage"] == "contained"
    assert told(own, "run")["tag"] == "phase3_desk"
    fallback = told(own, "mode", "show")["fallback"]
    assert (fallback["holds"], fallback["phase3_tag"], fallback["intruders"]) == (True, "phase3_desk", [])
    told(own, "root-cause", "add", "--cause", "a script edits reports", "--remediation", "removed", "--owner", "risk")
    assert steps(own) == ["done", "done", "done", "done", "next"]
    assert ask(own, "run", "--tag", "evening_rerun", "--phase", "4").status == REFUSED
    told(own, "run", "--rehearsal", "--tag", "evening_rerun", "--input", "evening_batch.json")
    assert ask(own, "reopen", "--tag", "evening_rerun", "--yes").status == REFUSED
    compared = told(own, "compare", "evening", "evening_rerun", "--known-good", "morning")
    assert (compared["same_input"], compared["same_rules"], compared["recovered"]) == (True, True, True)
    told(own, "reopen", "--tag", "evening_rerun", "--yes")
    found = told(own, "status")
    state = [found[name] for name in ("active_tag", "known_good_tag", "evaluation_mode", "incident", "frozen")]
    assert state == ["evening_rerun", "evening_rerun", "phase4", None, "intact"]
    assert [incident["stage"] for incident in told(own, "incident", "list")["incidents"]] == ["recovered"] * 2
    assert told(own, "journal")["events"][:EVENTS] == known
    assert told(own, "verify")["journal"]["events"] > EVENTS


def test_the_guided_rollback_goes_on_as_far_as_it_can_without_answers(own: Path) -> None:
    assert ask(own, "rollback", "--yes").status == FAILED  # the root cause is asked for
    assert steps(own) == ["done", "done", "done", "next", "open"]
    assert told(own, "mode", "show")["fallback"]["holds"] is True
    assert told(own, "verify")["ok"] is True


def test_frozen_and_quarantined_tags_are_still_guarded(own: Path) -> None:
    assert ask(own, "run", "--tag", "morning", "--input", "morning_batch.json").status == REFUSED
    assert ask(own, "known-good", "switch", "noon", "--reason", "no", "--yes").status == REFUSED
    # The quarantine knows a tag by its content, whatever its name.
    (own / "reports" / "copy_report.json").write_bytes((own / "reports" / "noon_report.json").read_bytes())
    assert [row["quarantined"] for row in told(own, "tags")["tags"] if row["tag"] == "copy"] == [True]


def test_a_changed_frozen_file_is_noticed_and_restored_from_its_copy(own: Path) -> None:
    summary = own / "reports" / "morning_summary.json"
    kept = summary.read_bytes()
    summary.write_bytes(kept + b" ")
    assert told(own, "verify", status=FAILED)["ok"] is False
    told(own, "restore", "morning", "--yes")
    assert summary.read_bytes() == kept
    assert told(own, "verify")["ok"] is True


def test_a_thawed_tag_can_be_frozen_again(own: Path) -> None:
    told(own, "freeze", "draft", "--reason", "finished now", "--yes")
    assert told(own, "status", "--tag", "draft")["frozen"] == "intact"
    assert told(own, "verify")["ok"] is True


def test_the_next_run_closes_the_record_of_the_one_that_was_killed(own: Path) -> None:
    told(own, "run", "--tag", "night", "--input", "dusk_batch.json")
    ends = [event["detail"]["state"] for event in told(own, "journal", "--tag", "night")["events"]]
    assert ends == ["running", "interrupted", "running", "finished"]
    assert told(own, "verify")["ok"] is True
