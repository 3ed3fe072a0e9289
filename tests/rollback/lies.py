"""Lies in the files of a real run that keep their times, and what refuses them says."""

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from phase4_tui.artifacts.names import Artifact
from phase4_tui.errors import Refused, error_as_commands
from phase4_tui.runbook.settings import load_settings
from phase4_tui.runbook.site import Site
from tests.runbook.support import ENVIRONMENT

Change = Callable[[dict[str, Any]], object]
SAME = re.compile(r"release, quality and monitoring judged anew from the report in \d+\.\d s: the same result")


def copied(original: Path, tmp_path: Path, *, on_record: bool = False) -> Path:
    """Copy a working directory, without what is on record of its runs: a look then knows only the files."""
    work = shutil.copytree(original, tmp_path / "w", symlinks=True)
    if not on_record:
        shutil.rmtree(work / "reports" / ".phase4")
    return work


def at(work: Path) -> Site:
    """Return the place of operations there."""
    return Site(work, load_settings(work, ENVIRONMENT), ENVIRONMENT)


def lie(work: Path, artifact: Artifact, change: Change) -> None:
    """Change a JSON artifact of `tue` and keep its time."""
    path = work / "reports" / f"tue{artifact}"
    content, info = json.loads(path.read_bytes()), path.stat()
    change(content)
    path.write_text(json.dumps(content))
    os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))


def told(what: Callable[[], object]) -> str:
    """Return the words of a refusal."""
    with pytest.raises(Refused) as caught:
        what()
    return error_as_commands(caught.value)


def leave_one_out(content: dict[str, Any]) -> None:
    """Take the last row away."""
    del content["results"][-1]


FEWER_ROWS: tuple[Artifact, Change, str] = (
    Artifact.REPORT,
    leave_one_out,
    r"tue_report\.json: record_count is \d+, judged anew \d+",
)
INVISIBLE: dict[str, tuple[Artifact, Change, str]] = {
    "fewer rows": FEWER_ROWS,
    "a KPI within the rules": (
        Artifact.MONITORING,
        lambda content: content["snapshot"]["kpis"].update(event_block_pct=1.5),
        r"tue_monitoring\.json: snapshot\.kpis\.event_block_pct is 1\.5, judged anew [\d.]+",
    ),
    "another decision": (
        Artifact.REPORT,
        lambda content: [row["decision"].update(action="NO_TRADE") for row in content["results"]],
        r"tue_summary\.json: action_counts\.BUY_CALL is \d+, judged anew 0",
    ),
}
"""What no look at the files alone shows: the artifact, the lie, and what the refusal says."""
