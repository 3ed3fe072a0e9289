"""Operations one after the other, killed at random moments: every file that others read is wholly old or new."""

import json
import os
import random
import signal
import time
from functools import partial
from pathlib import Path

import pytest

from phase4_tui.artifacts.frozen import is_frozen
from phase4_tui.artifacts.manifest import look_frozen
from phase4_tui.artifacts.names import RUNBOOK_ARTIFACTS
from phase4_tui.journal.state import read_state
from phase4_tui.rollback.fallback import plan_phase3_only
from phase4_tui.rollback.freeze import plan_freeze, plan_thaw
from phase4_tui.rollback.known_good import plan_switch
from tests.counts import tries
from tests.figures import Figures
from tests.journal.support import ended, forked
from tests.killing import KILLED
from tests.rollback.hostile import active_file, assert_on_record, do, own_report, place, problems

KILLS = tries(12, 200)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A place with two tags that take turns in being active and one that is frozen and thawed."""
    work = place(tmp_path, "t1")
    for name in ("a", "b"):
        own_report(work, name)
        do(work, plan_switch, name, "start")
    return work


def operate_for_ever(work: Path, telling: int) -> None:
    """Switch to and fro, freeze and thaw; tell each operation that was carried out."""
    while True:
        target = "a" if read_state(work / "reports").active_tag == "b" else "b"
        do(work, plan_switch, target, "x" * 2000)
        os.write(telling, f"{target}\n".encode())
        if is_frozen(work / "reports", "t1"):
            do(work, plan_thaw, "t1", "next")
        do(work, plan_freeze, "t1", "x" * 2000)


def test_operations_killed_at_random_moments_leave_every_file_old_or_new(work: Path, figures: Figures) -> None:
    reports, dice, on_the_way = work / "reports", random.Random(7), 0
    for _ in range(KILLS):
        reading, telling = os.pipe()
        child = forked(partial(operate_for_ever, work, telling))
        os.close(telling)
        with open(reading, "rb") as pipe:  # noqa: PTH123 - a descriptor
            pipe.readline()
            time.sleep(dice.random() * 0.06)  # the moment within an operation is what is random
            os.kill(child, signal.SIGKILL)
            assert ended(child) == KILLED
        told = json.loads(active_file(work) or b"")
        written, state = json.loads((reports / ".phase4" / "state.json").read_bytes()), read_state(reports)
        assert {told["tag"], written["active_tag"]} <= {"a", "b"}
        # state.json may be behind its journal, which a reader folds into it.
        assert told["tag"] == state.active_tag or state.pending, "only an operation parts them"
        if is_frozen(reports, "t1"):
            assert look_frozen(reports, "t1", RUNBOOK_ARTIFACTS, hashes=True) == []
        on_the_way += bool(read_state(reports).pending)
        do(work, plan_phase3_only, "the next operation", operator="tom")
        assert json.loads(active_file(work) or b"")["tag"] == read_state(reports).active_tag
        assert_on_record(work)
    for path in work.rglob("*.tmp"):
        path.unlink()
    assert problems(work) == []
    assert on_the_way > KILLS / 10, "few kills hit an operation: the test proves little"
    figures.total("{:,} kills of operations", KILLS)
    figures.total("{:,} of them within one", on_the_way)
