"""A stand-in for an operator's own Phase 3 pipeline."""

import argparse
import json
import os


def main() -> None:
    """Write the three core artifacts in place."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--input", required=True)
    parser.add_argument("--outdir", default="reports")
    parser.add_argument("--tag", default="phase3_demo")
    args = parser.parse_args()
    with open(args.input) as file:
        rows = json.load(file)
    summary = {"total_records": len(rows), "consensus_counts": {"NO_TRADE": len(rows)}, "veto_count": 0}
    base = os.path.join(args.outdir, args.tag)
    with open(base + "_report.json", "w") as file:
        json.dump(
            {
                "run_tag": args.tag,
                "input_file": args.input,
                "record_count": len(rows),
                "summary": summary,
                "results": [{} for _ in rows],
            },
            file,
        )
    with open(base + "_summary.json", "w") as file:
        json.dump({"run_tag": args.tag, **summary}, file)
    with open(base + "_report.md", "w") as file:
        file.write("# Phase 3, the operator's own\n")
    print(json.dumps({"ran_in": os.getcwd()}))


if __name__ == "__main__":
    main()
