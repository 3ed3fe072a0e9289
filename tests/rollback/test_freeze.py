"""Freezing, thawing, restoring: nothing is overwritten, nothing frozen is lost, and each refusal says why."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from phase4_tui.artifacts.frozen import is_frozen
from phase4_tui.artifacts.names import Artifact
from phase4_tui.errors import Refused, error_as_commands
from phase4_tui.rollback.freeze import plan_freeze, plan_thaw
from phase4_tui.rollback.known_good import plan_switch
from phase4_tui.rollback.operations import carry_out
from phase4_tui.runbook.run_holder import announce, run_lock
from tests.rollback.hostile import (
    artifacts,
    assert_on_record,
    copies,
    digest,
    do,
    listing,
    manifest_of,
    overwrite,
    place,
    problems,
    refused,
)
from tests.rollback.support import freeze, frozen_state, site_of, state_of
from tests.runbook.documents import Tag


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return place(tmp_path, "t1", "t2")


def test_a_frozen_tag_is_whole_on_record_and_verifies(work: Path) -> None:
    done = freeze(work, "t1", "incident 7")
    manifest, entry = manifest_of(work, "t1"), state_of(work).frozen["t1"]
    assert {file.name: file.sha256 for file in manifest.files} == {
        path.name: digest(path) for path in (work / "reports").glob("t1_*")
    }
    assert (manifest.tag, manifest.operator, manifest.reason) == ("t1", "maria", "incident 7")
    assert entry.manifest_sha256 == digest(copies(work, "t1") / "manifest.json")
    assert done.event is not None
    assert manifest.journal_seq == done.event.seq - 1
    assert problems(work) == []
    assert_on_record(work)


def test_plain_sha256sum_accepts_the_sums_of_the_copies(work: Path) -> None:
    freeze(work, "t1")
    command = ["sha256sum", "--strict", "-c", "SHA256SUMS"]
    told = subprocess.run(command, cwd=copies(work, "t1"), capture_output=True, text=True, timeout=10)
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.count(": OK") == len(artifacts(work, "t1")) == 8


def test_copies_are_no_hard_links_so_who_writes_in_place_reaches_only_the_artifact(work: Path) -> None:
    freeze(work, "t1")
    for path in (work / "reports").glob("t1_*"):
        copy = copies(work, "t1") / path.name
        assert copy.stat().st_ino != path.stat().st_ino
        before = copy.read_bytes()
        overwrite(path, b"other")
        assert copy.read_bytes() == before
        assert copy.stat().st_mode & 0o222 == 0


def test_freezing_the_same_content_twice_does_nothing_and_says_so(work: Path) -> None:
    freeze(work, "t1")
    before = listing(work)
    done = freeze(work, "t1", "again", "tom")
    assert done.lines == ("t1 is already frozen, verified",)
    assert done.event is None
    assert listing(work) == before


def test_freezing_a_tag_again_whose_content_changed_is_refused_and_changes_no_byte(work: Path) -> None:
    freeze(work, "t1")
    overwrite(work / "reports" / "t1_report.json", b"{}")
    before = listing(work)
    told = refused(lambda: freeze(work, "t1"))
    assert "t1_report.json has 2 bytes" in told
    assert "phase4 restore t1" in told
    assert listing(work) == before


def test_a_tag_without_artifacts_is_not_frozen(work: Path) -> None:
    assert "no artifacts" in refused(lambda: freeze(work, "nobody"))
    assert not is_frozen(work / "reports", "nobody")


def test_artifacts_that_vanish_after_the_plan_leave_nothing_frozen(work: Path) -> None:
    site = site_of(work)
    plan = plan_freeze(site, "t1", "why")
    for path in (work / "reports").glob("t1_*"):
        path.unlink()
    assert "any more" in refused(lambda: carry_out(site, plan))
    assert not is_frozen(work / "reports", "t1")
    assert state_of(work).frozen == {}


@pytest.mark.parametrize("kind", ["symlink", "directory", "fifo"])
def test_what_is_no_file_of_its_own_is_not_frozen(work: Path, tmp_path: Path, kind: str) -> None:
    path = work / "reports" / "t1_report.md"
    path.unlink()
    if kind == "symlink":
        (tmp_path / "elsewhere").write_text("# foreign\n")
        path.symlink_to(tmp_path / "elsewhere")
    elif kind == "directory":
        path.mkdir()
    else:
        os.mkfifo(path)
    assert "is no file of its own" in refused(lambda: freeze(work, "t1"))
    assert not is_frozen(work / "reports", "t1")
    assert_on_record(work)


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_freeze_and_thaw_need_a_reason(work: Path, reason: str) -> None:
    assert "--reason" in refused(lambda: freeze(work, "t1", reason))
    freeze(work, "t1")
    assert "--reason" in refused(lambda: plan_thaw(site_of(work), "t1", reason))


@pytest.mark.parametrize("reason", ["\udcff bytes of nobody", "\x1b]52;c;evil\x07", "x" * 100_000, "\u202ertl"])
def test_a_hostile_reason_is_made_safe_and_stops_nothing(work: Path, reason: str) -> None:
    freeze(work, "t1", reason)
    do(work, plan_switch, "t2", reason)
    assert manifest_of(work, "t1").reason.isprintable()
    assert problems(work) == []
    assert_on_record(work)


def test_an_incomplete_tag_is_frozen_as_it_is_and_what_it_lacks_is_said_first(work: Path) -> None:
    Tag(work / "reports", "t1").remove(Artifact.QUALITY_CHECK)
    plan = plan_freeze(site_of(work), "t1", "why")
    assert plan.warnings == ("it is incomplete, without t1_quality_check.json; what is there is frozen",)
    carry_out(site_of(work), plan)
    assert len(manifest_of(work, "t1").files) == 7


def test_a_running_tag_is_frozen_after_a_warning_that_names_who_runs_it(work: Path) -> None:
    with run_lock(work / "reports"):
        announce(work / "reports", "t1", "r1", "tom")
        (warning,) = plan_freeze(site_of(work), "t1", "why").warnings
    assert "tom@" in warning
    assert plan_freeze(site_of(work), "t1", "why").warnings == ()


def test_a_tag_that_is_being_run_is_no_target_of_a_switch(work: Path) -> None:
    with run_lock(work / "reports"):
        announce(work / "reports", "t1", "r1", "tom")
        assert "fails `complete`" in refused(lambda: do(work, plan_switch, "t1", "why"))
    do(work, plan_switch, "t1", "why")


def test_thawing_keeps_the_copies_and_lets_the_tag_be_frozen_anew(work: Path) -> None:
    freeze(work, "t1")
    before = listing(copies(work, "t1"))
    (line,) = do(work, plan_thaw, "t1", "mistake").lines
    kept = Path(line.rpartition(" ")[2])
    assert listing(kept) == before
    assert frozen_state(work, "t1") == "no"
    overwrite(work / "reports" / "t1_report.md", b"# other\n")
    freeze(work, "t1")
    do(work, plan_thaw, "t1", "again")
    assert listing(kept) == before
    assert len(list(kept.parent.iterdir())) == 2
    assert problems(work) == []


def test_the_active_tag_is_not_thawed(work: Path) -> None:
    do(work, plan_switch, "t1", "why")
    assert "active tag" in refused(lambda: plan_thaw(site_of(work), "t1", "why"))
    site = site_of(work)
    freeze(work, "t2")
    plan = plan_thaw(site, "t2", "why")
    do(work, plan_switch, "t2", "meanwhile", operator="tom")
    assert "changed since this was planned (switch by tom@" in refused(lambda: carry_out(site, plan))
    assert is_frozen(work / "reports", "t2")


def test_what_is_not_frozen_is_not_thawed(work: Path) -> None:
    assert "not frozen" in refused(lambda: plan_thaw(site_of(work), "t1", "why"))


def test_copies_that_are_gone_are_not_made_anew_from_whatever_is_there(work: Path) -> None:
    freeze(work, "t1")
    shutil.rmtree(copies(work, "t1"))
    assert problems(work) == [("frozen", "t1")]
    assert "its copies are gone" in refused(lambda: freeze(work, "t1"))
    assert "matches its manifest" in refused(lambda: do(work, plan_switch, "t1", "why"))
    plan = plan_thaw(site_of(work), "t1", "copies lost")
    assert "nothing proves" in plan.warnings[0]
    carry_out(site_of(work), plan)
    freeze(work, "t1")
    assert problems(work) == []


def test_more_frozen_tags_than_the_journal_can_name_are_refused_before_anything_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = place(tmp_path)
    monkeypatch.setattr("phase4_tui.rollback.freeze.MAX_FROZEN_BYTES", 24 << 10)  # the real one takes thousands
    told = ""
    for number in range(100):
        (work / "reports" / f"t{number}_report.md").write_text("# r\n")
        try:
            freeze(work, f"t{number}", "a long reason " * 20)
        except Refused as error:
            told = error_as_commands(error)
            break
    assert "`phase4 thaw TAG --reason R` thaws an old one first" in told
    frozen = state_of(work).frozen
    assert len(frozen) >= 40
    assert sorted(path.name for path in copies(work, "x").parent.iterdir()) == sorted(frozen)
    do(work, plan_thaw, "t0", "room")
    freeze(work, f"t{len(frozen)}")
    assert problems(work) == []
