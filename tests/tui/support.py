"""A dashboard over real files, driven by its keys, and a wait for what its threads find out."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from phase4_tui.artifacts.names import Artifact
from phase4_tui.console.facts.builder import view_of
from phase4_tui.console.facts.snapshot import TagView
from phase4_tui.journal.state import OperationsState
from phase4_tui.runbook.judging import judge_tag
from phase4_tui.tui.app import Phase4App
from tests.rollback.support import site_of
from tests.runbook.documents import ALERT, Tag, without_alerts

SECONDS = 20.0
SIZE = (120, 40)


def make_app(work: Path, operator: str = "maria", **more: Any) -> Phase4App:
    """Return the dashboard of a working directory; `more` are its own arguments, as `read_only`."""
    return Phase4App(site_of(work, operator), **more)


async def until(pilot: Pilot[Any], condition: Callable[[], object], seconds: float = SECONDS) -> None:
    """Wait until a condition holds; fails when it does not within `seconds`."""
    end = time.monotonic() + seconds
    await pilot.pause()
    while not condition():
        assert time.monotonic() < end, f"never so: {condition.__code__.co_names}\n{screen_text(pilot.app)}"
        await pilot.pause(0.02)


def screen_text(app: Any) -> str:
    """Return what is on the screen, line by line, as a terminal shows it."""
    width, height = app.size
    return "\n".join(
        "".join(s.text for s in strip)[:width] for strip in app.screen._compositor.render_strips()[:height]
    )


def told(app: Phase4App) -> str:
    """Return every notice that was shown so far."""
    return "\n".join(notice.text for notice in app.notices.history)


def view_tag(reports: Path, tag: str, state: OperationsState) -> TagView:
    """Read and judge a tag as a dashboard shows it."""
    return view_of(judge_tag(site_of(reports.parent), tag, state, patient=False))


def older(tag: Tag, seconds: float) -> Tag:
    """Make every file of a tag that much older."""
    for kind in Artifact:
        path = tag.path(kind)
        if path.exists():
            moment = path.stat().st_mtime - seconds
            os.utime(path, (moment, moment))
    return tag


def bad_tag(reports: Path, name: str = "B") -> Tag:
    """Put a tag there whose monitoring has an ALERT of severity HIGH: P1."""
    tag = Tag(reports, name)
    tag.change(Artifact.MONITORING, lambda found: found.update(status="ALERT", alerts=[ALERT], alert_count=1))
    return tag


def lay_out(work: Path) -> Path:
    """Lay out a working directory with tag A, which is good, and B, newer and P1; return its reports directory."""
    reports = work / "reports"
    work.mkdir(parents=True, exist_ok=True)
    without_alerts(work)
    older(Tag(reports, "A"), 1000)
    bad_tag(reports)
    return reports
