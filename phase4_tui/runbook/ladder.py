"""The evidence ladder: what a tag must show, rung by rung, to count as known-good (docs design, "Known-good")."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from phase4_tui.artifacts.names import Artifact, file_name
from phase4_tui.artifacts.sha256 import sha256_or_none
from phase4_tui.journal.state import OperationsState, Quarantined
from phase4_tui.runbook.checks import CHECKS, GATES_PASSED, MONITORED, SIGNED, CheckEntry, checks_of
from phase4_tui.runbook.evidence import Evidence
from phase4_tui.runbook.health import HOLDS, Health
from phase4_tui.runbook.settings import Settings
from phase4_tui.runbook.steps import Phase

COMPLETE, PARSES, MATCHES, NOT_QUARANTINED = "complete", "parses", "matches its manifest", "not quarantined"


_NOT_HELD = {
    COMPLETE: "not complete",
    PARSES: "a file can't be read or is out of date",
    GATES_PASSED: "a gate did not pass",
    MONITORED: "monitoring is not OK",
    SIGNED: "no sign-off, or it says NO-GO",
    MATCHES: "not as its manifest says",
    NOT_QUARANTINED: "quarantined",
}


def _rungs_of_checks(checks: Sequence[CheckEntry]) -> tuple[str, ...]:
    """Return the rungs of the checks; the sign-off covers all of them, so its rung is the last."""
    return tuple(sorted(dict.fromkeys(entry.rung for entry in checks), key=lambda rung: rung == SIGNED))


RUNGS = (COMPLETE, PARSES, *_rungs_of_checks(CHECKS), MATCHES, NOT_QUARANTINED)


def rungs_of(settings: Settings) -> tuple[str, ...]:
    """Return the rungs of the ladder in order, including those of the desk's own checks."""
    return (COMPLETE, PARSES, *_rungs_of_checks(checks_of(settings, 4)), MATCHES, NOT_QUARANTINED)


def first_failed_rung(
    evidence: Evidence, health: Health, state: OperationsState, checks: Sequence[CheckEntry] = CHECKS
) -> str | None:
    """Return the first rung that the tag fails, or None for a known-good tag."""
    return next((rung for rung, held in _climbed(evidence, health, state, checks) if not held), None)


def _climbed(
    evidence: Evidence, health: Health, state: OperationsState, checks: Sequence[CheckEntry]
) -> Iterator[tuple[str, bool]]:
    """Yield each rung and whether it holds, lazily: a caller may stop at the first that fails."""
    first = [health[entry.name] for entry in checks if entry.completes]
    core = (evidence.report, evidence.summary)
    files = not evidence.missing_files and not evidence.unfinished
    complete = files and all(check.state != "absent" for check in first)
    yield COMPLETE, complete and not _is_being_made(evidence)
    yield (
        PARSES,
        all(check.state not in {"unreadable", "writing", "stale"} for check in first)
        and all(found.state not in {"unreadable", "writing", "broken"} for found in core),
    )
    undone = evidence.broken_steps or evidence.stopped or evidence.damaged_records or evidence.changed
    more = {GATES_PASSED: not undone, SIGNED: evidence.recommendation.verdict != "NO-GO"}
    for rung in _rungs_of_checks(checks):
        # Phase 3 has no monitoring, and is the fallback, not a known-good tag.
        found = (health[entry.name] for entry in checks if entry.rung == rung)
        yield rung, all(check.state in HOLDS for check in found) and more.get(rung, True)
    # A missing copy proves nothing, nor does one that no operation made.
    yield MATCHES, evidence.frozen == ("intact" if evidence.tag in state.frozen else "no")
    yield NOT_QUARANTINED, quarantine_of(evidence.reports, evidence.tag, state) is None


def rung_in_words(rung: str, phase: Phase) -> str:
    """Return a failed rung as it is shown; for the monitoring of a Phase 3 tag with the reason."""
    return f"{rung}: Phase 3 has none, it is the fallback" if (rung, phase) == (MONITORED, 3) else rung


def why_not_good(rung: str, phase: Phase) -> str:
    """Return the first failed rung of a tag as a list of tags words it: `a gate did not pass`."""
    return "of Phase 3, the fallback" if (rung, phase) == (MONITORED, 3) else _NOT_HELD.get(rung, f"fails {rung}")


def _is_being_made(evidence: Evidence) -> bool:
    """True while a run may still replace the artifacts; those of a frozen tag stay."""
    return evidence.running and evidence.frozen == "no"


def quarantine_of(reports: Path, tag: str, state: OperationsState) -> Quarantined | None:
    """Return the quarantine of a tag, under its own name or as a copy of a quarantined report; else None."""
    if not state.quarantine:
        return None
    report = reports / file_name(tag, Artifact.REPORT)
    try:
        size = report.stat().st_size
    except OSError:
        return next((entry for entry in state.quarantine if entry.tag == tag), None)
    for entry in state.quarantine:
        if entry.tag == tag and (entry.report_sha256 is None or tag in state.frozen):
            return entry
        if entry.report_size == size and entry.report_sha256 == sha256_or_none(report, contained=True):
            return entry
    return None
