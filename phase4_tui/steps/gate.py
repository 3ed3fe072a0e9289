"""One pass of a quality gate over a report of any size, in constant memory, and the check it writes."""

import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, Generic, TypeVar, cast

import msgspec

from phase4_tui.artifacts.atomic_files import atomic_file
from phase4_tui.artifacts.json_stream import BadElement
from phase4_tui.artifacts.regular_files import Unreadable
from phase4_tui.artifacts.report import ReportReader, tolerant_row
from phase4_tui.artifacts.strict_json import BadJson
from phase4_tui.artifacts.unique_keys import decode_complete
from phase4_tui.errors import error_as_commands
from phase4_tui.policy.values import Violation
from phase4_tui.steps import entry

W = TypeVar("W", bound=msgspec.Struct)
SPOOL_MEMORY = 1 << 20
COPY_BYTES = 1 << 20


@dataclass(frozen=True)
class Gate(Generic[W]):
    """What a phase's quality gate checks: typed rows for their policy, any other value for everything."""

    sections: Sequence[str]
    schema_section: str
    row: type[W]
    judge_rows: Callable[[Sequence[W], int], Iterable[Violation]]
    judge_value: Callable[[object, int], Iterable[Violation]]


class _Issues:
    """The issues of each section; beyond a megabyte they wait on disk."""

    def __init__(self, sections: Sequence[str], stack: ExitStack) -> None:
        self._files: dict[str, IO[bytes]] = {
            section: stack.enter_context(tempfile.SpooledTemporaryFile(SPOOL_MEMORY))  # noqa: SIM115
            for section in sections
        }
        self.counts = dict.fromkeys(sections, 0)

    def add(self, violation: Violation) -> None:
        file = self._files[violation.section]
        separator = b",\n        " if self.counts[violation.section] else b"\n        "
        file.write(separator + msgspec.json.encode(violation.message))
        self.counts[violation.section] += 1

    @property
    def passed(self) -> bool:
        return not any(self.counts.values())

    def write(self, out: BinaryIO) -> None:
        """Write the check as JSON: `passed`, and `checks` with each section's `passed` and `issues`."""
        out.write(b'{\n  "passed": %s,\n  "checks": {' % _boolean(self.passed))
        for index, (section, file) in enumerate(self._files.items()):
            count = self.counts[section]
            out.write(b"," if index else b"")
            out.write(b'\n    "%s": {\n      "passed": %s,\n' % (section.encode(), _boolean(not count)))
            out.write(b'      "issues": [')
            file.seek(0)
            while chunk := file.read(COPY_BYTES):
                out.write(chunk)
            out.write(b"\n      ]\n    }" if count else b"]\n    }")
        out.write(b"\n  }\n}\n")


def _boolean(value: bool) -> bytes:
    return b"true" if value else b"false"


def check_report(gate: Gate[W], report: Path, out_json: Path | None, out: BinaryIO) -> bool:
    """Judge every row of `report`, write the check to `out_json` and to `out`; return whether it passed.

    A report that is no JSON is an issue of the schema section, so that the evidence exists. Errors:
    MissingInput when there is no report, FrozenTag, OSError.
    """
    with ExitStack() as stack:
        issues = _Issues(gate.sections, stack)
        try:
            for violation in _violations(gate, report):
                issues.add(violation)
        except FileNotFoundError:
            raise entry.MissingInput(report, "run the pipeline first") from None
        except (BadElement, BadJson, Unreadable) as error:
            issues.add(Violation(gate.schema_section, f"the report {error_as_commands(error)}"))
        if out_json is not None:
            with atomic_file(out_json) as file:
                issues.write(file)
        issues.write(out)
        return issues.passed


def _violations(gate: Gate[W], report: Path) -> Iterator[Violation]:
    reader: ReportReader[object] = ReportReader(report, decode_complete(gate.row), tolerant_row)
    first = 1
    for batch in reader:
        if isinstance(batch[0], gate.row):  # a batch is decoded as a whole, or taken apart as a whole
            yield from gate.judge_rows(cast("list[W]", batch), first)
        else:
            for number, value in enumerate(batch, first):
                yield from gate.judge_value(value, number)
        first += len(batch)
    if not reader.has_rows:
        yield Violation(gate.schema_section, "the report's key `results` must be present and an array")


def command(gate: Gate[W], description: str, argv: Sequence[str] | None) -> int:
    """The quality check command of a phase; returns its exit status."""

    def build() -> ArgumentParser:
        parser = entry.parser(description)
        parser.add_argument("--report-json", type=Path, required=True, help="the report to judge")
        parser.add_argument("--out-json", type=Path, help="where the check is written")
        return parser

    def work(arguments: entry.Arguments) -> tuple[int, None]:
        passed = check_report(gate, arguments.report_json, arguments.out_json, sys.stdout.buffer)
        sys.stdout.flush()
        return (entry.DONE if passed else entry.NOT_PASSED), None

    return entry.main(build, work, argv)
