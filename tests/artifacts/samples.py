"""One whole document of each kind, as a run of today writes it."""

from phase4_tui.artifacts.models import Document, Monitoring, Phase3Summary, QualityCheck, ReleaseCheck, Summary

SUMMARY: dict[str, object] = {
    "run_tag": "a",
    "total_records": 4,
    "action_counts": {"BUY_CALL": 1, "BUY_PUT": 1, "NO_TRADE": 2},
    "event_block_count": 1,
    "event_block_pct": 25.0,
    "portfolio_block_count": 0,
    "portfolio_block_pct": 0.0,
}
RELEASE: dict[str, object] = {
    "tag": "a",
    "outdir": "reports",
    "passed": True,
    "checked_files": ["a_report.json"],
    "missing_files": [],
    "validation_errors": [],
}
QUALITY: dict[str, object] = {"passed": True, "checks": {"output_schema_valid": {"passed": True, "issues": []}}}
ALERT: dict[str, object] = {
    "metric": "no_trade_pct",
    "value": 80.0,
    "threshold": 70.0,
    "operator": "GT",
    "severity": "MEDIUM",
    "message": "too quiet",
}
MONITORING: dict[str, object] = {
    "snapshot": {"run_tag": "a", "records": 4, "kpis": {"no_trade_pct": 80.0, "release_check_status": "OK"}},
    "alerts": [ALERT],
    "alert_count": 1,
    "status": "ALERT",
}
PHASE3: dict[str, object] = {
    "run_tag": "a",
    "total_records": 1,
    "consensus_counts": {"BUY_CALL": 1, "BUY_PUT": 0, "NO_TRADE": 0},
    "veto_count": 0,
    "veto_pct": 0.0,
}
WHOLE: dict[str, tuple[type[Document], dict[str, object]]] = {
    "summary": (Summary, SUMMARY),
    "release check": (ReleaseCheck, RELEASE),
    "quality check": (QualityCheck, QUALITY),
    "monitoring": (Monitoring, MONITORING),
    "Phase 3 summary": (Phase3Summary, PHASE3),
}
