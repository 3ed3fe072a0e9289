"""A stand-in for an operator's own Phase 3 release check."""

import argparse
import json

parser = argparse.ArgumentParser()
parser.add_argument("--tag", required=True)
parser.add_argument("--outdir", default="reports")
parser.add_argument("--out-json")
args = parser.parse_args()
with open(args.out_json, "w") as file:
    json.dump({"tag": args.tag, "passed": True, "missing_files": [], "validation_errors": []}, file)
print("{}")
