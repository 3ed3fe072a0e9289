"""Checks the files that a step must write: present, newer than the step's start, whole, and of the right tag."""

from dataclasses import dataclass
from pathlib import Path

from phase4_tui.artifacts.documents import look, look_text
from phase4_tui.artifacts.index import Identity, scan
from phase4_tui.artifacts.json_stream import BadElement, decode_array
from phase4_tui.artifacts.models import Document, Monitoring, Phase3Summary, QualityCheck, ReleaseCheck, Summary
from phase4_tui.artifacts.names import RUNBOOK_ARTIFACTS, Artifact, ArtifactNames
from phase4_tui.artifacts.regular_files import Unreadable, open_regular, read_capped
from phase4_tui.artifacts.report import ReportReader, tolerant_row
from phase4_tui.artifacts.strict_json import BadJson, parse
from phase4_tui.errors import error_as_commands
from phase4_tui.runbook.evidence import QUALITY_LIMIT_BYTES
from phase4_tui.runbook.steps import Command, Phase

SHOWN_OTHERS = 3


@dataclass(frozen=True)
class Before:
    """The contents of the reports directory before a step, and the step's start by the file system's clock."""

    start_ns: int
    files: dict[str, Identity]


def look_before(reports: Path, start_ns: int) -> Before:
    """Record every file of the directory; `start_ns` is the mtime of a file just made there, so that clocks agree."""
    return Before(start_ns, scan(reports))


def problems_of(
    command: Command, reports: Path, tag: str, phase: Phase, before: Before, artifacts: ArtifactNames
) -> list[str]:
    """Return one line per expected file that is missing or wrong; an empty list when all are as expected."""
    after = scan(reports)
    problems = []
    for name in command.expects:
        if name not in after:
            problems.append(f"{name} was not written{_others(command, before, after, artifacts)}")
        elif after[name] == before.files.get(name) or after[name][2] < before.start_ns:
            problems.append(f"{name} was not written anew: it is older than the step's start")
        else:
            problems += [f"{name}: {problem}" for problem in check_file(reports / name, tag, phase)]
    return problems


def _others(command: Command, before: Before, after: dict[str, Identity], artifacts: ArtifactNames) -> str:
    changed = sorted(
        name
        for name, identity in after.items()
        if name not in command.expects and identity != before.files.get(name) and artifacts.split(name)
    )
    return f" (the step wrote {', '.join(changed[:SHOWN_OTHERS])} instead)" if changed else ""


def check_file(path: Path, tag: str, phase: Phase) -> list[str]:
    """Return the problems of one artifact, judged by its name: not whole, a key missing, or of another tag."""
    owner = RUNBOOK_ARTIFACTS.split(path.name)
    artifact = owner[1] if owner else None
    match artifact:
        case Artifact.REPORT:
            return _report(path, tag)
        case Artifact.SUMMARY:
            return _document(path, tag, Summary if phase == 4 else Phase3Summary)
        case Artifact.RELEASE_CHECK:
            return _document(path, tag, ReleaseCheck)
        case Artifact.QUALITY_CHECK:
            return _document(path, tag, QualityCheck)
        case Artifact.MONITORING:
            return _document(path, tag, Monitoring)
        case None if path.suffix == ".json":
            return _any_json(path)
    found, _ = look_text(path)
    return [] if found.state == "valid" else [*found.problems] or [f"is {found.state}"]


def _document(path: Path, tag: str, model: type[Document]) -> list[str]:
    found = look(path, model, limit=QUALITY_LIMIT_BYTES)
    value = found.value
    if value is None:
        return list(found.problems) or [f"is {found.state}"]
    inside = None
    if isinstance(value, Summary | Phase3Summary):
        inside = value.run_tag
    elif isinstance(value, ReleaseCheck):
        inside = value.tag
    elif isinstance(value, Monitoring) and value.snapshot is not None:
        inside = value.snapshot.run_tag
    return _other_tag(inside, tag)


def _other_tag(inside: object, tag: str) -> list[str]:
    return [f"is another tag's: it names {inside!a}"] if inside is not None and inside != tag else []


def _report(path: Path, tag: str) -> list[str]:
    reader: ReportReader[object] = ReportReader(path, decode_array(object), tolerant_row)
    try:
        for _ in reader:
            pass
    except FileNotFoundError:
        return ["is missing"]
    except (BadJson, BadElement, Unreadable) as error:
        return [error_as_commands(error)]
    if not reader.has_rows:
        return ["key `results` is missing or no array"]
    return _other_tag(reader.head.get("run_tag"), tag)


def _any_json(path: Path) -> list[str]:
    try:
        with open_regular(path, contained=True) as file:
            parse(read_capped(file))
    except (Unreadable, BadJson) as error:
        return [error_as_commands(error)]
    return []
