"""Whom an incident goes to, and the next sensible step (runbook: Escalation Path)."""

from phase4_tui.journal.incident import Owner
from phase4_tui.runbook.classification import OWN_CHECK, Classification

OWNERS: dict[Owner, str] = {
    "engineering": "script and runtime defects",
    "risk": "veto and policy anomalies",
    "product": "go/no-go for the next phase",
}

_NEXT: dict[str, str] = {
    "healthy": "nothing to do",
    "policy_violated": "see the records named above with their rationale; do not use this tag; correct the input or "
    "the script, then run under a new tag",
    "release_gate_failed": "see the files and keys named above; mend the script that writes them, then `phase4 run`",
    "quality_gate_failed": "see the records named above; mend the script that writes the report, then `phase4 run`",
    "schema_broken": "see the key named above; mend the script that writes the file, then run its step again",
    "step_broken": "read the transcript named above and mend what it says: after a change of script or input "
    "`phase4 run`, else `phase4 run --resume`",
    "monitoring_alert_high": "compare the KPIs named above with the rules; check the input before the tag is used",
    "report_generation": "the decisions are good; run the step that writes the missing file: `phase4 step NAME`",
    "run_in_progress": "wait for the run to end",
    "artifacts_not_usable": "run what is missing: `phase4 run`, or `phase4 run --resume` after an interruption",
    OWN_CHECK: "see the value and the reasons named above; mend what the desk's own check looks at, then `phase4 run`",
    "monitoring_alert": "no incident; note the KPI and watch the next run",
}


def next_step(classification: Classification) -> str:
    """Return what to do now, in one sentence."""
    rule = classification.rule
    return _NEXT[OWN_CHECK if rule.startswith(OWN_CHECK) else rule]
