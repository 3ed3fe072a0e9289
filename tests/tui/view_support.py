"""A dashboard to look at: opened, waited for, fed with hostile text, with reports as this program writes them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from phase4_tui.artifacts.report import ReportWriter
from phase4_tui.tui.app import Phase4App
from phase4_tui.tui.text import ControlFilter
from tests.tui.support import SIZE, lay_out, make_app, screen_text, until

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


def work_in(tmp_path: Path) -> Path:
    """Return a working directory with tag A, which is good, and B, newer and P1."""
    lay_out(tmp_path)
    (tmp_path / "monitoring_rules.json").write_text('{"max_no_trade_pct": 60}')
    return tmp_path
