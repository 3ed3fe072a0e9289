"""A tag as it looks on disk: whole and healthy, with files and times changed one at a time."""

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from phase4_tui.artifacts.names import Artifact, file_name
from phase4_tui.policy.phase3.quality import SECTIONS as PHASE3_SECTIONS
from phase4_tui.policy.phase4.quality import SECTIONS as PHASE4_SECTIONS
from phase4_tui.runbook.health import Health
from phase4_tui.runbook.isolation import Proof
from phase4_tui.runbook.provenance import ChangedFile, RunRecord, Source, StepRecord, StepState, new_run_id, save_run
from phase4_tui.runbook.settings import Settings
from phase4_tui.runbook.site import Site

Json = dict[str, Any]
REPORT_AGE = 100.0
CHECK_AGE = 50.0
COUNTS = {"BUY_CALL": 0, "BUY_PUT": 0, "NO_TRADE": 0}
SUMMARY: Json = {
    "total_records": 0,
    "action_counts": COUNTS,
    "event_block_count": 0,
    "event_block_pct": 0.0,
    "portfolio_block_count": 0,
    "portfolio_block_pct": 0.0,
}
PHASE3_SUMMARY: Json = {"total_records": 0, "consensus_counts": COUNTS, "veto_count": 0, "veto_pct": 0.0}
ALERT: Json = {
    "metric": "no_trade_pct",
    "value": 95.0,
    "threshold": 70.0,
    "operator": "GT",
    "severity": "HIGH",
    "message": "95 of 70",
}


RULES: Json = {"min_directional_pct": 0.0}
"""Rules by which a batch without decisions raises no alert."""


def quality(passed: bool = True, issues: Mapping[str, list[str]] | None = None, phase: int = 4) -> Json:
    """Return a quality check; `issues` are those of the sections that did not pass."""
    issues = issues or {}
    names = PHASE4_SECTIONS if phase == 4 else PHASE3_SECTIONS
    sections = {name: {"passed": name not in issues, "issues": issues.get(name, [])} for name in names}
    return {"passed": passed, "checks": sections}


def decided(action: str, gate: str = "PASS") -> Json:
    """Return one row of a report that the quality gate lets pass."""
    return {
        "input": {
            "event_name": "RBI" if gate == "EVENT_BLOCK" else "NONE",
            "event_window_active": gate == "EVENT_BLOCK",
            "current_portfolio_exposure_pct": 40.0 if gate == "PORTFOLIO_BLOCK" else 1.0,
            "max_portfolio_exposure_pct": 35.0,
        },
        "decision": {
            "action": action,
            "confidence": "HIGH",
            "confidence_score": 0.0,
            "position_size_multiplier": 0.0,
            "rationale": "as decided",
            "policy_tags": {
                "regime": "NEUTRAL",
                "event_risk": "LOW",
                "time_slot": "OPEN",
                "gate": gate,
                "exposure_utilization_pct": "0.0",
            },
        },
    }


def contents(tag: str, phase: int = 4) -> dict[Artifact, object]:
    """Return what the artifacts of a healthy tag hold."""
    report = file_name(tag, Artifact.REPORT)
    summary = SUMMARY if phase == 4 else PHASE3_SUMMARY
    found: dict[Artifact, object] = {
        Artifact.REPORT: {
            "run_tag": tag,
            "input_file": "in.json",
            "record_count": 0,
            "summary": summary,
            "results": [],
        },
        Artifact.SUMMARY: {"run_tag": tag, **summary},
        Artifact.REPORT_MD: f"# Report {tag}\n",
        Artifact.RELEASE_CHECK: {
            "tag": tag,
            "outdir": "reports",
            "passed": True,
            "checked_files": [report],
            "missing_files": [],
            "validation_errors": [],
        },
        Artifact.QUALITY_CHECK: quality(phase=phase),
        Artifact.PHASE4_SIGNOFF if phase == 4 else Artifact.PHASE3_SIGNOFF: "# Sign-off\n\nRecommendation: **GO**\n",
    }
    if phase == 4:
        found[Artifact.MONITORING] = {
            "snapshot": {"run_tag": tag, "records": 0, "kpis": {}},
            "alerts": [],
            "alert_count": 0,
            "status": "OK",
        }
        found[Artifact.MONITORING_MD] = "# Monitoring\n"
    return found


def site_at(reports: Path) -> Site:
    """Return the place of a reports directory, with the default settings."""
    return Site(reports.parent, Settings(reports=reports.name), {})


def put(path: Path, content: object, age: float = CHECK_AGE) -> Path:
    """Write a file that was last changed `age` seconds ago: bytes and text as they are, anything else as JSON.

    It appears with that time: who watches the directory must not see a moment in which it is new.
    """
    if isinstance(content, str):
        content = content.encode()
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    moment = time.time() - age
    os.utime(fresh, (moment, moment))
    return fresh.replace(path)


def without_alerts(work: Path) -> None:
    """Write rules by which the batch of a `Tag`, which has no decision, raises no alert, whatever was laid out."""
    put(work / "monitoring_rules.json", RULES)


class Tag:
    """One tag in a reports directory, healthy at first."""

    def __init__(self, reports: Path, name: str = "t1", phase: int = 4) -> None:
        self.reports, self.name = reports, name
        reports.mkdir(parents=True, exist_ok=True)
        if not (reports.parent / "monitoring_rules.json").exists():
            without_alerts(reports.parent)
        for artifact, content in contents(name, phase).items():
            core = artifact in (Artifact.REPORT, Artifact.SUMMARY, Artifact.REPORT_MD)
            self.put(artifact, content, age=REPORT_AGE if core else CHECK_AGE)

    @property
    def site(self) -> Site:
        """The working directory that it is in."""
        return site_at(self.reports)

    def path(self, artifact: Artifact) -> Path:
        """Return where an artifact is."""
        return self.reports / file_name(self.name, artifact)

    def put(self, artifact: Artifact, content: object, age: float = CHECK_AGE) -> Path:
        """Write an artifact: bytes and text as they are, anything else as JSON; last changed `age` seconds ago."""
        return put(self.path(artifact), content, age)

    def age(self, artifact: Artifact, seconds: float) -> Path:
        """Make an artifact as old as that."""

        moment = time.time() - seconds
        os.utime(self.path(artifact), (moment, moment))
        return self.path(artifact)

    def change(self, artifact: Artifact, change: Callable[[Json], object], age: float = CHECK_AGE) -> Path:
        """Change a JSON artifact in place."""
        content = json.loads(self.path(artifact).read_bytes())
        change(content)
        return self.put(artifact, content, age)

    def remove(self, artifact: Artifact) -> None:
        """Remove an artifact."""
        self.path(artifact).unlink()

    def ran(
        self, *, phase: int = 4, age: float = CHECK_AGE / 2, changed: Sequence[ChangedFile] = (), **steps: StepState
    ) -> RunRecord:
        """Put a run on record whose steps ended `age` seconds ago in the given states."""
        ended = time.time_ns() - int(age * 1e9)
        record = RunRecord.model_validate(
            {
                "run_id": new_run_id(),
                "tag": self.name,
                "phase": phase,
                "kind": "sequence",
                "state": "finished",
                "operator": "ada",
                "host": "h",
                "pid": 1,
                "started_at": "2026-02-17T03:45:00.000000Z",
                "workdir": "/w",
                "input": Source(path="in.json"),
                "rules": Source(path="rules.json"),
                "definition_sha256": "",
                "versions": {},
                "isolation": Proof(barrier="seccomp", proven=True, ways={}, reached=0, detail=""),
                "steps": [
                    StepRecord(name=name, state=ending, ended_ns=ended, error="it broke", transcript="/w/a.log")
                    for name, ending in steps.items()
                ],
                "changed": changed,
            }
        )
        save_run(self.reports, record)
        return record


def all_ok(health: Health) -> bool:
    """Return whether every check of a tag holds."""
    return all(check.ok for check in health.checks.values())
