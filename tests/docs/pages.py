"""What the tests of the documentation pages share: a page's sections, table rows and the words that stand in code."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import phase4_tui
from phase4_tui.runbook.manual import page_text

PACKAGE = Path(phase4_tui.__file__).parent

CODE = re.compile(r"`([^`\n]+)`")
TEST_FILE = re.compile(r"tests/[\w/]+\.py")
INDENTED = re.compile(r"^    .*$", re.MULTILINE)


@cache
def sections(page: str) -> dict[str, str]:
    """Return what stands under each heading of a page, what stands under its subheadings included."""
    lines = page_text(page).splitlines()
    found: dict[str, list[str]] = {}
    levels: dict[str, int] = {}
    for line in lines:
        heading = re.fullmatch(r"(#+) (.+)", line)
        if heading:
            level, name = len(heading[1]), heading[2]
            levels = {one: depth for one, depth in levels.items() if depth < level} | {name: level}
            assert name not in found, f"{page}: two sections are called {name}"
            found[name] = []
        for name in levels:
            found[name].append(line)
    return {name: "\n".join(part) for name, part in found.items()}


def section(page: str, heading: str) -> str:
    """Return what stands under a heading."""
    return sections(page)[heading]


def code_words(text: str) -> set[str]:
    """Return each word that stands in a code span, split at what parts words there."""
    return {word for span in CODE.findall(text) for word in (span, *re.split(r"[\s,\[\]()|]+", span))}


def rows(text: str) -> Iterator[list[str]]:
    """Yield the cells of each table row, the headers included, the rulers not."""
    for line in text.splitlines():
        if line.startswith("|") and not line.startswith("| ---"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def row_of(text: str, first: str) -> list[str]:
    """Return the cells of the row that begins with `first`."""
    return next(cells for cells in rows(text) if cells[0] == first)


def figures(text: str) -> set[float]:
    """Return every number that stands in a text, but for those of phases and list items."""
    text = re.sub(r"^\d+\. |Phase \d", "", text, flags=re.MULTILINE)
    return {float(number.replace(",", "")) for number in re.findall(r"(?<![\w.])-?\d[\d,]*(?:\.\d+)?", text)}


@cache
def names_of_the_package() -> frozenset[str]:
    """Return every word of the package's modules."""
    return frozenset(word for path in PACKAGE.rglob("*.py") for word in re.findall(r"\w+", path.read_text()))


@cache
def quoted_in_the_package(word: str) -> bool:
    """True when a module of the package holds the word as a text."""
    return any(f'"{word}"' in path.read_text() for path in PACKAGE.rglob("*.py"))
