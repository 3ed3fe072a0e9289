"""What the dashboard knows is what is on disk, a moment later, whatever happens to directory, files and hints."""

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from phase4_tui.artifacts.names import Artifact
from phase4_tui.artifacts.watcher import MissedHints, Watcher
from phase4_tui.rollback.incidents import look_for_incident
from phase4_tui.rollback.known_good import plan_pin, plan_switch
from phase4_tui.tui.widgets.alarm_lines import alarms
from tests.console.support import PATIENCE, Look, Looking
from tests.figures import Figures
from tests.rollback.support import freeze, give, site_of
from tests.runbook.documents import Tag, contents, quality
from tests.tui.support import SECONDS, bad_tag, lay_out


def test_files_come_change_and_go(tmp_path: Path, look: Look) -> None:
    reports = lay_out(tmp_path)
    at = look(tmp_path)
    Tag(reports, "C")
    at.until(at.is_true)
    Tag(reports, "A").put(Artifact.QUALITY_CHECK, quality(False))
    at.until(at.is_true)
    for path in reports.glob("B_*"):
        path.unlink()
    at.until(at.is_true)
    assert {row.tag: row.level for row in at.now.rows} == {"A": "incident", "C": "ok"}


def _recreated(reports: Path) -> None:
    shutil.rmtree(reports)
    Tag(reports, "new")


def _moved_away(reports: Path) -> None:
    reports.rename(reports.with_name("away"))
    Tag(reports, "new")
    Tag(reports.with_name("away"), "not_here")


def _retargeted(reports: Path) -> None:
    Tag(reports.with_name("other"), "new")
    reports.rename(reports.with_name("away"))
    reports.symlink_to("other")


def _gone(reports: Path) -> None:
    shutil.rmtree(reports)


@pytest.mark.parametrize("change", [_recreated, _moved_away, _retargeted, _gone])
def test_another_directory_in_its_place(
    tmp_path: Path, look: Look, change: Callable[[Path], None], figures: Figures
) -> None:
    at = look(lay_out(tmp_path).parent)
    change(tmp_path / "reports")
    begun = time.monotonic()
    at.until(at.is_true)
    figures.worst("right after {:.1f} s", time.monotonic() - begun)
    expected = [] if change is _gone else ["new"]
    assert [row.tag for row in at.now.rows] == expected
    if expected:
        Tag(at.reports, "newer")
        at.until(at.is_true)


def test_hints_that_were_lost_are_not_missed(tmp_path: Path, look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Watcher, "wait", lambda self: not self._stop.wait(0.2))
    at = look(lay_out(tmp_path).parent)
    for number in range(50):
        Tag(at.reports, f"t{number}")
    at.until(lambda: at.now.tags == 52 and at.is_true(), PATIENCE)


def test_no_watch_left_is_shown_and_looked_at_regularly(
    tmp_path: Path, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: object, **_more: object) -> Iterator[object]:
        yield from ()
        raise OSError("OS file watch limit reached")

    monkeypatch.setattr("watchfiles.watch", full)
    at = look(lay_out(tmp_path).parent)
    at.until(lambda: at.now.watch_trouble)
    assert [alarm for alarm in alarms(at.now, {}) if "WATCH polling" in alarm and "limit reached" in alarm]
    Tag(at.reports, "C")
    at.until(at.is_true)


def test_a_burst_of_three_thousand_files(tmp_path: Path, look: Look) -> None:
    at = look(lay_out(tmp_path).parent)
    for number in range(600):
        for kind, content in list(contents(f"t{number:03}").items())[:5]:
            path = at.reports / f"t{number:03}{kind}"
            path.with_suffix(".new").write_text(content if isinstance(content, str) else json.dumps(content))
            path.with_suffix(".new").replace(path)
    at.until(lambda: at.now.tags == 602 and at.is_true(), PATIENCE)


def test_a_name_that_is_no_utf_8_harms_nobody(tmp_path: Path, look: Look) -> None:
    at = look(lay_out(tmp_path).parent)
    Path(os.fsdecode(bytes(at.reports) + b"/bad\xff\x1b[2J_report.json")).write_text("{}")
    Tag(at.reports, "C")
    at.until(at.is_true)
    Tag(at.reports, "D")
    at.until(at.is_true)
    assert {"C", "D"} <= {row.tag for row in at.now.rows}


def test_a_file_that_is_being_written_is_never_shown_as_broken(tmp_path: Path, look: Look) -> None:
    at = look(lay_out(tmp_path).parent)
    data = json.dumps(contents("B")[Artifact.RELEASE_CHECK]).encode()
    with (at.reports / "B_release_check.json").open("wb", buffering=0) as file:
        for number in range(len(data)):
            file.write(data[number : number + 1])
            time.sleep(1.2 / len(data))  # a writer as slow as that, not a wait
    at.until(at.is_true)
    states = [one.focus.health["release_check"].state for one in at.seen if one.focus and one.focus.tag == "B"]
    assert "writing" in states
    assert set(states) <= {"passed", "writing"}
    at.until(lambda: at.now.focus and at.now.focus.health["release_check"].state == "passed")


def test_a_file_that_stays_half_is_broken_in_the_end(tmp_path: Path, look: Look) -> None:
    at = look(lay_out(tmp_path).parent)
    (at.reports / "B_release_check.json").write_text('{"tag": "B", "pas')
    at.until(lambda: at.now.focus and at.now.focus.health["release_check"].state == "unreadable", PATIENCE)
    at.until(at.is_true)


def test_what_operations_change_changes_the_rows(tmp_path: Path, look: Look) -> None:
    Tag(lay_out(tmp_path), "C").put(Artifact.REPORT, {"run_tag": "C", "results": [], "of": "C"})
    at = look(tmp_path)
    other = site_of(tmp_path, "sam")
    give(other, plan_pin(other, "A"))
    at.until(lambda: at.is_true() and [row.tag for row in at.now.rows if row.pinned] == ["A"])
    freeze(tmp_path, "C", operator="sam")
    at.until(lambda: at.is_true() and [row.tag for row in at.now.rows if row.frozen == "intact"] == ["C"])
    give(other, plan_switch(other, "A", "r"))
    at.until(lambda: at.is_true() and at.now.state.active_tag == "A")
    assert {"pin", "freeze", "switch"} & set(at.told)


def move(at: Looking) -> str | None:
    return at.now.next_move.operation if at.now.next_move is not None else None


def test_the_next_move_is_to_freeze_while_there_is_something_to_freeze(tmp_path: Path, look: Look) -> None:
    reports = lay_out(tmp_path)
    look_for_incident(site_of(tmp_path), "B")
    at = look(tmp_path)
    at.until(lambda: move(at) == "freeze")
    for path in reports.glob("B_*"):
        path.unlink()
    at.until(lambda: move(at) == "known_good")
    Tag(reports, "B")
    at.until(lambda: move(at) == "freeze")
    freeze(tmp_path, "B")
    at.until(lambda: move(at) == "known_good")


def test_a_chosen_tag_stays_and_none_follows_again(tmp_path: Path, look: Look) -> None:
    at = look(lay_out(tmp_path).parent)
    at.choose("A")
    at.until(lambda: at.now.focus and at.now.focus.tag == "A" and not at.now.followed)
    bad_tag(at.reports, "C")
    at.until(at.is_true)
    assert at.now.focus is not None
    assert at.now.focus.tag == "A"
    at.choose(None)
    at.until(lambda: at.now.focus and at.now.focus.tag == "C" and at.now.followed)


def test_a_replaced_directory_and_a_change_without_a_hint_are_noticed(tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    reports.mkdir()
    missed = MissedHints(reports)
    assert not missed.any(set())
    (reports / "hinted").touch()
    assert not missed.any({"hinted"})
    (reports / "not hinted").touch()
    end = time.monotonic() + SECONDS
    while not missed.any(set()):
        assert time.monotonic() < end
    assert not missed.any(set())
    reports.rename(tmp_path / "elsewhere")
    reports.mkdir()
    assert missed.any(set())
