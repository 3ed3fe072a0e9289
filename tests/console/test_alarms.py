"""What must be seen on every screen: a look that fails or hangs, a damaged state, tampering, live orders, the clock."""

import json
import os
import threading
import time
from pathlib import Path

import pytest

from phase4_tui.console.operations.registry import OPERATIONS, why_not
from phase4_tui.runbook.run_holder import running
from phase4_tui.tui.widgets.alarm_lines import alarms
from tests.console.support import PATIENCE, Look
from tests.rollback.hostile import overwrite
from tests.rollback.support import ENVIRONMENT, freeze
from tests.runbook.documents import Tag
from tests.tui.operator import operator_at
from tests.tui.support import SECONDS, lay_out, screen_text, until


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
        await until(me.pilot, state.exists)
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
        await until(me.pilot, lambda: "STALE: nothing" not in screen_text(me.app))


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
