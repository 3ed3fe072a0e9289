"""The only way for foreign text to the screen: made safe, never read as markup, plain ASCII where wanted."""

import re
from collections.abc import Iterable

from rich.segment import Segment
from rich.style import Style as RichStyle
from textual.color import Color
from textual.content import Content
from textual.filter import LineFilter

from phase4_tui.artifacts.safe_text import safe_line, safe_text

LINE_LIMIT = 2000
MUTED = "$foreground 65%"
"""The colour for muted text: the theme's `$text-muted` only works in CSS and is full white in content."""
Part = tuple[str, str] | str

_ASCII = str.maketrans(
    {
        "✔": "+", "✘": "x", "○": "o", "…": "~", "–": "-", "·": ".", "▶": ">", "■": "#", "●": "*", "★": "*", "❄": "F",
        "⊘": "q", "→": ">", "≠": "!", "≈": "~", "↑": "^", "↓": "v", "←": "<", "—": "-", "×": "x", "▏": "|", "▎": "|",
        "█": "#", "▇": "#", "▁": "_", "▂": "_", "▃": "_", "▄": "=", "▅": "=", "▆": "=", "▉": "#", "▊": "#", "▋": "#",
        "▌": "|", "▍": "|", "▐": "|", "▔": "-", "░": ".", "▒": ":", "▓": "#", "│": "|", "─": "-", "┃": "|", "━": "-",
        "╸": "-", "╺": "-", "╹": "|", "╻": "|", "☐": "_", "☑": "x", "⏎": "<", "␣": "_", "⇥": ">", "▲": "^", "▼": "v",
        "≤": "<", "≥": ">",
    }
)  # fmt: skip
_NOT_ASCII = re.compile(r"[^\x20-\x7e\n]")
_BOX = re.compile(r"[\u2500-\u257f]")
_CONTROL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)


def content(*parts: Part) -> Content:
    """Return parts, each a text or a text with its style, as literal content."""
    return Content.assemble(*(_safe_part(part) for part in parts))


def lines(rows: Iterable[Iterable[Part]]) -> Content:
    """Return rows of parts as content of that many lines."""
    return Content("\n").join([content(*row) for row in rows])


def _safe_part(part: Part) -> tuple[str, str] | str:
    if isinstance(part, str):
        return safe_text(part, 1 << 16)
    return safe_text(part[0], 1 << 16), part[1].replace("$text-muted", MUTED)


def clip(text: str, width: int) -> str:
    """Return a text on one line of at most `width` characters."""
    text = safe_line(text, LINE_LIMIT)
    return text if len(text) <= width else text[: max(width - 1, 0)] + "…"


class ControlFilter(LineFilter):
    """The second line of defence: removes control characters that reached a widget by another way."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments without characters that control a terminal."""
        if all(segment.control or segment.text.isprintable() for segment in segments):
            return segments  # printable text holds no control characters
        return [
            segment if segment.control else Segment(_CONTROL.sub("�", segment.text), segment.style)
            for segment in segments
        ]


class AsciiFilter(LineFilter):
    """Draws with ASCII characters alone; every cell keeps its width."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments in ASCII."""
        return [
            segment if segment.text.isascii() else Segment(_to_ascii(segment), segment.style, segment.control)
            for segment in segments
        ]


def _to_ascii(segment: Segment) -> str:
    text = _BOX.sub(_box, segment.text.translate(_ASCII))
    return _NOT_ASCII.sub(lambda match: "?" * max(Segment(match.group(), RichStyle()).cell_length, 0), text)


def _box(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code in (0x2500, 0x2501, 0x2504, 0x2505, 0x2508, 0x2509, 0x2550, 0x2574, 0x2576, 0x2578, 0x257A):
        return "-"
    if code in (0x2502, 0x2503, 0x2506, 0x2507, 0x250A, 0x250B, 0x2551, 0x2575, 0x2577, 0x2579, 0x257B):
        return "|"
    return "+"
