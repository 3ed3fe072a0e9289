"""A text of any length, wrapped to the width off the event loop; only the rows on screen are drawn, JSON coloured."""

import re
from array import array
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from rich.cells import cell_len

from phase4_tui.console.background import Stop, in_background
from phase4_tui.tui.text import Part
from phase4_tui.tui.widgets.text_lines import TextLines

HIGHLIGHT_CHARS = 4000
_JSON = re.compile(r'("(?:[^"\\]|\\.)*+"?)(\s*:)?|-?\d[\d.eE+-]*|\b(?:true|false|null)\b')
TAB = "    "


@dataclass
class Wrapped:
    """Where the lines of a text begin, and which rows of the screen they take."""

    text: str = ""
    starts: "array[int]" = field(default_factory=lambda: array("L"))
    firsts: "array[int]" = field(default_factory=lambda: array("L"))
    """The first row of each line."""
    chars: "array[int]" = field(default_factory=lambda: array("L"))
    """How many characters of each line fit on a row."""
    rows: int = 0

    def place(self, row: int) -> tuple[int, int]:
        """Return the line that a row is of, and at which of its characters it begins."""
        line = bisect_right(self.firsts, row) - 1
        return line, (row - self.firsts[line]) * self.chars[line]

    def row(self, line: int, char: int) -> int:
        """Return the row that shows a character of a line."""
        return self.firsts[line] + char // self.chars[line]

    def end(self, line: int) -> int:
        """Return where a line ends."""
        return self.starts[line + 1] - 1 if line + 1 < len(self.starts) else len(self.text)


def wrap(text: str, width: int, stop: Stop) -> Wrapped:
    """Return how a text is laid out in that width; for a thread."""
    text = text.replace("\t", TAB).removesuffix("\n")
    wide = {char for char in set(text) if cell_len(char) > 1}
    found = Wrapped(text)
    start = 0
    while start <= len(text) and not stop():
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        line = text[start:end].rstrip(" ")
        fits = width if wide.isdisjoint(line) else max(width // 2, 1)
        found.starts.append(start)
        found.firsts.append(found.rows)
        found.chars.append(fits)
        found.rows += max(-(-len(line) // fits), 1)
        start = end + 1
    return found


class FileLines(TextLines):
    """The lines of a text that was made safe."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(self._piece, id=id)
        self._text = ""
        self._wrapped = Wrapped()
        self._width = 0
        self._is_json = False

    def show_text(self, text: str, *, is_json: bool) -> None:
        """Show a text from its beginning."""
        self._text, self._is_json = text, is_json
        self._wrapped, self._width = Wrapped(), 0
        self._wrap()

    def on_resize(self) -> None:
        """Wrap to the new width."""
        self._wrap()

    def _wrap(self) -> None:
        width = max(self.size.width - 1, 10)
        if self._text and width != self._width:
            self._width = width
            work: Any = partial(self._take, self._text, width)
            self.screen.run_worker(work, group="wrap", exclusive=True, exit_on_error=False)

    async def _take(self, text: str, width: int) -> None:
        found = await in_background(lambda stop: wrap(text, width, stop))
        top = found.row(*self._wrapped.place(self.top)) if self._wrapped.rows else 0
        self._wrapped = found
        self.show(found.rows, top)

    def _piece(self, row: int) -> list[Part]:
        found = self._wrapped
        line, begin = found.place(row)
        start, end, fits = found.starts[line], found.end(line), found.chars[line]
        if not self._is_json or end - start > HIGHLIGHT_CHARS:
            return [found.text[start + begin : min(start + begin + fits, end)]]
        parts: list[Part] = []
        position = 0
        for text, style in json_parts(found.text[start:end]):
            piece = text[max(begin - position, 0) : max(begin + fits - position, 0)]
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
