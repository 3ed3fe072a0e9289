"""Each character that leaves no mark on a screen is found, and none that does."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phase4_tui.policy.visible_text import unseen, without_unseen

WITHOUT_A_MARK = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def test_every_control_format_and_separating_character_of_unicode_is_found() -> None:
    missed = [
        f"U+{code:04X}"
        for code in range(sys.maxunicode + 1)
        if unicodedata.category(chr(code)) in WITHOUT_A_MARK and unseen(f"R{chr(code)}BI") != chr(code)
    ]
    assert missed == []


@pytest.mark.parametrize(
    "char", ["\u034f", "\u115f", "\u1160", "\u17b4", "\u180b", "\u2065", "\u2800", "\u3164", "\ufe0f", "\U000e0100"]
)
def test_a_letter_or_mark_that_is_blank_is_found_too(char: str) -> None:
    assert unseen(f"RBI{char}") == char


@given(st.text(st.characters(categories=["L", "N", "P", "Sc", "Sm", "Zs"]), max_size=8))
def test_letters_figures_signs_and_spaces_are_seen_but_for_the_blank_ones(text: str) -> None:
    assert unseen(text) in (None, "\u115f", "\u1160", "\u3164", "\uffa0")


@given(st.text())
def test_what_is_left_has_nothing_unseen_and_keeps_all_else(text: str) -> None:
    left = without_unseen(text)
    assert unseen(left) is None
    assert left == "".join(char for char in text if unseen(char) is None)
