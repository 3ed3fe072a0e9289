"""Pieces of evidence in plain words, as journal, panels, commands and post-mortem tell them.

A value stands beside its limit, a problem beside the record and the file that it is in.
"""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from phase4_tui.artifacts.names import Artifact
from phase4_tui.artifacts.plain_words import metric, plain, value
from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.journal.incident import Finding

LINE_CHARS = 240
_GATES = {Artifact.RELEASE_CHECK: "release check", Artifact.QUALITY_CHECK: "quality check"}
_STATES = {
    "absent": "is missing",
    "absent or empty": "is missing or empty",
    "unreadable": "can't be read",
    "writing": "is being written",
    "stale": "is out of date",
}
_OF_A_FILE = re.compile(r"(?P<file>[\w.-]+\.(?:json|md)): (?P<rest>.+)", re.DOTALL)
_OF_A_RECORD = re.compile(r"record (?P<number>\d+): (?P<rest>.+)", re.DOTALL)
_PREDICATE = re.compile(r"(is|has|names|says|was|does|ends|holds|must|can't) ")
_FAILED = " failed"


def finding_words(evidence: Iterable[Finding], rule: str, limit: int | None = None) -> list[str]:
    """Return one line for each piece of evidence of a rule; beyond `limit` lines one more that counts the rest."""
    lines = _lines(evidence, rule)
    if limit is None or len(lines) <= limit:
        return lines
    return [*lines[:limit], f"… and {len(lines) - limit} more"]


def _lines(evidence: Iterable[Finding], rule: str) -> list[str]:
    lines: list[str] = []
    bare: list[str] = []
    for finding in evidence:
        for line in _words(finding, rule):
            words = safe_line(line, LINE_CHARS)
            (bare if words.endswith(_FAILED) else lines).append(words)
    # "release check failed" says nothing beside the reason, nor "release check failed: x is missing" beside "x is …".
    told = [line for line in dict.fromkeys(lines) if not any(line.endswith(f": {other}") for other in lines)]
    return told + [line for line in dict.fromkeys(bare) if not any(other.startswith(line) for other in lines)]


def _words(finding: Finding, rule: str) -> Iterator[str]:
    name, key, found = Path(finding.file).name, finding.key, finding.value
    gate = next((word for suffix, word in _GATES.items() if name.endswith(suffix)), None)
    kind, _, rest = key.partition(".")
    if key == name:
        yield f"{name} {_STATES[found]}" if found in _STATES else _joined(name, value(found))
    elif kind == "alerts":
        yield _alert(finding, metric(rest), rule)
    elif kind == "checks" and gate:
        section = plain(rest).removesuffix(" valid").removesuffix(" enforced")
        for issue in _items(found) or [""]:
            yield f"{gate}{_FAILED}: {section}" + (f": {placed(issue, name)}" if issue else "")
    elif kind == "steps":
        yield _step(plain(rest), value(found), rule)
    elif key == "passed" and found is False and gate:
        yield f"{gate}{_FAILED}"
    elif key == "issues":
        before = f"{gate}{_FAILED}" if gate else "monitoring" if name.endswith(Artifact.MONITORING) else name
        yield f"{before}: {placed(value(found), name)}"
    else:
        yield _other(name, key, found)


def _other(name: str, key: str, found: object) -> str:
    words = value(found)
    if key == "schema":
        return _joined(name, words)
    if key == "frozen":
        return f"{name} is not what was frozen: it {words}"
    if key == "run record":
        return _joined(f"run record {name}", words)
    if key.startswith("used by ") or key == "at the end of the run":
        return f"{name} changed during the run ({words.removeprefix('sha256 ')}), {plain(key)}"
    if key == "status" and name.endswith(Artifact.MONITORING):
        return f"monitoring says {words.removeprefix('status=')} without an alert"
    if key == "recommendation":
        return f"the sign-off note says: {words}"
    if key.startswith("reclassified by "):
        return f"{key}: {words}"
    return f"{name}: {key} is {words}"


def _alert(finding: Finding, name: str, rule: str) -> str:
    """Return `event_block 100 > 50 HIGH`, as far as the limit and the severity are on record."""
    breach, found = finding.breach, finding.value
    severity = f" {breach.severity}" if breach else " HIGH" if rule.endswith("_high") else ""
    limit = breach.threshold if breach else None
    if finding.key.endswith("_status"):
        return f"{name} did not pass{severity}"
    if isinstance(found, int | float) and isinstance(limit, int | float):
        sign = ">" if found > limit else "<" if found < limit else "="
        return f"{name} {value(float(found))} {sign} {value(float(limit))}{severity}"
    return f"{name} {value(found)}" + (f", not {value(limit)}" if limit is not None else "") + severity


def _step(step: str, words: str, rule: str) -> str:
    state, colon, error = words.partition(": ")
    if rule != "run_interrupted" and colon:
        return f"{step} {plain(state)}" + (f": {error}" if error not in ("", "None") else "")
    if words in ("not run", "interrupted"):
        return f"{step} was {words}"
    return f"{step} stopped: {words}"


def _items(found: object) -> list[str]:
    """Return the texts of a list; older journals hold it as JSON, which may have been cut off."""
    if isinstance(found, list | tuple):
        return [value(one) for one in found]
    text = value(found)
    try:
        items = json.loads(text)
    except ValueError:
        items = text.strip('[]"').split('", "')
    return [value(one) for one in items] if isinstance(items, list) else [text]


def placed(problem: str, own: str) -> str:
    """Return `record 9: x` as `x, record 9`, and `missing: t1_report.md` as `t1_report.md is missing`."""
    if problem.startswith("missing: "):
        return f"{problem.removeprefix('missing: ')} is missing"
    section, colon, rest = problem.partition(": ")
    if colon and re.fullmatch(r"[a-z]+(_[a-z]+)+_(valid|enforced)", section):
        return f"{plain(section).removesuffix(' valid').removesuffix(' enforced')}: {placed(rest, own)}"
    of_file = _OF_A_FILE.fullmatch(problem)
    file, rest = (of_file["file"], of_file["rest"]) if of_file else ("", problem)
    of_record = _OF_A_RECORD.fullmatch(rest)
    if of_record:
        return f"{of_record['rest']}, record {of_record['number']}" + (f" of {file}" if file and file != own else "")
    return _joined(file, rest) if file and file != own else rest


def _joined(name: str, problem: str) -> str:
    """Return a file with its problem as one sentence where the problem is a predicate, else after a colon."""
    if problem == "is absent":
        return f"{name} is missing"
    return f"{name} {problem}" if _PREDICATE.match(problem) else f"{name}: {problem}"
