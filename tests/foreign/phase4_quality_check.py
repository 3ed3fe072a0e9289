"""A stand-in for an operator's own quality check, with the old names of its sections."""

import argparse
import json
import sys


def main() -> None:
    """Look whether blocked records trade."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--report-json", required=True)
    parser.add_argument("--out-json")
    args = parser.parse_args()
    with open(args.report_json) as file:
        results = json.load(file)["results"]
    issues = [
        f"record {number}: traded in a high-risk event"
        for number, row in enumerate(results, 1)
        if row["input"].get("event_window_active")
        and row["input"].get("event_name") in ("RBI", "FED", "CPI", "EARNINGS")
        and row["decision"]["action"] != "NO_TRADE"
    ]
    check = {"passed": not issues, "checks": {"event_policy": {"passed": not issues, "issues": issues}}}
    if args.out_json:
        with open(args.out_json, "w") as file:
            json.dump(check, file)
    print(json.dumps(check))
    sys.exit(0 if check["passed"] else 2)


if __name__ == "__main__":
    main()
