"""Text that can be searched line by line: which lines match, and the match marked and brought in sight."""

import re

from textual.content import Content
from textual.widget import Widget

CURRENT, OTHER = "bold reverse", "bold underline"
"""The styles of the match that the search is at and of the others; both are seen without colours."""
LONGEST_SEARCH = 200
"""The most characters that are searched for."""
Pattern = re.Pattern[str]


class Searchable(Widget):
    """A widget with lines to search; a subclass says how many there are, and the text of each."""

    pattern: Pattern | None = None
    """What is searched for; None while nothing is."""
    match: int = -1
    """The line that the search is at."""

    @property
    def search_count(self) -> int:
        """The number of lines."""
        raise NotImplementedError

    @property
    def search_from(self) -> int:
        """The line at which a search begins: that of the cursor, or the first in sight."""
        raise NotImplementedError

    @property
    def search_at(self) -> int:
        """The line whose matches are marked as those that the search is at."""
        return self.match

    def search_text(self, line: int) -> str:
        """Return the text of a line, also what a narrow screen cuts off."""
        raise NotImplementedError

    def search_matches(self, line: int, pattern: Pattern) -> bool:
        """Return whether a line matches."""
        return pattern.search(self.search_text(line)) is not None

    def search_show(self, pattern: Pattern | None, match: int) -> None:
        """Mark what matches, and bring the line that the search is at in sight; -1 is none."""
        self.pattern, self.match = pattern, match
        self.refresh()

    def search_spans(self, line: int, shown: str) -> list[tuple[int, int]]:
        """Return the parts of a line, as it is shown, that match."""
        return [] if self.pattern is None else [found.span() for found in self.pattern.finditer(shown)]

    def search_marked(self, line: int, text: Content) -> Content:
        """Return the content of a line with its matches marked; the whole line where the match is cut off."""
        if self.pattern is None:
            return text
        spans = self.search_spans(line, text.plain)
        for start, end in spans:
            begins_on = line if start >= 0 else line - 1
            text = text.stylize(CURRENT if begins_on == self.search_at else OTHER, max(start, 0), end)
        return text if spans or line != self.match else text.stylize(OTHER)
