"""The owners of incidents (runbook: Escalation)."""

from phase4_tui.journal.incident import Owner

OWNERS: dict[Owner, str] = {
    "engineering": "script and runtime defects",
    "risk": "veto and policy anomalies",
    "product": "go/no-go for the next phase",
}
