"""Whatever lies where a document should be is refused with its reason, or counts as being written."""

import json
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest

from phase4_tui.artifacts import documents
from phase4_tui.artifacts.documents import look, look_text
from phase4_tui.artifacts.models import Monitoring, QualityCheck
from phase4_tui.artifacts.regular_files import MAX_DOCUMENT_BYTES, Unreadable, open_regular, read_bytes, read_capped
from tests.artifacts.samples import MONITORING, QUALITY
from tests.artifacts.support import memory_grown_by_looking, put
from tests.deadline import within


def a_link(target: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(target)


def a_socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # a socket's path may have 107 bytes only
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path.name)
    finally:
        os.chdir(here)


def a_file(content: bytes) -> Callable[[Path], Path]:
    return lambda path: put(path, content)


def a_huge_file(path: Path) -> None:
    path.touch()
    os.truncate(path, 2 << 30)


HOSTILE: dict[str, tuple[Callable[[Path], object], str]] = {
    "a FIFO": (os.mkfifo, "FIFO"),
    "a directory": (Path.mkdir, "directory"),
    "a socket": (a_socket, "is a socket"),
    "a link out of the directory": (a_link("../secret.json"), "link out of reports/"),
    "a link to a system file": (a_link("/etc/passwd"), "link out of reports/"),
    "a link to itself": (a_link("a_quality_check.json"), "loop"),
    "a link to a device": (a_link("/dev/zero"), "link out of reports/"),
    "two gigabytes": (a_huge_file, "too large: 2147483648 bytes"),
    "one byte too many": (a_file(b" " * (MAX_DOCUMENT_BYTES + 1)), "too large"),
    "100,000 brackets": (a_file(b"[" * 100_000), "nested too deeply"),
    "duplicate keys": (a_file(b'{"passed": false, "passed": true}'), "'passed' twice"),
    "NaN": (a_file(b'{"passed": true, "x": NaN}'), "'x' is not a finite number"),
    "1e999": (a_file(b'{"passed": true, "x": 1e999}'), "'x' is not a finite number"),
    "a byte order mark": (a_file(b'\xef\xbb\xbf{"passed": true}'), "byte order mark"),
    "UTF-16": (a_file('{"passed": true}'.encode("utf-16")), "UTF-16"),
    "a lone surrogate": (a_file(b'{"passed": true, "x": "\\ud800"}'), "surrogate"),
    "latin-1": (a_file('{"x": "café"}'.encode("latin-1")), "not UTF-8"),
    "cut short long ago": (a_file(b'{"passed": tr'), "is not JSON"),
    "emptied long ago": (a_file(b""), "is empty"),
    "a list": (a_file(b"[]"), "must be a JSON object"),
    "Markdown": (a_file(b"# passed\n"), "is not JSON"),
}


@pytest.mark.parametrize(("make", "reason"), HOSTILE.values(), ids=HOSTILE.keys())
def test_whatever_lies_there_is_unreadable_with_its_reason(
    path: Path, make: Callable[[Path], object], reason: str
) -> None:
    make(path)
    with within(2):
        found = look(path, QualityCheck)
    assert (found.state, found.value) == ("unreadable", None)
    assert reason in found.problems[0]
    assert found.modified_ns == path.lstat().st_mtime_ns


def test_a_link_to_a_file_of_the_same_directory_is_followed(path: Path) -> None:
    put(path.parent / "elsewhere.json", QUALITY)
    path.symlink_to("elsewhere.json")
    assert look(path, QualityCheck).state == "valid"


def test_a_link_to_nothing_is_absent(path: Path) -> None:
    path.symlink_to("nothing.json")
    assert look(path, QualityCheck).state == "absent"


def test_a_file_below_a_file_is_unreadable(path: Path) -> None:
    put(path, QUALITY)
    assert look(path / "a_report.json", QualityCheck).state == "unreadable"


def test_a_file_of_exactly_the_limit_is_read(path: Path) -> None:
    put(path, json.dumps(QUALITY).encode().ljust(MAX_DOCUMENT_BYTES))
    assert look(path, QualityCheck).state == "valid"


def test_two_gigabytes_cost_no_memory(path: Path) -> None:
    a_huge_file(path)
    assert memory_grown_by_looking(path, "QualityCheck", "unreadable") < 50_000


def test_a_file_that_grows_while_it_is_read_is_still_capped(path: Path) -> None:
    put(path, b"x" * 100)
    assert read_bytes(path, 100) == b"x" * 100
    with pytest.raises(Unreadable, match="too large"):
        read_bytes(path, 99)


def test_no_descriptor_is_left_open_when_a_file_is_refused(path: Path) -> None:
    os.mkfifo(path)
    before = os.listdir("/proc/self/fd")  # noqa: PTH208
    for _ in range(5):
        with within(2), pytest.raises(Unreadable):
            open_regular(path)
    assert len(os.listdir("/proc/self/fd")) == len(before)  # noqa: PTH208


def test_every_beginning_of_a_fresh_document_reads_as_being_written(path: Path) -> None:
    text = json.dumps(MONITORING | {"none": None, "exact": -1.5e-7, "é": "“ü”"}, ensure_ascii=False).encode()
    misjudged = []
    for length in range(len(text)):
        put(path, text[:length], age=0)
        found = look(path, Monitoring, patient=False)
        if found.state != "writing" or found.usable:
            misjudged.append((text[:length][-12:], found.state))
    put(path, text, age=0)
    assert look(path, Monitoring).state == "valid"
    assert misjudged == []


def test_a_slow_writer_in_place_reads_as_being_written_and_then_as_valid(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = json.dumps(QUALITY)
    pieces = [text[:9], text[9:30], text[30:]]
    with path.open("w") as slow:

        def write_a_piece(_seconds: float = 0) -> None:
            slow.write(pieces.pop(0))
            slow.flush()

        write_a_piece()
        assert look(path, QualityCheck, patient=False).state == "writing"
        monkeypatch.setattr(time, "sleep", write_a_piece)
        assert look(path, QualityCheck).state == "valid"
    assert pieces == []


def test_a_writer_that_does_not_go_on_is_not_waited_for_longer_than_half_a_second(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    put(path, b'{"passed": ', age=0)
    assert look(path, QualityCheck).state == "writing"
    assert 0 < sum(waited) <= 0.5


def test_an_old_file_that_changes_while_it_is_read_reads_as_being_written(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(path, b"{broken]")

    def read_and_change(file: BinaryIO, limit: int) -> bytes:
        data = read_capped(file, limit)
        put(path, b"{broken] still", age=30)
        return data

    monkeypatch.setattr(documents, "read_capped", read_and_change)
    assert look(path, QualityCheck, patient=False).state == "writing"


def test_broken_json_that_no_writer_could_mend_is_unreadable_at_once(path: Path) -> None:
    put(path, b'{"passed": true,, "x"', age=0)
    assert look(path, QualityCheck, patient=False).state == "unreadable"


@pytest.mark.parametrize(
    ("content", "age", "state"),
    [
        (b"# Report\n", 0, "valid"),
        (b"", 0, "writing"),
        (b" \n", 0, "writing"),
        (b"", 60, "absent"),
        (b" \n\t\r\n", 60, "absent"),
        (bytes(16), 0, "writing"),
        (bytes(16), 60, "absent"),
        (bytes(16), -60, "absent"),
        ("\u200b\u2060 \u202e\n\u3000\u3164".encode(), 60, "absent"),
        (b"\x00#\x00", 60, "valid"),
        ("café".encode("latin-1"), 60, "unreadable"),
        (b"\xef\xbb\xbf# Report\n", 60, "unreadable"),
        (b"\xff\xfe#\x00", 60, "unreadable"),
    ],
)
def test_markdown_is_told_apart_the_same_way(path: Path, content: bytes, age: float, state: str) -> None:
    found, text = look_text(put(path, content, age=age))
    assert found.state == state
    assert text == (content.decode() if state in {"valid", "writing"} else "")
    assert bool(found.problems) is (state in {"unreadable", "absent"})


def test_markdown_that_is_absent_or_no_file_is_told_apart(path: Path) -> None:
    assert look_text(path)[0].state == "absent"
    path.symlink_to("../secret.json")
    assert look_text(path)[0].state == "unreadable"
