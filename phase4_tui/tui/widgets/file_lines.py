"""A text of any length, wrapped off the event loop; only the rows on screen are drawn, JSON in colour."""

import re
from array import array
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from rich.cells import cell_len

from phase4_tui.console.background import Stop, in_background
from phase4_tui.tui.text import Part
from phase4_tui.tui.widgets.searchable import LONGEST_SEARCH, Pattern
from phase4_tui.tui.widgets.text_lines import TextLines

HIGHLIGHT_CHARS = 4000
_JSON = re.compile(r'("(?:[^"\\]|\\.)*+"?)(\s*:)?|-?\d[\d.eE+-]*|\b(?:true|false|null)\b')
TAB = "    "


@dataclass
class Wrapped:
    """Where the lines of a text begin, and which screen rows they take."""

    text: str = ""
    starts: "array[int]" = field(default_factory=lambda: array("L"))
    firsts: "array[int]" = field(default_factory=lambda: array("L"))
    """The first row of each line."""
    chars: "array[int]" = field(default_factory=lambda: array("L"))
    """The number of characters of each line that fit on a row."""
    rows: int = 0

    def place(self, row: int) -> tuple[int, int]:
        """Return the line that a row belongs to, and the offset in the line at which the row begins."""
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

    def search_matches(self, line: int, pattern: Pattern) -> bool:
        """Return whether a match begins in a row; it may go on in the next."""
        at, end, fits = self._extent(line)
        found = pattern.search(self._wrapped.text, at, min(at + fits + LONGEST_SEARCH, end))
        return found is not None and found.start() < at + fits

    def search_spans(self, line: int, shown: str) -> list[tuple[int, int]]:
        """Return the parts of a row that match, of a match that was wrapped what is in this row."""
        if self.pattern is None:
            return []
        at, end, fits = self._extent(line)
        begin = max(at - LONGEST_SEARCH, self._wrapped.starts[self._wrapped.place(line)[0]])
        found = self.pattern.finditer(self._wrapped.text, begin, min(at + fits + LONGEST_SEARCH, end))
        return [(one.start() - at, one.end() - at) for one in found if one.end() > at and one.start() < at + fits]

    def _extent(self, row: int) -> tuple[int, int, int]:
        """Return where in the text a row begins, where its line ends, and how many characters fit on the row."""
        line, begin = self._wrapped.place(row)
        return self._wrapped.starts[line] + begin, self._wrapped.end(line), self._wrapped.chars[line]

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
    """Return a line of JSON as parts with a style for keys, strings, numbers and literals."""
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
