"""Incidents are looked for beside what is shown: neither holds up the other, and what fails is told."""

import threading
import time
from pathlib import Path

import pytest

from phase4_tui.console.facts.incident_watch import Lookout
from phase4_tui.rollback.operations import one_at_a_time
from phase4_tui.runbook.site import Site
from tests.rollback.support import site_of
from tests.runbook.documents import Tag
from tests.tui.operator import operator_at
from tests.tui.support import SECONDS, lay_out, screen_text, until


def test_a_tag_whose_incident_cannot_be_written_holds_up_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []

    def full(site: Site, tag: str) -> None:
        looked.append(tag)
        if tag == "A":
            raise OSError("the disk is full")

    monkeypatch.setattr("phase4_tui.rollback.incidents.look_for_incident", full)
    stop = threading.Event()
    lookout = Lookout(site_of(tmp_path), stop, threading.Event(), read_only=False)
    lookout.suspect(["A", "B", "C"])
    thread = threading.Thread(target=lookout.run)
    thread.start()
    try:
        end = time.monotonic() + SECONDS
        while looked.count("A") < 2:
            assert time.monotonic() < end, looked
            time.sleep(0.01)
    finally:
        stop.set()
        lookout.wake()
        thread.join(SECONDS)
    assert looked == ["A", "B", "C", "A"]
    assert not thread.is_alive()


def test_without_a_suspect_neither_it_nor_the_looks_are_woken(tmp_path: Path) -> None:
    seen, stop = threading.Event(), threading.Event()
    lookout = Lookout(site_of(tmp_path), stop, seen, read_only=False)
    lookout.suspect([])
    assert not lookout._wake.is_set()
    stop.set()
    lookout.run()
    assert not seen.is_set()


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
