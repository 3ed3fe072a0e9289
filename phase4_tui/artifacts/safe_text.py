"""Sanitizes foreign text so that it is safe to show and every dangerous character stays visible.

Control, C1, bidirectional, zero-width and tag characters and surrogates are replaced by a printable name, so that a
file's content can't control a terminal, a Markdown viewer or what is pasted. Files on disk are unchanged.
"""

import re
import unicodedata

FIELD_LIMIT = 4096
CONTROL_PICTURES = 0x2400

_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u115f\u1160\u180e\u3164\uffa0\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_MARK = "[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_MARKS = re.compile(f"({_MARK}{{8}}){_MARK}+")  # stacked on one character they cover the lines around it
_LAYOUT = re.compile("[\t\n]")
_MARKDOWN = re.compile(r"([\\`*\[\]<>|~&]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|^[#+=-]|^\d+(?=[.)]))")


def _visible(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(CONTROL_PICTURES + code)
    return "␡" if code == 0x7F else f"⟨U+{code:04X}⟩"


def safe_text(text: str, limit: int = FIELD_LIMIT) -> str:
    """Return `text` with only printable characters, tabs and newlines; beyond `limit` characters a note of the cut."""
    shown = text[:limit]
    if not (shown.isascii() and shown.isprintable()):
        shown = unicodedata.normalize("NFC", _MARKS.sub(r"\1", _UNSAFE.sub(_visible, shown)))[:limit]
    return shown if len(text) <= limit else f"{shown}… ({len(text) - limit} more characters)"


def safe_line(text: str, limit: int = FIELD_LIMIT) -> str:
    """Return `text` made safe and on one line."""
    return _LAYOUT.sub(_visible, safe_text(text, limit))


def safe_markdown(text: str, limit: int = 400) -> str:
    """Return `text` made safe, on one line, and with Markdown escaped."""
    return _MARKDOWN.sub(_escaped, safe_line(text, limit).strip())


def _escaped(match: re.Match[str]) -> str:
    found = match.group()
    # The number of a list item can't be escaped; the dot or bracket after it can.
    return f"{found}\\" if found.isdigit() else f"\\{found}"
