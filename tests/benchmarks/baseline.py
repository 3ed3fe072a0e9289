"""The straightforward Phase 4 pipeline and quality gate: whole files through `json`, dataclasses, `indent=2`.

Written from the policy's text alone, without the package: the yardstick of the benchmarks, and a second opinion on
every decision.

Usage: python baseline.py pipeline INPUT OUTDIR TAG | quality REPORT OUT_JSON
"""

import json
import math
import sys
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

SLOTS = {"OPEN": (-8, 0.7), "MIDDAY": (2, 1.0), "CLOSE": (6, 0.9)}
HIGH_RISK = ("RBI", "FED", "CPI", "EARNINGS")


@dataclass(frozen=True)
class Record:
    """One input record."""

    underlying: str
    timestamp: str
    session_slot: str
    underlying_change_pct: float
    trend_strength: float
    iv_percentile: float
    options_bias: str
    event_name: str = "NONE"
    event_window_active: bool = False
    current_portfolio_exposure_pct: float = 0.0
    max_portfolio_exposure_pct: float = 35.0

    def __post_init__(self) -> None:
        if self.underlying not in ("NIFTY50", "BANKNIFTY", "SENSEX"):
            raise ValueError("underlying")
        if datetime.fromisoformat(self.timestamp).tzinfo is None:
            raise ValueError("timestamp")
        if self.session_slot not in SLOTS or self.options_bias not in ("BULLISH", "BEARISH", "NEUTRAL"):
            raise ValueError("session_slot or options_bias")
        for name in (
            "underlying_change_pct",
            "trend_strength",
            "iv_percentile",
            "current_portfolio_exposure_pct",
            "max_portfolio_exposure_pct",
        ):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                raise ValueError(name)
        if not -1 <= self.trend_strength <= 1 or not 0 <= self.iv_percentile <= 100:
            raise ValueError("trend_strength or iv_percentile")
        if self.current_portfolio_exposure_pct < 0 or self.max_portfolio_exposure_pct <= 0:
            raise ValueError("exposure")


@dataclass(frozen=True)
class Decision:
    """One decision."""

    action: str
    confidence: str
    confidence_score: float
    position_size_multiplier: float
    rationale: str
    policy_tags: dict[str, str]


def decide(r: Record) -> Decision:
    """Decide one record, sentence by sentence as the policy reads."""
    strength, move = abs(r.trend_strength), abs(r.underlying_change_pct)
    if strength >= 0.65 and move >= 0.35:
        regime = "TREND"
    elif strength <= 0.25 and move <= 0.20:
        regime = "MEAN_REVERSION"
    else:
        regime = "NEUTRAL"
    risk = "LOW"
    if r.event_window_active:
        risk = "HIGH" if r.event_name.upper() in HIGH_RISK else "MEDIUM"
    adjustment, multiplier = SLOTS[r.session_slot]
    used = r.current_portfolio_exposure_pct / r.max_portfolio_exposure_pct * 100
    tags = {
        "regime": regime,
        "event_risk": risk,
        "time_slot": r.session_slot,
        "gate": "PASS",
        "exposure_utilization_pct": f"{used:.2f}",
    }
    if risk == "HIGH":
        why = f"blocked by the active event {r.event_name}"
        return Decision("NO_TRADE", "HIGH", 0.0, 0.0, why, {**tags, "gate": "EVENT_BLOCK"})
    if r.current_portfolio_exposure_pct >= r.max_portfolio_exposure_pct:
        why = f"blocked by exposure {r.current_portfolio_exposure_pct} of {r.max_portfolio_exposure_pct}"
        return Decision("NO_TRADE", "HIGH", 0.0, 0.0, why, {**tags, "gate": "PORTFOLIO_BLOCK"})
    action = "NO_TRADE"
    if r.options_bias == "BULLISH" and r.underlying_change_pct > 0:
        action = "BUY_CALL"
    elif r.options_bias == "BEARISH" and r.underlying_change_pct < 0:
        action = "BUY_PUT"
    score = 60
    if action != "NO_TRADE":
        score += {"TREND": 10, "MEAN_REVERSION": -8}.get(regime, 0)
    score += adjustment
    if action == "NO_TRADE":
        score = min(score, 52)
    score = max(0, min(100, score))
    confidence = "HIGH" if score >= 70 else "MEDIUM" if score >= 55 else "LOW"
    size = 0.0
    if action != "NO_TRADE":
        iv = r.iv_percentile
        volatility = 1.0 if iv <= 30 else 0.85 if iv <= 60 else 0.7 if iv <= 80 else 0.55
        size = multiplier * {"HIGH": 1.0, "MEDIUM": 0.8, "LOW": 0.55}[confidence] * volatility
        size = round(max(0.0, min(1.5, size)), 2)
        if r.current_portfolio_exposure_pct >= 0.85 * r.max_portfolio_exposure_pct:
            size = min(size, 0.5)
        size = min(size, 1.0)
    why = (
        f"{action} by bias {r.options_bias} and change {r.underlying_change_pct}; regime {regime} at trend "
        f"{r.trend_strength}; session {r.session_slot} {adjustment:+d} x{multiplier}; score {score}; iv "
        f"{r.iv_percentile}; exposure {used:.2f}%"
    )
    return Decision(action, confidence, round(float(score), 2), round(size, 2), why, tags)


def run_pipeline(input_path: Path, outdir: Path, tag: str) -> None:
    """Read all, decide all, write all."""
    records = [Record(**row) for row in json.loads(input_path.read_text())]
    decisions = [decide(record) for record in records]
    actions = [decision.action for decision in decisions]
    gates = [decision.policy_tags["gate"] for decision in decisions]
    total = len(records)
    summary: dict[str, Any] = {
        "total_records": total,
        "action_counts": {name: actions.count(name) for name in ("BUY_CALL", "BUY_PUT", "NO_TRADE")},
        "event_block_count": gates.count("EVENT_BLOCK"),
        "event_block_pct": round(gates.count("EVENT_BLOCK") / total * 100, 2) if total else 0.0,
        "portfolio_block_count": gates.count("PORTFOLIO_BLOCK"),
        "portfolio_block_pct": round(gates.count("PORTFOLIO_BLOCK") / total * 100, 2) if total else 0.0,
    }
    unknown = Counter(
        record.event_name.upper()
        for record in records
        if record.event_window_active and record.event_name.upper() not in (*HIGH_RISK, "BUDGET")
    )
    if unknown:
        summary["unknown_events"] = dict(unknown)
    report = {
        "run_tag": tag,
        "input_file": str(input_path),
        "record_count": total,
        "summary": summary,
        "results": [
            {"input": asdict(record), "decision": asdict(decision)}
            for record, decision in zip(records, decisions, strict=True)
        ],
    }
    outdir.mkdir(parents=True, exist_ok=True)
    (outdir / f"{tag}_report.json").write_text(json.dumps(report, indent=2))
    (outdir / f"{tag}_summary.json").write_text(json.dumps({"run_tag": tag, **summary}, indent=2))
    lines = [f"# {tag}", "", *(f"- {key}: {value}" for key, value in summary.items()), ""]
    lines += [
        f"| {record.underlying} | {decision.action} |"
        for record, decision in zip(records[:20], decisions[:20], strict=True)
    ]
    (outdir / f"{tag}_report.md").write_text("\n".join(lines))


def check_quality(report: Path, out_json: Path) -> None:
    """Read all, judge all, write the check."""
    checks: dict[str, list[str]] = {
        "output_schema_valid": [],
        "score_and_sizing_valid": [],
        "event_and_portfolio_policy_enforced": [],
    }
    words: dict[str, tuple[str, ...]] = {
        "action": ("BUY_CALL", "BUY_PUT", "NO_TRADE"),
        "confidence": ("HIGH", "MEDIUM", "LOW"),
    }
    tag_words: dict[str, tuple[str, ...]] = {
        "regime": ("TREND", "MEAN_REVERSION", "NEUTRAL"),
        "event_risk": ("HIGH", "MEDIUM", "LOW"),
        "time_slot": tuple(SLOTS),
        "gate": ("EVENT_BLOCK", "PORTFOLIO_BLOCK", "PASS"),
    }
    for number, row in enumerate(json.loads(report.read_text())["results"], 1):
        seen, decision = Record(**row["input"]), vars(Decision(**row["decision"]))
        for key, allowed in words.items():
            if decision.get(key) not in allowed:
                checks["output_schema_valid"].append(f"record {number}: {key}")
        tags = decision.get("policy_tags", {})
        for key, allowed in tag_words.items():
            if tags.get(key) not in allowed:
                checks["output_schema_valid"].append(f"record {number}: {key}")
        if not isinstance(tags.get("exposure_utilization_pct"), str) or not isinstance(decision.get("rationale"), str):
            checks["output_schema_valid"].append(f"record {number}: text")
        for key, high in (("confidence_score", 100), ("position_size_multiplier", 1.5)):
            value = decision.get(key)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= high:
                checks["score_and_sizing_valid"].append(f"record {number}: {key}")
        current, maximum = seen.current_portfolio_exposure_pct, seen.max_portfolio_exposure_pct
        required = None
        if seen.event_window_active and seen.event_name.upper() in HIGH_RISK:
            required = "EVENT_BLOCK"
        elif maximum > 0 and current >= maximum:
            required = "PORTFOLIO_BLOCK"
        if required and (decision["action"] != "NO_TRADE" or tags.get("gate") != required):
            checks["event_and_portfolio_policy_enforced"].append(f"record {number}: {required}")
    content = {
        "passed": not any(checks.values()),
        "checks": {name: {"passed": not issues, "issues": issues} for name, issues in checks.items()},
    }
    out_json.write_text(json.dumps(content, indent=2))


if __name__ == "__main__":
    if sys.argv[1] == "pipeline":
        run_pipeline(Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4])
    else:
        check_quality(Path(sys.argv[2]), Path(sys.argv[3]))
