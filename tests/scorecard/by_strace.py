"""Killed, or failed by the kernel, at each system call: needs strace, so only `python -m tests.scorecard` tries it."""

import shutil
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from phase4_tui.artifacts.names import Artifact
from phase4_tui.journal.log import read_events
from phase4_tui.journal.state import read_state
from phase4_tui.rollback.freeze import plan_freeze
from phase4_tui.rollback.known_good import plan_switch
from tests.figures import Figures
from tests.journal.support import copies_of, folded, note, with_history
from tests.journal.support import problems as journal_problems
from tests.rollback.hostile import assert_on_record, do, listing, place, problems
from tests.rollback.test_freeze_crashes import assert_absent_or_whole, outcomes
from tests.runbook.documents import Tag
from tests.scorecard.strace import KILLED, at_every_call, python

CHANGES = "write|pwrite64|fsync|rename.*|link.*|unlink.*|mkdir.*"
"""Between any two others nothing on the disk changes."""
NOTE = """
import sys
from pathlib import Path
from tests.journal.support import note
note(Path(sys.argv[1]), changes={"active_tag": "new"}, text=["x" * 200] * 10)
"""
FREEZE = """
import sys
from pathlib import Path
from phase4_tui.rollback.freeze import plan_freeze
from tests.rollback.hostile import do
do(Path(sys.argv[1]), plan_freeze, "t1", "why")
"""


@pytest.fixture
def small(tmp_path: Path) -> Callable[[], Path]:
    """What makes a fresh place where `t1`, of three artifacts, can be frozen and `old` is active."""
    work = place(tmp_path, "old")
    do(work, plan_switch, "old", "start")
    tag = Tag(work / "reports", "t1")
    for artifact in list(Artifact)[3:]:
        tag.path(artifact).unlink(missing_ok=True)
    numbers = count()
    return lambda: Path(shutil.copytree(work, tmp_path / f"fresh{next(numbers)}", symlinks=True))


def test_a_kill_by_the_kernel_at_any_call_of_an_append_leaves_each_file_old_or_new(
    tmp_path: Path, figures: Figures
) -> None:
    old = with_history(tmp_path / "old")
    kills = 0
    for struck in at_every_call(copies_of(old, tmp_path), lambda at: python(NOTE, at), "signal=KILL"):
        reports = struck.place
        kills += struck.status == KILLED
        assert struck.status in (KILLED, 0), struck
        assert read_state(reports).active_tag in ("t2", "new"), struck
        assert read_state(reports) == folded(reports), struck
        before = list(read_events(reports))
        note(reports, changes={"active_tag": "next"})
        assert list(read_events(reports))[: len(before)] == before, struck
        assert journal_problems(reports) == [], struck
    assert kills > 10
    figures.total("{:,} kills by strace", kills)


def test_a_freeze_killed_by_the_kernel_at_any_call_is_absent_or_whole(
    small: Callable[[], Path], figures: Figures
) -> None:
    kills, seen = 0, set[bool]()
    for struck in at_every_call(small, lambda at: python(FREEZE, at), "signal=KILL", CHANGES):
        kills += struck.status == KILLED
        assert struck.status in (KILLED, 0), struck
        seen.add(assert_absent_or_whole(struck.place, "t1"))
        do(struck.place, plan_freeze, "t1", "again", operator="tom")
        assert problems(struck.place) == [], struck
        assert_on_record(struck.place)
        shutil.rmtree(struck.place)
    assert seen == {False, True}
    assert kills > 30
    figures.total("{:,} kills by strace", kills)


@pytest.mark.parametrize(
    ("error", "words", "calls"),
    [
        ("ENOSPC", "No space left on device", "write|pwrite64|mkdir.*|openat"),
        ("EIO", "Input/output error", "fsync|rename.*|link.*"),
    ],
)
def test_a_call_that_the_kernel_fails_is_told_in_one_line_and_nothing_is_done(
    small: Callable[[], Path], error: str, words: str, calls: str, figures: Figures
) -> None:
    def freeze(work: Path) -> list[str]:
        return [*python("from phase4_tui.__main__ import main; main()", work)[:3],
                "-C", str(work), "freeze", "t1", "--reason", "why", "--yes"]  # fmt: skip

    before, failures = listing(small() / "reports"), 0
    for struck in at_every_call(small, freeze, f"error={error}", calls):
        done = "done" in outcomes(struck.place, "freeze")
        assert (struck.status == 0) == done, struck
        if struck.status:
            failures += 1
            assert struck.said.startswith("error: "), struck
            assert struck.said.count("\n") == 1, struck
            assert words in struck.said, struck
        after = listing(struck.place / "reports")
        assert {name: after[name] for name in before if ".phase4" not in name} == {
            name: content for name, content in before.items() if ".phase4" not in name
        }, struck
        do(struck.place, plan_freeze, "t1", "again")
        assert problems(struck.place) == [], struck
        shutil.rmtree(struck.place)
    assert failures > 5
    figures.total("{:,} calls failed by strace", failures)
