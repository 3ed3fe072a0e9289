"""A text of any length, wrapped to the width; only the lines on screen are drawn, JSON with its parts apart."""

import re
from bisect import bisect_right

from rich.cells import cell_len

from phase4_tui.tui.text import Part
from phase4_tui.tui.widgets.paper import Paper

HIGHLIGHT_CHARS = 4000
_JSON = re.compile(r'("(?:[^"\\]|\\.)*+"?)(\s*:)?|-?\d[\d.eE+-]*|\b(?:true|false|null)\b')
TAB = "    "


class FileLines(Paper):
    """The lines of a text that was made safe."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(self._piece, id=id)
        self._lines: list[str] = []
        self._firsts: list[int] = []
        self._width = 0
        self._is_json = False

    def show_text(self, text: str, *, is_json: bool) -> None:
        """Show a text from its beginning."""
        self._lines = [line.rstrip(" ") for line in text.replace("\t", TAB).split("\n")]
        if self._lines and not self._lines[-1]:
            self._lines.pop()
        self._is_json = is_json
        self._width = 0
        self._wrap()

    def on_resize(self) -> None:
        """Wrap to the new width."""
        self._wrap()

    def _wrap(self) -> None:
        width = max(self.size.width - 1, 10)
        if width == self._width or not self._lines:
            return
        at = bisect_right(self._firsts, self.top) - 1 if self._width else 0
        self._width = width
        self._firsts, row = [], 0
        for line in self._lines:
            self._firsts.append(row)
            row += max(-(-len(line) // self._chars(line)), 1)
        self.show(row, self._firsts[max(at, 0)])

    def _chars(self, line: str) -> int:
        """Return how many characters of a line fit on one of the screen, where each may take two cells."""
        return self._width if line.isascii() or cell_len(line) == len(line) else max(self._width // 2, 1)

    def _piece(self, index: int) -> list[Part]:
        at = bisect_right(self._firsts, index) - 1
        line = self._lines[at]
        begin = (index - self._firsts[at]) * self._chars(line)
        end = begin + self._chars(line)
        if not self._is_json or len(line) > HIGHLIGHT_CHARS:
            return [line[begin:end]]
        parts: list[Part] = []
        position = 0
        for text, style in json_parts(line):
            piece = text[max(begin - position, 0) : max(end - position, 0)]
            if piece:
                parts.append((piece, style))
            position += len(text)
        return parts


def json_parts(line: str) -> list[tuple[str, str]]:
    """Return a line of JSON in parts with their styles: keys, texts, numbers and words apart."""
    parts: list[tuple[str, str]] = []
    at = 0
    for match in _JSON.finditer(line):
        if match.start() > at:
            parts.append((line[at : match.start()], "$foreground 70%"))
        if match.group(1) is None:
            parts.append((match.group(), "$accent"))
        else:
            parts.append((match.group(1), "$primary" if match.group(2) else "$success"))
            if match.group(2):
                parts.append((match.group(2), "$foreground 70%"))
        at = match.end()
    if at < len(line):
        parts.append((line[at:], "$foreground 70%"))
    return parts
