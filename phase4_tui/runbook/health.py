"""The health of a tag: each check judged from evidence alone, and nothing ok that can't be trusted."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from pydantic import ConfigDict, Field

from phase4_tui.artifacts.clock import iso
from phase4_tui.artifacts.counting import counted
from phase4_tui.artifacts.documents import Look, LookState
from phase4_tui.artifacts.models import Document, Monitoring, QualityCheck, ReleaseCheck
from phase4_tui.artifacts.plain_words import and_list, plain, section
from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.policy.phase3.quality import SECTIONS as PHASE3_SECTIONS
from phase4_tui.policy.phase4.quality import SECTIONS as PHASE4_SECTIONS
from phase4_tui.runbook.contradictions import of_monitoring, of_quality, of_release
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
HOLDS: tuple[CheckState, ...] = ("passed", "ok", "present")


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
    title: str = Field(default="", exclude=True)
    detail: str = Field(default="", exclude=True)
    """The scope of the check in a few words; may be empty."""
    doubt: str = Field(default="", exclude=True)
    """Why a stale check is not about what is there now."""
    is_gate: bool = Field(default=False, exclude=True)
    """True for the two gates of the sequence, which judge the decisions themselves."""


class Health(Document):
    """The checks of a tag by name: the runbook's in its order (runbook/checks.py), then the desk's own."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Check]

    @property
    def checks(self) -> Mapping[str, Check]:
        """Every check by its name."""
        return self.__pydantic_extra__

    def __getitem__(self, name: str) -> Check:
        return self.__pydantic_extra__[name]

    @property
    def core_pass(self) -> bool:
        """True when both gates passed."""
        return all(check.state == "passed" for check in self.checks.values() if check.is_gate)


@dataclass(frozen=True)
class Judged:
    """The verdict on a check's file: state, what was found, one line per issue, and when the file was written."""

    state: CheckState
    found: str
    issues: tuple[str, ...]
    file: str
    modified_ns: int | None
    doubt: str = ""

    def as_check(self, title: str, expected: str, detail: str, *, is_gate: bool) -> Check:
        """Return the verdict as a `Check` with this title."""
        return Check(
            state=self.state,
            ok=self.state in HOLDS or self.state == "not_applicable",
            expected=expected,
            found=self.found,
            issues=self.issues,
            file=self.file,
            modified_at=None if self.modified_ns is None else iso(self.modified_ns),
            modified_ns=self.modified_ns,
            title=title,
            detail=detail,
            doubt=self.doubt,
            is_gate=is_gate,
        )


Verdict = tuple[CheckState, str, list[str]]
D = TypeVar("D", bound=Document)
_NO_CONTENT: dict[LookState, CheckState] = {"absent": "absent", "writing": "writing", "unreadable": "unreadable"}


def judged_by(
    find: Callable[[Evidence], Look[D]], verdict: Callable[[Evidence, D], Verdict]
) -> Callable[[Evidence], Judged]:
    """Return a judge of the file that `find` returns: by its content, unless it can't be used or is stale."""
    return lambda evidence: _judge(evidence, find(evidence), verdict)


def _judge(evidence: Evidence, found: Look[D], verdict: Callable[[Evidence, D], Verdict]) -> Judged:
    issues = list(found.problems)
    doubt = ""
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
        why = evidence.stale.get(found.name)
        if state not in {"failed", "alert"} and why is not None:
            doubt = why
            advice = "; run its step, or the sequence, again" if evidence.frozen == "no" else ""
            issues.append(f"{doubt}{advice}")
            state, word = "stale", f"stale ({word})"
    return Judged(state, word, tuple(safe_line(issue, 500) for issue in issues), found.file, found.modified_ns, doubt)


def text_verdict(evidence: Evidence, value: Document) -> Verdict:
    """Judge that the note exists; what it says is for the classification."""
    return "present", "present, but it says NO-GO" if evidence.recommendation.verdict == "NO-GO" else "present", []


def release_verdict(evidence: Evidence, value: ReleaseCheck) -> Verdict:
    """Judge the release check by its `passed`, unless that is contradicted, or the report is gone or another tag's."""
    against = of_release(evidence, value, stale=evidence.release.name in evidence.stale)
    listed = [f"missing: {name}" for name in value.missing_files or ()] + list(value.validation_errors or ())
    issues = against + listed
    if value.tag is not None and value.tag != evidence.tag:
        issues.append(f"key `tag` is {value.tag!a}: the check is another tag's")
        return "failed", f"passed={_word(value.passed)} for another tag", issues
    if evidence.others:
        issues += [f"{text}: the file is another tag's" for text in evidence.others]
        return "failed", f"passed={_word(value.passed)} for another tag's artifacts", issues
    if evidence.report.state in ("absent", "unreadable", "broken"):
        # Without the decisions themselves the check no longer holds, whatever it found at the time.
        problems = evidence.report.problems or (f"is {plain(evidence.report.state)}",)
        issues += [f"{evidence.report.name}: {problem}" for problem in problems]
        word = "broken schema" if evidence.report.state == "broken" else plain(evidence.report.state)
        return "failed", f"passed={_word(value.passed)}, but the report is {word}", issues
    if value.passed and listed:
        return "failed", f"passed=true, but it lists {counted(len(listed), 'problem')}", issues
    if against:
        return "failed", f"passed={_word(value.passed)}, but contradicted", issues
    if evidence.summary.state == "older":
        issues += [f"{evidence.summary.name}: {problem}" for problem in evidence.summary.problems]
    return ("passed" if value.passed else "failed"), f"passed={_word(value.passed)}", issues


def quality_verdict(evidence: Evidence, value: QualityCheck) -> Verdict:
    """Judge the quality check by its `passed`, unless its sections contradict that."""
    against = of_quality(evidence, value)
    issues = list(against)
    sections = value.checks or {}
    for name, part in sections.items():
        if not part.passed or part.issues:
            issues += [f"{name}: {issue}" for issue in part.issues or ()] or [f"{name}: did not pass"]
    expected = PHASE4_SECTIONS if evidence.phase == 4 else PHASE3_SECTIONS
    if value.checks is not None and set(sections) != set(expected):
        issues.append(f"older schema: {_sections_off(sections, expected)}")
    failed = [name for name, part in sections.items() if not part.passed]
    if value.passed and failed:
        return "failed", f"passed=true, but {', '.join(failed)} did not pass", issues
    if against:
        return "failed", "passed=true, but contradicted", issues
    return ("passed" if value.passed else "failed"), f"passed={_word(value.passed)}", issues


def _sections_off(sections: Iterable[str], expected: Iterable[str]) -> str:
    """Return how the sections differ from the expected ones: `section event block is missing; x is unknown`."""
    missing = [section(name) for name in expected if name not in sections]
    unknown = [name for name in sections if name not in expected]
    told = [f"section{'' if len(missing) == 1 else 's'} {_are(missing)} missing"] if missing else []
    return "; ".join([*told, *([f"{_are(unknown)} unknown"] if unknown else [])])


def _are(names: Sequence[str]) -> str:
    return f"{and_list(names)} {'is' if len(names) == 1 else 'are'}"


def monitoring_verdict(evidence: Evidence, value: Monitoring) -> Verdict:
    """Judge the monitoring by its `status`, unless that is contradicted, or it is of another tag."""
    against = of_monitoring(evidence, value, stale=evidence.monitoring.name in evidence.stale)
    issues = [alert.message or f"{alert.metric} breached its rule" for alert in value.alerts]
    issues = [f"{alert.severity} {text}" for alert, text in zip(value.alerts, issues, strict=True)]
    issues = against + issues
    tag = value.snapshot.run_tag if value.snapshot else None
    if tag is not None and tag != evidence.tag:
        issues.append(f"key `snapshot.run_tag` is {tag!a}: the file is another tag's")
        return "alert", f"status={value.status} for another tag", issues
    if value.status == "OK" and value.alerts:
        return "alert", f"status=OK with {counted(len(value.alerts), 'alert')}", issues
    if against:
        return "alert", f"status={value.status}, but contradicted", issues
    return ("ok" if value.status == "OK" else "alert"), f"status={value.status}", issues


def _word(value: bool) -> str:
    return "true" if value else "false"
