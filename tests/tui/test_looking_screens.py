"""What a user sees who looks: decisions, trends, journal, audit, files, post-mortem, runbook, keys, verification."""

import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from phase4_tui.artifacts.names import Artifact, state_dir
from phase4_tui.artifacts.report import ReportWriter
from phase4_tui.journal.actor import Actor
from phase4_tui.journal.book import record
from phase4_tui.journal.log import Draft, journal_path
from phase4_tui.rollback.root_cause import RootCause, plan_root_cause
from phase4_tui.tui.actions import ACTIONS
from phase4_tui.tui.app import Phase4App
from phase4_tui.tui.screens import help as help_screen
from phase4_tui.tui.screens.decisions import DecisionsScreen
from phase4_tui.tui.screens.journal import JournalScreen
from phase4_tui.tui.screens.viewer import ViewerScreen, write_beside
from phase4_tui.tui.text import ControlFilter
from phase4_tui.tui.widgets.rows import Rows
from tests.rollback.support import freeze, give, site_of
from tests.runbook.documents import Tag
from tests.tui.support import SIZE, lay_out, make_app, screen_text, told, until

HOSTILE = "[/nope] [@click=app.quit]x[/] \x1b[2J\x1b]52;c;YQ==\x07 \x9b1m \u202egnp [b]bold[/b]"
LITERAL = ("[/nope]", "[@click=app.quit]x[/]")
SIZES = [(120, 40), (80, 24), (60, 16)]
KEYS = {"decisions": "d", "trends": "t", "journal": "j", "audit": "a", "runbook": "b", "help": "question_mark"}


@asynccontextmanager
async def dashboard(
    work: Path, size: tuple[int, int] = SIZE, **more: Any
) -> AsyncIterator[tuple[Phase4App, Pilot[None]]]:
    """Run a dashboard until every tag is judged; nothing is filtered behind the door."""
    app = make_app(work, **more)
    filters = app.get_line_filters
    app.get_line_filters = lambda: [one for one in filters() if not isinstance(one, ControlFilter)]  # type: ignore[method-assign]
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.snapshot and app.snapshot.focus and len(app.snapshot.rows) == app.snapshot.tags)
        yield app, pilot


async def sees(pilot: Pilot[None], *texts: str) -> None:
    """Wait until all of that is on the screen."""
    await until(pilot, lambda: all(text in screen_text(pilot.app) for text in texts))


def is_harmless(app: Phase4App) -> bool:
    """True when nothing on the screen commands a terminal or turns the reading direction."""
    return not any(char in screen_text(app) for char in "\x1b\x07\x9b\u202e�")


def decision(action: str = "NO_TRADE", gate: str = "PASS", regime: str = "TREND", **more: Any) -> dict[str, Any]:
    """Return a row of a Phase 4 report."""
    fields = {"underlying": "NIFTY50", "timestamp": "2026-02-17T09:20:00+05:30"} | more
    tags = {"gate": gate, "regime": regime, "time_slot": "OPEN"}
    verdict = {"action": action, "confidence": "LOW", "confidence_score": 44.0, "position_size_multiplier": 0.5}
    return {"input": fields, "decision": verdict | {"rationale": f"because of {action}", "policy_tags": tags} | more}


def put_report(reports: Path, rows: list[Any], name: str = "B") -> Path:
    """Replace a tag's report as this program does."""
    path = reports / f"{name}_report.json"
    temporary = reports / "writing"
    with temporary.open("w+b") as file:
        writer = ReportWriter(file, name, "in.json")
        writer.add(rows)
        writer.finish({})
    temporary.replace(path)
    return path


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A working directory with tag A, which is good, and B, newer and P1."""
    lay_out(tmp_path)
    (tmp_path / "monitoring_rules.json").write_text('{"max_no_trade_pct": 60}')
    return tmp_path


# Every screen -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
async def test_each_screen_opens_says_what_to_press_and_escape_returns(work: Path, size: tuple[int, int]) -> None:
    put_report(work / "reports", [decision()])
    async with dashboard(work, size) as (app, pilot):
        for name, key in [*KEYS.items(), ("verify", "v")]:
            await pilot.press(key)
            await until(pilot, lambda: len(app.screen_stack) == 2)
            hint = str(getattr(app.screen, "HINT", ""))
            await sees(pilot, hint[:40], "esc")
            assert name in type(app.screen).__module__
            await pilot.press("escape")
            await until(pilot, lambda: len(app.screen_stack) == 1)


async def test_a_screen_that_is_left_while_it_reads_leaves_nothing_behind(work: Path) -> None:
    async with dashboard(work) as (app, pilot):
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
    put_report(work / "reports", [decision("BUY_CALL"), decision("NO_TRADE", "EVENT_BLOCK")])
    async with dashboard(work) as (_, pilot):
        await pilot.press("d")
        await sees(pilot, "2 rows", "BUY_CALL", "02-17 09:20", "EVENT_BLOCK", "because of BUY_CALL")
        await pilot.press("down")
        await sees(pilot, "row 2", "because of NO_TRADE")


async def test_gate_action_and_regime_narrow_the_rows_and_x_shows_all_again(work: Path) -> None:
    rows = [decision(), decision("BUY_PUT"), decision("NO_TRADE", "EVENT_BLOCK"), decision("BUY_PUT", regime="NEUTRAL")]
    put_report(work / "reports", rows)
    async with dashboard(work) as (app, pilot):
        await pilot.press("d")
        await sees(pilot, "4 rows")
        await pilot.press("g", "g")
        await sees(pilot, "gate=EVENT_BLOCK", "1 found")
        await pilot.press("x", "a", "a")
        await sees(pilot, "action=BUY_PUT", "2 found")
        await pilot.press("r", "r", "r")
        await sees(pilot, "regime=NEUTRAL", "1 found")
        assert "row 4" in screen_text(app)
        await pilot.press("x")
        await sees(pilot, "4 rows")


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
        await sees(pilot, "100,000 rows")
        began = time.monotonic()
        await pilot.press("end")
        await sees(pilot, "row 100,000 ·")
        assert time.monotonic() - began < 5
        await pilot.press("g", "g")
        await sees(pilot, "50,000 found")
        assert app.screen.query_one(Rows).count == 50_000


# Trends -------------------------------------------------------------------------------------------------------


def put_kpis(reports: Path, tag: str, age: float = 10, **kpis: object) -> None:
    """Let a tag's monitoring tell KPIs."""
    document = {
        "snapshot": {"run_tag": tag, "records": 4, "kpis": kpis},
        "alerts": [],
        "alert_count": 0,
        "status": "OK",
    }
    path = reports / f"{tag}_monitoring.json"
    path.write_text(json.dumps(document))
    os.utime(path, (time.time() - age, time.time() - age))


async def test_the_kpis_of_the_tags_stand_against_the_rules_and_a_breach_is_told_in_words(work: Path) -> None:
    put_kpis(work / "reports", "A", 100, no_trade_pct=30.0, directional_pct=70.0)
    put_kpis(work / "reports", "B", 10, no_trade_pct=75.5, directional_pct=24.5)
    async with dashboard(work) as (app, pilot):
        await pilot.press("t")
        await sees(pilot, "no_trade_pct  at most 60", "directional_pct  at least 20", "75.50 limit 60 +15.50  B")
        plot = screen_text(app).partition("TRENDS")[2]
        assert plot.index(" A ") < plot.index(" B ")


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


# Journal ------------------------------------------------------------------------------------------------------


def note(work: Path, kind: str, operator: str = "maria", **detail: Any) -> None:
    """Write an event as an operator."""
    record(work / "reports", Actor(operator), Draft(kind, tag="A", detail=detail))


async def test_events_are_listed_newest_first_with_the_whole_text_of_the_selected_one(work: Path) -> None:
    note(work, "first", reason="it began")
    note(work, "second", reason="it went on")
    async with dashboard(work, read_only=True) as (app, pilot):
        await pilot.press("j")
        await sees(pilot, "verified 2 events", '"kind": "second"')
        text = screen_text(app)
        assert text.index("it went on") < text.index("it began")
        await pilot.press("down")
        await sees(pilot, '"kind": "first"', '"seq": 1')


async def test_events_are_filtered_by_operator_and_x_shows_all_again(work: Path) -> None:
    for operator in ("maria", "jonas", "maria"):
        note(work, "noted", operator)
    async with dashboard(work, read_only=True) as (app, pilot):
        await pilot.press("j")
        await sees(pilot, "verified 3 events")
        await pilot.press("O")
        await sees(pilot, "Which operator?", "2 events")
        await pilot.press("down", "down", "enter")
        await sees(pilot, "operator=jonas", "1 found")
        await pilot.press("X")
        await until(pilot, lambda: app.screen.query_one(Rows).count == 3)


async def test_what_is_added_while_the_journal_is_open_appears_and_the_selected_event_stays(work: Path) -> None:
    note(work, "first")
    note(work, "second")
    async with dashboard(work, read_only=True) as (app, pilot):
        await pilot.press("j")
        await sees(pilot, "verified 2 events")
        await pilot.press("down")
        await sees(pilot, '"kind": "first"')
        note(work, "third", "jonas")
        await sees(pilot, "verified 3 events", "third", '"kind": "first"')
        assert app.screen.query_one(Rows).cursor == 2


@pytest.mark.parametrize("harm", ["changed", "swapped", "cut"])
async def test_a_journal_that_was_changed_is_said_to_be_damaged_with_the_events_before(work: Path, harm: str) -> None:
    for number in range(4):
        note(work, f"event{number}")
    lines = journal_path(work / "reports").read_bytes().splitlines(keepends=True)
    if harm == "changed":
        lines[2] = lines[2].replace(b"event2", b"eventX")
    elif harm == "swapped":
        lines[1], lines[2] = lines[2], lines[1]
    else:
        lines = lines[:2]
    journal_path(work / "reports").write_bytes(b"".join(lines))
    async with dashboard(work, (160, 40), read_only=True) as (_, pilot):
        await pilot.press("j")
        await sees(pilot, f"damaged after {1 if harm == 'swapped' else 2} good events", "event0")


async def test_hostile_text_in_an_event_is_shown_literally(work: Path) -> None:
    note(work, "noted", HOSTILE, reason=HOSTILE, error=HOSTILE)
    async with dashboard(work, (200, 40), read_only=True) as (app, pilot):
        await pilot.press("j")
        await sees(pilot, "verified 1 events", '"reason"', *LITERAL)
        assert is_harmless(app)
        for key in ("K", "T", "O", "I"):
            await pilot.press(key)
            await sees(pilot, "Which")
            assert is_harmless(app)
            await pilot.press("escape")


# Audit and files ----------------------------------------------------------------------------------------------


async def test_the_audit_artifacts_are_listed_with_their_sha256_and_enter_opens_one(work: Path) -> None:
    async with dashboard(work) as (_, pilot):
        await pilot.press("a")
        await sees(pilot, "5 of 5 present", "B_quality_check.json", "not frozen", "sha256 ")
        await pilot.press("down", "enter")
        await sees(pilot, "B_release_check.json", '"checked_files"')
        await pilot.press("escape")
        await sees(pilot, "AUDIT ARTIFACTS")


async def test_a_frozen_tag_that_was_tampered_with_is_told_with_what_to_do(work: Path) -> None:
    freeze(work, "B")
    path = work / "reports" / "B_quality_check.json"
    os.chmod(path, 0o644)  # noqa: PTH101 - as an intruder would
    path.write_text("{}")
    async with dashboard(work, read_only=True) as (_, pilot):
        await pilot.press("a")
        await sees(pilot, "TAMPERED", "B_quality_check.json: has 2 bytes", "restore", "❄ frozen")


async def test_an_artifact_that_is_missing_is_said_to_be_and_is_not_opened(work: Path) -> None:
    Tag(work / "reports", "B").remove(Artifact.REPORT)
    async with dashboard(work) as (app, pilot):
        await pilot.press("a")
        await sees(pilot, "○ B_report.json", "4 of 5 present")
        await pilot.press("enter")
        await until(pilot, lambda: "is not there" in told(app))


@pytest.mark.parametrize("name", ["note.md", "data.json", "plain.txt"])
@pytest.mark.parametrize("size", SIZES)
async def test_a_file_with_hostile_text_is_shown_literally(work: Path, name: str, size: tuple[int, int]) -> None:
    path = work / name
    told_as = json.dumps({"key": HOSTILE}, ensure_ascii=False) if name.endswith("json") else HOSTILE
    path.write_text(told_as)
    async with dashboard(work, size) as (app, pilot):
        app.push_screen(ViewerScreen(path))
        await sees(pilot, "[/nope]", "bytes")
        assert is_harmless(app)


async def test_markdown_is_rendered_and_its_links_lead_nowhere(work: Path) -> None:
    path = work / "note.md"
    path.write_text("# Title\n\n| a | b |\n| --- | --- |\n| one | two |\n\n[press me](https://evil.example/x)\n")
    async with dashboard(work) as (app, pilot):
        app.push_screen(ViewerScreen(path))
        await sees(pilot, "Title", "one  two", "press me (https://evil.example/x)")
        assert "# Title" not in screen_text(app)
        metas = [segment.style for strip in app.screen._compositor.render_strips() for segment in strip]
        assert not any(style and (style.link or style.meta.get("@click")) for style in metas)


async def test_of_a_long_file_the_beginning_is_shown_and_where_the_whole_of_it_is(work: Path) -> None:
    path = work / "note.md"
    path.write_text("a line of a long note\n\n" * 20_000)
    async with dashboard(work) as (_, pilot):
        _.push_screen(ViewerScreen(path))
        await sees(pilot, "a line of a long note", "the whole file is", "note.md")


async def test_a_file_that_cant_be_read_says_why(work: Path) -> None:
    os.mkfifo(work / "pipe.json")
    async with dashboard(work) as (app, pilot):
        app.push_screen(ViewerScreen(work / "pipe.json"))
        await sees(pilot, "is a FIFO, not a file")


# Post-mortem --------------------------------------------------------------------------------------------------


async def test_the_post_mortem_is_shown_and_w_writes_it_under_a_name_that_is_asked_for(work: Path) -> None:
    async with dashboard(work) as (app, pilot):
        await until(pilot, lambda: app.snapshot and app.snapshot.state.incident)
        site = site_of(work)
        cause = RootCause(cause=HOSTILE, remediation="another input", owner="risk")
        give(site, plan_root_cause(site, cause))
        app.action_act("export")
        await sees(pilot, "POST-MORTEM", "Severity class: P1", "Cause", "[/nope]")
        assert is_harmless(app)
        await pilot.press("w")
        await sees(pilot, "Write it as?")
        await pilot.press("enter")
        await until(pilot, lambda: "wrote" in told(app))
        assert app.snapshot is not None and app.snapshot.state.incident is not None
        written = work / f"{app.snapshot.state.incident.id}.md"
        assert written.read_text().startswith("# Post-mortem")


async def test_without_an_incident_there_is_no_post_mortem_and_nothing_to_write(tmp_path: Path) -> None:
    Tag(tmp_path / "reports", "A")
    async with dashboard(tmp_path) as (app, pilot):
        app.action_act("export")
        await sees(pilot, "no incident is on record")
        await pilot.press("w")
        await until(pilot, lambda: "nothing to write" in told(app))


@pytest.mark.parametrize(
    "name",
    [
        "../out.md",
        "/tmp/out.md",
        "reports/B_report.json",
        "reports/.phase4/x.md",
        ".hidden",
        "no/such/x.md",
        "there.md",
    ],
)
def test_a_post_mortem_is_written_nowhere_but_beside_the_work_and_over_nothing(work: Path, name: str) -> None:
    (work / "there.md").write_text("mine")
    freeze(work, "A")
    before = sorted((path, path.stat().st_mtime_ns) for path in work.parent.rglob("*") if path.is_file())
    assert write_beside(work, work / "reports", name, b"text").startswith("nothing was written: ")
    assert sorted((path, path.stat().st_mtime_ns) for path in work.parent.rglob("*") if path.is_file()) == before


async def test_a_read_only_dashboard_writes_no_post_mortem(work: Path) -> None:
    async with dashboard(work) as (app, pilot):
        await until(pilot, lambda: app.snapshot and app.snapshot.state.incident)
    async with dashboard(work, read_only=True) as (app, pilot):
        app.action_act("export")
        await sees(pilot, "Severity class: P1")
        await pilot.press("w")
        await until(pilot, lambda: "read-only" in told(app))


# Runbook, key sheet, verification -----------------------------------------------------------------------------


async def test_the_runbook_opens_at_the_section_for_the_present_state(work: Path) -> None:
    async with dashboard(work) as (app, pilot):
        await until(pilot, lambda: app.snapshot and app.snapshot.state.incident)
        await pilot.press("b")
        await sees(pilot, "▶ Rollback", "▶ now: incident", "Freeze")
        await pilot.press("left_square_bracket")
        await sees(pilot, "Incident classification")
        await pilot.press("home")
        await sees(pilot, "Preconditions", "phase4 doctor")


async def test_without_an_incident_the_runbook_opens_at_the_health_checks(tmp_path: Path) -> None:
    Tag(tmp_path / "reports", "A")
    async with dashboard(tmp_path) as (_, pilot):
        await pilot.press("b")
        await sees(pilot, "▶ Health checks", "quality check")


async def test_the_key_sheet_holds_every_action_once_and_says_why_one_cant_act(work: Path) -> None:
    async with dashboard(work) as (app, pilot):
        assert app.snapshot is not None
        rows = help_screen.sheet_rows(app.snapshot, app.keys, 200)
        sheet = "\n".join("".join(part if isinstance(part, str) else part[0] for part in row) for row in rows)
        for action in ACTIONS:
            assert sheet.count(f" {action.label} ") >= 1, action.id
            assert sheet.count(action.description) == 1, action.id
        await pilot.press("question_mark")
        await sees(pilot, "not now: nothing is being run", "phase4 run")
        await pilot.press("end")
        await sees(pilot, "HOW THE SYMBOLS READ", "❄  frozen", "⊘  quarantined", "★  known-good")


async def test_the_key_sheet_names_the_keys_of_the_settings_and_no_orders_where_none_can_be_given(work: Path) -> None:
    (work / "phase4.toml").write_text('[keys]\ndecisions = "f5"\n')
    async with dashboard(work, read_only=True) as (app, pilot):
        await pilot.press("question_mark")
        await sees(pilot, "f5  decisions", "LOOK")
        assert "step 1" not in screen_text(app)


async def test_everything_on_record_is_verified_with_an_honest_sentence(work: Path) -> None:
    freeze(work, "A")
    async with dashboard(work, read_only=True) as (_, pilot):
        await pilot.press("v")
        await sees(pilot, "✔ verified: 2 events, head", "root, or whoever owns these files")


async def test_what_does_not_hold_is_told_with_what_to_do_next_and_literally(work: Path) -> None:
    freeze(work, "A")
    path = work / "reports" / "A_report.md"
    os.chmod(path, 0o644)  # noqa: PTH101 - as an intruder would
    path.write_text("other")
    stranger = "[@click=app.quit]x[/]\x1b[2J"
    (state_dir(work / "reports") / "frozen" / stranger.replace("/", "")).mkdir()
    async with dashboard(work, (160, 40), read_only=True) as (app, pilot):
        await pilot.press("v")
        await sees(pilot, "2 problems", "A_report.md", "next: choose the tag, then `restore`", "[@click=app.quit]x[]")
        assert is_harmless(app)
        path.unlink()
        await pilot.press("V")
        await sees(pilot, "is missing")


async def test_hostile_text_in_a_report_is_shown_literally(work: Path) -> None:
    row = decision(HOSTILE, HOSTILE, HOSTILE, underlying=HOSTILE, timestamp=HOSTILE, rationale=HOSTILE)
    put_report(work / "reports", [row, HOSTILE, {HOSTILE: 1}, decision()])
    async with dashboard(work, (200, 40)) as (app, pilot):
        await pilot.press("d")
        await sees(pilot, "4 rows", *LITERAL)
        for key in ("down", "down", "g", "a", "r", "x"):
            await pilot.press(key)
            await pilot.pause()
            assert is_harmless(app)
