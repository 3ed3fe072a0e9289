"""Whom an incident goes to (runbook: Escalation Path)."""

from phase4_tui.journal.incident import Owner

OWNERS: dict[Owner, str] = {
    "engineering": "script and runtime defects",
    "risk": "veto and policy anomalies",
    "product": "go/no-go for the next phase",
}
