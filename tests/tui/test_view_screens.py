"""What a user sees who looks at decisions and trends, and at any screen in any size."""

import json
import threading
import time
from pathlib import Path

import pytest

from phase4_tui.artifacts.names import Artifact
from phase4_tui.console.background import Stop
from phase4_tui.console.facts.line_rows import LineRows
from phase4_tui.tui.screens.decisions import DecisionsScreen
from phase4_tui.tui.screens.journal import JournalScreen
from phase4_tui.tui.screens.view import ViewScreen
from phase4_tui.tui.widgets.rows import Rows
from tests.runbook.documents import Tag, put
from tests.tui.support import SECONDS, SIZE, make_app, screen_text, told, until
from tests.tui.view_support import (
    HOSTILE,
    KEYS,
    LITERAL,
    SIZES,
    dashboard,
    decision,
    is_harmless,
    put_report,
    sees,
    work_in,
)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A working directory with tag A, which is good, and B, newer and P1."""
    return work_in(tmp_path)


# Every screen -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
async def test_each_screen_opens_says_what_to_press_and_escape_returns(work: Path, size: tuple[int, int]) -> None:
    put_report(work / "reports", [decision()])
    async with dashboard(work, size) as (app, pilot):
        for name, key in [*KEYS.items(), ("verify", "v")]:
            await pilot.press(key)
            await until(pilot, lambda: len(app.screen_stack) == 2)
            screen = app.screen
            assert isinstance(screen, ViewScreen)
            assert screen.hint()
            await sees(pilot, screen.hint()[:40], "esc")
            assert name in type(app.screen).__module__
            await pilot.press("escape")
            await until(pilot, lambda: len(app.screen_stack) == 1)


async def test_a_screen_that_is_left_while_it_reads_leaves_nothing_behind(work: Path) -> None:
    async with dashboard(work, read_only=True) as (app, pilot):
        for key in [*KEYS.values(), "v"] * 2:
            await pilot.press(key, "escape")
        await until(pilot, lambda: len(app.screen_stack) == 1)
        assert told(app) == ""


async def test_without_any_tag_the_screens_say_so(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.snapshot)
        for screen, text in ((DecisionsScreen, "no tag yet"), (JournalScreen, "verified 0 events")):
            app.push_screen(screen())
            await sees(pilot, text)
            await pilot.press("escape")


# Decisions ----------------------------------------------------------------------------------------------------


async def test_the_decisions_of_the_report_are_listed_with_the_reasons_of_the_selected_one(work: Path) -> None:
    blocked = decision("NO_TRADE", "EVENT_BLOCK", event_name="RBI", event_window_active=True)
    put_report(work / "reports", [decision("BUY_CALL"), blocked])
    async with dashboard(work) as (_, pilot):
        await pilot.press("d")
        await sees(pilot, "B  2 rows", "BUY_CALL", "02-17 09:20", "EVENT_BLOCK     RBI active", "because of BUY_CALL")
        await pilot.press("down")
        await sees(pilot, "row 2", "because of NO_TRADE")


async def test_gate_action_and_regime_narrow_the_rows_and_x_shows_all_again(work: Path) -> None:
    rows = [decision(), decision("BUY_PUT"), decision("NO_TRADE", "EVENT_BLOCK"), decision("BUY_PUT", regime="NEUTRAL")]
    put_report(work / "reports", rows)
    async with dashboard(work) as (app, pilot):
        await pilot.press("d")
        await sees(pilot, "B  4 rows")
        await pilot.press("g", "g")
        await sees(pilot, "gate=EVENT_BLOCK", "1 found")
        await pilot.press("x", "a", "a")
        await sees(pilot, "action=BUY_PUT", "2 found")
        await pilot.press("r", "r", "r")
        await sees(pilot, "regime=NEUTRAL", "1 found")
        assert "row 4" in screen_text(app)
        await pilot.press("x")
        await sees(pilot, "B  4 rows")


async def test_a_filter_before_the_rows_are_indexed_shows_them_once_they_are(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_report(work / "reports", [decision(), decision("NO_TRADE", "EVENT_BLOCK")])
    go, index = threading.Event(), LineRows.index

    def late(rows: LineRows, stop: Stop) -> None:
        go.wait(SECONDS)
        index(rows, stop)

    monkeypatch.setattr(LineRows, "index", late)
    async with dashboard(work) as (_, pilot):
        await pilot.press("d")
        await sees(pilot, "0 of 2 rows")
        await pilot.press("g", "g")
        await sees(pilot, "gate=EVENT_BLOCK", "1 found")
        go.set()
        await sees(pilot, "row 2 ·", "because of NO_TRADE")


async def test_a_report_of_another_script_is_shown_to_its_end_and_its_own_words_are_filters_too(work: Path) -> None:
    rows = [decision("BUY_PUT", "HALT"), *[decision()] * 60_000, decision("BUY_CALL", "HALT")]
    report = work / "reports" / "B_report.json"
    report.write_text(json.dumps({"results": rows, "record_count": len(rows)}, indent=1))
    async with dashboard(work) as (app, pilot):
        await pilot.press("d")
        await sees(pilot, "B  60,002 rows", "HALT")
        assert "!" not in screen_text(app).partition("DECISIONS")[2].splitlines()[0]
        await pilot.press("end")
        await sees(pilot, "row 60,002 ·", "BUY_CALL")
        await pilot.press("g", "g", "g", "g")
        await sees(pilot, "gate=HALT", "2 found")


async def test_a_report_that_is_written_anew_is_read_again_and_that_is_said(work: Path) -> None:
    put_report(work / "reports", [decision()])
    async with dashboard(work) as (_, pilot):
        await pilot.press("d")
        await sees(pilot, "1 row ")
        put_report(work / "reports", [decision("BUY_PUT")] * 3)
        await sees(pilot, "3 rows", "written anew", "BUY_PUT")


async def test_a_row_that_cant_be_read_is_shown_as_broken(work: Path) -> None:
    path = put_report(work / "reports", [decision(), decision("BUY_PUT")])
    path.write_bytes(path.read_bytes().replace(b'"action":"BUY_PUT"', b'"action":BUY_PUT'))
    async with dashboard(work) as (_, pilot):
        await pilot.press("d")
        await sees(pilot, "2 ✘ a row that can't be read")
        await pilot.press("end")
        await sees(pilot, "row 2 is broken")


async def test_the_decisions_of_the_prior_phase_are_shown_with_their_veto(work: Path) -> None:
    consensus = {"action": "BUY_CALL", "confidence": "HIGH", "weighted_score": 78.9, "veto_applied": True}
    row = {"underlying": "SENSEX", "consensus": consensus, "risk_officer": {"rationale": "too wild today"}}
    put_report(work / "reports", [row])
    async with dashboard(work) as (_, pilot):
        await pilot.press("d")
        await sees(pilot, "SENSEX", "VETO", "78.9", "too wild today")


async def test_a_report_that_is_not_there_is_said_to_be_missing(work: Path) -> None:
    Tag(work / "reports", "B").remove(Artifact.REPORT)
    async with dashboard(work) as (_, pilot):
        await pilot.press("d")
        await sees(pilot, "B_report.json is not there")
        put_report(work / "reports", [decision("BUY_PUT")])
        await sees(pilot, "1 row ", "BUY_PUT")


async def test_a_hundred_thousand_rows_never_hold_up_the_keys(work: Path) -> None:
    put_report(work / "reports", [decision(), decision("BUY_PUT", "EVENT_BLOCK")] * 50_000)
    async with dashboard(work) as (app, pilot):
        await pilot.press("d")
        await sees(pilot, "B  100,000 rows")
        began = time.monotonic()
        await pilot.press("end")
        await sees(pilot, "row 100,000 ·")
        assert time.monotonic() - began < 5
        await pilot.press("g", "g")
        await sees(pilot, "50,000 found")
        assert app.screen.query_one(Rows).count == 50_000


async def test_hostile_text_in_a_report_is_shown_literally(work: Path) -> None:
    row = decision(HOSTILE, HOSTILE, HOSTILE, underlying=HOSTILE, timestamp=HOSTILE, rationale=HOSTILE)
    put_report(work / "reports", [row, HOSTILE, {HOSTILE: 1}, decision()])
    async with dashboard(work, (200, 40)) as (app, pilot):
        await pilot.press("d")
        await sees(pilot, "B  4 rows", *LITERAL)
        for key in ("down", "down", "g", "a", "r", "x"):
            await pilot.press(key)
            await pilot.pause()
            assert is_harmless(app)


# Trends -------------------------------------------------------------------------------------------------------


def put_kpis(reports: Path, tag: str, age: float = 10, **kpis: object) -> None:
    """Let a tag's monitoring tell KPIs."""
    document = {
        "snapshot": {"run_tag": tag, "records": 4, "kpis": kpis},
        "alerts": [],
        "alert_count": 0,
        "status": "OK",
    }
    put(reports / f"{tag}_monitoring.json", document, age)


async def test_the_kpis_of_the_tags_stand_against_the_rules_and_a_breach_is_told_in_words(work: Path) -> None:
    put_kpis(work / "reports", "A", 100, no_trade_pct=30.0, directional_pct=70.0)
    put_kpis(work / "reports", "B", 10, no_trade_pct=75.5, directional_pct=24.5)
    async with dashboard(work) as (app, pilot):
        await pilot.press("t")
        await sees(pilot, "no_trade_pct  at most 60", "directional_pct  at least 20", "75.50 limit 60 +15.50  B")
        plot = screen_text(app).partition("TRENDS")[2]
        assert plot.index(" A ") < plot.index(" B ")


async def test_a_kpi_beyond_any_number_leaves_the_others_on_the_screen(work: Path) -> None:
    path = work / "reports" / "A_monitoring.json"
    put_kpis(work / "reports", "A", no_trade_pct=1, directional_pct=70.0)
    path.write_text(path.read_text().replace('"no_trade_pct": 1', f'"no_trade_pct": 1{"0" * 400}'))
    put_kpis(work / "reports", "B", 5, no_trade_pct=75.5, directional_pct=24.5)
    async with dashboard(work) as (_, pilot):
        await pilot.press("t")
        await sees(pilot, "2 tags, oldest left", "75.50 limit 60 +15.50  B")


@pytest.mark.parametrize(("size", "count", "named"), [((120, 40), 1, True), ((80, 24), 3, True), ((80, 24), 9, False)])
async def test_tags_are_named_whole_where_there_is_room(
    work: Path, size: tuple[int, int], count: int, named: bool
) -> None:
    for kept in ("A", "B"):
        (work / "reports" / f"{kept}_monitoring.json").unlink()
    for number in range(count):
        put_kpis(work / "reports", f"phase4_february{number}", 10 - number, no_trade_pct=30.0)
    async with dashboard(work, size) as (app, pilot):
        await pilot.press("t")
        await sees(pilot, ", oldest left", f"february{count - 1}"[-8:])
        assert (f" phase4_february{count - 1}" in screen_text(app).partition("TRENDS")[2]) is named


async def test_where_there_is_less_room_one_kpi_is_shown_at_a_time(work: Path) -> None:
    put_kpis(work / "reports", "B", no_trade_pct=10.0, directional_pct=5.0)
    async with dashboard(work, (80, 24)) as (app, pilot):
        await pilot.press("t")
        await sees(pilot, "1 of 4: no_trade_pct", "within its rule")
        await pilot.press("tab")
        await sees(pilot, "2 of 4: directional_pct", "5.00 limit 20 -15.00")
        assert "no_trade_pct  at most" not in screen_text(app)
        await pilot.press("left", "left")
        await sees(pilot, "4 of 4: portfolio_block_pct")


async def test_rules_that_cant_be_used_are_said_to_be_and_shown_literally(work: Path) -> None:
    (work / "monitoring_rules.json").write_text(json.dumps({HOSTILE: 1}))
    put_kpis(work / "reports", "B", no_trade_pct="many", directional_pct=True)
    async with dashboard(work, (200, 40)) as (app, pilot):
        await pilot.press("t")
        await sees(pilot, "[/nope]", "2 without KPIs", "no KPI is known")
        assert is_harmless(app)
