"""A stand-in for an operator's own release check."""

import argparse
import json
import os
import sys


def main() -> None:
    """Look whether the three files are there."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--tag", required=True)
    parser.add_argument("--outdir", default="reports")
    parser.add_argument("--out-json")
    args = parser.parse_args()
    names = [args.tag + suffix for suffix in ("_report.json", "_summary.json", "_report.md")]
    missing = [name for name in names if not os.path.exists(os.path.join(args.outdir, name))]
    check = {
        "tag": args.tag,
        "outdir": args.outdir,
        "passed": not missing,
        "checked_files": names,
        "missing_files": missing,
        "validation_errors": [],
    }
    if args.out_json:
        with open(args.out_json, "w") as file:
            json.dump(check, file, indent=2)
    print(json.dumps(check))
    sys.exit(0 if check["passed"] else 2)


if __name__ == "__main__":
    main()
