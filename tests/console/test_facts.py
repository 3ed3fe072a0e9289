"""What the dashboard knows is what is on disk, a moment later, whatever happens to directory, files and hints."""

import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from phase4_tui.artifacts.names import Artifact
from phase4_tui.artifacts.watcher import MissedHints, Watcher
from phase4_tui.console.facts.events import EventsSeen, FactEvent, SnapshotReady
from phase4_tui.console.facts.schedule import Facts
from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.console.operations.registry import OPERATIONS, why_not
from phase4_tui.rollback.incidents import look_for_incident
from phase4_tui.rollback.known_good import plan_pin, plan_switch
from phase4_tui.runbook.run_holder import running
from phase4_tui.runbook.status import read_tags
from phase4_tui.tui.widgets.header_line import alarms
from tests.rollback.hostile import overwrite
from tests.rollback.support import ENVIRONMENT, freeze, give, site_of
from tests.runbook.documents import Tag, contents, quality, site_at
from tests.tui.operator import operator_at
from tests.tui.support import SECONDS, bad_tag, lay_out, screen_text, until

SOON = 3.0
PATIENCE = 20.0


class Looking:
    """The facts of a working directory, without a screen."""

    def __init__(self, work: Path, *, read_only: bool = True) -> None:
        self.reports = work / "reports"
        self.seen: list[Snapshot] = []
        self.told: list[str] = []
        self._facts = Facts(site_of(work), self._post, read_only=read_only)
        self._facts.start()
        self.until(lambda: self.now.preconditions and self.is_true(), PATIENCE)

    def _post(self, event: FactEvent) -> None:
        if isinstance(event, SnapshotReady):
            self.seen.append(event.snapshot)
        elif isinstance(event, EventsSeen):
            self.told += [one.kind for one in event.events]

    @property
    def now(self) -> Snapshot:
        """The newest snapshot."""
        self.until(lambda: self.seen, PATIENCE)
        return self.seen[-1]

    def is_true(self) -> bool:
        """True when the rows are those of a fresh look at the disk."""
        return list(self.now.rows) == read_tags(site_at(self.reports)) and self.now.tags == len(self.now.rows)

    def until(self, condition: Callable[[], object], seconds: float = SOON) -> None:
        """Wait until a condition holds."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"not so: {self.seen[-1:]}"
            time.sleep(0.01)

    def choose(self, tag: str | None) -> None:
        """Show a tag."""
        self._facts.choose(tag)

    def stop(self) -> None:
        """End."""
        begun = time.monotonic()
        self._facts.stop()
        assert time.monotonic() - begun < SOON
        assert not [thread for thread in threading.enumerate() if thread.name in ("hints", "facts", "incidents")]


@pytest.fixture
def look() -> Iterator[Callable[..., Looking]]:
    """Return what looks at a working directory until the test ends."""
    opened: list[Looking] = []

    def begin(work: Path, **more: bool) -> Looking:
        opened.append(Looking(work, **more))
        return opened[-1]

    yield begin
    for one in opened:
        one.stop()


Look = Callable[..., Looking]


# The rows are what is on disk -------------------------------------------------------------------------------


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
def test_another_directory_in_its_place(tmp_path: Path, look: Look, change: Callable[[Path], None]) -> None:
    at = look(lay_out(tmp_path).parent)
    change(tmp_path / "reports")
    at.until(at.is_true)
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


# What must be seen ------------------------------------------------------------------------------------------


def test_a_look_that_fails_is_told_and_the_next_one_puts_it_right(
    tmp_path: Path, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = look(lay_out(tmp_path).parent)

    def broken(*_arguments: object) -> object:
        raise PermissionError("no entry")

    with monkeypatch.context() as patch:
        patch.setattr("phase4_tui.console.facts.tag_index.scan", broken)
        at.until(lambda: "no entry" in (at.now.trouble or ""), PATIENCE)
        assert at.now.rows
    at.until(lambda: at.now.trouble is None, PATIENCE)
    Tag(at.reports, "C")
    at.until(at.is_true)


def test_a_clock_behind_the_files_is_an_alarm(tmp_path: Path, look: Look) -> None:
    at = look(lay_out(tmp_path).parent)
    ahead = time.time() + 3600
    os.utime(at.reports / "B_report.json", (ahead, ahead))
    at.until(lambda: [alarm for alarm in alarms(at.now, {}) if alarm.startswith("CLOCK") and "ahead" in alarm])


def test_a_damaged_state_is_an_alarm_and_stops_every_operation(tmp_path: Path, look: Look) -> None:
    lay_out(tmp_path)
    freeze(tmp_path, "A")
    at = look(tmp_path)
    (tmp_path / "reports" / ".phase4" / "journal.jsonl").write_text("[/nope]\n")
    (tmp_path / "reports" / ".phase4" / "state.json").write_text("{")
    at.until(lambda: at.now.trouble)
    assert f"{at.now.trouble}; `v` tells what is wrong" in "\n".join(alarms(at.now, {}))
    able = [action.id for action in OPERATIONS if action.writes and why_not(action, at.now) is None]
    assert able == []


async def test_a_state_whose_incident_has_no_time_is_an_alarm_and_the_dashboard_stays(tmp_path: Path) -> None:
    lay_out(tmp_path)
    state = tmp_path / "reports" / ".phase4" / "state.json"
    async with operator_at(tmp_path, (250, 40)) as me:
        await me.incident()
        content = json.loads(state.read_text())
        content["incident"]["opened_at"] = "at noon"
        state.write_text(json.dumps(content))
        await me.sees("state.json: key `incident.opened_at`")
        await me.press("question_mark")
        await me.sees("KEYS", "state.json: key `incident.opened_at`")


async def test_tampering_is_an_alarm_on_every_screen(tmp_path: Path) -> None:
    lay_out(tmp_path)
    freeze(tmp_path, "A")
    async with operator_at(tmp_path) as me:
        await me.looked()
        overwrite(tmp_path / "reports" / "A_quality_check.json", b"{}")
        for key in ("escape", "question_mark", "j", "b", "a"):
            await me.press(key)
            await me.sees("TAMPERED: A is not what was frozen")


async def test_a_look_that_hangs_marks_the_screen_until_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_out(tmp_path)
    monkeypatch.setattr("phase4_tui.tui.screens.facts_app.STALE_SECONDS", 0.5)
    hanging = threading.Event()

    def hang(reports: Path) -> object:
        hanging.wait(SECONDS)
        return running(reports)

    async with operator_at(tmp_path) as me:
        await me.looked()
        monkeypatch.setattr("phase4_tui.console.facts.reading.running", hang)
        overwrite(tmp_path / "reports" / "A_quality_check.json", b"{}")
        await me.sees("STALE: nothing was looked at for")
        hanging.set()
        await until(me.pilot, lambda: "STALE" not in screen_text(me.app))


async def test_live_orders_in_the_environment_are_an_alarm_and_a_missing_input_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ENVIRONMENT, "DESK_ALLOW_LIVE_ORDERS", "1")
    lay_out(tmp_path)
    async with operator_at(tmp_path) as me:
        await me.sees("LIVE ORDERS: live orders are enabled by DESK_ALLOW_LIVE_ORDERS=1")
        await me.sees("! working directory: input sample_batch_input.json is missing")


async def test_when_the_preconditions_hold_the_panel_names_the_barrier(tmp_path: Path) -> None:
    lay_out(tmp_path)
    for name in ("sample_batch_input.json", "monitoring_rules.json"):
        (tmp_path / name).write_text("{}")
    async with operator_at(tmp_path) as me:
        await me.sees("preconditions hold · kernel barrier (seccomp)")


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
