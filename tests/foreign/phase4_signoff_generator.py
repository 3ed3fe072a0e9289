"""A stand-in for an operator's own sign-off generator."""

import argparse
import json
import os


def main() -> None:
    """Write the note in place."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--tag", required=True)
    parser.add_argument("--outdir", default="reports")
    parser.add_argument("--out-md")
    args = parser.parse_args()
    path = args.out_md or os.path.join(args.outdir, args.tag + "_phase4_signoff.md")
    with open(path, "w") as file:
        file.write(f"# Sign-off {args.tag}\n\nEngineering: ____ Risk: ____ Product: ____\n")
    print(json.dumps({"signoff": path}))


if __name__ == "__main__":
    main()
