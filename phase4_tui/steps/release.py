"""What a release check demands of a tag's core artifacts: present, whole, of this tag, and in agreement."""

import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from phase4_tui.artifacts.atomic_files import atomic_write, to_json
from phase4_tui.artifacts.json_stream import BadElement
from phase4_tui.artifacts.names import Artifact, file_name
from phase4_tui.artifacts.regular_files import Unreadable, read_bytes
from phase4_tui.artifacts.report import ReportReader
from phase4_tui.artifacts.strict_json import BadJson, decode_text, parse, parse_object
from phase4_tui.artifacts.unique_keys import decode_complete
from phase4_tui.errors import error_as_commands
from phase4_tui.policy.values import show
from phase4_tui.steps import entry

REPORT_KEYS = ("run_tag", "input_file", "record_count", "summary", "results")
MAX_ERRORS = 100
_COUNTED = "results counted"


@dataclass(frozen=True)
class Release:
    """What a phase's artifacts must hold."""

    row: type[msgspec.Struct]
    row_keys: Sequence[str]
    summary_keys: Sequence[str]
    counts_key: str
    count_keys: Sequence[str] = ("BUY_CALL", "BUY_PUT", "NO_TRADE")


@dataclass
class _Findings:
    missing: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    more: int = 0

    def add(self, name: str, problem: str) -> None:
        if len(self.errors) < MAX_ERRORS:
            self.errors.append(f"{name}: {problem}")
        else:
            self.more += 1


def check_release(release: Release, tag: str, outdir: Path) -> dict[str, object]:
    """Return the release check of a tag (formats.md, `_release_check.json`); raises BadTag."""
    findings = _Findings()
    names = [file_name(tag, kind) for kind in (Artifact.REPORT, Artifact.SUMMARY, Artifact.REPORT_MD)]
    report_name, summary_name, markdown_name = names
    report = _guarded(findings, report_name, lambda: _read_report(release, outdir / report_name, findings))
    summary = _guarded(findings, summary_name, lambda: parse_object(read_bytes(outdir / summary_name)))
    markdown = _guarded(findings, markdown_name, lambda: {"text": decode_text(read_bytes(outdir / markdown_name))})
    if summary is not None:
        _check_summary(release, findings, summary_name, summary)
        _check_tag(findings, summary_name, summary, tag)
    if report is not None:
        _check_tag(findings, report_name, report, tag)
        count = report[_COUNTED]
        inner = report.get("summary")
        if isinstance(inner, dict):
            _check_summary(release, findings, report_name, inner, "summary.")
            if inner.get("total_records", count) != count:
                total = show(inner["total_records"])
                findings.add(report_name, f"key `summary.total_records` is {total}, but there are {count} results")
            if summary is not None and inner != {k: v for k, v in summary.items() if k != "run_tag"}:
                findings.add(summary_name, "does not agree with the report's `summary`")
        elif "summary" in report:
            findings.add(report_name, f"key `summary` must be an object, found {show(inner)}")
    if markdown is not None and not str(markdown["text"]).strip():
        findings.add(markdown_name, "is empty")
    errors = findings.errors + ([f"… and {findings.more} more"] if findings.more else [])
    return {
        "tag": tag,
        "outdir": str(outdir),
        "passed": not findings.missing and not errors,
        "checked_files": names,
        "missing_files": findings.missing,
        "validation_errors": errors,
    }


def _guarded(findings: _Findings, name: str, read: object) -> dict[str, object] | None:
    try:
        content: dict[str, object] = read()  # type: ignore[operator]
    except FileNotFoundError:
        findings.missing.append(name)
    except (Unreadable, BadJson, BadElement) as error:
        findings.add(name, error_as_commands(error))
    else:
        return content
    return None


def _read_report(release: Release, path: Path, findings: _Findings) -> dict[str, object]:
    """Return the report's head; row problems go into the findings."""
    reader: ReportReader[object] = ReportReader(path, decode_complete(release.row), _strict_row)
    number = 0
    for batch in reader:
        for row in batch:
            number += 1
            if not isinstance(row, release.row):
                for problem in _row_problems(release, row):
                    findings.add(path.name, f"record {number}: {problem}")
    present = set(reader.head) | ({"results"} if reader.has_rows else set())
    for key in REPORT_KEYS:
        if key not in present:
            findings.add(path.name, f"key `{key}` is missing")
    if not reader.has_rows and "results" in reader.head:
        findings.add(path.name, "key `results` must be an array")
    count = reader.head.get("record_count")
    if "record_count" in reader.head and (isinstance(count, bool) or count != number):
        findings.add(path.name, f"key `record_count` is {show(count)}, but there are {number} results")
    return {**reader.head, _COUNTED: number}


def _strict_row(data: bytes, number: int) -> object:
    try:
        return parse(data)
    except BadJson as error:
        raise BadElement(number, error_as_commands(error)) from None


def _row_problems(release: Release, row: object) -> Iterator[str]:
    if not isinstance(row, dict):
        yield f"must be an object, found {show(row)}"
        return
    for key in release.row_keys:
        if key not in row:
            yield f"key `{key}` is missing"
        elif not isinstance(row[key], dict):
            yield f"key `{key}` must be an object, found {show(row[key])}"


def _check_summary(
    release: Release, findings: _Findings, name: str, summary: Mapping[str, object], prefix: str = ""
) -> None:
    for key in release.summary_keys:
        if key not in summary:
            findings.add(name, f"key `{prefix}{key}` is missing")
        elif key != release.counts_key and not _is_count(summary[key]):
            findings.add(name, f"key `{prefix}{key}` must be a number, found {show(summary[key])}")
    counts = summary.get(release.counts_key)
    if isinstance(counts, dict):
        for key in release.count_keys:
            if not _is_count(counts.get(key)):
                problem = "is missing" if key not in counts else f"is {show(counts[key])}, not a number"
                findings.add(name, f"key `{prefix}{release.counts_key}.{key}` {problem}")
    elif release.counts_key in summary:
        findings.add(name, f"key `{prefix}{release.counts_key}` must be an object, found {show(counts)}")


def _is_count(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _check_tag(findings: _Findings, name: str, content: Mapping[str, object], tag: str) -> None:
    if "run_tag" not in content:
        if name.endswith(Artifact.SUMMARY):
            findings.add(name, "key `run_tag` is missing")
    elif content["run_tag"] != tag:
        findings.add(name, f"key `run_tag` is {show(content['run_tag'])}: the file is another tag's")


def command(release: Release, description: str, argv: Sequence[str] | None) -> int:
    """The release check command of a phase; returns its exit status."""

    def build() -> ArgumentParser:
        parser = entry.parser(description)
        parser.add_argument("--tag", type=entry.tag_argument, required=True, help="the run tag")
        parser.add_argument("--outdir", type=Path, default=Path("reports"), help="the reports directory")
        parser.add_argument("--out-json", type=Path, help="where the check is written")
        return parser

    def work(arguments: entry.Arguments) -> tuple[int, Mapping[str, object]]:
        check = check_release(release, arguments.tag, arguments.outdir)
        if arguments.out_json is not None:
            atomic_write(arguments.out_json, to_json(check))
        if not check["passed"]:
            problems = [*_named(check["missing_files"], "missing: "), *_named(check["validation_errors"], "")]
            print(f"release check did not pass: {'; '.join(problems[:3])}", file=sys.stderr)
        return (entry.DONE if check["passed"] else entry.NOT_PASSED), check

    return entry.main(build, work, argv)


def _named(lines: object, prefix: str) -> list[str]:
    return [f"{prefix}{line}" for line in lines] if isinstance(lines, list) else []
