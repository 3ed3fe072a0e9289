"""The operations on an incident that is half-way: their commands, and a working directory to give them in."""

from functools import partial
from pathlib import Path
from typing import Any

from phase4_tui.artifacts.names import Artifact
from phase4_tui.rollback.incidents import look_for_incident
from tests.cli.support import HEALTHY, ask
from tests.rollback.support import site_of
from tests.runbook.documents import ALERT, Tag, without_alerts
from tests.runbook.support import laid_out

REASON = ["--reason", 'because: ü 🔥 "quoted" \\ 1e9']
ASKING = [
    ["freeze", "good", *REASON],
    ["thaw", "bad", *REASON],
    ["restore", "bad"],
    ["known-good", "switch", "good", *REASON],
    ["mode", "phase3-only", *REASON],
    ["incident", "reclassify", "P2", *REASON],
    ["reopen", "--tag", "new", "--override", *REASON],
]
NOT_ASKING = [
    ["known-good", "pin", "new"],
    ["known-good", "unpin", "good"],
    ["root-cause", "add", "--cause", "c", "--remediation", "r", "--owner", "risk"],
    ["escalate", "--owner", "product", "--note", "look"],
    ["escalate", "ack", "--owner", "risk"],
]
COMPARE = ["compare", "bad", "new", "--known-good", "good"]


def lay_out(work: Path) -> Path:
    """Lay out an incident: the bad tag frozen and tampered with, a good one pinned, a new one, a call that waits."""
    laid_out(work)
    without_alerts(work)
    for name in ("good", "new"):
        Tag(work / "reports", name)
    bad = Tag(work / "reports", "bad")
    bad.change(Artifact.MONITORING, partial(dict.update, status="ALERT", alerts=[ALERT]), age=1)
    assert look_for_incident(site_of(work), "bad") is not None
    for operation in (
        ["freeze", "bad", *REASON, "--yes"],
        ["known-good", "pin", "good"],
        ["escalate", "--owner", "risk"],
    ):
        assert ask(work, *operation).status == HEALTHY, operation
    bad.path(Artifact.REPORT_MD).write_text("# Another\n")
    return work


def events_of(work: Path) -> list[dict[str, Any]]:
    """Return the events on record, oldest first."""
    found: list[dict[str, Any]] = ask(work, "journal", "--json").document()["events"]
    return found
