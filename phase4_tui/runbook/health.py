"""The four health checks of the runbook, judged from evidence alone; what can't be trusted is never ok."""

from collections.abc import Callable
from typing import Literal, TypeVar

from pydantic import Field

from phase4_tui.artifacts.clock import iso
from phase4_tui.artifacts.counting import counted
from phase4_tui.artifacts.documents import Look, LookState
from phase4_tui.artifacts.models import Document, Monitoring, QualityCheck, ReleaseCheck
from phase4_tui.artifacts.names import Artifact, file_name
from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.policy.phase3.quality import SECTIONS as PHASE3_SECTIONS
from phase4_tui.policy.phase4.quality import SECTIONS as PHASE4_SECTIONS
from phase4_tui.runbook.evidence import Evidence

CheckState = Literal[
    "passed",
    "failed",
    "ok",
    "alert",
    "present",
    "absent",
    "unreadable",
    "writing",
    "stale",
    "not_applicable",
]


class Check(Document):
    """One health check; `issues` are one line each, `modified_at` is ISO 8601 in UTC."""

    state: CheckState
    ok: bool
    expected: str
    found: str
    issues: tuple[str, ...]
    file: str
    modified_at: str | None
    modified_ns: int | None = Field(default=None, exclude=True)


class Health(Document):
    """The four checks, in the runbook's order."""

    release_check: Check
    quality_check: Check
    monitoring: Check
    signoff: Check

    @property
    def all_ok(self) -> bool:
        """True when all four hold."""
        return all(check.ok for check in (self.release_check, self.quality_check, self.monitoring, self.signoff))


def judge(evidence: Evidence) -> Health:
    """Return the health of a tag."""
    signoff = Artifact.PHASE4_SIGNOFF if evidence.phase == 4 else Artifact.PHASE3_SIGNOFF
    if evidence.phase == 3:
        monitoring = Check(
            state="not_applicable",
            ok=True,
            expected="no monitoring in Phase 3",
            found="not applicable",
            issues=(),
            file=str(evidence.reports / file_name(evidence.tag, Artifact.MONITORING)),
            modified_at=None,
        )
    else:
        monitoring = _check(evidence, evidence.monitoring, "status=OK", _monitoring_verdict)
    return Health(
        release_check=_check(evidence, evidence.release, "passed=true", _release_verdict),
        quality_check=_check(evidence, evidence.quality, "passed=true", _quality_verdict),
        monitoring=monitoring,
        signoff=_check(evidence, evidence.signoff, f"{file_name(evidence.tag, signoff)} present", _text_verdict),
    )


Verdict = tuple[CheckState, str, list[str]]
D = TypeVar("D", bound=Document)
_NO_CONTENT: dict[LookState, CheckState] = {"absent": "absent", "writing": "writing", "unreadable": "unreadable"}


def _check(evidence: Evidence, found: Look[D], expected: str, verdict: Callable[[Evidence, D], Verdict]) -> Check:
    issues = list(found.problems)
    state: CheckState
    word: str
    if found.state in _NO_CONTENT:
        state = _NO_CONTENT[found.state]
        word = state
    elif found.value is None:
        state, word = "unreadable", "broken schema"
    else:
        state, word, more = verdict(evidence, found.value)
        issues += more
        if state not in {"failed", "alert"} and _is_stale(evidence, found):
            issues.append("is older than the report that it judges; run the sequence again")
            state, word = "stale", f"stale ({word})"
    return Check(
        state=state,
        ok=state in ("passed", "ok", "present"),
        expected=expected,
        found=word,
        issues=tuple(safe_line(issue, 500) for issue in issues),
        file=found.file,
        modified_at=None if found.modified_ns is None else iso(found.modified_ns),
        modified_ns=found.modified_ns,
    )


def _is_stale(evidence: Evidence, found: Look[D]) -> bool:
    report, check = evidence.report.modified_ns, found.modified_ns
    return report is not None and check is not None and check < report


def _text_verdict(evidence: Evidence, value: Document) -> Verdict:
    return "present", "present", []


def _release_verdict(evidence: Evidence, value: ReleaseCheck) -> Verdict:
    issues = [f"missing: {name}" for name in value.missing_files or ()] + list(value.validation_errors or ())
    if value.tag is not None and value.tag != evidence.tag:
        issues.append(f"key `tag` is {value.tag!a}: the check is another tag's")
        return "failed", f"passed={_word(value.passed)} for another tag", issues
    if evidence.others:
        issues += [f"{text}: the file is another tag's" for text in evidence.others]
        return "failed", f"passed={_word(value.passed)} for another tag's artifacts", issues
    if evidence.report.state in ("absent", "unreadable", "broken"):
        # The decisions themselves: whatever the check found when it was made, it does not hold without them.
        problems = evidence.report.problems or (f"is {evidence.report.state}",)
        issues += [f"{evidence.report.name}: {problem}" for problem in problems]
        word = "broken schema" if evidence.report.state == "broken" else evidence.report.state
        return "failed", f"passed={_word(value.passed)}, but the report is {word}", issues
    if value.passed and issues:
        return "failed", f"passed=true, but it lists {counted(len(issues), 'problem')}", issues
    if evidence.summary.state == "older":
        issues += [f"{evidence.summary.name}: {problem}" for problem in evidence.summary.problems]
    return ("passed" if value.passed else "failed"), f"passed={_word(value.passed)}", issues


def _quality_verdict(evidence: Evidence, value: QualityCheck) -> Verdict:
    issues = []
    sections = value.checks or {}
    for name, section in sections.items():
        if not section.passed:
            issues += [f"{name}: {issue}" for issue in section.issues or ()] or [f"{name}: did not pass"]
    expected = PHASE4_SECTIONS if evidence.phase == 4 else PHASE3_SECTIONS
    if value.checks is not None and set(sections) != set(expected):
        issues.append(f"older schema: the sections are {', '.join(sections) or 'none'}, not {', '.join(expected)}")
    failed = [name for name, section in sections.items() if not section.passed]
    if value.passed and failed:
        return "failed", f"passed=true, but {', '.join(failed)} did not pass", issues
    return ("passed" if value.passed else "failed"), f"passed={_word(value.passed)}", issues


def _monitoring_verdict(evidence: Evidence, value: Monitoring) -> Verdict:
    issues = [alert.message or f"{alert.metric} breached its rule" for alert in value.alerts]
    issues = [f"{alert.severity} {text}" for alert, text in zip(value.alerts, issues, strict=True)]
    tag = value.snapshot.run_tag if value.snapshot else None
    if tag is not None and tag != evidence.tag:
        issues.append(f"key `snapshot.run_tag` is {tag!a}: the file is another tag's")
        return "alert", f"status={value.status} for another tag", issues
    if value.status == "OK" and value.alerts:
        return "alert", f"status=OK with {counted(len(value.alerts), 'alert')}", issues
    return ("ok" if value.status == "OK" else "alert"), f"status={value.status}", issues


def _word(value: bool) -> str:
    return "true" if value else "false"
