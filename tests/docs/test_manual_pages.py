"""The documentation pages: each is listed, read by its name, in good form, and leads nowhere that is not there."""

import re
from importlib.resources import files

import pytest

from phase4_tui.errors import Refused
from phase4_tui.runbook.manual import PAGES, page_text
from phase4_tui.runbook.runbook_text import runbook_text
from phase4_tui.tui.widgets.markdown_lines import render_markdown
from tests.docs.pages import CODE, INDENTED, rows, sections
from tests.scorecard.page import written_by_hand

COLUMNS = 78
OURS = [name for name in PAGES if name != "runbook"]
REFERENCE = re.compile(r"`phase4 docs ([a-z_]+)`(?:, ([A-Z][\w ]+))?")


def prose(name: str) -> str:
    """Return a page without what stands in code."""
    return CODE.sub("", INDENTED.sub("", page_text(name)))


def test_every_page_of_the_package_is_listed_and_no_other() -> None:
    found = {path.name.removesuffix(".md") for path in (files("phase4_tui.data") / "docs").iterdir()}
    assert found == set(OURS)


def test_the_runbook_is_a_page_and_the_first() -> None:
    assert next(iter(PAGES)) == "runbook"
    assert page_text("runbook") == runbook_text()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_begins_with_its_title_the_only_one_and_a_sentence_about_it(name: str) -> None:
    lines = page_text(name).splitlines()
    assert lines[0] == f"# {PAGES[name]}"
    assert [line for line in lines if line.startswith("# ")] == lines[:1]
    assert lines[1] == ""
    summary = " ".join(lines[2 : lines.index("", 2)])
    assert summary.endswith(".")
    assert 20 < len(summary) < 240


@pytest.mark.parametrize("name", OURS)
def test_a_page_is_read_in_one_sitting_and_fits_a_terminal(name: str) -> None:
    text = page_text(name)
    assert 80 <= len(written_by_hand(text).splitlines()) <= 250
    assert text.endswith("\n")
    assert [line for line in text.splitlines() if len(line) > 120] == []
    assert re.findall(r"[^\x20-\x7e\n…]", text) == []


@pytest.mark.parametrize("name", OURS)
def test_on_80_columns_no_word_of_a_page_is_cut_and_no_command_is_broken(name: str) -> None:
    parts = [part for line in render_markdown(page_text(name), COLUMNS, {}) for part in line]
    shown = "".join(part if isinstance(part, str) else part[0] for part in parts)
    assert shown.count("…") == page_text(name).count("…")
    assert [line for line in INDENTED.findall(page_text(name)) if len(line) > COLUMNS] == []


@pytest.mark.parametrize("name", OURS)
def test_a_page_is_plain_markdown(name: str) -> None:
    assert re.findall(r"<[a-zA-Z/!]", prose(name)) == []
    assert len(sections(name)) > 4
    for line in page_text(name).splitlines():
        assert line.count("`") % 2 == 0, line
    widths: set[int] = set()
    for line in [*page_text(name).splitlines(), ""]:
        if not line.startswith("|"):
            assert len(widths) <= 1, f"a table before {line!r} has rows of {widths} cells"
            widths = set()
        else:
            (cells,) = rows(line) if not line.startswith("| ---") else (line.strip("|").split("|"),)
            widths.add(len(cells))


@pytest.mark.parametrize("name", OURS)
def test_a_page_refers_to_pages_and_headings_that_exist(name: str) -> None:
    for page, heading in REFERENCE.findall(page_text(name).replace("\n", " ")):
        assert page in PAGES
        assert not heading or heading.strip() in sections(page), f"{page}, {heading}"
    for target in re.findall(r"\]\(([^)]*)\)", prose(name)):
        assert target.removesuffix(".md") in PAGES


def test_the_pages_refer_to_each_other() -> None:
    referred = {page for name in OURS for page, _ in REFERENCE.findall(page_text(name).replace("\n", " "))}
    assert referred >= {"formats", "policy", "promises", "settings", "escalation"}


@pytest.mark.parametrize("name", ["command_line", "command-line", "Command-Line", "command_line.md"])
def test_a_page_is_found_however_its_name_is_written(name: str) -> None:
    assert page_text(name) == page_text("command_line")


@pytest.mark.parametrize(
    ("name", "near"), [("polcy", "policy"), ("format", "formats"), ("comand-line", "command_line")]
)
def test_a_name_that_is_nearly_right_is_answered_with_the_right_one(name: str, near: str) -> None:
    with pytest.raises(Refused, match=f"'{name}' is no page; did you mean {near}"):
        page_text(name)


@pytest.mark.parametrize("name", ["", "zzz", "../runbook", "docs/policy", "\x1b[2J", "x" * 100_000, "__init__"])
def test_any_other_name_is_refused_with_the_pages_there_are(name: str) -> None:
    with pytest.raises(Refused) as caught:
        page_text(name)
    text = str(caught.value)
    assert text.isprintable()
    assert len(text) < 400
    assert all(page in text for page in PAGES)
