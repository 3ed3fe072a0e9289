"""Tampering as root, in every way, on artifacts and on their copies: found, told where, and put back with evidence."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from phase4_tui.rollback.freeze import plan_restore, plan_thaw
from phase4_tui.rollback.known_good import plan_switch
from phase4_tui.rollback.operations import carry_out
from phase4_tui.rollback.verification import verify
from tests.rollback.hostile import artifacts, as_root, copies, digest, do, listing, overwrite, place, problems, refused
from tests.rollback.support import freeze, frozen_state, site_of, state_of

NAME = "t1_report.json"
Way = Callable[[Path, Path], None]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A place with a frozen tag and one that is not."""
    work = place(tmp_path, "t1", "t2")
    freeze(work, "t1")
    return work


def edit(path: Path, spare: Path) -> None:
    data = path.read_bytes()
    overwrite(path, data.replace(b"in.json", b"on.json") if b"in.json" in data else data.replace(b"t1", b"tX"))


def append(path: Path, spare: Path) -> None:
    overwrite(path, path.read_bytes() + b" ")


def delete(path: Path, spare: Path) -> None:
    path.unlink()


def add(path: Path, spare: Path) -> None:
    (path.parent / "t1_phase3_signoff.md").write_text("# Sign-off\n")


def symlink(path: Path, spare: Path) -> None:
    shutil.copy2(path, spare)
    path.unlink()
    path.symlink_to(spare)


def hardlink(path: Path, spare: Path) -> None:
    os.link(path, spare)


def directory_in_its_place(path: Path, spare: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "deep").write_text("x")


def quiet_edit(path: Path, spare: Path) -> None:
    """Change a byte and put size and time back."""
    info = path.stat()
    edit(path, spare)
    os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))


WAYS: dict[str, Way] = {
    "edited": edit,
    "appended to": append,
    "deleted": delete,
    "added to": add,
    "swapped for a symlink": symlink,
    "hard-linked": hardlink,
    "replaced by a directory": directory_in_its_place,
}


def side_of(work: Path, side: str) -> Path:
    return (work / "reports" if side == "artifact" else copies(work, "t1")) / NAME


@pytest.mark.parametrize("side", ["artifact", "copy"])
@pytest.mark.parametrize("way", WAYS)
def test_each_way_is_seen_at_a_look_and_told_by_verify(work: Path, tmp_path: Path, way: str, side: str) -> None:
    assert frozen_state(work, "t1") == "intact"
    path = side_of(work, side)
    with as_root(path.parent):
        WAYS[way](path, tmp_path / "spare")
    assert frozen_state(work, "t1") == "tampered"
    name = "t1_phase3_signoff.md" if way == "added to" else NAME
    assert [Path(one.where) for one in verify(site_of(work)).problems] == [path.parent / name]
    assert NAME.removesuffix("_report.json") in refused(lambda: do(work, plan_switch, "t1", "why"))
    assert "no longer what was frozen" in refused(lambda: freeze(work, "t1"))
    assert not (work / "reports" / "ACTIVE.json").exists()


@pytest.mark.parametrize("side", ["artifact", "copy"])
@pytest.mark.parametrize("way", [*WAYS, "edited quietly"])
def test_restore_puts_back_what_was_frozen_and_keeps_what_was_there(
    work: Path, tmp_path: Path, way: str, side: str
) -> None:
    before = artifacts(work, "t1"), listing(copies(work, "t1"))
    path = side_of(work, side)
    with as_root(path.parent):
        WAYS.get(way, quiet_edit)(path, tmp_path / "spare")
    changed = path.read_bytes() if path.is_file() else None
    assert len(problems(work)) == 1
    do(work, plan_restore, "t1")
    assert (artifacts(work, "t1"), listing(copies(work, "t1"))) == before
    assert (problems(work), frozen_state(work, "t1")) == ([], "intact")
    evidence = work / "reports" / ".phase4" / "evidence"
    kept = [path for path in evidence.rglob("*") if path.name.startswith("t1_")]
    if way == "deleted":
        assert kept == []
    elif way == "added to":
        assert [path.name for path in kept] == ["t1_phase3_signoff.md"]
    else:
        assert [one.name for one in kept] == [NAME]
        assert (kept[0].read_bytes() if kept[0].is_file() else None) == changed
        assert kept[0].is_symlink() == (way == "swapped for a symlink")
        assert not path.is_symlink()


@pytest.mark.parametrize("side", ["artifact", "copy"])
def test_an_edit_that_keeps_size_and_time_is_told_by_verify_and_refused_by_a_switch(work: Path, side: str) -> None:
    quiet_edit(side_of(work, side), work)
    assert frozen_state(work, "t1") == "intact"
    assert problems(work) == [("changed", NAME)]
    assert "has sha256" in refused(lambda: do(work, plan_switch, "t1", "why"))


def test_the_same_bytes_written_again_are_no_violation(work: Path) -> None:
    path = side_of(work, "artifact")
    os.utime(path, ns=(1, 1))
    again = path.read_bytes()
    path.unlink()
    path.write_bytes(again)
    assert frozen_state(work, "t1") == "intact"
    assert problems(work) == []


def test_a_directory_of_copies_that_was_replaced_by_another_is_told(work: Path, tmp_path: Path) -> None:
    directory = copies(work, "t1")
    directory.chmod(0o755)
    shutil.copytree(directory, tmp_path / "mine")
    directory.rename(tmp_path / "theirs")
    overwrite(tmp_path / "mine" / NAME, b"{}")
    (tmp_path / "mine").rename(directory)
    assert frozen_state(work, "t1") == "tampered"
    assert ("changed", NAME) in problems(work)


@pytest.mark.parametrize("way", ["symlink", "file", "empty"])
def test_a_directory_of_copies_that_is_none_any_more_is_told(work: Path, tmp_path: Path, way: str) -> None:
    directory = copies(work, "t1")
    directory.chmod(0o755)
    directory.rename(tmp_path / "theirs")
    if way == "symlink":
        directory.symlink_to(tmp_path / "theirs")
    elif way == "file":
        directory.write_text("x")
    else:
        directory.mkdir()
    assert frozen_state(work, "t1") == "tampered"
    assert ("manifest", "manifest.json" if way == "empty" else "t1") in problems(work)
    assert "t1" in refused(lambda: plan_restore(site_of(work), "t1"))
    assert "t1" in refused(lambda: freeze(work, "t1"))
    assert "matches its manifest" in refused(lambda: do(work, plan_switch, "t1", "why"))
    do(work, plan_thaw, "t1", "its copies were replaced")
    freeze(work, "t1")
    assert problems(work) == []


def forge(work: Path) -> None:
    """Edit an artifact, its copy, the sums and the manifest so that all of them agree."""
    for side in ("artifact", "copy"):
        quiet_edit(side_of(work, side), work)
    manifest = json.loads((copies(work, "t1") / "manifest.json").read_bytes())
    new = digest(side_of(work, "copy"))
    for file in manifest["files"]:
        if file["name"] == NAME:
            file |= {"sha256": new}
    overwrite(copies(work, "t1") / "manifest.json", json.dumps(manifest).encode())
    sums = "".join(f"{file['sha256']}  {file['name']}\n" for file in manifest["files"])
    overwrite(copies(work, "t1") / "SHA256SUMS", sums.encode())


def test_a_file_edited_together_with_its_manifest_is_told_since_the_journal_knows_better(work: Path) -> None:
    forge(work)
    assert frozen_state(work, "t1") == "tampered"
    assert problems(work) == [("manifest", "t1")]
    assert "matches its manifest" in refused(lambda: do(work, plan_switch, "t1", "why"))
    assert "the journal knows" in refused(lambda: do(work, plan_restore, "t1"))
    assert state_of(work).active_tag is None


@pytest.mark.parametrize("name", ["SHA256SUMS", "manifest.json"])
@pytest.mark.parametrize("way", ["edited", "deleted", "hard-linked", "swapped for a symlink"])
def test_sums_and_manifest_are_watched_like_the_copies(work: Path, tmp_path: Path, name: str, way: str) -> None:
    path = copies(work, "t1") / name
    with as_root(path.parent):
        WAYS[way](path, tmp_path / "spare")
    found = problems(work)
    assert any(word in (name, "t1") for _, word in found), found
    assert "t1" in refused(lambda: do(work, plan_switch, "t1", "why"))
    restorable = name == "SHA256SUMS" or way == "hard-linked"
    if restorable:
        do(work, plan_restore, "t1")
        assert problems(work) == []
    else:
        assert "t1" in refused(lambda: do(work, plan_restore, "t1"))


def test_a_copy_that_was_made_writable_is_told_and_restore_takes_the_permission_again(work: Path) -> None:
    (copies(work, "t1") / NAME).chmod(0o644)
    assert problems(work) == [("writable", NAME)]
    do(work, plan_restore, "t1")
    assert problems(work) == []
    assert "nothing to restore" in do(work, plan_restore, "t1").lines[0]


def test_a_damaged_copy_restores_nothing_and_what_is_there_stays(work: Path) -> None:
    for side in ("artifact", "copy"):
        overwrite(side_of(work, side), b"{}")
    before = listing(work)
    assert "nothing to restore t1 from" in refused(lambda: plan_restore(site_of(work), "t1"))
    assert listing(work) == before


def test_a_copy_damaged_after_the_plan_restores_nothing(work: Path) -> None:
    overwrite(side_of(work, "artifact"), b"mine")
    plan = plan_restore(site_of(work), "t1")
    overwrite(side_of(work, "copy"), b"{}")
    assert "does not match the manifest" in refused(lambda: carry_out(site_of(work), plan))
    assert side_of(work, "artifact").read_bytes() == b"mine"


def test_what_can_be_restored_is_and_the_rest_is_named(work: Path) -> None:
    for side in ("artifact", "copy"):
        overwrite(side_of(work, side), b"{}")
    other = work / "reports" / "t1_report.md"
    before = other.read_bytes()
    other.unlink()
    plan = plan_restore(site_of(work), "t1")
    assert NAME in plan.warnings[0]
    assert "does not match the manifest" in refused(lambda: carry_out(site_of(work), plan))
    assert other.read_bytes() == before
    assert side_of(work, "artifact").read_bytes() == b"{}"
    assert problems(work) == [("changed", NAME)] * 2


def test_evidence_is_never_overwritten_though_a_repaired_journal_counts_anew(work: Path) -> None:
    from phase4_tui.rollback.verification import repair

    for round_ in range(2):
        overwrite(side_of(work, "artifact"), f"tampered {round_}".encode())
        do(work, plan_restore, "t1")
        (work / "reports" / ".phase4" / "journal.jsonl").unlink()
        assert problems(work) != []
        repair(site_of(work), "the journal was deleted")
        assert problems(work) == []
    kept = sorted(path.read_text() for path in (work / "reports" / ".phase4" / "evidence").rglob(NAME))
    assert kept == ["tampered 0", "tampered 1"]


def test_a_planted_directory_of_copies_is_no_freeze(work: Path) -> None:
    directory = copies(work, "t2")
    shutil.copytree(copies(work, "t1"), directory)
    found = problems(work)
    assert ("manifest", "t2") in found
    assert "t2" in refused(lambda: do(work, plan_switch, "t2", "why"))
    assert "no operation of the journal froze it" in refused(lambda: freeze(work, "t2"))
    do(work, plan_thaw, "t2", "planted")
    do(work, plan_switch, "t2", "why")
    assert problems(work) == []


def test_an_active_tag_that_loses_an_artifact_is_told_and_what_others_read_stays(work: Path) -> None:
    do(work, plan_switch, "t1", "why")
    before = (work / "reports" / "ACTIVE.json").read_bytes()
    side_of(work, "artifact").unlink()
    freeze(work, "t2")
    assert (work / "reports" / "ACTIVE.json").read_bytes() == before
    assert problems(work) == [("missing", NAME)]


@pytest.mark.parametrize("content", [b"", b"[]", b'{"tag": "t2"}'])
def test_an_active_file_that_says_something_else_is_told_and_written_anew(work: Path, content: bytes) -> None:
    path = work / "reports" / "ACTIVE.json"
    path.write_bytes(content)
    assert problems(work) == [("active", "ACTIVE.json")]
    do(work, plan_switch, "t1", "why")
    before = path.read_bytes()
    path.write_bytes(content)
    assert problems(work) == [("active", "ACTIVE.json")]
    freeze(work, "t2")
    assert path.read_bytes() == before
    assert problems(work) == []
