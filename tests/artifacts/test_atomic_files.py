"""Writing: a file is wholly the old one or wholly the new one, whatever happens in between."""

import errno
import json
import multiprocessing
import os
import random
import subprocess
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from hypothesis import given

from phase4_tui.artifacts.atomic_files import (
    LEFTOVER_AGE_SECONDS,
    atomic_file,
    atomic_write,
    process_alive,
    sweep_leftovers,
    to_json,
)
from phase4_tui.artifacts.frozen import FrozenTag, is_frozen, refuse_frozen
from phase4_tui.artifacts.names import Artifact, file_name
from tests.artifacts.support import artifacts, documents, freeze, listing, put, tags
from tests.counts import tries
from tests.figures import Figures

KILLS = tries(60, 200)
PAYLOAD_ITEMS = 20_000
OLD = b'{"generation": "old"}\n'
NEW = b'{"generation": "new"}\n'


def whole(generation: int) -> bytes:
    """Return a content of 200 KB that names its generation at both ends."""
    return json.dumps({"first": generation, "body": [generation] * PAYLOAD_ITEMS, "last": generation}).encode()


def rewrite_for_ever(path: Path, done: Connection, first: int) -> None:
    """Rewrite `path` with one generation after the other; tell each that was written."""
    generation = first
    while True:
        generation += 1
        atomic_write(path, whole(generation))
        done.send(generation)


def test_a_writer_killed_at_any_moment_leaves_the_old_or_the_new_content_whole(
    tmp_path: Path, figures: Figures
) -> None:
    path = tmp_path / "a_report.json"
    atomic_write(path, whole(0))
    dice, context, on_disk, killed_inside = random.Random(4), multiprocessing.get_context("fork"), 0, 0
    for _ in range(KILLS):
        told, tell = context.Pipe(duplex=False)
        writer = context.Process(target=rewrite_for_ever, args=(path, tell, on_disk), daemon=True)
        writer.start()
        tell.close()
        last = 0
        for _ in range(dice.randint(1, 4)):
            last = told.recv()
        time.sleep(dice.random() * 0.002)  # the moment within a write is what is random
        writer.kill()
        writer.join()
        while told.poll():
            try:
                last = told.recv()
            except EOFError:
                break
        told.close()
        content = json.loads(path.read_bytes())
        on_disk = content["first"]
        assert content == {"first": on_disk, "body": [on_disk] * PAYLOAD_ITEMS, "last": on_disk}
        assert on_disk in {last, last + 1}
        killed_inside += len(listing(tmp_path)) > 1
        leftovers = [tmp_path / name for name in listing(tmp_path) if name != path.name]
        for leftover in leftovers:
            put(leftover, leftover.read_bytes(), age=LEFTOVER_AGE_SECONDS + 5)
        assert sorted(sweep_leftovers(tmp_path)) == sorted(leftover.name for leftover in leftovers)
        assert list(listing(tmp_path)) == [path.name]
    assert killed_inside > 0, "no kill hit a write: the test proves nothing"
    figures.total("{:,} kills of a writer", KILLS)


@given(documents)
def test_what_is_written_as_json_reads_back_and_ends_with_a_newline(value: object) -> None:
    data = to_json(value)
    assert json.loads(data) == value
    assert data.endswith(b"\n")


def test_the_directory_is_made_and_the_file_replaced(tmp_path: Path) -> None:
    path = tmp_path / "new" / "reports" / "a_report.json"
    atomic_write(path, OLD)
    assert path.read_bytes() == OLD
    atomic_write(path, NEW)
    assert listing(path.parent) == {"a_report.json": NEW}


def test_a_reader_of_the_old_file_keeps_reading_the_old_one(tmp_path: Path) -> None:
    path = put(tmp_path / "a_report.json", OLD)
    with path.open("rb") as reader:
        atomic_write(path, NEW)
        assert reader.read() == OLD


def test_a_link_is_replaced_and_its_target_left_alone(tmp_path: Path) -> None:
    target = put(tmp_path / "target", OLD)
    path = tmp_path / "a_report.json"
    path.symlink_to(target)
    atomic_write(path, NEW)
    assert not path.is_symlink()
    assert (path.read_bytes(), target.read_bytes()) == (NEW, OLD)


def test_nothing_is_there_under_the_name_before_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "a_report.json"
    with atomic_file(path) as file:
        file.write(NEW)
        file.flush()
        assert not path.exists()
    assert path.read_bytes() == NEW


@pytest.mark.parametrize("error", [ValueError("no"), OSError(errno.EIO, "no"), KeyboardInterrupt(), SystemExit(1)])
def test_an_error_in_the_block_leaves_the_old_file_and_no_temporary_one(tmp_path: Path, error: BaseException) -> None:
    path = put(tmp_path / "a_report.json", OLD)
    with pytest.raises(type(error)), atomic_file(path) as file:
        file.write(NEW)
        raise error
    assert listing(tmp_path) == {"a_report.json": OLD}


def failing(code: int) -> Callable[..., None]:
    """Return a system call that fails."""

    def fail(*_arguments: object, **_options: object) -> None:
        raise OSError(code, os.strerror(code))

    return fail


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("call", ["os.fsync", "pathlib.Path.replace"])
@pytest.mark.parametrize("existing", [True, False])
def test_a_disk_that_fails_leaves_what_was_and_no_temporary_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, code: int, existing: bool
) -> None:
    path = tmp_path / "a_report.json"
    if existing:
        put(path, OLD)
    before = listing(tmp_path)
    monkeypatch.setattr(call, failing(code))
    with pytest.raises(OSError, match=os.strerror(code)) as failed:
        atomic_write(path, NEW)
    assert failed.value.errno == code
    assert listing(tmp_path) == before


def test_a_disk_that_fails_to_make_the_name_durable_is_an_error_and_leaves_no_temporary_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(tmp_path / "a_report.json", OLD)
    sync = os.fsync

    def sync_files_only(descriptor: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").resolve() == tmp_path.resolve():
            raise OSError(errno.EIO, "Input/output error")
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", sync_files_only)
    with pytest.raises(OSError, match="Input/output error"):
        atomic_write(path, NEW)
    assert list(listing(tmp_path)) == ["a_report.json"]
    assert path.read_bytes() in {OLD, NEW}


def test_content_and_directory_are_synced_around_the_rename(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, steps, sync, replace = tmp_path / "a_report.json", [], os.fsync, Path.replace

    def log_sync(descriptor: int) -> None:
        sync(descriptor)
        target = Path(f"/proc/self/fd/{descriptor}").resolve()
        steps.append("directory" if target == tmp_path.resolve() else f"content of {target.stat().st_size}")

    def log_replace(source: Path, target: Path) -> Path:
        steps.append("rename")
        return replace(source, target)

    monkeypatch.setattr(os, "fsync", log_sync)
    monkeypatch.setattr(Path, "replace", log_replace)
    atomic_write(path, NEW)
    assert steps == [f"content of {len(NEW)}", "rename", "directory"]


def test_a_directory_in_the_way_is_an_error_and_stays(tmp_path: Path) -> None:
    (tmp_path / "a_report.json").mkdir()
    with pytest.raises(OSError, match="directory"):
        atomic_write(tmp_path / "a_report.json", NEW)
    assert listing(tmp_path) == {"a_report.json": None}


def test_without_overwriting_the_first_writer_wins(tmp_path: Path) -> None:
    path = tmp_path / "a_report.json"
    atomic_write(path, OLD, overwrite=False)
    with pytest.raises(FileExistsError):
        atomic_write(path, NEW, overwrite=False)
    assert listing(tmp_path) == {"a_report.json": OLD}
    assert path.stat().st_nlink == 1


def test_without_overwriting_a_file_that_appears_meanwhile_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a_report.json"
    with pytest.raises(FileExistsError), atomic_file(path, overwrite=False) as file:
        file.write(NEW)
        put(path, OLD)
    assert listing(tmp_path) == {"a_report.json": OLD}


@pytest.mark.parametrize("artifact", list(Artifact))
def test_no_artifact_of_a_frozen_tag_is_written(tmp_path: Path, artifact: Artifact) -> None:
    path = put(tmp_path / file_name("a", artifact), OLD)
    freeze(tmp_path, "a")
    before = listing(tmp_path)
    with pytest.raises(FrozenTag, match=r"tag a is frozen") as refused:
        atomic_write(path, NEW)
    assert refused.value.context["tag"] == "a"
    assert listing(tmp_path) == before


def test_a_tag_frozen_between_start_and_rename_is_refused_and_unchanged(tmp_path: Path) -> None:
    path = put(tmp_path / "a_report.json", OLD)
    with pytest.raises(FrozenTag), atomic_file(path) as file:
        file.write(NEW)
        freeze(tmp_path, "a")
    assert [name for name, content in listing(tmp_path).items() if content is not None] == ["a_report.json"]
    assert path.read_bytes() == OLD


def test_freezing_a_tag_freezes_no_other_tag_and_nobodys_file(tmp_path: Path) -> None:
    freeze(tmp_path, "a_report")
    for name in ("a_report.json", "b_report.json", "a_report_notes.txt", "a_report_report_report.json"):
        atomic_write(tmp_path / name, NEW)
        assert (tmp_path / name).read_bytes() == NEW
    with pytest.raises(FrozenTag):
        atomic_write(tmp_path / "a_report_report.json", NEW)


def test_a_state_that_cannot_be_looked_at_counts_as_frozen(tmp_path: Path) -> None:
    put(tmp_path / ".phase4", b"a file where a directory should be")
    assert is_frozen(tmp_path, "a")
    with pytest.raises(FrozenTag):
        refuse_frozen(tmp_path / "a_report.json")


@given(tags, artifacts)
def test_no_tag_is_frozen_where_nothing_is(tag: str, artifact: Artifact) -> None:
    refuse_frozen(Path("/nowhere") / file_name(tag, artifact))


@pytest.fixture(scope="module")
def dead_pid() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def test_only_old_leftovers_of_dead_writers_are_swept(tmp_path: Path, dead_pid: int) -> None:
    old = LEFTOVER_AGE_SECONDS + 5
    swept = [f".a_report.json.{dead_pid}.0a1b2c3d.tmp", f".x.{dead_pid}.ffffffff.tmp"]
    kept = {
        f".a_report.json.{os.getpid()}.0a1b2c3d.tmp": old,
        f".a_report.json.{dead_pid}.11111111.tmp": 0,
        f"a_report.json.{dead_pid}.0a1b2c3d.tmp": old,
        f".a_report.json.{dead_pid}.0a1b2c3d.tmp.bak": old,
        f".a_report.json.{dead_pid}.0A1B2C3D.tmp": old,
        f".a_report.json.{dead_pid}.tmp": old,
        ".a_report.json.tmp": old,
        "a_report.json": old,
    }
    for name, age in (dict.fromkeys(swept, old) | kept).items():
        put(tmp_path / name, NEW, age=age)
    assert sorted(sweep_leftovers(tmp_path)) == sorted(swept)
    assert set(listing(tmp_path)) == set(kept)


@pytest.mark.parametrize("pid", ["0", "99999999999", "1" * 30])
def test_a_hostile_name_does_not_stop_the_sweep(tmp_path: Path, dead_pid: int, pid: str) -> None:
    old = LEFTOVER_AGE_SECONDS + 5
    put(tmp_path / f".hostile.{pid}.0a1b2c3d.tmp", NEW, age=old)
    put(tmp_path / f".left.{dead_pid}.0a1b2c3d.tmp", NEW, age=old)
    assert f".left.{dead_pid}.0a1b2c3d.tmp" in sweep_leftovers(tmp_path)


def test_a_directory_named_like_a_leftover_does_not_stop_the_sweep(tmp_path: Path, dead_pid: int) -> None:
    old = time.time() - LEFTOVER_AGE_SECONDS - 5
    directory = tmp_path / f".a.{dead_pid}.0a1b2c3d.tmp"
    directory.mkdir()
    os.utime(directory, (old, old))
    put(tmp_path / f".b.{dead_pid}.0a1b2c3d.tmp", NEW, age=LEFTOVER_AGE_SECONDS + 5)
    assert sweep_leftovers(tmp_path) == [f".b.{dead_pid}.0a1b2c3d.tmp"]


def test_a_process_is_alive_until_it_has_ended(dead_pid: int) -> None:
    assert process_alive(os.getpid())
    assert not process_alive(dead_pid)
