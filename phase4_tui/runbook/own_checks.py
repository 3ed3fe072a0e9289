"""The desk's own health checks as entries of the table, and what the rules say of one that does not hold."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from phase4_tui.artifacts.documents import AnyJson, Look, look_json
from phase4_tui.artifacts.models import Document
from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.journal.incident import Finding
from phase4_tui.runbook.checks import CheckEntry
from phase4_tui.runbook.evidence import Evidence
from phase4_tui.runbook.health import Check, Verdict, judged_by
from phase4_tui.runbook.settings import OwnCheck, Settings

VALUE_CHARS = 120
SHOWN_ISSUES = 5
FIGURES = 200
"""How many numbers of one file are compared, the first."""


def own_entries(settings: Settings) -> tuple[CheckEntry, ...]:
    """Return the desk's own checks in the order of the settings."""
    return tuple(
        CheckEntry(
            name=check.name,
            title=check.title,
            files={4: check.suffix},
            expected="{file} present" if check.key is None else _equation(check.key, check.expected),
            judge=judged_by(partial(_file_of, check), partial(_verdict, check)),
            rung=check.title,
            completes=False,
            is_own=True,
        )
        for check in settings.own_checks
    )


def _file_of(check: OwnCheck, evidence: Evidence) -> Look[Document]:
    return evidence.own[check.suffix]


def _verdict(check: OwnCheck, evidence: Evidence, value: Document) -> Verdict:
    if not isinstance(value, AnyJson):
        return "present", "present", []
    issues = _issues(check, value.content)
    if check.key is None:
        return "present", "present", issues
    try:
        found = value_at(value.content, check.key)
    except KeyError as error:
        return "unreadable", "broken schema", [f"key `{error.args[0]}` is missing", *issues]
    return ("passed" if holds(check, found) else "failed"), _equation(check.key, found), issues


def holds(check: OwnCheck, found: object) -> bool:
    """True when a value is the expected one; `true` is not 1, as in JSON."""
    same_kind = isinstance(found, bool) == isinstance(check.expected, bool)
    return same_kind and not isinstance(found, list | dict) and found == check.expected


def _equation(key: str, value: object) -> str:
    return f"{key}={safe_line(value if isinstance(value, str) else json.dumps(value), VALUE_CHARS)}"


def value_at(content: object, path: str) -> object:
    """Return what stands in a document under keys joined by dots; KeyError names the first that is not there."""
    keys = path.split(".")
    for at, key in enumerate(keys):
        if not isinstance(content, dict) or key not in content:
            raise KeyError(".".join(keys[: at + 1]))
        content = content[key]
    return content


def _issues(check: OwnCheck, content: object) -> list[str]:
    if check.issues is None:
        return []
    try:
        found = value_at(content, check.issues)
    except KeyError:
        return []
    listed = found if isinstance(found, list) else [] if found is None else [found]
    return [one if isinstance(one, str) else json.dumps(one) for one in listed]


def findings_of(own: OwnCheck, evidence: Evidence, check: Check) -> list[Finding]:
    """Return what shows that a check does not hold: its file with key and value, and its first reasons."""
    value = evidence.own[own.suffix].value
    if own.key is None or not isinstance(value, AnyJson):
        return []
    reasons = [Finding(file=check.file, key="issues", value=issue) for issue in check.issues[:SHOWN_ISSUES]]
    return [Finding(file=check.file, key=own.key, value=value_at(value.content, own.key)), *reasons]


def gate_of(check: OwnCheck, file: Path) -> tuple[bool | None, str]:
    """Return whether the file that a step wrote says that its gate passed, None without a word, and what it says."""
    found = look_json(file)
    if not isinstance(found.value, AnyJson) or check.key is None:
        return None, f"is {found.state}"
    try:
        value = value_at(found.value.content, check.key)
    except KeyError as error:
        return None, f"has no key `{error.args[0]}`"
    return holds(check, value), f"says {_equation(check.key, value)}"


def figures_of(evidence: Evidence) -> dict[str, object]:
    """Return the numbers in the desk's own files, each under the file's name and its keys, joined by dots."""
    figures: dict[str, object] = {}
    for suffix, found in evidence.own.items():
        if isinstance(found.value, AnyJson):
            name = suffix.removeprefix("_").removesuffix(".json")
            numbers = _numbers(found.value.content, name)
            figures |= dict(pair for pair, _ in zip(numbers, range(FIGURES), strict=False))
    return figures


def _numbers(content: object, name: str) -> Iterator[tuple[str, float]]:
    if isinstance(content, dict):
        for key, value in content.items():
            yield from _numbers(value, f"{name}.{key}")
    elif isinstance(content, int | float) and not isinstance(content, bool):
        yield name, content
