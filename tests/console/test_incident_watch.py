"""Incidents are looked for beside what is shown: neither holds up the other, and what fails is told."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from phase4_tui.console.facts.events import FactEvent, TroubleChanged, Troubles
from phase4_tui.console.facts.incident_watch import IncidentWatch
from phase4_tui.rollback.operations import one_at_a_time
from phase4_tui.runbook.site import Site
from tests.rollback.support import site_of
from tests.runbook.documents import Tag
from tests.tui.operator import operator_at
from tests.tui.support import SECONDS, lay_out, screen_text, until


class Watching:
    """An incident watch at work in a thread, and what it posted."""

    def __init__(self, work: Path) -> None:
        self.posted: list[FactEvent] = []
        self.looked, self._stop = threading.Event(), threading.Event()
        self.watch = IncidentWatch(site_of(work), self._stop, self.looked, Troubles(self.posted.append))
        self._thread = threading.Thread(target=self.watch.run)

    def __enter__(self) -> "Watching":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self.watch.wake()
        self._thread.join(SECONDS)
        assert not self._thread.is_alive()

    def until(self, condition: Callable[[], object]) -> None:
        """Wait until a condition holds."""
        end = time.monotonic() + SECONDS
        while not condition():
            assert time.monotonic() < end, self.posted
            time.sleep(0.01)


def test_a_tag_whose_incident_cannot_be_written_holds_up_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []

    def full(site: Site, tag: str) -> None:
        looked.append(tag)
        if tag == "A":
            raise OSError("the disk is full")

    monkeypatch.setattr("phase4_tui.rollback.incidents.look_for_incident", full)
    with Watching(tmp_path) as at:
        at.watch.suspect(["A", "B", "C"])
        at.until(lambda: looked.count("A") == 2)
    assert looked == ["A", "B", "C", "A"]


def test_a_tag_that_was_judged_meanwhile_and_needs_none_is_not_judged_again_until_it_is_suspected_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[str] = []
    go_on = threading.Event()

    def look(site: Site, tag: str) -> None:
        looked_at.append(tag)
        assert go_on.wait(SECONDS)

    monkeypatch.setattr("phase4_tui.rollback.incidents.look_for_incident", look)
    with Watching(tmp_path) as watching:
        watching.watch.suspect(["a", "b", "c"])
        watching.until(lambda: looked_at == ["a"])
        watching.watch.suspect(["d"])
        watching.watch.clear(["b", "d"])
        watching.watch.suspect(["b"])
        watching.watch.clear(["e"])
        go_on.set()
        watching.until(lambda: looked_at == ["a", "c", "b"])
    assert looked_at == ["a", "c", "b"]


def test_what_keeps_incidents_from_the_record_is_told_once_and_that_it_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = {"A", "B"}

    def look(site: Site, tag: str) -> None:
        if tag in full:
            raise OSError("the disk is full")

    monkeypatch.setattr("phase4_tui.rollback.incidents.look_for_incident", look)
    monkeypatch.setattr("phase4_tui.console.facts.incident_watch.AGAIN_SECONDS", 0.01)
    with Watching(tmp_path) as at:
        at.watch.suspect(["A", "B", "C"])
        at.until(lambda: at.posted)
        full.remove("B")
        at.until(lambda: len(at.posted) == 2)
        full.clear()
        at.until(lambda: len(at.posted) == 3)
    troubles = ["A (and 1 tag more): the disk is full", "A: the disk is full", None]
    assert at.posted == [TroubleChanged("incident", trouble) for trouble in troubles]


def test_a_defect_is_raised_where_the_looks_are_made_and_ends_no_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []

    def broken(site: Site, tag: str) -> None:
        looked.append(tag)
        raise RuntimeError(f"no eyes for {tag}")

    monkeypatch.setattr("phase4_tui.rollback.incidents.look_for_incident", broken)
    with Watching(tmp_path) as at:
        at.watch.suspect(["A"])
        at.until(at.looked.is_set)
        with pytest.raises(RuntimeError, match="no eyes for A"):
            at.watch.check()
        at.watch.check()
        at.watch.suspect(["B"])
        at.until(lambda: looked == ["A", "B"])


def test_without_a_suspect_neither_it_nor_the_looks_are_woken(tmp_path: Path) -> None:
    with Watching(tmp_path) as at:
        at.watch.suspect([])
        assert not at.watch._wake.is_set()
    assert not at.looked.is_set()


async def test_an_idle_dashboard_rests(tmp_path: Path) -> None:
    lay_out(tmp_path)
    async with operator_at(tmp_path) as me:
        await me.incident()
        await me.looked()
        await me.pilot.pause(1)
        begun = time.process_time()
        await me.pilot.pause(2)
        assert time.process_time() - begun < 1, "something turns round and round"


async def test_a_look_for_incidents_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reports = lay_out(tmp_path)
    async with operator_at(tmp_path) as me:
        await me.looked()

        def broken(site: Site, tag: str) -> None:
            raise RuntimeError(f"no eyes for {tag}")

        monkeypatch.setattr("phase4_tui.rollback.incidents.look_for_incident", broken)
        Tag(reports, "C")
        await me.sees("the last look failed (RuntimeError: no eyes for C)")
        await until(me.pilot, lambda: "the last look failed" not in screen_text(me.app))


async def test_another_operators_long_operation_does_not_hold_up_what_is_shown(tmp_path: Path) -> None:
    reports = lay_out(tmp_path)
    async with operator_at(tmp_path) as me:
        await me.looked()
        with one_at_a_time(reports):
            begun = time.monotonic()
            Tag(reports, "C")
            await until(me.pilot, lambda: me.app.snapshot and any(row.tag == "C" for row in me.app.snapshot.rows))
            assert time.monotonic() - begun < 3
