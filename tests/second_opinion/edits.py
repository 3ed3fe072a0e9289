"""What may be done to the files of a working directory: edits of artifacts, rules and run records, and other times."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from phase4_tui.artifacts.names import Artifact

Json = dict[str, Any]
Moment = Literal["now", "put back", "past", "future"]
MOMENTS: tuple[Moment, ...] = ("now", "put back", "past", "future")
DAY = 86_400
CORE = (Artifact.REPORT, Artifact.SUMMARY, Artifact.REPORT_MD)
CHECKS = (Artifact.RELEASE_CHECK, Artifact.QUALITY_CHECK, Artifact.PHASE4_SIGNOFF, Artifact.MONITORING)
ARTIFACTS = (*CORE, *CHECKS, Artifact.MONITORING_MD)
STEP_OF = {
    **dict.fromkeys(CORE, "pipeline"),
    Artifact.RELEASE_CHECK: "release_check",
    Artifact.QUALITY_CHECK: "quality_check",
    Artifact.PHASE4_SIGNOFF: "signoff",
    Artifact.MONITORING: "monitor",
    Artifact.MONITORING_MD: "monitor",
}


def _rows(content: Json) -> list[Json]:
    rows: list[Json] = content["results"]
    return rows


def _another_action(content: Json) -> None:
    decision = _rows(content)[0]["decision"]
    decision.update(action="BUY_PUT" if decision["action"] == "BUY_CALL" else "BUY_CALL")


def _another_count(content: Json) -> None:
    counts = content["action_counts"]
    counts.update(BUY_CALL=counts["BUY_CALL"] + counts["NO_TRADE"], NO_TRADE=0)


def _whitewash(content: Json) -> None:
    """Turn a gate's result into a pass that contradicts itself nowhere."""
    content.update(passed=True)
    for section in content.get("checks", {}).values():
        section.update(passed=True, issues=[])
    for key in ("missing_files", "validation_errors"):
        if key in content:
            content[key] = []


def _quieten(content: Json) -> None:
    content.update(status="OK", alerts=[], alert_count=0)


def _gloss_over(content: Json) -> None:
    """Claim shares that breach no rule."""
    _quieten(content)
    shares = {"directional_pct": 60.0, "no_trade_pct": 40.0, "event_block_pct": 0.0, "portfolio_block_pct": 0.0}
    content["snapshot"]["kpis"].update(shares, release_check_status="OK", quality_check_status="OK")


def _forget_the_kpis(content: Json) -> None:
    _quieten(content)
    del content["snapshot"]


GATES = (Artifact.RELEASE_CHECK, Artifact.QUALITY_CHECK)
CHANGES: dict[str, tuple[tuple[Artifact, ...], Callable[[Json], object]]] = {
    "drop a row": ((Artifact.REPORT,), lambda content: _rows(content).pop()),
    "change a decision": ((Artifact.REPORT,), _another_action),
    "score past the scale": (
        (Artifact.REPORT,),
        lambda content: _rows(content)[-1]["decision"].update(confidence_score=130.0),
    ),
    "count one more": ((Artifact.SUMMARY,), lambda content: content.update(total_records=content["total_records"] + 1)),
    "count otherwise": ((Artifact.SUMMARY,), _another_count),
    "passed": (GATES, lambda content: content.update(passed=not content["passed"])),
    "whitewash": (GATES, _whitewash),
    "quieten": ((Artifact.MONITORING,), _quieten),
    "gloss over": ((Artifact.MONITORING,), _gloss_over),
    "forget the KPIs": ((Artifact.MONITORING,), _forget_the_kpis),
}
"""Changes of JSON documents by name, each with the artifacts that it is for."""
BYTES: dict[str, Callable[[bytes], bytes]] = {
    "cut short": lambda data: data[: len(data) // 2],
    "empty": lambda data: b"",
    "append a line": lambda data: data + b"\n",
    "say GO": lambda data: b"# Sign-off\n\nRecommendation: **GO**\n",
    "say NO-GO": lambda data: b"# Sign-off\n\nRecommendation: **NO-GO**\n",
}
"""Changes of any file's bytes; the last two write a sign-off note."""
RULES: dict[str, bytes | None] = {
    "the policy's": b"{}",
    "as laid out": b'{"max_no_trade_pct": 70.0}',
    "stricter": b'{"max_no_trade_pct": 10.0}',  # as long as the ones above: only the content differs
    "more trades": b'{"min_directional_pct": 90.0}',
    "looser": b'{"max_no_trade_pct": 100.0, "min_directional_pct": 0.0, "max_event_block_pct": 100.0}',
    "broken": b'{"max_no_trade_pct": ',
    "unknown": b'{"max_trades": 10.0}',
    "removed": None,
}


CONTENT_EDITS = tuple((artifact, name) for name, (artifacts, _) in CHANGES.items() for artifact in artifacts)
BYTE_EDITS = (
    *((artifact, name) for name in ("cut short", "empty", "append a line") for artifact in ARTIFACTS),
    *((Artifact.PHASE4_SIGNOFF, name) for name in ("say GO", "say NO-GO")),
)
"""Every change beside each artifact that it is for."""


def changed(name: str, data: bytes) -> bytes | None:
    """Return the bytes of an artifact after a change by its name; None where it does not apply."""
    if name in BYTES:
        return BYTES[name](data)
    try:
        content = json.loads(data)
        CHANGES[name][1](content)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        return None  # an earlier change left it in no shape for this one
    return json.dumps(content).encode()


def put(path: Path, data: bytes | None, moment: Moment = "now", *, in_place: bool = True) -> None:
    """Write bytes to a file, or delete it; it is dated afterwards as `moment` says."""
    before = path.stat() if path.exists() else None
    if data is None:
        path.unlink(missing_ok=True)
        return
    if in_place:
        path.write_bytes(data)
    else:
        fresh = path.with_name(f".{path.name}.new")
        fresh.write_bytes(data)
        fresh.replace(path)
    if moment == "put back" and before is not None:
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    else:
        date(path, moment)


def date(path: Path, moment: Moment, seconds: float = DAY) -> None:
    """Date a file `seconds` from now in the past or the future; any other moment leaves it as it is."""
    if moment in ("past", "future"):
        when = time.time() + (seconds if moment == "future" else -seconds)
        os.utime(path, (when, when))


def edited_record(data: bytes, way: str, present: dict[str, str]) -> bytes | None:
    """Return a run record after an edit; `present` is the sha256 of each file that is there now. None deletes it."""
    if way == "delete":
        return None
    if way in BYTES:
        return BYTES[way](data)
    try:
        record = json.loads(data)
        for step in record["steps"]:
            if way == "all passed":
                step.update(state="passed", error=None)
            elif way == "as it is now":
                for key in ("produced", "used"):
                    step[key] = {name: present.get(name, sha256) for name, sha256 in step[key].items()}
            else:
                step.update(ended_ns=None, produced={}, used={}, seen={})
    except (ValueError, KeyError, TypeError):
        return None
    return json.dumps(record | {"state": "finished"} if way == "all passed" else record).encode()


RECORD_WAYS = ("delete", "cut short", "empty", "append a line", "all passed", "as it is now", "forget")
