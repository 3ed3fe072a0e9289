"""A snapshot is posted when something is due, and not before: what that is, with a clock set by hand."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from phase4_tui.console.facts.change_detector import Change
from phase4_tui.console.facts.events import SnapshotReady
from phase4_tui.console.facts.publisher import INDEX_POST_SECONDS, POST_SECONDS, SnapshotPublisher
from phase4_tui.console.facts.tag_index import TagIndex
from phase4_tui.console.facts.tampering import TAMPER_SECONDS
from phase4_tui.journal.state import OperationsState
from phase4_tui.runbook.run_holder import announce, run_lock
from tests.console.support import Clock, Posted
from tests.rollback.hostile import overwrite
from tests.rollback.support import freeze, site_of
from tests.tui.support import lay_out

QUIET = Change(tags=frozenset(), operations=False, suspects=frozenset(), unsettled=False, indexing=False)


class Publishing:
    """A publisher that has posted its first snapshot."""

    def __init__(self, work: Path) -> None:
        site = site_of(work)
        self.clock, self.posted = Clock(), Posted()
        self.index = TagIndex(site, self.clock)
        self.watch_trouble: str | None = None
        self.publisher = SnapshotPublisher(
            site, self.posted.append, self.index, lambda: self.watch_trouble, read_only=True, clock=self.clock
        )
        self.publisher.publish()

    def after(self, change: Change, seconds: float = 0.0) -> int:
        """Let a look end after some time; return how many snapshots it led to."""
        self.clock.passes(seconds)
        self.posted.clear()
        self.publisher.after(change)
        return len(self.posted.of(SnapshotReady))

    @property
    def last(self) -> SnapshotReady:
        """The snapshot that was posted last."""
        return self.posted.of(SnapshotReady)[-1]


@pytest.fixture
def at(tmp_path: Path) -> Publishing:
    """Return a publisher over a healthy tag A and a bad, newer one B."""
    return Publishing(lay_out(tmp_path).parent)


def test_the_first_snapshot_shows_the_newest_tag_without_an_index(at: Publishing) -> None:
    assert at.publisher.shown == "B"
    assert (at.last.snapshot.rows, at.last.snapshot.tags) == ((), 0)


@pytest.mark.parametrize("what", [{"tags": {"A"}}, {"operations": True}, {"unsettled": True}])
def test_what_changed_is_shown_at_once(at: Publishing, what: dict[str, Any]) -> None:
    assert at.after(replace(QUIET, **what)) == 1


def test_nothing_is_posted_for_nothing(at: Publishing) -> None:
    assert [at.after(QUIET, 0.5) for _ in range(int(TAMPER_SECONDS / 0.5))] == [0] * 10


def test_tampering_which_neither_hints_nor_names_show_is_looked_for_regularly(tmp_path: Path) -> None:
    freeze(lay_out(tmp_path).parent, "A")
    at = Publishing(tmp_path)
    overwrite(tmp_path / "reports" / "A_quality_check.json", b"{}")
    assert at.after(QUIET, TAMPER_SECONDS) == 0
    assert at.after(QUIET, 0.1) == 1
    assert at.last.snapshot.tampered == ("A",)


def test_a_change_of_a_frozen_tag_is_compared_at_once(tmp_path: Path) -> None:
    freeze(lay_out(tmp_path).parent, "A")
    at = Publishing(tmp_path)
    overwrite(tmp_path / "reports" / "A_quality_check.json", b"{}")
    assert at.after(replace(QUIET, tags={"B"})) == 1
    assert not at.last.snapshot.tampered
    assert at.after(replace(QUIET, tags={"A"})) == 1
    assert at.last.snapshot.tampered == ("A",)


def test_while_a_run_is_under_way_snapshots_follow_each_other_at_an_interval(tmp_path: Path) -> None:
    reports = lay_out(tmp_path)
    with run_lock(reports):
        announce(reports, "A", "r1", "sam")
        at = Publishing(tmp_path)
        assert [at.after(QUIET, POST_SECONDS / 5 + 0.01) for _ in range(6)] == [0, 0, 0, 0, 1, 0]


def test_while_many_tags_are_judged_snapshots_are_rare_and_the_last_one_comes_at_the_end(at: Publishing) -> None:
    at.index.scan()
    assert at.after(replace(QUIET, indexing=True), INDEX_POST_SECONDS - 0.1) == 0
    assert at.after(replace(QUIET, indexing=True), 0.2) == 1
    assert at.after(replace(QUIET, indexing=True), 0.1) == 0
    at.index.judge_some(OperationsState())
    assert at.after(replace(QUIET, indexing=True), 0.1) == 1
    assert [row.tag for row in at.last.snapshot.rows] == ["B", "A"]


def test_hints_that_stop_coming_are_shown_within_the_interval(at: Publishing) -> None:
    at.watch_trouble = "polling: no watch left"
    assert at.after(QUIET, POST_SECONDS / 2) == 0
    assert at.after(QUIET, POST_SECONDS) == 1
    assert at.last.snapshot.watch_trouble == "polling: no watch left"


def test_another_tag_that_was_chosen_is_shown_at_the_next_look(at: Publishing) -> None:
    at.publisher.chosen = "A"
    assert at.after(QUIET) == 1
    assert (at.publisher.shown, at.last.snapshot.followed) == ("A", False)
    assert at.after(QUIET) == 0
    at.publisher.chosen = None
    assert at.after(QUIET) == 1
    assert (at.publisher.shown, at.last.snapshot.followed) == ("B", True)


def test_a_look_that_failed_is_shown_over_the_last_facts_until_the_next_one(at: Publishing) -> None:
    at.publisher.post_failure("the last look failed")
    assert at.last.snapshot.trouble == "the last look failed"
    assert at.publisher.shown == "B"
    assert at.after(QUIET) == 1
    assert at.last.snapshot.trouble is None


def test_facts_marked_as_old_are_posted_anew_by_the_next_look(at: Publishing) -> None:
    at.publisher.post_stale("nothing was looked at for 12 s")
    assert at.last.snapshot.stale == "nothing was looked at for 12 s"
    assert at.after(QUIET) == 1
    assert at.last.snapshot.stale is None


def test_once_every_tag_is_gone_none_is_shown_any_more(at: Publishing, tmp_path: Path) -> None:
    at.index.scan()
    for path in (tmp_path / "reports").glob("[AB]_*"):
        path.unlink()
    gone = at.index.scan()
    assert gone == {"A", "B"}
    assert at.after(replace(QUIET, tags=gone)) == 1
    assert at.publisher.shown is None
