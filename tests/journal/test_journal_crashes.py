"""A process killed, or a disk that fails, at every single call of an append: nothing that was whole is lost."""

import errno
import hashlib
import os
import random
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from phase4_tui.journal.events import MAX_LINE_BYTES, Event, encode_line
from phase4_tui.journal.log import read_events
from phase4_tui.journal.state import read_state
from tests.counts import tries
from tests.figures import Figures
from tests.journal.support import (
    copies_of,
    ended,
    file_in,
    folded,
    forked,
    json_in,
    lines_in,
    note,
    problems,
    sealed,
    with_history,
    write_at_once,
)
from tests.killing import KILLED, Struck, at_every_call

KILLS = tries(25, 500)
FILES = ("journal.head", "state.json")


def add(reports: Path) -> None:
    """What is killed: one event that changes the state."""
    note(reports, changes={"active_tag": "new"}, text=["x" * 200] * 10)


def contents(reports: Path) -> dict[str, bytes]:
    return {name: file_in(reports, name).read_bytes() for name in ("journal.jsonl", *FILES)}


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return with_history(tmp_path / "old")


@pytest.fixture
def fresh(old: Path, tmp_path: Path) -> Callable[[], Path]:
    return copies_of(old, tmp_path)


def recovers(reports: Path, at_least: int) -> None:
    """The next event is added as if nothing had been, and all is proved."""
    before = list(read_events(reports))
    assert len(before) >= at_least
    note(reports, changes={"active_tag": "next"})
    events = list(read_events(reports))
    assert events[: len(before)] == before
    assert problems(reports) == []
    assert read_state(reports) == folded(reports)
    assert read_state(reports).active_tag == "next"


def test_a_writer_in_place_is_caught_by_the_same_harness(tmp_path: Path) -> None:
    file = tmp_path / "state.json"

    def prepare() -> Path:
        file.write_bytes(b"[1]")
        return file

    struck = [(one.status, one.place.read_bytes()) for one in at_every_call(prepare, _write_in_place)]
    assert struck[-1] == (0, b"[22, 22]")
    assert {found for _, found in struck} - {b"[1]", b"[22, 22]"} != set()


def _write_in_place(path: Path) -> None:
    with path.open("wb") as file:
        file.write(b"[22, 22]")


def test_a_kill_at_any_call_of_an_append_leaves_each_file_old_or_new(
    old: Path, fresh: Callable[[], Path], figures: Figures
) -> None:
    new = fresh()
    add(new)
    wanted = {name: {str(json_in(place, name)["active_tag" if name == FILES[1] else "seq"]) for place in (old, new)}
              for name in FILES}  # fmt: skip
    whole, seen = contents(old)["journal.jsonl"], list[Struck[Path]]()
    for struck in at_every_call(fresh, add):
        assert struck.status == (KILLED if struck.at else 0), struck
        assert str(json_in(struck.place, "journal.head")["seq"]) in wanted["journal.head"], struck
        assert str(json_in(struck.place, "state.json")["active_tag"]) in wanted["state.json"], struck
        assert contents(struck.place)["journal.jsonl"].startswith(whole), struck
        assert read_state(struck.place).active_tag in ("t2", "new"), struck
        assert read_state(struck.place) == folded(struck.place), struck
        recovers(struck.place, at_least=3)
        seen.append(struck)
    assert len(seen) > 15
    figures.total("{:,} kills at each call", len(seen) - 1)
    assert {"half of write of journal.jsonl", "fsync of journal.jsonl"} <= {struck.at for struck in seen}


def test_a_kill_at_any_call_of_the_first_append_of_all_leaves_a_place_to_go_on(tmp_path: Path) -> None:
    places = iter(range(1000))
    for struck in at_every_call(lambda: tmp_path / str(next(places)), add):
        assert read_state(struck.place).active_tag in (None, "new"), struck
        recovers(struck.place, at_least=0)


@pytest.mark.parametrize(
    "first",
    ["half of write of journal.jsonl", "fsync of journal.jsonl", "replace of .journal.head", "replace of .state.json"],
)
def test_a_second_kill_while_the_first_is_mended_loses_nothing_either(
    fresh: Callable[[], Path], tmp_path: Path, first: str
) -> None:
    left = next(one for one in at_every_call(fresh, add) if (one.at or "").startswith(first)).place
    torn = lines_in(left)[-1] if first.startswith("half") else b""
    for struck in at_every_call(copies_of(left, tmp_path / "second"), add):
        assert read_state(struck.place) == folded(struck.place), struck
        recovers(struck.place, at_least=3)
        recovered = [event.detail for event in read_events(struck.place) if event.kind == "recovered"]
        if torn:
            assert hashlib.sha256(torn).hexdigest() in [detail["torn_sha256"] for detail in recovered], struck
        for detail in recovered:
            kept = file_in(struck.place, detail["kept_in"]).read_bytes()
            assert hashlib.sha256(kept).hexdigest() == detail["torn_sha256"], struck


@pytest.mark.parametrize("lasting", [False, True])
@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO])
def test_a_disk_that_fails_at_any_call_adds_the_event_or_says_that_it_did_not(
    old: Path, fresh: Callable[[], Path], error: int, lasting: bool, figures: Figures
) -> None:
    before, failed = contents(old), 0
    for struck in at_every_call(fresh, add, error=error, lasting=lasting):
        added = len(list(read_events(struck.place))) == 4
        assert added == (struck.status == 0), struck
        if not added:
            failed += 1
            assert os.strerror(error) in struck.output, struck
            if not lasting:
                assert contents(struck.place) == before, struck
            assert read_state(struck.place) == read_state(old), struck
        assert [path.name for path in file_in(struck.place, "").iterdir() if path.suffix == ".tmp"] == [], struck
        recovers(struck.place, at_least=3)
    assert failed >= 8
    figures.total("{:,} failures", failed)


def test_a_disk_that_fails_while_a_torn_line_is_set_aside_loses_none_of_it(old: Path, tmp_path: Path) -> None:
    with file_in(old, "journal.jsonl").open("ab") as file:
        file.write(b'{"torn')
    for struck in at_every_call(copies_of(old, tmp_path), add, error=errno.ENOSPC):
        recovers(struck.place, at_least=3)
        [detail] = [event.detail for event in read_events(struck.place) if event.kind == "recovered"]
        assert file_in(struck.place, detail["kept_in"]).read_bytes() == b'{"torn', struck


def test_an_interrupted_append_leaves_temporary_files_that_a_later_one_sweeps(fresh: Callable[[], Path]) -> None:
    struck = next(one for one in at_every_call(fresh, add) if (one.at or "").startswith("replace"))
    left = [path for path in file_in(struck.place, "").iterdir() if path.suffix == ".tmp"]
    assert left != []
    for path in left:
        os.utime(path, (1, 1))
    add(struck.place)
    assert [path for path in left if path.exists()] == []


def test_a_torn_line_of_every_length_is_set_aside_with_its_sha256(in_memory: Path) -> None:
    line = encode_line(sealed([{"text": "é"}])[0])
    write_at_once(in_memory, [{}])
    journal = file_in(in_memory, "journal.jsonl")
    for length in range(1, len(line)):
        with journal.open("ab") as file:
            file.write(line[:length])
        assert len(list(read_events(in_memory))) == 2 * length - 1
        note(in_memory)
    recovered = [event.detail for event in read_events(in_memory) if event.kind == "recovered"]
    for length, detail in enumerate(recovered, 1):
        assert detail["torn_sha256"] == hashlib.sha256(line[:length]).hexdigest()
        assert file_in(in_memory, detail["kept_in"]).read_bytes() == line[:length]
    assert len(recovered) == len(line) - 1
    assert problems(in_memory) == []


@pytest.mark.parametrize("torn", [b"\0" * 4096, b"x" * (MAX_LINE_BYTES - 1)])
def test_what_a_power_loss_leaves_instead_of_a_line_is_set_aside_too(tmp_path: Path, torn: bytes) -> None:
    with_history(tmp_path)
    with file_in(tmp_path, "journal.jsonl").open("ab") as file:
        file.write(torn)
    recovers(tmp_path, at_least=3)
    [detail] = [event.detail for event in read_events(tmp_path) if event.kind == "recovered"]
    assert file_in(tmp_path, detail["kept_in"]).read_bytes() == torn


def test_what_was_acknowledged_before_a_kill_at_any_moment_is_on_record(tmp_path: Path, figures: Figures) -> None:
    dice, kept, torn = random.Random(4), list[Event](), 0
    for _ in range(KILLS):
        reading, telling = os.pipe()
        child = forked(partial(_append_for_ever, tmp_path, telling))
        os.close(telling)
        with open(reading, "rb") as pipe:  # noqa: PTH123 - a descriptor
            told = [pipe.readline() for _ in range(dice.randrange(1, 6))]
            os.kill(child, signal.SIGKILL)
            assert ended(child) == KILLED
            told += pipe.readlines()
        kept += read_events(tmp_path, after=len(kept))
        assert [event.seq for event in kept] == list(range(1, len(kept) + 1))
        assert len(kept) >= int(told[-1])
        assert read_state(tmp_path).journal.seq == len(kept)
    note(tmp_path)
    assert list(read_events(tmp_path))[: len(kept)] == kept
    assert problems(tmp_path) == []
    for event in read_events(tmp_path):
        if event.kind == "recovered":
            rest = file_in(tmp_path, event.detail["kept_in"]).read_bytes()
            assert hashlib.sha256(rest).hexdigest() == event.detail["torn_sha256"]
            torn += 1
    figures.total("{:,} kills", KILLS)
    figures.total("{:,} events kept", len(kept))
    figures.total("{:,} torn ends set aside", torn)


def _append_for_ever(reports: Path, telling: int) -> None:
    while True:
        event = note(reports, changes={"active_tag": "t"}, text=["x" * 4000] * 5)
        os.write(telling, f"{event.seq}\n".encode())
