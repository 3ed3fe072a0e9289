"""What an operator reads is plain, standard English: no phrase of the code, no JSON, no stamp of a machine."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import phase4_tui
from phase4_tui.artifacts.names import Artifact
from tests.cli.support import ask
from tests.runbook.documents import ALERT, REPORT_AGE, Tag, quality

PACKAGE = Path(phase4_tui.__file__).parent
UNWANTED = (
    "good candidate",
    "what mends",
    "climbs",
    "whole ladder",
    "every rung",
    "the one before is told",
    "note the KPI",
    "limit OK",
    "= absent",
    "is absent",
    "not_applicable not",
    "contained not yet",
    "the sections are",
    "found stale",
    "are not those of the incident's run",
    "phase3_only since",
    "mode is phase3_only",
    "of their own accord",
)
UNREADABLE = {
    "a time with microseconds": r"\d\d:\d\d:\d\d\.\d{3,}",
    "a time of a machine": r"\d{4}-\d\d-\d\dT\d\d:\d\d",
    "the number of a process": r"\(pid \d+",
    "a whole sha256": r"\b[0-9a-f]{64}\b",
    "a word of Python": r"\b(?:True|False|None)\b",
    "a list of Python": r"\[['\"]",
    "an equation of the code": r"\b(?:passed|status)=",
    "an evaluation mode of the code": r"\bphase3_only\b|\bmode:? (?:is )?phase4\b|→ phase4\b",
    "a state of the code": r"\b(?:not_applicable|failed_gate|not_run|timed_out)\b",
}


def told(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and content of each text of a module that is no docstring."""
    tree = ast.parse(path.read_text())
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.lineno, node.value


def test_no_text_of_the_program_has_a_phrase_that_was_found_hard_to_read() -> None:
    found = [
        f"{path.relative_to(PACKAGE)}:{line}: {phrase}"
        for path in PACKAGE.rglob("*.py")
        if path.name != "finding_words.py"  # reads what older journals hold
        for line, text in told(path)
        for phrase in UNWANTED
        if phrase in text
    ]
    assert found == []


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lay out a desk with an incident and a tag for each way in which a check does not hold."""
    work = tmp_path_factory.mktemp("desk")
    assert ask(work, "init", str(work)).status == 0
    reports = work / "reports"
    Tag(reports, "good")
    stale, missing, broken, alert = (Tag(reports, name) for name in ("old", "gone", "broken", "noon"))
    for artifact in (Artifact.RELEASE_CHECK, Artifact.QUALITY_CHECK, Artifact.MONITORING):
        stale.age(artifact, REPORT_AGE + 10)
    missing.remove(Artifact.MONITORING)
    broken.put(Artifact.RELEASE_CHECK, {"passed": "yes", "missing_files": None})
    broken.put(Artifact.QUALITY_CHECK, quality(False, {"score_and_sizing_valid": ["record 9: size must be a number"]}))
    alert.change(Artifact.MONITORING, lambda content: content.update(status="ALERT", alerts=[ALERT]))
    for command in (
        ("incident", "reclassify", "P1", "--reason", "seen at the desk", "--tag", "noon"),
        ("freeze", "noon", "--reason", "evidence"),
        ("mode", "phase3-only", "--reason", "until it is resolved"),
        ("root-cause", "add", "--cause", "feed", "--remediation", "mended", "--owner", "risk"),
        ("escalate", "--owner", "product"),
    ):
        answer = ask(work, *command, "--yes")
        assert answer.status == 0, answer.err
    return work


@pytest.mark.parametrize(
    "command",
    [
        *(f"status --tag {tag}" for tag in ("good", "old", "gone", "broken", "noon")),
        "tags", "known-good list", "mode show", "incident show", "incident list", "root-cause list", "journal",
        "rollback --dry-run", "freeze good --reason R --dry-run", "known-good switch broken --reason R --yes",
        "reopen --tag good --dry-run", "run --dry-run", "run --rehearsal --dry-run", "compare noon good --dry-run",
        "trends", "thaw noon --reason R --dry-run", "restore noon --dry-run", "incident export",
    ],
)  # fmt: skip
def test_what_a_command_says_of_a_bad_tag_is_words_and_times_of_one_form(desk: Path, command: str) -> None:
    answer = ask(desk, *command.split())
    text = answer.out + answer.err
    assert text
    found = {what: re.findall(f".*{pattern}.*", text) for what, pattern in UNREADABLE.items()}
    assert {what: lines for what, lines in found.items() if lines} == {}
