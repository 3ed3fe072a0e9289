"""The fallback's sign-off: write the sign-off note of a Phase 3 run."""

import sys
from collections.abc import Sequence

from phase4_tui.steps.signoff import command


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with `argv` (default: the process's) and return its exit status."""
    return command(3, argv)


if __name__ == "__main__":
    sys.exit(main())
