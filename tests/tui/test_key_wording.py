"""No text of the dashboard has a key written in it: it comes from the keymap, which the settings may change."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import phase4_tui
from phase4_tui.console.key_names import shown_key
from phase4_tui.console.operations.registry import OPERATIONS

ROOT = Path(phase4_tui.__file__).parent
NAMES_THEM = ROOT / "console" / "remedies.py"
"""The one place that says a key or, for an operation without one, its name in the palette."""
ROOMS = ("tui", "console", "rollback", "runbook")
MODULES = sorted({path for room in ROOMS for path in (ROOT / room).rglob("*.py")} - {NAMES_THEM})
WORDS = {"a", "space", *"12345"}
"""Keys that are words or figures too: these are seen in back quotes, and before some verbs."""
KEYS = {shown_key(operation.key) for operation in OPERATIONS if operation.key} | {"T", "w", "h", "m"}
NAMED = re.compile(
    rf"(?<![\w'’./^-])`?(?:{'|'.join(sorted(map(re.escape, KEYS - WORDS)))})`? (?=[a-z]{{2,}})"
    r"|\^p (?!palette)|`(?:a|space|[1-5])` |\b(?:a|space) (?:shows|opens|goes|follows|pauses)\b"
)


def is_text(text: str) -> bool:
    """Return whether a literal is words for a person: it has a space and is no command line or style sheet."""
    return " " in text.strip() and not re.search(r"phase4 [a-z]|\{ |kill -TERM|: *\$", text)


def literals(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the string literals that are no docstrings, each with its line; an f-string as a whole with `…` in gaps."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            skipped |= {id(value) for value in node.values}
            yield node.lineno, "".join(str(v.value) if isinstance(v, ast.Constant) else "…" for v in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            yield node.lineno, node.value


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_text_names_a_key_but_through_the_keymap(path: Path) -> None:
    named = [(line, text) for line, text in literals(path) if is_text(text) and NAMED.search(text)]
    assert named == []


@pytest.mark.parametrize(
    "text",
    [
        "next: f freezes it",
        "T takes it over",
        "`v` verifies",
        "/ filters",
        "^p restore",
        "… a shows all",
        "space goes on",
    ],
)
def test_a_key_in_a_text_is_seen(text: str) -> None:
    assert NAMED.search(text)
