"""The fallback's pipeline: decide every record of a batch as Phase 3 did, and write the core artifacts."""

import sys
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from pathlib import Path

from phase4_tui.policy.phase3.engine import Tally, evaluate
from phase4_tui.policy.phase3.memory import Memory
from phase4_tui.policy.phase3.record import Record, Row
from phase4_tui.steps import entry
from phase4_tui.steps.batch import Flow, run_batch
from phase4_tui.steps.pipeline_runner import add_batch_arguments

DEFAULT_TAG = "phase3_demo"
COLUMNS = ("underlying", "timestamp", "action", "confidence", "score", "veto", "strike zone", "urgency")


def run_pipeline(input_path: Path, outdir: Path, tag: str) -> dict[str, object]:
    """Run Phase 3 over `input_path` and return what was written; errors as of `run_batch`."""
    tally, memory = Tally(), Memory()

    def decide_batch(records: list[Record]) -> list[Row]:
        rows = [evaluate(record, memory) for record in records]
        for row in rows:
            tally.add(row)
        return rows

    flow = Flow("Phase 3 report", Record, decide_batch, tally, COLUMNS, _cells)
    return run_batch(flow, input_path, outdir, tag)


def _cells(row: Row) -> Sequence[object]:
    consensus, plan = row.consensus, row.execution_plan
    return (
        row.underlying,
        row.timestamp,
        consensus.action,
        consensus.confidence,
        consensus.weighted_score,
        consensus.veto_applied,
        plan.strike_zone,
        plan.urgency,
    )


def _parser() -> ArgumentParser:
    parser = entry.parser("Decide every record of a batch with the prior phase, the fallback.")
    add_batch_arguments(parser, DEFAULT_TAG)
    return parser


def _work(arguments: entry.Arguments) -> tuple[int, Mapping[str, object]]:
    return entry.DONE, run_pipeline(arguments.input, arguments.outdir, arguments.tag)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with `argv` (default: the process's) and return its exit status."""
    return entry.main(_parser, _work, argv)


if __name__ == "__main__":
    sys.exit(main())
