"""The evidence ladder: what a tag must show, rung by rung, to count as known-good (design: Known-good switch)."""

from phase4_tui.journal.state import OperationsState
from phase4_tui.runbook.evidence import Evidence
from phase4_tui.runbook.health import Health


def first_failed_rung(evidence: Evidence, health: Health, state: OperationsState) -> str | None:
    """Return the first rung that the tag fails, None for a known-good tag."""
    gates = (health.release_check, health.quality_check)
    checks = (*gates, health.monitoring)
    rungs = {
        "complete": not evidence.missing_files and all(check.state != "absent" for check in checks),
        "parses": all(check.state not in {"unreadable", "writing", "stale"} for check in checks),
        "gates passed": all(check.state == "passed" for check in gates) and not evidence.broken_steps,
        "monitoring OK": health.monitoring.ok,
        "signed off": health.signoff.ok,
        "not quarantined": all(entry.get("tag") != evidence.tag for entry in state.quarantine),
    }
    return next((name for name, climbed in rungs.items() if not climbed), None)
