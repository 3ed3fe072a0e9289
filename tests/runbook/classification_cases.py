"""The cases of the classification's table: what is done to a healthy tag, and what is then said of it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from phase4_tui.artifacts.names import Artifact
from phase4_tui.runbook.provenance import ChangedFile, runs_dir
from tests.rollback.support import freeze
from tests.runbook.documents import ALERT, Tag, quality

RELEASE, QUALITY, MONITORING, SIGNOFF, MARKDOWN = (
    Artifact.RELEASE_CHECK,
    Artifact.QUALITY_CHECK,
    Artifact.MONITORING,
    Artifact.PHASE4_SIGNOFF,
    Artifact.REPORT_MD,
)
POLICY = "event_and_portfolio_policy_enforced"
SCORING = "score_and_sizing_valid"
SWAP = (ChangedFile(file="rules.json", step="monitor", before="a" * 64, after="b" * 64),)
Found = tuple[str, str, object]
RELEASE_NOT_PASSED: Found = ("t1_release_check.json", "passed", False)
QUALITY_NOT_PASSED: Found = ("t1_quality_check.json", "passed", False)


def change(artifact: Artifact, **values: object) -> Callable[[Tag], object]:
    return lambda tag: tag.change(artifact, partial(dict.update, **values))


def remove(*artifacts: Artifact) -> Callable[[Tag], object]:
    def spoil(tag: Tag) -> None:
        for artifact in artifacts:
            tag.remove(artifact)

    return spoil


def judged(passed: bool, **issues: list[str]) -> Callable[[Tag], object]:
    """Put a quality check there whose sections named have these issues."""
    return lambda tag: tag.put(QUALITY, quality(passed, issues))


def alerting(*alerts: dict[str, Any]) -> Callable[[Tag], object]:
    return change(MONITORING, status="ALERT", alerts=[ALERT | alert for alert in alerts])


def ran(**steps: object) -> Callable[[Tag], object]:
    return lambda tag: tag.ran(**steps)  # type: ignore[arg-type]  # names of steps and their states


def both(*changes: Callable[[Tag], object]) -> Callable[[Tag], object]:
    return lambda tag: [change(tag) for change in changes]


def frozen(tag: Tag) -> None:
    freeze(tag.reports.parent, tag.name)


def empty_record(tag: Tag) -> None:
    """Empty the record of the tag's only run; its name is the same each time."""
    (record,) = runs_dir(tag.reports).glob("*/*.json")
    record.unlink()
    record.with_name("r.json").write_bytes(b"")


@dataclass(frozen=True)
class Case:
    """What is done to a healthy tag, and what is then said of it."""

    rule: str
    severity_class: str | None
    level: str
    owner: str | None
    spoil: Callable[[Tag], object]
    evidence: list[Found]
    under_way: bool = False


CASES = {
    "healthy": Case("healthy", None, "ok", None, lambda tag: None, []),
    "policy violated": Case(
        "policy_violated", "P0", "incident", "risk", judged(False, **{POLICY: ["record 2: traded"]}),
        [("t1_quality_check.json", f"checks.{POLICY}", ["record 2: traded"]), QUALITY_NOT_PASSED],
    ),
    "policy violated though the check says passed": Case(
        "policy_violated", "P0", "incident", "risk", judged(True, **{POLICY: ["record 2: traded"]}),
        [("t1_quality_check.json", f"checks.{POLICY}", ["record 2: traded"])],
    ),
    "policy violated and release failed": Case(
        "policy_violated", "P0", "incident", "risk",
        both(judged(False, **{POLICY: ["record 2: traded"]}), change(RELEASE, passed=False)),
        [
            ("t1_quality_check.json", f"checks.{POLICY}", ["record 2: traded"]),
            QUALITY_NOT_PASSED,
            RELEASE_NOT_PASSED,
        ],
    ),
    "release failed": Case(
        "release_gate_failed", "P0", "incident", "engineering",
        change(RELEASE, passed=False, missing_files=["t1_summary.json"]),
        [("t1_release_check.json", "issues", "missing: t1_summary.json"), RELEASE_NOT_PASSED],
    ),
    "release failed without saying why": Case(
        "release_gate_failed", "P0", "incident", "engineering", change(RELEASE, passed=False), [RELEASE_NOT_PASSED],
    ),
    "release passed and the report gone": Case(
        "release_gate_failed", "P0", "incident", "engineering", remove(Artifact.REPORT),
        [
            ("t1_report.json", "t1_report.json", "absent"),
            ("t1_release_check.json", "issues", "t1_report.json: is missing"),
        ],
    ),
    "both gates failed": Case(
        "release_gate_failed", "P0", "incident", "engineering",
        both(judged(False, **{SCORING: ["record 1: 101"]}), change(RELEASE, passed=False)),
        [QUALITY_NOT_PASSED, RELEASE_NOT_PASSED],
    ),
    "quality failed": Case(
        "quality_gate_failed", "P0", "incident", "engineering", judged(False, **{SCORING: ["record 1: 101"]}),
        [("t1_quality_check.json", "issues", f"{SCORING}: record 1: 101"), QUALITY_NOT_PASSED],
    ),
    "quality failed without sections": Case(
        "quality_gate_failed", "P0", "incident", "engineering", lambda tag: tag.put(QUALITY, {"passed": False}),
        [("t1_quality_check.json", "issues", "older schema: key `checks` is missing"), QUALITY_NOT_PASSED],
    ),
    "schema broken": Case(
        "schema_broken", "P0", "incident", "engineering", lambda tag: tag.put(MONITORING, {"status": "OK"}),
        [("t1_monitoring.json", "schema", "key `alerts` is missing")],
    ),
    "step broken without core checks": Case(
        "step_broken", "P0", "incident", "engineering", both(remove(RELEASE), ran(release_check="timed_out")),
        [("a.log", "steps.release_check", "timed_out: it broke")],
    ),
    "high alert": Case(
        "monitoring_alert_high", "P1", "incident", "risk", alerting({}, {"metric": "x_pct", "severity": "LOW"}),
        [("t1_monitoring.json", "alerts.no_trade_pct", 95.0)],
    ),
    "high alert of a gate's status alone": Case(
        "monitoring_alert_high", "P1", "incident", "engineering",
        alerting({"metric": "quality_check_status", "value": "ALERT"}),
        [("t1_monitoring.json", "alerts.quality_check_status", "ALERT")],
    ),
    "high alert of a gate's status and of a figure": Case(
        "monitoring_alert_high", "P1", "incident", "risk",
        alerting({"metric": "release_check_status", "value": "ALERT"}, {}),
        [
            ("t1_monitoring.json", "alerts.release_check_status", "ALERT"),
            ("t1_monitoring.json", "alerts.no_trade_pct", 95.0),
        ],
    ),
    "step broken with core checks": Case(
        "step_broken", "P2", "incident", "engineering", both(remove(SIGNOFF), ran(signoff="crashed")),
        [("a.log", "steps.signoff", "crashed: it broke")],
    ),
    "Markdown missing": Case(
        "report_generation", "P2", "incident", "engineering", remove(MARKDOWN, SIGNOFF),
        [
            ("t1_report.md", "t1_report.md", "absent or empty"),
            ("t1_phase4_signoff.md", "t1_phase4_signoff.md", "absent"),
        ],
    ),
    "changed during the run": Case(
        "changed_during_run", None, "unknown", "engineering",
        both(remove(RELEASE), ran(monitor="passed", changed=SWAP)),
        [("rules.json", "used by monitor", "sha256 aaaaaaaa → bbbbbbbb")],
    ),
    "run in progress": Case(
        "run_in_progress", None, "unknown", None, remove(MONITORING),
        [("t1_monitoring.json", "t1_monitoring.json", "absent")], under_way=True,
    ),
    "check missing": Case(
        "artifacts_not_usable", None, "unknown", "engineering", remove(RELEASE),
        [("t1_release_check.json", "t1_release_check.json", "absent")],
    ),
    "alert that is not high": Case(
        "monitoring_alert", None, "warning", "risk", alerting({"severity": "MEDIUM"}),
        [("t1_monitoring.json", "alerts.no_trade_pct", 95.0)],
    ),
    "alert of nothing": Case(
        "monitoring_alert", None, "warning", "risk", alerting(), [("t1_monitoring.json", "status", "status=ALERT")],
    ),
    "tampered, whatever its checks say": Case(
        "tampered", None, "unknown", "engineering", both(frozen, change(RELEASE, passed=False)),
        [("t1_release_check.json", "frozen", "has 134 bytes instead of 133")],
    ),
    "run stopped": Case(
        "run_interrupted", None, "unknown", "engineering", ran(pipeline="cancelled", release_check="not_run"),
        [("a.log", "steps.pipeline", "it broke")],
    ),
    "run record damaged": Case(
        "run_record_damaged", None, "unknown", "engineering", both(ran(signoff="crashed"), empty_record),
        [("r.json", "run record", "is empty")],
    ),
    "note of NO-GO": Case(
        "no_go", None, "warning", "product", lambda tag: tag.put(SIGNOFF, "Verdict:\nDo not\nproceed"),
        [("t1_phase4_signoff.md", "recommendation", "do not proceed")],
    ),
}  # fmt: skip
