"""The only way for foreign text to the screen: made safe, never read as markup, plain ASCII where wanted."""

import re
from collections.abc import Iterable
from io import StringIO
from textwrap import fill

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.content import Content
from textual.filter import LineFilter

from phase4_tui.artifacts.safe_text import safe_line, safe_text
from phase4_tui.signs import can_show, escaped, in_ascii

LINE_LIMIT = 2000
MUTED = "$foreground 65%"
"""The colour for muted text: the theme's `$text-muted` only works in CSS and is full white in content."""
Part = tuple[str, str] | str

_encoding: str | None = None
"""The encoding that every text must fit in; None when the terminal shows all."""
_CONTROL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)


def fit_to(encoding: str | None) -> None:
    """Escape from now on what an encoding can't show of foreign text; None shows all."""
    global _encoding  # noqa: PLW0603 - a program has one terminal
    _encoding = encoding


def _fitted(text: str) -> str:
    return text if _encoding is None else escaped(text, _encoding)


def content(*parts: Part) -> Content:
    """Return parts, each a text or a text with its style, as literal content."""
    return Content.assemble(*(_safe_part(part) for part in parts))


def lines(rows: Iterable[Iterable[Part]]) -> Content:
    """Return rows of parts as content of that many lines."""
    return Content("\n").join([content(*row) for row in rows])


def _safe_part(part: Part) -> tuple[str, str] | str:
    if isinstance(part, str):
        return _fitted(safe_text(part, 1 << 16))
    return _fitted(safe_text(part[0], 1 << 16)), part[1].replace("$text-muted", MUTED)


def hanging(text: str, width: int) -> str:
    """Return a line broken between words at that width, what follows indented by two more than its beginning."""
    indent = text[: len(text) - len(text.lstrip())]
    if len(text) <= width or width <= len(indent) + 2:
        return text
    return fill(text, width, subsequent_indent=f"{indent}  ", break_long_words=False, break_on_hyphens=False)


def clip(text: str, width: int) -> str:
    """Return a text on one line of at most `width` characters."""
    text = _fitted(safe_line(text, LINE_LIMIT))
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
    """Draws the signs in ASCII, and nothing that the encoding lacks; every cell keeps its width."""

    def __init__(self, encoding: str) -> None:
        super().__init__()
        self._encoding = encoding

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments in ASCII."""
        whole = "".join(segment.text for segment in segments)
        if whole.isascii():
            return segments
        left = StringIO(in_ascii(whole))  # of the whole line, since a sign and the space beside it may be apart
        return [Segment(self._plain(left.read(len(text))), style, control) for text, style, control in segments]

    def _plain(self, text: str) -> str:
        """Return the text without what can't be shown, which was escaped before if it came by way of this module."""
        if text.isascii():
            return text
        return "".join(one if can_show(one, self._encoding) else "?" * max(cell_len(one), 0) for one in text)
