"""From evidence to severity class, rule and owner (runbook: Incident classification, Escalation)."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict, Field, field_serializer

from phase4_tui.artifacts.models import Alert, Document
from phase4_tui.journal.incident import Breach, Finding, Owner, SeverityClass
from phase4_tui.journal.state import Reclassified
from phase4_tui.policy.monitoring import GATE_METRICS
from phase4_tui.policy.phase3.quality import CONFLICT
from phase4_tui.policy.phase4.quality import POLICY
from phase4_tui.runbook.evidence import Evidence
from phase4_tui.runbook.health import Check, Health
from phase4_tui.runbook.provenance import record_path
from phase4_tui.runbook.settings import OwnCheck

Level = Literal["ok", "warning", "incident", "unknown"]

KNOWN_ENGINEERING_SECTIONS = {"memory_policy_valid"}
OWN_CHECK = "own_check_"
"""The prefix of a rule for one of the desk's own checks; the check's name follows."""
NO_GO = "no_go"
"""The rule for a sign-off note that says NO-GO beside gates that passed: somebody declined, or the note is old."""
JOURNAL_NOTE = "journal"
"""The `file` of the finding that says who reclassified a tag and why."""
CHANGED_DURING_RUN = "changed_during_run"
EXIT_STATUS: dict[str, int] = {"P0": 10, "P1": 11, "P2": 12, "warning": 13, "unknown": 14, "ok": 0}


class Classification(Document):
    """Severity class, rule, evidence and owner of a tag; `class` is None outside P0, P1 and P2."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    severity_class: SeverityClass | None = Field(alias="class")
    level: Level
    rule: str
    evidence: tuple[Finding, ...]
    owner: Owner | None

    @field_serializer("evidence")
    def _file_key_and_value(self, evidence: tuple[Finding, ...]) -> tuple[dict[str, object], ...]:
        """Return the evidence as a document has it (docs command_line); limits stand in the incident alone."""
        return tuple({"file": one.file, "key": one.key, "value": one.value} for one in evidence)

    @property
    def exit_status(self) -> int:
        """The exit status of `run` and `status` (docs command_line, "Exit status")."""
        return EXIT_STATUS[self.severity_class or self.level]


def classify(evidence: Evidence, health: Health, own: Sequence[OwnCheck] = ()) -> Classification:
    """Return the most severe rule that fires: tampered evidence, P0, P1, P2, unknown, then warning.

    `own` are the desk's own checks; within a class their rules come after the runbook's.
    """
    for rules, word in (
        (_tampered, ""),
        (_p0, "P0"),
        (_p1, "P1"),
        (_p2, "P2"),
        (_run_undone, ""),
        (_unknown, ""),
        (_warning, "warning"),
    ):
        failed = (check for check in own if check.severity_class == word)
        for found in chain(rules(evidence, health), _own_rules(evidence, health, failed)):
            return found
    return _made(None, "ok", "healthy", [], None)


def as_reclassified(found: Classification, given: Reclassified | None) -> Classification:
    """Return the classification with the class that an operator gave it, as long as the same rule fires."""
    if given is None or given.rule != found.rule:
        return found
    note = Finding(file=JOURNAL_NOTE, key=f"reclassified by {given.by}", value=given.reason)
    changes = {"severity_class": given.severity_class, "level": "incident", "evidence": (*found.evidence, note)}
    return found.model_copy(update=changes)


def _made(
    severity_class: SeverityClass | None, level: Level, rule: str, findings: list[Finding], owner: Owner | None
) -> Classification:
    return Classification(severity_class=severity_class, level=level, rule=rule, evidence=tuple(findings), owner=owner)


def _tampered(evidence: Evidence, health: Health) -> Iterator[Classification]:
    if evidence.frozen == "tampered":
        found = [Finding(file=str(one.path), key="frozen", value=one.detail) for one in evidence.tampering]
        yield _made(None, "unknown", "tampered", found, "engineering")


def _p0(evidence: Evidence, health: Health) -> Iterator[Classification]:
    release, quality = health["release_check"], health["quality_check"]
    policy = _policy_sections(evidence)
    failed = [
        Finding(file=check.file, key="passed", value=False)
        for check, found in ((quality, evidence.quality.value), (release, evidence.release.value))
        if check.state == "failed" and found is not None and not found.passed
    ]
    if policy and quality.state == "failed":
        findings = [Finding(file=quality.file, key=f"checks.{name}", value=issues) for name, issues in policy.items()]
        yield _made("P0", "incident", "policy_violated", findings + failed, "risk")
    if release.state == "failed":
        findings = _of_the_report(evidence) + _issues(release) + failed
        yield _made("P0", "incident", "release_gate_failed", findings, "engineering")
    if quality.state == "failed":
        yield _made("P0", "incident", "quality_gate_failed", _issues(quality) + failed, "engineering")
    broken = [
        found
        for found in (evidence.release, evidence.quality, evidence.report, evidence.summary, evidence.monitoring)
        if found.state == "broken" and (evidence.phase == 4 or found is not evidence.monitoring)
    ]
    if broken:
        findings = [
            Finding(file=found.file, key="schema", value=problem) for found in broken for problem in found.problems
        ]
        yield _made("P0", "incident", "schema_broken", findings, "engineering")
    if evidence.broken_steps and not evidence.running and not health.core_pass:
        yield _made("P0", "incident", "step_broken", _broken_steps(evidence), "engineering")


def _p1(evidence: Evidence, health: Health) -> Iterator[Classification]:
    value, monitoring = evidence.monitoring.value, health["monitoring"]
    if value is None or monitoring.state != "alert":
        return
    high = [alert for alert in value.alerts if alert.severity == "HIGH"]
    if high:
        findings = _alerts(monitoring.file, high)
        scripts_only = all(alert.metric in GATE_METRICS for alert in high)
        yield _made("P1", "incident", "monitoring_alert_high", findings, "engineering" if scripts_only else "risk")


def _p2(evidence: Evidence, health: Health) -> Iterator[Classification]:
    if not health.core_pass or evidence.running:
        return
    if evidence.broken_steps:
        yield _made("P2", "incident", "step_broken", _broken_steps(evidence), "engineering")
    findings = [_state(f"{evidence.reports}/{name}", "absent or empty") for name in evidence.missing_files]
    if evidence.summary.state == "unreadable":
        findings.append(_state(evidence.summary.file, evidence.summary.state))
    signoff = health["signoff"]
    if signoff.state in ("absent", "unreadable"):
        findings.append(_state(signoff.file, signoff.state))
    if findings:
        yield _made("P2", "incident", "report_generation", findings, "engineering")


def _run_undone(evidence: Evidence, health: Health) -> Iterator[Classification]:
    """Yield what is not known since a run was not completed, or what became of it is not on record as it was."""
    if evidence.damaged_records:
        found = [Finding(file=one.file, key="run record", value=one.problem) for one in evidence.damaged_records]
        yield _made(None, "unknown", "run_record_damaged", found, "engineering")
    if evidence.stopped is not None and not evidence.running:
        run, step = evidence.stopped
        value = step.error or ("not run" if step.state == "not_run" else "interrupted")
        file = step.transcript or str(record_path(evidence.reports, run.tag, run.run_id))
        found = [Finding(file=file, key=f"steps.{step.name}", value=value)]
        yield _made(None, "unknown", "run_interrupted", found, "engineering")


def _unknown(evidence: Evidence, health: Health) -> Iterator[Classification]:
    if evidence.changed:
        findings = [Finding(file=str(path), key=one.seen, value=one.digests) for path, one in evidence.changed]
        yield _made(None, "unknown", CHANGED_DURING_RUN, findings, "engineering")
    findings = [
        _state(check.file, check.state)
        for check in health.checks.values()
        if check.state in ("absent", "unreadable", "writing", "stale")
    ]
    findings += [
        _state(found.file, "writing") for found in (evidence.report, evidence.summary) if found.state == "writing"
    ]
    findings += [_state(f"{evidence.reports}/{name}", "writing") for name in evidence.unfinished]
    if findings:
        rule = "run_in_progress" if evidence.running else "artifacts_not_usable"
        yield _made(None, "unknown", rule, findings, None if evidence.running else "engineering")


def _warning(evidence: Evidence, health: Health) -> Iterator[Classification]:
    monitoring = health["monitoring"]
    value = evidence.monitoring.value
    if monitoring.state == "alert" and value is not None and value.status == "OK" and not value.alerts:
        # No rule was breached, says a file that is contradicted: the monitor or its files are defective.
        yield _made(None, "warning", "monitoring_alert", _issues(monitoring), "engineering")
    elif monitoring.state == "alert":
        alerts = value.alerts if value is not None else ()
        findings = _alerts(monitoring.file, alerts)
        findings = findings or [Finding(file=monitoring.file, key="status", value=monitoring.found)]
        yield _made(None, "warning", "monitoring_alert", findings, "risk")
    if evidence.recommendation.verdict == "NO-GO" and health.core_pass:
        finding = Finding(file=health["signoff"].file, key="recommendation", value=evidence.recommendation.words)
        yield _made(None, "warning", NO_GO, [finding], "product")


def _own_rules(evidence: Evidence, health: Health, checks: Iterable[OwnCheck]) -> Iterator[Classification]:
    """Yield a classification for each of the desk's own checks that fails; a Phase 3 tag has none."""
    for own in checks:
        check = health.checks.get(own.name)
        if check is None or check.state != "failed":
            continue
        from phase4_tui.runbook.own_checks import findings_of  # noqa: PLC0415 - few desks have any

        found, rule = findings_of(own, evidence, check), f"{OWN_CHECK}{own.name}"
        if own.severity_class == "warning":
            yield _made(None, "warning", rule, found, own.owner)
        else:
            yield _made(own.severity_class, "incident", rule, found, own.owner)


def _alerts(file: str, alerts: Iterable[Alert]) -> list[Finding]:
    """Return each alert with its limit and severity."""
    return [
        Finding(
            file=file,
            key=f"alerts.{alert.metric}",
            value=alert.value,
            breach=Breach(threshold=alert.threshold, severity=alert.severity),
        )
        for alert in alerts
    ]


def _state(file: str, word: str) -> Finding:
    """Return the finding that a file is absent, unreadable and so on; its key is the file's name."""
    return Finding(file=file, key=Path(file).name, value=word)


def _of_the_report(evidence: Evidence) -> list[Finding]:
    found = evidence.report
    if found.state not in ("absent", "unreadable", "broken"):
        return []
    return [_state(found.file, "; ".join(found.problems[:3]) or found.state)]


def _policy_sections(evidence: Evidence) -> dict[str, list[str]]:
    """Return the failed sections that check vetoes or policy, with their issues."""
    value = evidence.quality.value
    sections = value.checks or {} if value else {}
    return {
        name: list((section.issues or ())[:5])
        for name, section in sections.items()
        if not section.passed and _is_policy(name)
    }


def _is_policy(section: str) -> bool:
    if section in {POLICY, CONFLICT}:
        return True
    # Older runs use other section names.
    return ("policy" in section or "veto" in section) and section not in KNOWN_ENGINEERING_SECTIONS


def _issues(check: Check) -> list[Finding]:
    return [Finding(file=check.file, key="issues", value=issue) for issue in check.issues[:5]]


def _broken_steps(evidence: Evidence) -> list[Finding]:
    return [
        Finding(file=step.transcript or "", key=f"steps.{step.name}", value=f"{step.state}: {step.error}")
        for step in evidence.broken_steps
    ]
