"""A stand-in for an operator's own pipeline: same flags and files, its own code, writes in place."""

import argparse
import json
import os
from typing import Any

HIGH_RISK = {"RBI", "FED", "CPI", "EARNINGS"}


def judge(row: dict[str, Any]) -> dict[str, Any]:
    """Decide one record in the plainest way that satisfies the policy."""
    event = bool(row.get("event_window_active")) and str(row.get("event_name", "NONE")).upper() in HIGH_RISK
    current, maximum = row.get("current_portfolio_exposure_pct", 0.0), row.get("max_portfolio_exposure_pct", 35.0)
    gate = "EVENT_BLOCK" if event else "PORTFOLIO_BLOCK" if current >= maximum else "PASS"
    action = "NO_TRADE"
    if gate == "PASS" and row["options_bias"] == "BULLISH" and row["underlying_change_pct"] > 0:
        action = "BUY_CALL"
    if gate == "PASS" and row["options_bias"] == "BEARISH" and row["underlying_change_pct"] < 0:
        action = "BUY_PUT"
    return {
        "action": action,
        "confidence": "HIGH" if gate != "PASS" else "MEDIUM" if action != "NO_TRADE" else "LOW",
        "confidence_score": 0.0 if gate != "PASS" else 60.0 if action != "NO_TRADE" else 50.0,
        "position_size_multiplier": 0.5 if action != "NO_TRADE" else 0.0,
        "rationale": f"stand-in: {gate}",
        "policy_tags": {
            "regime": "NEUTRAL",
            "event_risk": "HIGH" if event else "LOW",
            "time_slot": row["session_slot"],
            "gate": gate,
            "exposure_utilization_pct": str(round(current / maximum * 100, 2)),
        },
    }


def main() -> None:
    """Read, decide, write in place."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--input", required=True)
    parser.add_argument("--outdir", default="reports")
    parser.add_argument("--tag", default="phase4_demo")
    args = parser.parse_args()
    with open(args.input) as file:
        rows = json.load(file)
    results = [{"input": row, "decision": judge(row)} for row in rows]
    actions = [result["decision"]["action"] for result in results]
    gates = [result["decision"]["policy_tags"]["gate"] for result in results]
    summary = {
        "total_records": len(rows),
        "action_counts": {name: actions.count(name) for name in ("BUY_CALL", "BUY_PUT", "NO_TRADE")},
        "event_block_count": gates.count("EVENT_BLOCK"),
        "event_block_pct": round(gates.count("EVENT_BLOCK") / len(rows) * 100, 2),
        "portfolio_block_count": gates.count("PORTFOLIO_BLOCK"),
        "portfolio_block_pct": round(gates.count("PORTFOLIO_BLOCK") / len(rows) * 100, 2),
    }
    os.makedirs(args.outdir, exist_ok=True)
    base = os.path.join(args.outdir, args.tag)
    report = {
        "results": results,
        "run_tag": args.tag,
        "input_file": args.input,
        "record_count": len(rows),
        "summary": summary,
    }
    with open(base + "_report.json", "w") as file:
        json.dump(report, file, indent=2)
    with open(base + "_summary.json", "w") as file:
        json.dump({"run_tag": args.tag, **summary}, file, indent=2)
    with open(base + "_report.md", "w") as file:
        file.write(f"# Report {args.tag}\n")
    print(json.dumps({"report": base + "_report.json"}))


if __name__ == "__main__":
    main()
