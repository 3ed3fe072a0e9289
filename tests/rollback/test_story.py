"""A whole incident from an empty directory by commands alone, by one operator, and by one who dies at each step."""

import hashlib
import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.support import ENVIRONMENT, HEALTHY, P1, REFUSED, Answer, ask, call
from tests.runbook.support import until

FIXED = "sample_batch_input.json"
INTENT, BEFORE_DONE, AFTER_DONE = "after the intent", "before the done", "after the done"
DYING = """
import os, sys
from phase4_tui.cli import run
from phase4_tui.cli import run_progress
from phase4_tui.cli.app import main
from phase4_tui.rollback import operations

point, record = sys.argv.pop(1), operations.record

def die(*_):
    os.kill(os.getpid(), 9)

def dying_record(reports, actor, draft):
    outcome = (draft.detail or {}).get("outcome")
    if (outcome, point) == ("done", "before the done"):
        die()
    result = record(reports, actor, draft)
    if (outcome, point) in {("intent", "after the intent"), ("done", "after the done")}:
        die()
    return result

operations.record = dying_record
ends = 0
def dying_step(self, record):
    global ends
    ends += 1
    if ends == 2 and point == "in the third step":
        die()
run_progress.PlainObserver.step_ended = dying_step
if point == "before the run is looked at":
    run.look_for_incident = die
main()
"""


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def breach(work: Path) -> str:
    """Write a batch that no policy trades on: 30 points above the limit of no_trade_pct; return its name."""
    records = json.loads((work / FIXED).read_text())
    (work / "idle.json").write_text(json.dumps([record | {"options_bias": "NEUTRAL"} for record in records]))
    return "idle.json"


def check_the_record(work: Path) -> str:
    """Assert that what was put on record proves itself and tells the incident; return the post-mortem."""
    verified = ask(work, "verify", "--json")
    assert (verified.status, verified.document()["problems"]) == (HEALTHY, [])
    incident = ask(work, "incident", "show", "--json").document()
    assert incident["stage"] == "recovered"
    assert incident["evidence_at"] <= incident["opened_at"] <= incident["contained_at"] <= incident["recovered_at"]
    text = ask(work, "incident", "export").out
    for moment in ("opened_at", "contained_at", "recovered_at"):
        assert incident[moment][:19].replace("T", " ") + " UTC" in text
    timeline = text[text.index("## Timeline") :]
    times = re.findall(r"^- (\S+ \S+) UTC ", timeline, re.MULTILINE)
    assert times == sorted(times)
    named = ["opened: P1 monitoring alert high of bad: ", "freeze bad", "switch to good", "mode Phase 3 only"]
    named += ["root cause of bad: the feed lost its bias", "compare bad with fixed", "reopen Phase 4 on fixed"]
    places = [timeline.replace("\\", "").index(words) for words in named]
    assert places == sorted(places)
    assert "Cause**: the feed lost its bias" in text
    assert "Accepted changes" in text
    assert ask(work, "status", "--tag", "fixed").status == HEALTHY
    assert ask(work, "path", "report_json").out.strip().endswith("fixed_report.json")
    return text


ROOT_CAUSE = ["--cause", "the feed lost its bias", "--remediation", "take the batch of the second feed"]
ROOT_CAUSE += ["--owner", "engineering", "--closure", "a rehearsal is healthy"]


def test_from_an_empty_directory_to_reopened_by_commands_alone(tmp_path: Path) -> None:
    assert call(tmp_path, "init", "w").status == HEALTHY
    work = tmp_path / "w"

    def give(*arguments: str, status: int = HEALTHY) -> Answer:
        # What only looks is asked in this process, which is faster; what acts is a process of its own.
        answer = (ask if arguments[0] == "status" or status == REFUSED else call)(work, *arguments)
        assert answer.status == status, (arguments, answer)
        return answer

    give("run", "--tag", "good")
    assert "incident" not in give("status").out.lower()
    give("run", "--tag", "bad", "--input", breach(work), status=P1)
    incident = give("status", "--json", status=P1).document()["incident"]
    assert (incident["class"], incident["stage"]) == ("P1", "detected")
    give("freeze", "bad", "--reason", "evidence", "--yes")
    assert "frozen" in give("run", "--tag", "bad", status=REFUSED).err
    give("known-good", "switch", "good", "--reason", "rollback", "--yes")
    give("mode", "phase3-only", "--reason", "until mended", "--yes")
    assert give("status", "--json").document()["incident"]["stage"] == "contained"
    give("run")
    assert "last outputs are Phase 3's" in give("status").out
    assert "Phase 3 only" in give("run", "--phase", "4", status=REFUSED).complaint()
    give("root-cause", "add", *ROOT_CAUSE)
    give("run", "--rehearsal", "--tag", "fixed", "--input", FIXED)
    assert "fixed has recovered" in give("compare", "bad", "fixed", "--known-good", "good").out
    for more in ([], ["--yes"]):
        refused = give("reopen", "--tag", "fixed", *more, status=REFUSED)
        assert sha256(work / "idle.json") in refused.err
        assert sha256(work / FIXED) in refused.err
    give("reopen", "--tag", "fixed", "--accept-changed-input", "--yes")
    assert sha256(work / "idle.json") in check_the_record(work)
    give("run", "--tag", "next")


class Desk:
    """Two operators at one working directory: ada, who dies where she is told to, and grace, who goes on."""

    def __init__(self, work: Path) -> None:
        self.work = work

    def dies(self, point: str, *arguments: str) -> None:
        """Let ada give a command and be killed at a point of it."""
        done = subprocess.run(
            [sys.executable, "-c", DYING, point, *arguments],
            cwd=self.work,
            env=ENVIRONMENT,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=60,
        )
        assert done.returncode == -signal.SIGKILL, (point, arguments, done)

    def goes_on(self, *arguments: str, status: int = HEALTHY) -> Answer:
        """Let grace give a command."""
        answer = ask(self.work, *arguments, "--operator", "grace")
        assert answer.status == status, (arguments, answer)
        return answer

    def is_done(self, number: int) -> bool:
        """Ask where the rollback stands."""
        steps: list[Any] = self.goes_on("rollback", "--json").document()["steps"]
        return bool(steps[number - 1]["state"] == "done")


@pytest.fixture(scope="module")
def rolled_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A laid-out directory with a good tag and a batch that breaches the rules."""
    parent = tmp_path_factory.mktemp("story")
    assert ask(parent, "init", "w").status == HEALTHY
    assert ask(parent / "w", "run", "--tag", "good").status == HEALTHY
    breach(parent / "w")
    return parent / "w"


@pytest.mark.parametrize("point", [INTENT, BEFORE_DONE, AFTER_DONE])
def test_an_operator_dies_in_every_operation_and_a_second_one_finishes(
    rolled_out: Path, tmp_path: Path, point: str
) -> None:
    subprocess.run(["cp", "-a", str(rolled_out), str(tmp_path)], check=True, timeout=30)
    desk = Desk(tmp_path / "w")
    bad_run = ["run", "--tag", "bad", "--input", "idle.json"]
    if point == AFTER_DONE:
        desk.dies("before the run is looked at", *bad_run)
        assert desk.goes_on("status", "--json", "--tag", "bad", status=P1).document()["incident"] is None
        assert "Switch" in desk.goes_on("rollback", "--yes", status=1).out
    else:
        desk.goes_on(*bad_run, status=P1)
    for number, operation in (
        (1, ["freeze", "bad", "--reason", "evidence", "--yes"]),
        (2, ["known-good", "switch", "good", "--reason", "rollback", "--yes"]),
        (3, ["mode", "phase3-only", "--reason", "until mended", "--yes"]),
        (4, ["root-cause", "add", *ROOT_CAUSE]),
    ):
        if not desk.is_done(number):
            desk.dies(point, *operation)
        if not desk.is_done(number):
            desk.goes_on(*operation)
        assert number == 3 or desk.is_done(number)
    rehearsal = ["run", "--rehearsal", "--tag", "fixed"]
    if point == INTENT:
        desk.dies("in the third step", "run")
        until(lambda: "running" not in ask(desk.work, "status", "--tag", "phase3_demo").out)
        assert "--resume" in desk.goes_on("status", "--tag", "phase3_demo", status=14).out
        desk.goes_on("run", "--resume")
    elif point == BEFORE_DONE:
        desk.goes_on("run")
        desk.dies("in the third step", *rehearsal, "--input", FIXED)
        until(lambda: "is running" not in ask(desk.work, "status", "--tag", "fixed").out)
        assert "phase4 run --resume --rehearsal --tag fixed" in desk.goes_on("status", "--tag", "fixed", status=14).out
        rehearsal.append("--resume")
    desk.goes_on(*rehearsal)
    desk.dies(point, "compare", "bad", "fixed", "--known-good", "good")
    desk.goes_on("compare", "bad", "fixed", "--known-good", "good")
    desk.goes_on("reopen", "--tag", "fixed", "--yes", status=REFUSED)
    reopen = ["reopen", "--tag", "fixed", "--accept-changed-input", "--yes"]
    desk.dies(point, *reopen)
    desk.goes_on(*reopen, status=REFUSED if point == AFTER_DONE else HEALTHY)
    text = check_the_record(desk.work)
    assert "grace@" in text
    assert ("interrupted" in text) == (point != AFTER_DONE), "what a dead operator began is told"
