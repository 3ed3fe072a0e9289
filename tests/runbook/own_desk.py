"""A desk with steps and checks of its own, and its files as they look on disk."""

import shutil
import sys
from pathlib import Path
from typing import Any

from phase4_tui.journal.state import OperationsState
from phase4_tui.runbook.judging import Judgement, judge_tag
from phase4_tui.runbook.settings import load_settings
from phase4_tui.runbook.site import Site
from tests.runbook import documents
from tests.runbook.documents import CHECK_AGE, Tag
from tests.runbook.support import ENVIRONMENT, FOREIGN, foreign

STEP = """
[[own_steps]]
name = "shadow_duration"
argv = ["PYTHON", "shadow_duration_check.py", "--report-json", "{outdir}/{tag}_report.json",
        "--out-json", "{outdir}/{tag}_shadow_duration.json"]
expects = ["{tag}_shadow_duration.json"]
""".replace("PYTHON", sys.executable)
NOTE_STEP = """
[[own_steps]]
name = "desk_note"
argv = ["PYTHON", "desk_note.py", "{tag}", "{outdir}/{tag}_desk_note.md"]
expects = ["{tag}_desk_note.md"]
""".replace("PYTHON", sys.executable)
CHECK = """
[[own_checks]]
name = "shadow_duration"
title = "Shadow duration"
file = "{tag}_shadow_duration.json"
key = "passed"
expected = true
class = "P1"
owner = "product"
issues = "issues"
"""
NOTE_CHECK = """
[[own_checks]]
name = "desk_note"
title = "Desk note"
file = "{tag}_desk_note.md"
class = "P2"
owner = "engineering"
"""
MINUTES_CHECK = """
[[own_checks]]
name = "shadow_minutes"
title = "Shadow minutes"
file = "{tag}_shadow_duration.json"
key = "shadow.minutes"
expected = 300
class = "warning"
owner = "risk"
"""
SETTINGS = STEP + NOTE_STEP + CHECK + NOTE_CHECK + MINUTES_CHECK
SHADOW: dict[str, Any] = {"passed": True, "issues": [], "shadow": {"minutes": 300.0, "trades": 10}}
FILE = "_shadow_duration.json"
TITLES = ["Shadow duration", "Desk note", "Shadow minutes"]


def own_desk(directory: Path, settings: str = SETTINGS, **scripts: str) -> Path:
    """Lay out an operator's working directory with own scripts; `scripts` replace some of them by other code."""
    work = foreign(directory)
    for script in (FOREIGN / "own").glob("*.py"):
        shutil.copy(script, work)
    for name, code in scripts.items():
        (work / f"{name}.py").write_text(code, encoding="utf-8")
    (work / "phase4.toml").write_text(settings, encoding="utf-8")
    return work


def site_at(work: Path) -> Site:
    """Return the place of a working directory with the settings that it has."""
    return Site(work, load_settings(work, ENVIRONMENT), ENVIRONMENT)


def own_tag(work: Path, name: str = "t1", **shadow: object) -> Tag:
    """Put a healthy tag there with the desk's own files; `shadow` changes what its own check wrote."""
    (work / "phase4.toml").parent.mkdir(parents=True, exist_ok=True)
    if not (work / "phase4.toml").exists():
        (work / "phase4.toml").write_text(SETTINGS)
    tag = Tag(work / "reports", name)
    put(tag, FILE, SHADOW | shadow)
    put(tag, "_desk_note.md", "# Desk note\n")
    return tag


def put(tag: Tag, suffix: str, content: object, age: float = CHECK_AGE) -> Path:
    """Write one of the desk's own files: text as it is, anything else as JSON; last changed `age` seconds ago."""
    return documents.put(tag.reports / f"{tag.name}{suffix}", content, age)


def judged(tag: Tag, state: OperationsState | None = None) -> Judgement:
    """Judge a tag by the settings of its working directory."""
    return judge_tag(site_at(tag.reports.parent), tag.name, state or OperationsState(), patient=False)
