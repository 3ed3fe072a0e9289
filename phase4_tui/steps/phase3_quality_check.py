"""The fallback's quality check: judge every row of a Phase 3 report."""

import io
import sys
from collections.abc import Sequence
from pathlib import Path

from phase4_tui.policy.phase3 import quality
from phase4_tui.policy.phase3.record import Row
from phase4_tui.steps.gate import Gate, check_report, command

GATE = Gate(quality.SECTIONS, quality.SCHEMA, Row, quality.judge_rows, quality.judge_value)


def check_quality(report: Path, out_json: Path | None = None) -> bool:
    """Judge `report`, write the check and return whether it passed; errors as of `check_report`."""
    return check_report(GATE, report, out_json, io.BytesIO())


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with `argv` (default: the process's) and return its exit status."""
    return command(GATE, "Judge a Phase 3 report by its quality policy.", argv)


if __name__ == "__main__":
    sys.exit(main())
