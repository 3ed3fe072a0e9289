"""A file that is hashed again and again is read anew only when it may have changed, and SHA-256 and identity agree."""

import hashlib
import os
import threading
from pathlib import Path
from typing import BinaryIO

import pytest

from phase4_tui.artifacts import known_hashes
from phase4_tui.artifacts.clock import now_ns
from phase4_tui.artifacts.index import identity_of, scan
from phase4_tui.artifacts.known_hashes import SETTLED_NS, KnownHashes, is_settled
from phase4_tui.artifacts.regular_files import Unreadable
from phase4_tui.artifacts.sha256 import hash_opened


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The descriptors that were read and hashed."""
    done: list[int] = []

    def hash_and_note(file: BinaryIO) -> str:
        done.append(file.fileno())
        return hash_opened(file)

    monkeypatch.setattr(known_hashes, "hash_opened", hash_and_note)
    return done


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let the clock of the memo be ahead, so that files that were just written are old."""
    monkeypatch.setattr(known_hashes, "now_ns", lambda: now_ns() + int(seconds * 1e9))


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_an_old_file_is_read_once(tmp_path: Path, reads: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    later(monkeypatch, 10)
    path, known = tmp_path / "a", KnownHashes()
    path.write_text("one")
    assert [known.sha256(path) for _ in range(3)] == [digest("one")] * 3
    assert len(reads) == 1


def test_a_file_that_was_just_written_is_read_each_time(tmp_path: Path, reads: list[int]) -> None:
    path, known = tmp_path / "a", KnownHashes()
    path.write_text("one")
    assert [known.sha256(path) for _ in range(3)] == [digest("one")] * 3
    assert len(reads) == 3


def test_a_new_time_alone_does_not_make_a_file_old() -> None:
    moment = 10 * SETTLED_NS
    old = moment - 2 * SETTLED_NS
    assert is_settled((1, 1, old, old), moment)
    assert not is_settled((1, 1, old, moment), moment), "its content may be as new as its ctime"
    assert is_settled((1, 1, moment + SETTLED_NS, old), moment), "a file may be dated in the future for years"


@pytest.mark.parametrize("how", ["in place", "replaced"])
def test_what_was_known_is_forgotten_when_the_file_changes(
    tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    later(monkeypatch, 10)
    path, known = tmp_path / "a", KnownHashes()
    path.write_text("one")
    assert known.sha256(path) == digest("one")
    if how == "in place":
        path.write_text("two")
    else:
        (tmp_path / "b").write_text("two")
        (tmp_path / "b").replace(path)
    assert known.sha256(path) == digest("two")
    path.unlink()
    assert known.sha256(path) is None


def test_the_identity_is_that_of_the_index(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("one")
    found = KnownHashes().look(path)
    assert found is not None
    assert found == (digest("one"), scan(tmp_path)["a"])
    assert found.identity == identity_of(path.stat())


def test_a_file_that_is_written_while_it_is_read_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, found = tmp_path / "a", list[str]()

    def hash_and_write(file: BinaryIO) -> str:
        found.append(hash_opened(file))
        if len(found) == 1:
            path.write_text("two and more")
        return found[-1]

    monkeypatch.setattr(known_hashes, "hash_opened", hash_and_write)
    path.write_text("one")
    assert KnownHashes().look(path) == (digest("two and more"), identity_of(path.stat()))
    assert found == [digest("one"), digest("two and more")]


def test_a_file_that_is_always_written_is_unreadable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"

    def write_and_hash(file: BinaryIO) -> str:
        with path.open("a") as more:
            more.write("x")
        return hash_opened(file)

    monkeypatch.setattr(known_hashes, "hash_opened", write_and_hash)
    path.write_text("one")
    with pytest.raises(Unreadable, match="being written"):
        KnownHashes().look(path)


def test_a_link_out_and_a_fifo_are_unreadable_also_when_their_content_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later(monkeypatch, 10)
    (tmp_path / "reports").mkdir()
    (tmp_path / "outside").write_text("one")
    link, known = tmp_path / "reports" / "link", KnownHashes()
    link.symlink_to(tmp_path / "outside")
    assert known.sha256(link) == digest("one")
    with pytest.raises(Unreadable, match="link out"):
        known.look(link, contained=True)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with pytest.raises(Unreadable, match="FIFO"):
        known.look(fifo)


def test_sha256_and_identity_are_of_the_same_bytes_while_a_writer_replaces_the_file(tmp_path: Path) -> None:
    path, known, stop = tmp_path / "a", KnownHashes(), threading.Event()
    path.write_text("0")
    written = {digest("0"): 1}

    def write() -> None:
        for number in range(1, 2000):
            if stop.is_set():
                return
            text = "x" * number
            written[digest(text)] = len(text)
            (tmp_path / "b").write_text(text)
            (tmp_path / "b").replace(path)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        found = [known.look(path) for _ in range(200)]
    finally:
        stop.set()
        writer.join()
    assert all(one is not None and written[one.sha256] == one.identity[1] for one in found)
