"""A stand-in for an operator's own Phase 3 quality check."""

import argparse
import json

parser = argparse.ArgumentParser()
parser.add_argument("--report-json", required=True)
parser.add_argument("--out-json")
args = parser.parse_args()
with open(args.out_json, "w") as file:
    json.dump({"passed": True, "checks": {}}, file)
print("{}")
