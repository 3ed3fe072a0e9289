"""A desk's own note, as an operator would write it."""

import sys

tag, out = sys.argv[1:]
with open(out, "w") as f:
    f.write(f"# Desk note\n\nNothing to add on {tag}.\n")
