"""The lease: a dead holder is taken over at once, a live one only by force, and nobody renews what is another's."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from phase4_tui.artifacts.atomic_files import to_json
from phase4_tui.artifacts.clock import iso, now_ns
from phase4_tui.console.operations import rollback_lease
from phase4_tui.console.operations.rollback_lease import RollbackLease
from phase4_tui.journal import lease as leases
from phase4_tui.journal.actor import Actor
from phase4_tui.journal.lease import (
    DEAD_AFTER_SECONDS,
    Held,
    Lease,
    drop_lease,
    keep_lease,
    other_holder,
    read_lease,
    take_lease,
)
from phase4_tui.journal.writer import journal_lock
from tests.journal.support import file_in
from tests.rollback.support import site_of

TAKE = """
import sys
from pathlib import Path
from phase4_tui.journal.actor import Actor
from phase4_tui.journal.lease import take_lease
Path("/proc/self/comm").write_bytes(bytes.fromhex(sys.argv[2]))
take_lease(Path(sys.argv[1]), Actor("ada"))
print("taken", flush=True)
sys.stdin.read()
"""
ADA, MARIA = Actor("ada"), Actor("maria")


@contextmanager
def ada_leads(reports: Path, process_name: bytes = b"python") -> Iterator[subprocess.Popen[str]]:
    """Let another operator's process hold the lease."""
    argv = [sys.executable, "-c", TAKE, str(reports), process_name.hex()]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "taken\n"
        try:
            yield process
        finally:
            process.kill()


def put(reports: Path, **changed: object) -> None:
    """Write a lease of this process's with other values."""
    take_lease(reports, ADA, by_force=True)
    lease = read_lease(reports)
    assert lease is not None
    file_in(reports, "lease.json").write_bytes(to_json(lease.model_dump() | changed))


def fall_silent(reports: Path, seconds: float) -> None:
    """Let the last heartbeat be this long ago, by the file system's clock."""
    then = now_ns() - int(seconds * 1e9)
    os.utime(file_in(reports, "lease.json"), ns=(then, then))


def holder_of(reports: Path) -> tuple[str, int]:
    lease = read_lease(reports)
    assert lease is not None
    return lease.operator, lease.pid


@pytest.mark.parametrize("reaped", [True, False])
def test_a_killed_holder_is_taken_over_at_once_even_if_nobody_reaps_it(tmp_path: Path, reaped: bool) -> None:
    with ada_leads(tmp_path) as process:
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | (0 if reaped else os.WNOWAIT))
        assert other_holder(tmp_path, MARIA) is None
        before = take_lease(tmp_path, MARIA)
        assert before is not None
        assert (before.operator, before.pid) == ("ada", process.pid)
    assert holder_of(tmp_path) == ("maria", os.getpid())


def test_a_live_holder_is_taken_over_by_force_alone(tmp_path: Path) -> None:
    with ada_leads(tmp_path) as process:
        with pytest.raises(Held, match=r"ada@.* \(since "):
            take_lease(tmp_path, MARIA)
        assert holder_of(tmp_path) == ("ada", process.pid)
        before = take_lease(tmp_path, MARIA, by_force=True)
        assert before is not None and before.is_alive()
        assert holder_of(tmp_path) == ("maria", os.getpid())


def test_the_same_operator_leads_from_one_process_and_goes_on_from_another_since_the_first(tmp_path: Path) -> None:
    with ada_leads(tmp_path) as process:
        with pytest.raises(Held, match="since "):
            take_lease(tmp_path, ADA)
        assert other_holder(tmp_path, ADA) is None  # whose operations are not held off
        before = take_lease(tmp_path, ADA, by_force=True)
        after = read_lease(tmp_path)
        assert before is not None and after is not None
        assert (before.pid, after.pid, after.since) == (process.pid, os.getpid(), before.since)


def test_the_same_operator_goes_on_at_once_after_a_process_that_died(tmp_path: Path) -> None:
    with ada_leads(tmp_path) as process:
        process.kill()
        process.wait()
        before = take_lease(tmp_path, ADA)
        after = read_lease(tmp_path)
        assert before is not None and after is not None
        assert (after.pid, after.since) == (os.getpid(), before.since)


def test_a_later_process_of_the_same_number_is_not_the_holder(tmp_path: Path) -> None:
    put(tmp_path)
    assert other_holder(tmp_path, MARIA) is not None
    put(tmp_path, started="1")
    assert other_holder(tmp_path, MARIA) is None


@pytest.mark.parametrize("name", [b"a) Z 1 (b", b"\xff\xfe)", b"((("])
def test_a_process_may_call_itself_what_it_likes(tmp_path: Path, name: bytes) -> None:
    with ada_leads(tmp_path, name), pytest.raises(Held):
        take_lease(tmp_path, MARIA)


def test_a_live_process_that_the_kernel_hides_counts_as_the_holder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ada_leads(tmp_path):
        monkeypatch.setattr(leases, "_seen", lambda pid: None)
        with pytest.raises(Held):
            take_lease(tmp_path, MARIA)


@pytest.mark.parametrize(
    ("age", "alive"),
    [(0, True), (DEAD_AFTER_SECONDS - 5, True), (DEAD_AFTER_SECONDS + 1, False), (-DEAD_AFTER_SECONDS - 1, False)],
)
def test_a_holder_on_another_host_lives_as_long_as_its_heartbeat_is_fresh(
    tmp_path: Path, age: float, alive: bool
) -> None:
    put(tmp_path, host="elsewhere", pid=2**22 + 1)
    fall_silent(tmp_path, age)
    assert (other_holder(tmp_path, MARIA) is not None) == alive


@pytest.mark.parametrize("ahead", [-300, 300])
def test_five_minutes_between_two_clocks_change_nothing(
    tmp_path: Path, ahead: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    then = now_ns() + ahead * 10**9
    put(tmp_path, host="elsewhere", pid=2**22 + 1, heartbeat_ns=then, heartbeat=iso(then))
    monkeypatch.setattr(leases, "now_ns", lambda: now_ns() - ahead * 10**9)  # and this clock is off the other way
    with pytest.raises(Held):
        take_lease(tmp_path, MARIA)
    fall_silent(tmp_path, DEAD_AFTER_SECONDS + 1)
    before = take_lease(tmp_path, MARIA)
    assert before is not None and not before.is_alive()
    assert holder_of(tmp_path) == ("maria", os.getpid())


def test_who_only_looks_judges_a_holder_on_another_host_by_whether_its_heartbeat_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unused(work: object) -> None:
        raise AssertionError(work)

    clock = [0.0]
    monkeypatch.setattr(rollback_lease.time, "monotonic", lambda: clock[0])  # type: ignore[attr-defined]  # a module
    watching = RollbackLease(site_of(tmp_path), unused)
    put(tmp_path, host="elsewhere", heartbeat_ns=1)
    assert watching.other(read_lease(tmp_path)) is not None
    clock[0] = DEAD_AFTER_SECONDS - 1
    assert watching.other(read_lease(tmp_path)) is not None
    put(tmp_path, host="elsewhere", heartbeat_ns=2)
    assert watching.other(read_lease(tmp_path)) is not None
    clock[0] += DEAD_AFTER_SECONDS - 1
    assert watching.other(read_lease(tmp_path)) is not None
    clock[0] += 2
    assert watching.other(read_lease(tmp_path)) is None
    assert sorted(path.name for path in (tmp_path / ".phase4").iterdir()) == ["journal.lock", "lease.json"]


def test_a_heartbeat_renews_the_own_lease_and_nothing_else_of_it(tmp_path: Path) -> None:
    take_lease(tmp_path, MARIA)
    before = read_lease(tmp_path)
    assert keep_lease(tmp_path, MARIA)
    after = read_lease(tmp_path)
    assert before is not None and after is not None
    assert after.heartbeat_ns > before.heartbeat_ns
    assert after.model_copy(update={"heartbeat_ns": 0, "heartbeat": ""}) == before.model_copy(
        update={"heartbeat_ns": 0, "heartbeat": ""}
    )


@pytest.mark.parametrize(
    "other", [Actor("ada"), Actor("maria", "elsewhere"), Actor("maria", pid=os.getpid() + 1)], ids=str
)
def test_nobody_but_the_process_that_holds_it_keeps_or_drops_a_lease(tmp_path: Path, other: Actor) -> None:
    take_lease(tmp_path, MARIA)
    before = read_lease(tmp_path)
    assert not keep_lease(tmp_path, other)
    drop_lease(tmp_path, other)
    assert read_lease(tmp_path) == before
    drop_lease(tmp_path, MARIA)
    assert read_lease(tmp_path) is None
    drop_lease(tmp_path, MARIA)
    assert not keep_lease(tmp_path, MARIA)


def test_a_heartbeat_that_comes_amid_a_takeover_does_not_take_the_lease_back(tmp_path: Path) -> None:
    take_lease(tmp_path, MARIA)
    kept = list[bool]()
    heart = threading.Thread(target=lambda: kept.append(keep_lease(tmp_path, MARIA)))
    lock = journal_lock(tmp_path)
    lock.acquire()
    heart.start()
    lease = read_lease(tmp_path)
    assert lease is not None
    taken = lease.model_copy(update={"operator": "ada"})
    file_in(tmp_path, "lease.json").write_bytes(to_json(taken.model_dump()))
    lock.release()
    heart.join()
    assert kept == [False]
    assert read_lease(tmp_path) == taken


@pytest.mark.parametrize("changed", [{"pid": 0}, {"pid": -1}, {"pid": "x"}, {"heartbeat_ns": None}, {"operator": 1}])
def test_a_lease_that_can_not_be_is_none(tmp_path: Path, changed: dict[str, object]) -> None:
    put(tmp_path, **changed)
    assert read_lease(tmp_path) is None
    assert take_lease(tmp_path, MARIA) is None
    assert holder_of(tmp_path)[0] == "maria"


def test_looking_for_a_lease_makes_nothing(tmp_path: Path) -> None:
    assert read_lease(tmp_path) is None
    assert other_holder(tmp_path, MARIA) is None
    drop_lease(tmp_path, MARIA)
    assert list(tmp_path.iterdir()) == []


def test_a_lease_names_its_holder_as_people_do() -> None:
    lease = Lease(
        operator="ada",
        host="desk",
        pid=7,
        started="1",
        since="2026-02-17T12:02:46.000001Z",
        heartbeat="H",
        heartbeat_ns=1,
    )
    assert str(lease) == "ada@desk (since 2026-02-17 12:02:46 UTC)"
