"""The table of health checks: the runbook's four in its order, then the desk's own; every list of checks reads it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from phase4_tui.artifacts.counting import counted
from phase4_tui.artifacts.names import Artifact
from phase4_tui.runbook.evidence import Evidence
from phase4_tui.runbook.health import (
    Check,
    Health,
    Judged,
    judged_by,
    monitoring_verdict,
    quality_verdict,
    release_verdict,
    text_verdict,
)
from phase4_tui.runbook.settings import Settings
from phase4_tui.runbook.steps import Phase

GATES_PASSED, MONITORED, SIGNED = "gates passed", "monitoring OK", "sign-off not NO-GO"


@dataclass(frozen=True)
class CheckEntry:
    """One health check: its title, the file that it reads in each phase, and how that file is judged.

    A phase missing from `files` has no such check. `rung` is the rung of the evidence ladder that needs it.
    """

    name: str
    title: str
    files: Mapping[Phase, str]
    judge: Callable[[Evidence], Judged]
    rung: str
    expected: str | None = None
    """The expected result in words; None when the file only has to exist."""
    is_gate: bool = False
    completes: bool = True
    """The rungs `complete` and `parses` need its file too."""
    is_own: bool = False
    """True for a check of the desk's own."""
    detail: Callable[[Evidence], str] = lambda evidence: ""

    def look(self, evidence: Evidence) -> Check:
        """Return the result for a tag; a check that its phase does not have is not applicable, which counts as ok."""
        suffix = self.files.get(evidence.phase)
        if suffix is None:
            expected = f"no {self.title.lower()} in Phase {evidence.phase}"
            file = f"{evidence.reports}/{evidence.tag}{next(iter(self.files.values()))}"
            judged = Judged("not_applicable", "not applicable", (), file, None)
            return judged.as_check(self.title, expected, "", is_gate=self.is_gate)
        expected = self.expected or f"{evidence.tag}{suffix} present"
        return self.judge(evidence).as_check(self.title, expected, self.detail(evidence), is_gate=self.is_gate)


def _release_detail(evidence: Evidence) -> str:
    value = evidence.release.value
    if value is None or not value.checked_files:
        return ""
    every, wrong = len(value.checked_files), len(value.validation_errors or ())
    keys = f"{counted(wrong, 'key')} wrong" if wrong else "keys complete"
    return f"{every - len(value.missing_files or ())} of {every} files, {keys}"


def _quality_detail(evidence: Evidence) -> str:
    value, summary = evidence.quality.value, evidence.summary.value
    if value is None or not value.checks:
        return ""
    held = sum(section.passed for section in value.checks.values())
    records = f", {summary.total_records:,} records" if summary is not None else ""
    return f"{held} of {len(value.checks)} sections hold{records}"


CHECKS = (
    CheckEntry(
        name="release_check",
        title="Release check",
        files={4: Artifact.RELEASE_CHECK, 3: Artifact.RELEASE_CHECK},
        expected="passed=true",
        judge=judged_by(lambda evidence: evidence.release, release_verdict),
        rung=GATES_PASSED,
        is_gate=True,
        detail=_release_detail,
    ),
    CheckEntry(
        name="quality_check",
        title="Quality check",
        files={4: Artifact.QUALITY_CHECK, 3: Artifact.QUALITY_CHECK},
        expected="passed=true",
        judge=judged_by(lambda evidence: evidence.quality, quality_verdict),
        rung=GATES_PASSED,
        is_gate=True,
        detail=_quality_detail,
    ),
    CheckEntry(
        name="monitoring",
        title="Monitoring",
        files={4: Artifact.MONITORING},
        expected="status=OK",
        judge=judged_by(lambda evidence: evidence.monitoring, monitoring_verdict),
        rung=MONITORED,
    ),
    CheckEntry(
        name="signoff",
        title="Sign-off",
        files={4: Artifact.PHASE4_SIGNOFF, 3: Artifact.PHASE3_SIGNOFF},
        judge=judged_by(lambda evidence: evidence.signoff, text_verdict),
        rung=SIGNED,
        completes=False,
    ),
)


def checks_of(settings: Settings, phase: Phase) -> tuple[CheckEntry, ...]:
    """Return the checks of a phase; the desk's own come last and belong to Phase 4 only."""
    if phase == 3 or not settings.own_checks:
        return CHECKS
    from phase4_tui.runbook.own_checks import own_entries  # noqa: PLC0415 - few desks have any

    return (*CHECKS, *own_entries(settings))


def judge(evidence: Evidence, checks: Sequence[CheckEntry] = CHECKS) -> Health:
    """Return the health of a tag."""
    return Health.model_validate({entry.name: entry.look(evidence) for entry in checks})
