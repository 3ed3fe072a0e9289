"""A stand-in for an operator's own monitor."""

import argparse
import json


def main() -> None:
    """Compute the KPIs of the report and hold two rules against them."""
    parser = argparse.ArgumentParser()
    for flag in ("--report-json", "--out-json"):
        parser.add_argument(flag, required=True)
    for flag in ("--release-json", "--quality-json", "--rules-json", "--out-md"):
        parser.add_argument(flag)
    args = parser.parse_args()
    with open(args.report_json) as file:
        report = json.load(file)
    with open(args.rules_json) as file:
        limit = json.load(file)["max_no_trade_pct"]
    actions = [row["decision"]["action"] for row in report["results"]]
    idle = round(actions.count("NO_TRADE") / len(actions) * 100, 2)
    alerts = []
    if idle > limit:
        severity = "HIGH" if idle - limit >= 20 else "MEDIUM" if idle - limit >= 10 else "LOW"
        alerts.append(
            {
                "metric": "no_trade_pct",
                "value": idle,
                "threshold": limit,
                "operator": "GT",
                "severity": severity,
                "message": f"no_trade_pct {idle}",
            }
        )
    content = {
        "snapshot": {"run_tag": report["run_tag"], "records": len(actions), "kpis": {"no_trade_pct": idle}},
        "alerts": alerts,
        "alert_count": len(alerts),
        "status": "ALERT" if alerts else "OK",
    }
    with open(args.out_json, "w") as file:
        json.dump(content, file, indent=2)
    if args.out_md:
        with open(args.out_md, "w") as file:
            file.write(f"# Monitoring\n\nStatus {content['status']}\n")
    print(json.dumps({"out": args.out_json}))


if __name__ == "__main__":
    main()
