"""One look at a time: what is found to have changed, what is judged again, and what is told of it."""

import json
import os
import time
from pathlib import Path

import pytest

from phase4_tui.artifacts.documents import WRITING_GRACE_NS
from phase4_tui.artifacts.frozen import frozen_dir
from phase4_tui.artifacts.names import Artifact
from phase4_tui.console.facts.change_detector import ChangeDetector
from phase4_tui.console.facts.events import EventsSeen, TagsJudged, TroubleChanged, Troubles
from phase4_tui.console.facts.tag_index import SCAN_SECONDS
from phase4_tui.console.facts.tampering import TAMPER_SECONDS
from phase4_tui.journal.actor import Actor
from phase4_tui.journal.log import Draft
from phase4_tui.journal.writer import record
from phase4_tui.rollback.known_good import plan_switch
from phase4_tui.runbook.run_holder import announce, run_lock
from phase4_tui.runbook.status import read_tags
from tests.console.support import Clock, Posted
from tests.journal.support import file_in
from tests.rollback.support import freeze, give, site_of
from tests.runbook.documents import Tag, quality, site_at
from tests.tui.support import lay_out


class Detecting:
    """A detector over a working directory, looked with by hand."""

    def __init__(self, work: Path) -> None:
        self.reports = work / "reports"
        self.posted, self.clock = Posted(), Clock()
        self.detector = ChangeDetector(site_of(work), self.posted.append, Troubles(self.posted.append), self.clock)
        self.detector.begin()
        self.there = self.detector.scan()

    def settled(self) -> "Detecting":
        """Judge all that waits and forget what was posted."""
        while self.detector.index.waiting:
            self.detector.look(set())
        self.posted.clear()
        return self

    def is_busy(self) -> bool:
        """True when the next look should be soon."""
        return self.detector.busy

    def judged(self) -> dict[str, str]:
        """Return the level of each tag that was judged since the last call."""
        events = self.posted.taken().of(TagsJudged)
        return {tag.tag: tag.classification.level for event in events for tag in event.tags}


@pytest.fixture
def at(tmp_path: Path) -> Detecting:
    """Return a detector over a healthy tag A and a bad, newer one B, at rest."""
    return Detecting(lay_out(tmp_path).parent).settled()


def test_at_first_every_tag_is_judged_the_newest_first(tmp_path: Path) -> None:
    at = Detecting(lay_out(tmp_path).parent)
    assert at.there == {"A", "B"}
    change = at.detector.look(set())
    assert list(at.judged().items()) == [("B", "incident"), ("A", "ok")]
    assert (change.tags, change.suspects, change.indexing) == (set(), set(), True)


def test_of_what_did_not_change_nothing_is_told(at: Detecting) -> None:
    change = at.detector.look(set())
    assert at.posted == []
    assert (change.tags, change.operations, change.suspects, change.unsettled, change.indexing) == (
        set(), False, set(), False, False
    )  # fmt: skip


def test_a_tag_that_the_kernel_told_of_is_judged_again_alone(at: Detecting) -> None:
    path = Tag(at.reports, "A").put(Artifact.QUALITY_CHECK, quality(False))
    change = at.detector.look({path.name, "nobody's.txt"})
    assert at.judged() == {"A": "incident"}
    assert change.tags == change.suspects == {"A"}


def test_a_change_in_place_without_a_hint_is_found_by_the_next_scan(at: Detecting) -> None:
    path = at.reports / "A_quality_check.json"
    path.write_text(json.dumps(quality(False)))
    assert at.detector.look(set()).tags == set()
    at.clock.passes(SCAN_SECONDS + 0.1)
    assert at.detector.look(set()).tags == {"A"}
    assert at.judged() == {"A": "incident"}


def test_when_the_rules_change_every_tag_is_judged_by_them(at: Detecting) -> None:
    path, kpis = at.reports / "A_monitoring.json", {"no_trade_pct": 60.0}
    content = json.loads(path.read_bytes())
    content["snapshot"]["kpis"] = kpis
    path.write_text(json.dumps(content))
    at.clock.passes(SCAN_SECONDS + 0.1)
    at.detector.look(set())
    assert at.judged() == {"A": "ok"}
    (at.reports.parent / "monitoring_rules.json").write_text('{"max_no_trade_pct": 50.0}')
    at.clock.passes(SCAN_SECONDS + 0.1)
    at.detector.look(set())
    assert at.judged()["A"] == "warning"


def test_a_tag_whose_files_are_gone_is_told_once_and_is_no_row(at: Detecting) -> None:
    names = {path.name for path in at.reports.glob("B_*")}
    for name in names:
        (at.reports / name).unlink()
    assert at.detector.look(names).tags == {"B"}
    assert at.judged() == {"B": "unknown"}
    assert [row.tag for row in at.detector.index.rows] == ["A"]
    assert at.detector.index.count == 1
    at.detector.look(set())
    assert at.judged() == {}


def test_a_half_written_file_is_looked_at_again_until_its_writer_is_taken_to_have_given_up(at: Detecting) -> None:
    path = at.reports / "A_quality_check.json"
    path.write_text('{"passed": tr')
    assert at.detector.look({path.name}).suspects == {"A"}
    assert at.is_busy()
    again = at.detector.look(set())
    assert (again.unsettled, again.suspects) == (True, set())
    long_ago = time.time() - 2 * WRITING_GRACE_NS / 1e9
    os.utime(path, (long_ago, long_ago))
    last = at.detector.look(set())
    assert last.suspects == {"A"}, "it may need an incident now, though none of its files was written"
    assert not at.is_busy()
    assert at.judged()["A"] == "unknown"


def test_what_an_operation_changes_is_judged_again(tmp_path: Path, at: Detecting) -> None:
    freeze(tmp_path, "A")
    change = at.detector.look(set())
    assert change.operations
    posted = at.posted.taken()
    assert [tag.tag for event in posted.of(TagsJudged) for tag in event.tags] == ["A"]
    assert [event.kind for seen in posted.of(EventsSeen) for event in seen.events] == ["freeze", "freeze"]
    assert list(at.detector.index.rows) == read_tags(site_at(at.reports))


def test_a_run_too_short_to_be_seen_and_without_a_file_is_judged_and_may_need_an_incident(
    tmp_path: Path, at: Detecting
) -> None:
    other = Tag(tmp_path / "elsewhere", "tue")
    other.reports = at.reports
    run = other.ran(pipeline="crashed")
    record(at.reports, Actor("sam"), Draft("run", "tue", detail={"run": run.run_id, "state": "finished"}))
    assert at.detector.look(set()).suspects == {"tue"}
    assert at.judged() == {"tue": "incident"}


def test_the_beginning_and_the_end_of_a_run_are_seen_though_its_files_stay_as_they_are(at: Detecting) -> None:
    with run_lock(at.reports):
        announce(at.reports, "A", "r1", "sam")
        assert at.detector.look(set()).suspects == {"A"}
        assert at.is_busy()
        assert at.detector.look(set()).suspects == set()
    assert at.detector.look(set()).suspects == {"A"}, "its process ended and left the note"
    assert not at.is_busy()


def test_a_run_under_way_at_first_is_known(tmp_path: Path) -> None:
    reports = lay_out(tmp_path)
    with run_lock(reports):
        announce(reports, "A", "r1", "sam")
        at = Detecting(tmp_path)
        assert at.is_busy()
        at.detector.look(set())
        assert next(iter(at.judged())) == "A", "before the newer one"


def test_the_shown_tag_is_the_active_one_else_the_newest(tmp_path: Path, at: Detecting) -> None:
    assert at.detector.shown() == "B"
    site = site_of(tmp_path)
    give(site, plan_switch(site, "A", "r"))
    assert at.detector.shown() == "A"


def test_a_state_that_cannot_be_read_is_told_once_and_when_it_can_again(at: Detecting) -> None:
    state = file_in(at.reports, "state.json")
    state.parent.mkdir()
    state.write_text("[]")
    for _ in range(3):
        at.detector.look(set())
    state.unlink()
    for _ in range(3):
        at.detector.look(set())
    troubles = at.posted.of(TroubleChanged)
    assert [trouble.subject for trouble in troubles] == ["state", "state"]
    assert [trouble.trouble is None for trouble in troubles] == [False, True]


def test_a_journal_that_cannot_be_read_is_told_once_and_its_events_when_it_can_again(
    tmp_path: Path, at: Detecting
) -> None:
    freeze(tmp_path, "A")
    at.settled()
    at.detector.look(set())
    at.posted.clear()
    journal = file_in(at.reports, "journal.jsonl")
    whole = journal.read_bytes()
    journal.write_bytes(whole + b"[/nope]\n")
    for _ in range(3):
        at.detector.look(set())
    told = [trouble for trouble in at.posted.taken().of(TroubleChanged) if trouble.subject == "journal"]
    assert len(told) == 1
    assert told[0].trouble is not None
    journal.write_bytes(whole)
    record(at.reports, Actor("sam"), Draft("note", "A"))
    at.detector.look(set())
    posted = at.posted.taken()
    assert [event.kind for seen in posted.of(EventsSeen) for event in seen.events] == ["note"]
    assert TroubleChanged("journal", None) in posted


def test_a_tampered_copy_of_any_frozen_tag_is_noticed_without_a_hint_and_its_restoring_too(at: Detecting) -> None:
    freeze(at.reports.parent, "A")
    at.detector.look(set())
    at.settled()
    copy = frozen_dir(at.reports, "A") / "A_quality_check.json"
    kept = copy.with_name("kept")
    copy.rename(kept)
    at.clock.passes(TAMPER_SECONDS + 1)
    assert "A" in at.detector.look(set()).tags
    at.detector.look(set())
    assert at.judged() == {"A": "unknown"}
    kept.rename(copy)
    at.clock.passes(TAMPER_SECONDS + 1)
    at.detector.look(set())
    at.detector.look(set())
    assert at.judged() == {"A": "ok"}
