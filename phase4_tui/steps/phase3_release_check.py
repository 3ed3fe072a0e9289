"""The fallback's release check: check that a tag's Phase 3 core artifacts are complete and whole."""

import sys
from collections.abc import Sequence
from pathlib import Path

from phase4_tui.policy.phase3.record import Row
from phase4_tui.steps import release

PHASE3 = release.Release(
    row=Row,
    row_keys=(
        "market_regime",
        "options_structure",
        "risk_officer",
        "consensus",
        "execution_plan",
        "memory_snapshot",
    ),
    summary_keys=("total_records", "consensus_counts", "veto_count", "veto_pct"),
    counts_key="consensus_counts",
)


def check_release(tag: str, outdir: Path) -> dict[str, object]:
    """Return the release check of a Phase 3 tag; raises BadTag."""
    return release.check_release(PHASE3, tag, outdir)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with `argv` (default: the process's) and return its exit status."""
    return release.command(PHASE3, "Check a run tag's Phase 3 core artifacts.", argv)


if __name__ == "__main__":
    sys.exit(main())
