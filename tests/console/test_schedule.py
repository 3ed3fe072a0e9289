"""When it is looked, what a failed look leads to, and what a face without snapshots gets."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from phase4_tui.console.facts.events import SnapshotReady, TagsJudged, TroubleChanged
from phase4_tui.console.facts.schedule import LOOK_SECONDS, RUN_LOOK_SECONDS, Facts, rest_seconds
from phase4_tui.journal.log import read_events
from phase4_tui.rollback.known_good import plan_switch
from tests.console.support import Clock, Posted
from tests.rollback.support import give, site_of
from tests.tui.support import SECONDS, bad_tag, lay_out

Until = Callable[[Callable[[Posted], object]], None]


@contextmanager
def looking(work: Path, *, read_only: bool = True) -> Iterator[tuple[Posted, Until]]:
    """Look at a working directory for a face without snapshots."""
    posted = Posted()
    facts = Facts(site_of(work), posted.append, read_only=read_only, snapshots=False)

    def until(condition: Callable[[Posted], object]) -> None:
        end = time.monotonic() + SECONDS
        while not condition(posted):
            assert time.monotonic() < end, posted
            time.sleep(0.01)

    facts.start()
    try:
        yield posted, until
    finally:
        facts.stop()
        assert not [thread for thread in threading.enumerate() if thread.name in ("hints", "facts", "incidents")]


def levels(posted: Posted) -> dict[str, str]:
    """Return the last level that was told of each tag."""
    return {tag.tag: tag.classification.level for event in posted.of(TagsJudged) for tag in event.tags}


def test_it_rests_shortly_while_things_change_and_not_at_all_while_tags_wait() -> None:
    assert rest_seconds(waiting=True, busy=True) == rest_seconds(waiting=True, busy=False) == 0
    assert rest_seconds(waiting=False, busy=True) == RUN_LOOK_SECONDS
    assert rest_seconds(waiting=False, busy=False) == LOOK_SECONDS


def test_a_look_that_hangs_marks_the_last_facts_as_old(tmp_path: Path) -> None:
    lay_out(tmp_path)
    posted, clock = Posted(), Clock()
    facts = Facts(site_of(tmp_path), posted.append, read_only=True, clock=clock)
    clock.passes(60)
    facts.mark_stale(10)
    assert posted == [], "nothing was shown yet"
    assert facts._publisher is not None
    facts._publisher.publish()
    facts.mark_stale(70)
    facts.mark_stale(10)
    assert [event.snapshot.stale for event in posted.of(SnapshotReady)] == [
        None,
        "nothing was looked at for 60 s: what is shown is old",
    ]


def test_a_face_without_snapshots_is_told_of_every_tag_and_gets_none(tmp_path: Path) -> None:
    lay_out(tmp_path)
    with looking(tmp_path) as (posted, until):
        until(lambda posted: levels(posted) == {"A": "ok", "B": "incident"})
        bad_tag(tmp_path / "reports", "C")
        until(lambda posted: levels(posted).get("C") == "incident")
    assert posted.of(SnapshotReady) == []
    assert not (tmp_path / "reports" / ".phase4").exists()


def test_of_the_bad_tags_that_were_there_before_only_the_shown_one_opens_an_incident(tmp_path: Path) -> None:
    reports = lay_out(tmp_path)
    site = site_of(tmp_path)
    give(site, plan_switch(site, "A", "r"))  # so that A is shown, though B is newer
    before = len(list(read_events(reports)))
    with looking(tmp_path, read_only=False) as (_, until):
        until(lambda posted: levels(posted).keys() == {"A", "B"})
        bad_tag(reports, "C")
        until(lambda _: len(list(read_events(reports))) > before)
    assert [(event.kind, event.tag) for event in read_events(reports)][before:] == [("incident", "C")]


def test_a_look_that_fails_is_told_and_the_next_one_that_works_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_out(tmp_path)

    def broken(*_arguments: object) -> object:
        raise PermissionError("no entry")

    with looking(tmp_path) as (posted, until):
        until(lambda posted: len(levels(posted)) == 2)
        with monkeypatch.context() as patch:
            patch.setattr("phase4_tui.console.facts.tag_index.scan", broken)
            until(lambda posted: posted.of(TroubleChanged))
        until(lambda posted: len(posted.of(TroubleChanged)) == 2)
        first, last = posted.of(TroubleChanged)
        assert first == TroubleChanged("watch", "the last look failed (PermissionError: no entry); looking again")
        assert last == TroubleChanged("watch", None)
        bad_tag(tmp_path / "reports", "C")
        until(lambda posted: "C" in levels(posted))
