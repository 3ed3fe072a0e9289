"""Foreign text is shown so that nothing in it commands a terminal or a viewer, and nothing dangerous vanishes."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from phase4_tui.artifacts.safe_text import FIELD_LIMIT, safe_line, safe_markdown, safe_text

NOTE_OF_A_CUT = 40  # room for `… (123 more characters)`
UNSAFE = frozenset(
    chr(code)
    for low, high in (
        (0x00, 0x08),
        (0x0B, 0x1F),
        (0x7F, 0x9F),
        (0x61C, 0x61C),
        (0x200B, 0x200F),
        (0x2028, 0x202E),
        (0x2066, 0x2069),
        (0xFEFF, 0xFEFF),
        (0xD800, 0xDFFF),
        (0xE0000, 0xE007F),
    )
    for code in range(low, high + 1)
)
MARKS = "\t\n#*_`|[]()<>-+1.~!&;:=\\ ab"
any_text = st.text(
    alphabet=st.one_of(st.characters(), st.sampled_from(sorted(UNSAFE)), st.sampled_from(MARKS)), max_size=80
)


def test_each_dangerous_character_is_replaced_by_something_one_can_see() -> None:
    for char in sorted(UNSAFE):
        shown = safe_text(f"a{char}b")
        assert char not in shown, ascii(char)
        assert shown.startswith("a"), ascii(char)
        assert shown.endswith("b"), ascii(char)
        assert len(shown) > 2, ascii(char)
        assert shown.isprintable(), ascii(char)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]52;c;RVZJTA==\x07", "␛]52;c;RVZJTA==␇"),
        ("\x9b2J", "⟨U+009B⟩2J"),
        ("\x7f", "␡"),
        ("\x00", "␀"),
        ("a\rb", "a␍b"),
        ("abc\u202edcba", "abc⟨U+202E⟩dcba"),
        ("pay\u200bpal", "pay⟨U+200B⟩pal"),
        ("\ufeffx", "⟨U+FEFF⟩x"),
        ("\U000e0041", "⟨U+E0041⟩"),
        ("\udcff", "⟨U+DCFF⟩"),
        ("\u2066x\u2069", "⟨U+2066⟩x⟨U+2069⟩"),
    ],
)
def test_the_known_attacks_are_shown_by_name(text: str, shown: str) -> None:
    assert safe_text(text) == shown


@pytest.mark.parametrize("text", ["plain", "naïve", "日本語", "😀", "a\tb\nc", "50 % × 2", ""])
def test_harmless_text_stays_as_it_is(text: str) -> None:
    assert safe_text(text) == text


def test_what_looks_the_same_becomes_the_same() -> None:
    assert safe_text("e\u0301") == "é"


@given(any_text)
def test_no_unsafe_character_survives_whatever_the_text(text: str) -> None:
    shown = safe_text(text)
    assert not UNSAFE & set(shown)
    assert shown.encode("utf-8").decode("utf-8") == shown
    assert unicodedata.is_normalized("NFC", shown)


@given(any_text)
def test_making_safe_text_safe_again_changes_nothing(text: str) -> None:
    once = safe_text(text)
    assert safe_text(once) == once


@given(any_text)
def test_a_safe_line_is_one_line_without_tabs(text: str) -> None:
    line = safe_line(text)
    assert len(line.splitlines()) <= 1
    assert "\t" not in line
    assert "\n" not in line
    assert not UNSAFE & set(line)


@pytest.mark.parametrize("length", [FIELD_LIMIT, FIELD_LIMIT + 1, 10 * FIELD_LIMIT])
def test_a_long_text_is_cut_at_the_limit_and_says_how_much_is_left_out(length: int) -> None:
    shown = safe_text("a" * length)
    left_out = length - FIELD_LIMIT
    assert shown.startswith("a" * FIELD_LIMIT)
    assert len(shown) <= FIELD_LIMIT + NOTE_OF_A_CUT
    assert (str(left_out) in shown) is (left_out > 0)


@given(any_text, st.integers(1, 30))
@example("\u200b" * 30, 30)
def test_no_text_is_shown_longer_than_the_limit_and_the_note_of_the_cut(text: str, limit: int) -> None:
    assert len(safe_text(text, limit)) <= limit + NOTE_OF_A_CUT
    assert len(safe_line(text, limit)) <= limit + NOTE_OF_A_CUT


block_starts = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", " ", "   ", "    ", "\t"]),
    st.sampled_from(
        ["#", "######", "-", "+", "*", "1.", "12)", "=", "---", "- - -", "_ _ _", "```", "~~~", ">", "|", "<b"]
    ),
    st.sampled_from(["", " ", " x", "x", " - x", "\tx"]),
)
_viewer = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def rendered_as_text_only(markdown: str) -> str | None:
    """Return the text of one plain paragraph, None when Markdown made anything else of it."""
    tokens = _viewer.parse(markdown)
    if not tokens:
        return ""
    if [token.type for token in tokens] != ["paragraph_open", "inline", "paragraph_close"]:
        return None
    children = tokens[1].children or []
    if any(child.type != "text" for child in children):
        return None
    return "".join(child.content for child in children)


ACTIVE_MARKDOWN = [
    "# heading",
    " # heading behind a space",
    "- item",
    "  + item behind spaces",
    "1. numbered",
    "2) numbered",
    "* item",
    "---",
    " ---",
    "***",
    "___",
    "    code",
    "> quote",
    "`code`",
    "```",
    "~~~",
    "*emphasis*",
    "__strong__",
    "_emphasis_ and _more_",
    "~~struck~~",
    "[link](https://example.org)",
    "![image](https://example.org/x.png)",
    "[ref]: https://example.org",
    "<https://example.org>",
    "<script>alert(1)</script>",
    "<!-- hidden -->",
    "&amp; &#x202e;",
    "| a | b |",
    "a\n\n# heading",
    "a\n===",
    "\\*not escaped",
]


@pytest.mark.parametrize("text", ACTIVE_MARKDOWN)
def test_active_markdown_is_shown_literally(text: str) -> None:
    assert rendered_as_text_only(safe_markdown(text)) == safe_line(text, 400).strip()


@given(st.one_of(any_text, st.text(alphabet=MARKS, max_size=12), block_starts))
def test_no_text_has_a_meaning_in_markdown(text: str) -> None:
    assert rendered_as_text_only(safe_markdown(text)) == safe_line(text, 400).strip()


@given(st.lists(any_text, min_size=1, max_size=3))
def test_no_text_breaks_out_of_a_table_cell(cells: list[str]) -> None:
    head = "| " + " | ".join("x" for _ in cells) + " |\n|" + " --- |" * len(cells) + "\n"
    tokens = _viewer.parse(head + "| " + " | ".join(safe_markdown(cell) for cell in cells) + " |\n")
    assert [token.type for token in tokens].count("td_open") == len(cells)
    assert tokens[-1].type == "table_close"
    inlines = [token for token in tokens if token.type == "inline"][len(cells) :]
    shown = ["".join(child.content for child in token.children or []) for token in inlines]
    assert shown == [safe_line(cell, 400).strip() for cell in cells]
    assert all(child.type == "text" for token in inlines for child in token.children or [])
