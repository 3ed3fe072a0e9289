"""A desk's own gate, as an operator would write it: how long the shadow book would have held what was decided."""

import argparse
import json
import sys

parser = argparse.ArgumentParser()
parser.add_argument("--report-json", required=True)
parser.add_argument("--out-json", required=True)
parser.add_argument("--max-minutes", type=float, default=600.0)
args = parser.parse_args()

with open(args.report_json) as f:
    report = json.load(f)
minutes = 0.0
issues = []
for number, row in enumerate(report["results"], 1):
    held = 0.0 if row["decision"]["action"] == "NO_TRADE" else 30.0
    minutes += held
    if minutes > args.max_minutes and held:
        issues.append(f"record {number}: {minutes:.0f} minutes in all, over {args.max_minutes:.0f}")

out = {"passed": not issues, "issues": issues, "shadow": {"minutes": minutes, "trades": minutes / 30}}
with open(args.out_json, "w") as f:
    json.dump(out, f, indent=1)
print("shadow duration:", minutes, "minutes")
sys.exit(0 if out["passed"] else 2)
