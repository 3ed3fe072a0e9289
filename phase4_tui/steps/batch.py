"""Decides every record of an input batch in one pass, and writes report, summary and Markdown, all or none."""

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Generic, Protocol, TypeVar

import msgspec

from phase4_tui.artifacts.atomic_files import atomic_files, to_json
from phase4_tui.artifacts.names import Artifact, file_name
from phase4_tui.artifacts.progress import PROGRESS_ENV, progress_line
from phase4_tui.artifacts.records import BadInput, open_records
from phase4_tui.artifacts.report import ReportWriter
from phase4_tui.artifacts.safe_text import safe_markdown
from phase4_tui.errors import Remedy
from phase4_tui.policy.phase4.event_risk import LISTED_NAMES, OTHER_NAMES
from phase4_tui.policy.phase4.summary import UNKNOWN_EVENTS
from phase4_tui.policy.values import show
from phase4_tui.steps.entry import MissingInput, StepError

R = TypeVar("R", bound=msgspec.Struct)
W = TypeVar("W", bound=msgspec.Struct)
TABLE_ROWS = 20
PROGRESS_SECONDS = 0.25


class Summing(Protocol):
    """The counts of a flow over its rows."""

    def summary(self) -> dict[str, object]:
        """Return the report's `summary`."""


@dataclass(frozen=True)
class Flow(Generic[R, W]):
    """The differences between the phases: record type, decision, counts and Markdown table."""

    title: str
    record: type[R]
    decide: Callable[[list[R]], list[W]]
    tally: Summing
    columns: Sequence[str]
    cells: Callable[[W], Sequence[object]]


def run_batch(flow: Flow[R, W], input_path: Path, outdir: Path, tag: str) -> dict[str, object]:
    """Decide every record of `input_path` and write the three artifacts of `tag` into `outdir`.

    Returns what was written. Raises MissingInput, StepError for bad input, FrozenTag, OSError; then nothing is
    written.
    """
    paths = {
        artifact: outdir / file_name(tag, artifact)
        for artifact in (Artifact.REPORT, Artifact.SUMMARY, Artifact.REPORT_MD)
    }
    try:
        file, records = open_records(input_path, flow.record)
        size = os.fstat(file.fileno()).st_size
        with (
            file,
            atomic_files(*paths.values()) as (report_file, summary_file, markdown_file),
        ):
            writer = ReportWriter(report_file, tag, str(input_path))
            progress = _Progress(size)
            first: list[W] = []
            for batch in records:
                rows = flow.decide(batch)
                first.extend(rows[: TABLE_ROWS - len(first)])
                writer.add(rows)
                progress.show(writer.count, records.bytes_read)
            summary = flow.tally.summary()
            writer.finish(summary)
            summary_file.write(to_json({"run_tag": tag} | summary))
            _write_markdown(markdown_file, flow, tag, input_path, summary, first)
            progress.show(writer.count, size, last=True)
    except FileNotFoundError:
        if input_path.exists():
            raise
        raise MissingInput(input_path, "name the batch with --input") from None
    except BadInput as error:
        advice = Remedy(effect="correct the input and run again")
        raise StepError(f"{error.message}; nothing was written", remedy=(*error.remedies, advice)) from None
    return {
        "run_tag": tag,
        "record_count": writer.count,
        "summary": summary,
        **{artifact.key: str(path) for artifact, path in paths.items()},
    }


class _Progress:
    """Reports the progress of the batch to a parent process that asks for it by an environment variable."""

    def __init__(self, total_bytes: int) -> None:
        self._wanted = os.environ.get(PROGRESS_ENV) == "1"
        self._total = total_bytes
        self._due = time.monotonic() + PROGRESS_SECONDS

    def show(self, records: int, done_bytes: int, *, last: bool = False) -> None:
        if self._wanted and (last or time.monotonic() >= self._due):
            self._due = time.monotonic() + PROGRESS_SECONDS
            sys.stderr.write(progress_line(records, done_bytes, self._total) + "\n")
            sys.stderr.flush()


def _write_markdown(
    file: BinaryIO,
    flow: Flow[R, W],
    tag: str,
    input_path: Path,
    summary: dict[str, object],
    rows: Sequence[W],
) -> None:
    lines = [f"# {flow.title}: {safe_markdown(tag)}", "", f"Input: {safe_markdown(str(input_path))}", ""]
    lines += ["## Summary", ""]
    lines += [f"- {key}: {summary_text(value)}" for key, value in summary.items()]
    lines += ["", f"## Decisions (the first {len(rows)} of {summary['total_records']})", ""]
    lines += table(flow.columns, [flow.cells(row) for row in rows])
    file.write(("\n".join(lines) + "\n").encode())


def summary_text(value: object) -> str:
    """Return a summary's value as Markdown text."""
    if isinstance(value, dict):
        return ", ".join(f"{safe_markdown(str(key))} {summary_text(item)}" for key, item in value.items())
    return safe_markdown(str(value))


def unknown_events(summary: Mapping[str, object]) -> list[str]:
    """Return a text for each unknown event of a summary with its count; beyond the first few, one for all others."""
    found = summary.get(UNKNOWN_EVENTS)
    counts = {str(name): count for name, count in found.items()} if isinstance(found, dict) else {}
    valid = {
        name: count for name, count in counts.items() if isinstance(count, int) and count > 0 and count is not True
    }
    listed = [name for name in valid if name != OTHER_NAMES][:LISTED_NAMES]
    rest = sum(valid.values()) - sum(valid[name] for name in listed)
    lines = [f"{show(name)}: {valid[name]}" for name in listed]
    return [*lines, f"… and {rest} more under other names"] if rest else lines


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """Return the lines of a Markdown table, with every cell sanitized."""
    lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    lines += ["| " + " | ".join(safe_markdown(str(cell)) for cell in row) + " |" for row in rows]
    return lines
