"""Operations killed, or whose disk fails, at each single call: all or nothing, and the next operation settles it."""

import errno
import json
import os
import shutil
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from phase4_tui.artifacts.frozen import is_frozen
from phase4_tui.artifacts.manifest import look_frozen
from phase4_tui.artifacts.names import RUNBOOK_ARTIFACTS, Artifact
from phase4_tui.cli.app import app
from phase4_tui.journal.log import read_events
from phase4_tui.journal.state import read_state
from phase4_tui.rollback.fallback import plan_phase3_only
from phase4_tui.rollback.freeze import plan_freeze, plan_restore, plan_thaw
from phase4_tui.rollback.known_good import plan_switch
from phase4_tui.rollback.operations import Plan
from phase4_tui.rollback.verification import repair
from tests.figures import Figures
from tests.killing import KILLED, at_every_call
from tests.rollback.hostile import assert_on_record, copies, digest, do, listing, overwrite, own_report, place, problems
from tests.rollback.support import freeze, site_of
from tests.runbook.documents import Tag

Preparing = Callable[[], Path]
LASTING_CALLS = ("write", "fsync", "rename", "replace", "mkdir", "unlink")
"""Between any two others nothing on the disk changes: enough where it is about what is there afterwards."""
FULL: dict[str, Any] = {"error": errno.ENOSPC, "lasting": True, "calls": ("write", "mkdir")}
DYING: dict[str, Any] = {"error": errno.EIO, "calls": ("fsync", "rename", "replace")}


@pytest.fixture(autouse=True)
def operator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHASE4_OPERATOR", "maria")


@pytest.fixture
def small(tmp_path: Path) -> Preparing:
    """A place where `t1`, of three artifacts, is there to be frozen, and `old` is active."""
    work = place(tmp_path, "old")
    do(work, plan_switch, "old", "start")
    tag = Tag(work / "reports", "t1")
    for artifact in list(Artifact)[3:]:
        tag.path(artifact).unlink(missing_ok=True)
    return copier(work, tmp_path)


@pytest.fixture
def switchable(tmp_path: Path) -> Preparing:
    """A place where `old` is active and `new`, which is frozen, could be."""
    work = place(tmp_path, "old", "new")
    own_report(work, "new")
    do(work, plan_switch, "old", "start")
    freeze(work, "new")
    return copier(work, tmp_path)


def copier(work: Path, tmp_path: Path) -> Preparing:
    numbers = count()

    def copied() -> Path:
        fresh = tmp_path / str(next(numbers))
        shutil.copytree(work, fresh, symlinks=True)
        return fresh

    return copied


def active(work: Path) -> str:
    return str(json.loads((work / "reports" / "ACTIVE.json").read_bytes())["tag"])


def outcomes(work: Path, kind: str) -> list[str]:
    return [event.outcome for event in read_events(work / "reports") if event.kind == kind]


def assert_absent_or_whole(work: Path, tag: str) -> bool:
    there = is_frozen(work / "reports", tag)
    if there:
        assert look_frozen(work / "reports", tag, RUNBOOK_ARTIFACTS, hashes=True) == []
    return there


def swept(work: Path) -> None:
    """Age what a killed writer left, as an hour does."""
    for path in work.rglob("*.tmp"):
        os.utime(path, (0, 0))


def operation(plan: Callable[..., Plan], *arguments: object) -> Callable[[Path], None]:
    def given(work: Path) -> None:
        do(work, plan, *arguments)

    return given


FREEZE = operation(plan_freeze, "t1", "why")
SWITCH = operation(plan_switch, "new", "why")
RESTORE = operation(plan_restore, "t1")
THAW = operation(plan_thaw, "t1", "why")


def test_a_freeze_killed_at_any_call_leaves_the_tag_free_or_frozen_whole_and_the_next_operation_settles_it(
    small: Preparing, figures: Figures
) -> None:
    kills, seen = 0, set()
    for struck in at_every_call(small, FREEZE):
        work = struck.place
        assert struck.status == (KILLED if struck.at else 0), struck.output
        kills += bool(struck.at)
        seen.add((assert_absent_or_whole(work, "t1"), bool(read_state(work / "reports").pending)))
        assert active(work) == "old"
        lines = do(work, plan_freeze, "t1", "again", operator="tom").lines
        assert lines[0].startswith(("t1 is already frozen", "t1 is frozen, manifest")), lines
        assert read_state(work / "reports").pending == ()
        assert problems(work) == [], struck.at
        assert_on_record(work)
        shutil.rmtree(work)
    assert seen == {(False, False), (False, True), (True, True), (True, False)}
    figures.total("{:,} kills at each call", kills)


@pytest.mark.parametrize("disk", [FULL, DYING], ids=["full", "dying"])
def test_a_freeze_whose_disk_fails_says_so_and_is_not_on_record_as_done(small: Preparing, disk: dict[str, Any]) -> None:
    failures = 0
    for struck in at_every_call(small, FREEZE, **disk):
        work = struck.place
        done = "done" in outcomes(work, "freeze")
        assert (struck.status == 0) == done, (struck.at, struck.output)
        there = assert_absent_or_whole(work, "t1")
        if struck.status != 0:
            failures += 1
            assert os.strerror(disk["error"]) in struck.output.splitlines()[-1], struck.output
            assert not there or disk is FULL or "t1" in read_state(work / "reports").frozen
        do(work, plan_freeze, "t1", "again")
        assert problems(work) == [], struck.at
        assert_on_record(work)
        shutil.rmtree(work)
    assert failures > 5


def test_a_switch_killed_at_any_call_leaves_one_active_tag_and_the_next_operation_settles_it(
    switchable: Preparing,
) -> None:
    seen = set()
    for struck in at_every_call(switchable, SWITCH, calls=LASTING_CALLS):
        work = struck.place
        before = read_state(work / "reports")
        seen.add((active(work), str(before.active_tag)))
        do(work, plan_phase3_only, "the next operation", operator="tom")
        after = read_state(work / "reports")
        assert active(work) == after.active_tag == before.active_tag, struck.at
        do(work, plan_switch, "new", "again")
        assert active(work) == "new"
        swept(work)
        assert problems(work) == [], struck.at
        assert_on_record(work)
        shutil.rmtree(work)
    assert seen == {("old", "old"), ("new", "old"), ("new", "new")}


@pytest.mark.parametrize("disk", [FULL, DYING], ids=["full", "dying"])
def test_a_switch_whose_disk_fails_says_so_and_changes_nothing(switchable: Preparing, disk: dict[str, Any]) -> None:
    failures = 0
    for struck in at_every_call(switchable, SWITCH, **disk):
        work = struck.place
        state = read_state(work / "reports")
        assert (struck.status == 0) == ("done" in outcomes(work, "switch")[1:][1:]), (struck.at, struck.output)
        assert state.active_tag == ("new" if struck.status == 0 else "old")
        if struck.status != 0:
            failures += 1
            assert os.strerror(disk["error"]) in struck.output.splitlines()[-1], struck.output
        if disk is not FULL:
            assert active(work) == state.active_tag, struck.at
        do(work, plan_phase3_only, "the next operation", operator="tom")
        assert active(work) == state.active_tag, struck.at
        assert problems(work) == [], struck.at
        assert_on_record(work)
        shutil.rmtree(work)
    assert failures > 5


def test_the_command_line_tells_a_failing_disk_in_one_line_and_is_not_done(switchable: Preparing) -> None:
    def command(work: Path) -> object:
        return app(["-C", str(work), "known-good", "switch", "new", "--reason", "why", "--yes"], prog_name="phase4")

    ends = set()
    for struck in at_every_call(switchable, command, error=errno.ENOSPC, calls=("replace",)):
        ends.add(struck.status)
        if struck.status:
            assert struck.output.startswith("error: "), struck.output
            assert struck.output.count("\n") == 1
            assert os.strerror(errno.ENOSPC) in struck.output
    assert ends == {0, 1}


def test_a_restore_killed_at_any_call_loses_neither_the_frozen_bytes_nor_the_changed_ones(small: Preparing) -> None:
    template = small()
    freeze(template, "t1")
    path = template / "reports" / "t1_report.json"
    frozen = digest(path)
    overwrite(path, b"changed")
    for struck in at_every_call(copier(template, template.parent / "r"), RESTORE, calls=LASTING_CALLS):
        work = struck.place
        do(work, plan_restore, "t1", operator="tom")
        assert problems(work) == [], struck.at
        assert digest(work / "reports" / "t1_report.json") == frozen
        assert b"changed" in listing(work / "reports" / ".phase4" / "evidence").values(), struck.at
        assert_on_record(work)
        shutil.rmtree(work)


def test_a_restore_whose_disk_fails_leaves_the_changed_file_in_place_or_as_evidence(small: Preparing) -> None:
    template = small()
    freeze(template, "t1")
    overwrite(template / "reports" / "t1_report.json", b"changed")
    for struck in at_every_call(copier(template, template.parent / "r"), RESTORE, **DYING):
        work = struck.place
        assert (struck.status == 0) == ("done" in outcomes(work, "restore")), (struck.at, struck.output)
        assert b"changed" in listing(work / "reports").values(), struck.at
        do(work, plan_restore, "t1")
        assert problems(work) == [], struck.at
        shutil.rmtree(work)


def test_a_thaw_killed_at_any_call_keeps_the_copies_in_one_of_two_places(small: Preparing) -> None:
    template = small()
    freeze(template, "t1")
    kept = listing(copies(template, "t1"))
    for struck in at_every_call(copier(template, template.parent / "r"), THAW, calls=LASTING_CALLS):
        work = struck.place
        there = is_frozen(work / "reports", "t1")
        thawed = list((work / "reports" / ".phase4" / "thawed").glob("t1*"))
        assert len(thawed) == (0 if there else 1), struck.at
        assert listing(copies(work, "t1") if there else thawed[0]) == kept
        do(work, plan_phase3_only, "the next operation", operator="tom")
        freeze(work, "t1", "again")
        assert problems(work) == [], struck.at
        assert_on_record(work)
        shutil.rmtree(work)


def test_a_repair_killed_at_any_call_is_repaired_again_and_forgets_nothing(switchable: Preparing) -> None:
    template = switchable()
    known = read_state(template / "reports")
    journal = template / "reports" / ".phase4" / "journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:2] + lines[3:]))

    def mend(work: Path) -> None:
        repair(site_of(work), "a line was removed")

    for struck in at_every_call(copier(template, template.parent / "r"), mend, calls=LASTING_CALLS):
        work = struck.place
        if problems(work):
            mend(work)
        state = read_state(work / "reports")
        assert (state.active_tag, state.frozen) == (known.active_tag, known.frozen), struck.at
        do(work, plan_phase3_only, "the next operation", operator="tom")
        assert problems(work) == [], struck.at
        shutil.rmtree(work)
