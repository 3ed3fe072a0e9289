"""The signs that both faces draw with, and what stands in their place where an encoding can't show them.

Once one sign can't be shown, all are replaced, each by one ASCII character, so that columns stay and nothing looks half
drawn; with the space beside it a sign may be two, as `<=`. Other text keeps what the encoding can show; the rest is
escaped, as in `\\u20ac`, so that nothing is lost.
"""

import re
from functools import cache

_HORIZONTAL = (0x2500, 0x2501, 0x2504, 0x2505, 0x2508, 0x2509, 0x2550, 0x2574, 0x2576, 0x2578, 0x257A)
_VERTICAL = (0x2502, 0x2503, 0x2551, 0x2575, 0x2577, 0x2579, 0x257B)
_DASHED = (0x2506, 0x2507, 0x250A, 0x250B)
_UPPER_DOTS, _LOWER_DOTS = 0x1B, 0xE4
"""The bits of the dots in the upper and the lower half of a braille character."""
SIGNS = {chr(code): "+" for code in range(0x2500, 0x2580)}
SIGNS |= {chr(code): "-" for code in _HORIZONTAL} | {chr(code): "|" for code in _VERTICAL}
SIGNS |= {"━": "=", "┃": "#"}  # a heavy frame, which marks the focus, differs from a light one
SIGNS |= {chr(code): "#" for code in range(0x2580, 0x25A0)}
SIGNS |= {chr(code): ":" for code in _DASHED}  # the mark of a limit, beside the end of a bar
SIGNS |= {
    chr(0x2800 + dots): ("." if dots & _LOWER_DOTS else " ")
    if not dots & _UPPER_DOTS
    else ":"
    if dots & _LOWER_DOTS
    else "'"
    for dots in range(256)
}
SIGNS |= {
    "✔": "+", "✘": "x", "○": "o", "…": "~", "–": "-", "·": ".", "▶": ">", "■": "#", "●": "*", "★": "K", "❄": "F",
    "⊘": "q", "→": ">", "≠": "!", "≈": "=", "↑": "^", "↓": "v", "←": "<", "—": "-", "×": "x", "▏": "|", "▎": "|",
    "█": "#", "▇": "#", "▁": "_", "▂": "_", "▃": "-", "▄": "-", "▅": "=", "▆": "=", "▉": "#", "▊": "#", "▋": "#",
    "▌": "|", "▍": "|", "▐": "|", "▔": "-", "░": ".", "▒": ":", "▓": "#", "☐": "_", "☑": "x", "☒": "x", "✓": "+",
    "✗": "x", "⏎": "<", "␣": "_", "⇥": ">", "▲": "^", "▼": "v", "≤": "<", "≥": ">", "⟨": "<", "⟩": ">", "�": "?",
    "⏱": "T", "⚠": "!", "•": "-", "▕": "|", "▀": "-", "▖": ".", "▗": ".", "▘": "'", "▝": "'", "▪": "#", "◆": "*",
}  # fmt: skip
_WITH_SPACE = {" ≤": "<=", " ≥": ">=", " ≠": "!=", " →": "->", " ←": "<-", "⏱ ": "T+"}
_IN_ASCII = str.maketrans(SIGNS)
_PAIR = re.compile("|".join(_WITH_SPACE))
_NOT_ASCII = re.compile("[^\x00-\x7f]+")


@cache
def shows_signs(encoding: str) -> bool:
    """True when a text in that encoding can hold every sign."""
    try:
        "".join(SIGNS).encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def in_ascii(text: str) -> str:
    """Return the text with its signs in ASCII, as many characters as before."""
    if text.isascii():
        return text
    return _PAIR.sub(lambda pair: _WITH_SPACE[pair.group()], text).translate(_IN_ASCII)


def escaped(text: str, encoding: str) -> str:
    """Return the text with the characters escaped that are neither signs nor in the encoding."""
    if text.isascii():
        return text
    return _NOT_ASCII.sub(lambda found: "".join(_escaped(one, encoding) for one in found.group()), text)


def _escaped(character: str, encoding: str) -> str:
    if character in SIGNS:
        return character
    return character.encode(encoding, "backslashreplace").decode(encoding)


def can_show(character: str, encoding: str) -> bool:
    """True when the encoding holds the character."""
    return _escaped(character, encoding) == character
