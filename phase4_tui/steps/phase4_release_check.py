"""Runbook step 2: check that a tag's Phase 4 core artifacts are complete and whole."""

import sys
from collections.abc import Sequence
from pathlib import Path

from phase4_tui.policy.phase4.record import Row
from phase4_tui.steps import release

PHASE4 = release.Release(
    row=Row,
    row_keys=("input", "decision"),
    summary_keys=(
        "total_records",
        "action_counts",
        "event_block_count",
        "event_block_pct",
        "portfolio_block_count",
        "portfolio_block_pct",
    ),
    counts_key="action_counts",
)


def check_release(tag: str, outdir: Path) -> dict[str, object]:
    """Return the release check of a Phase 4 tag; raises BadTag."""
    return release.check_release(PHASE4, tag, outdir)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with `argv` (default: the process's) and return its exit status."""
    return release.command(PHASE4, "Check a run tag's Phase 4 core artifacts.", argv)


if __name__ == "__main__":
    sys.exit(main())
