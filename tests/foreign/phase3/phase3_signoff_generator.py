"""A stand-in for an operator's own Phase 3 sign-off generator."""

import argparse
import os

parser = argparse.ArgumentParser()
parser.add_argument("--tag", required=True)
parser.add_argument("--outdir", default="reports")
args = parser.parse_args()
with open(os.path.join(args.outdir, args.tag + "_phase3_signoff.md"), "w") as file:
    file.write("# Phase 3 sign-off\n")
print("{}")
