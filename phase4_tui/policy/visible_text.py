"""Finds the characters that leave no mark on a screen, so that no text pads, hides or splits a word with them."""

import re

_UNSEEN = re.compile(
    "["
    # control characters, and every format character: zero width, bidirectional, soft hyphen, tags
    "\x00-\x1f\x7f-\x9f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    # separators of lines and paragraphs, and lone surrogates
    "\u2028\u2029\ud800-\udfff"
    # letters, marks and signs that are blank: joiners, fillers, variation selectors, the empty braille cell
    "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff"
    "]"
)
_INK = re.compile("[!-~]")


def unseen(text: str) -> str | None:
    """Return the first control or invisible character of `text`, None when there is none; a space is none."""
    if text.isascii() and text.isprintable():
        return None
    found = _UNSEEN.search(text)
    return found.group() if found else None


def is_blank(text: str) -> bool:
    """True for a text of white space, control and invisible characters alone."""
    return _INK.search(text) is None and not without_unseen(text).strip()


def without_unseen(text: str) -> str:
    """Return `text` without its control and invisible characters, line ends among them."""
    return text if unseen(text) is None else _UNSEEN.sub("", text)
