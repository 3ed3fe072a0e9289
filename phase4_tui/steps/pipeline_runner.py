"""Runbook step 1: decide every record of a batch and write the core artifacts of a tag."""

import sys
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from pathlib import Path

from phase4_tui.artifacts.names import DEFAULT_TAG
from phase4_tui.policy.phase4.engine import decide
from phase4_tui.policy.phase4.record import Record, Row
from phase4_tui.policy.phase4.summary import Tally
from phase4_tui.steps import entry
from phase4_tui.steps.batch import Flow, run_batch

COLUMNS = ("underlying", "timestamp", "slot", "action", "confidence", "score", "size", "gate", "rationale")


def run_pipeline(input_path: Path, outdir: Path, tag: str) -> dict[str, object]:
    """Run Phase 4 over `input_path` and return what was written; errors as of `run_batch`."""
    tally = Tally()
    add_row = tally.add_row

    def decide_batch(records: list[Record]) -> list[Row]:
        rows = [Row(record, decide(record)) for record in records]
        for row in rows:
            add_row(row)
        return rows

    flow = Flow("Phase 4 report", Record, decide_batch, tally, COLUMNS, _cells)
    return run_batch(flow, input_path, outdir, tag)


def _cells(row: Row) -> Sequence[object]:
    seen, decision = row.input, row.decision
    return (
        seen.underlying,
        seen.timestamp,
        seen.session_slot,
        decision.action,
        decision.confidence,
        decision.confidence_score,
        decision.position_size_multiplier,
        decision.policy_tags.gate,
        decision.rationale,
    )


def _parser() -> ArgumentParser:
    parser = entry.parser("Decide every record of a batch and write the core artifacts of a run tag.")
    add_batch_arguments(parser, DEFAULT_TAG)
    return parser


def add_batch_arguments(parser: ArgumentParser, default_tag: str) -> None:
    """Add the flags that the pipelines of both phases take."""
    parser.add_argument("--input", type=Path, required=True, help="JSON array, JSON object or JSON Lines")
    parser.add_argument("--outdir", type=Path, default=Path("reports"), help="the reports directory")
    parser.add_argument("--tag", type=entry.tag_argument, default=default_tag, help="the run tag")


def _work(arguments: entry.Arguments) -> tuple[int, Mapping[str, object]]:
    return entry.DONE, run_pipeline(arguments.input, arguments.outdir, arguments.tag)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with `argv` (default: the process's) and return its exit status."""
    return entry.main(_parser, _work, argv)


if __name__ == "__main__":
    sys.exit(main())
