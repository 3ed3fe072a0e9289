"""The search on a screen: what is searched, where it is, and how far its matches are counted."""

import asyncio
import re
import time
from bisect import bisect_left
from typing import TYPE_CHECKING

from phase4_tui.console.remedies import how
from phase4_tui.tui.widgets.key_line import KeyPlace
from phase4_tui.tui.widgets.search_line import SearchLine, told_of
from phase4_tui.tui.widgets.searchable import Pattern, Searchable

if TYPE_CHECKING:
    from phase4_tui.tui.screens.base import FactsScreen

SLICE_SECONDS = 0.005
"""The search of a long list gives way to keys and painting this often."""


class ScreenSearch:
    """Searches the list or text that is in front: the focused one, else the first of the screen."""

    def __init__(self, screen: "FactsScreen") -> None:
        self._screen = screen
        self._target: Searchable | None = None
        self._pattern: Pattern | None = None
        self._origin = 0
        self._found: list[int] = []
        """The lines that match, in order, as far as they are known."""
        self._is_complete = False
        self._count = 0
        """The number of lines when the search began: with another the matches are others too."""
        self._is_seeking = False
        """True until the first match is known."""
        self._owed = 0
        """Matches to go on by once the first is known, for keys that came before it was."""

    @property
    def is_active(self) -> bool:
        """True from the first key of a search until it is left."""
        return self._target is not None

    def begin(self) -> None:
        """Let the operator type what to search for."""
        target = self._in_front()
        if target is None:
            self._screen.console.tell("there is nothing to search on this screen", severity="warning")
            return
        if self._target is not None and self._target is not target:
            self._target.search_show(None, -1)
        self._target, self._pattern, self._origin = target, None, target.search_from
        self._is_seeking, self._owed = False, 0
        self._line().begin()

    def _in_front(self) -> Searchable | None:
        focused = self._screen.focused
        if isinstance(focused, Searchable):
            return focused
        if focused is not None and self._target is not None:
            return self._target  # the field of the search itself
        shown = (found for found in self._screen.query(Searchable) if found.is_on_screen)
        return next(shown, None)

    def _line(self) -> SearchLine:
        if not self._screen.query(SearchLine):  # made at its first use, to keep the first paint fast
            self._screen.mount(SearchLine(), before=self._screen.query_one(KeyPlace))
        return self._screen.query_one(SearchLine)

    def typed(self, text: str) -> None:
        """Search for another text from where the search began; the empty one matches nothing."""
        pattern = re.compile(re.escape(text), re.IGNORECASE) if text.strip() else None
        if self._target is None or pattern == self._pattern:
            return
        self._pattern = pattern
        if pattern is None:
            self._target.search_show(None, -1)
            self._line().tell()
        else:
            self._scan(self._origin, 1)

    async def accept(self) -> None:
        """Give the focus back to what is searched."""
        text = await self._line().text()
        if self._target is None:
            return
        self.typed(text)
        self._screen.set_focus(self._target)
        if self._pattern is None:
            self.end()

    def go(self, by: int) -> bool:
        """Go to the next match, or with -1 to the one before; False where nothing is searched for."""
        target, pattern = self._target, self._pattern
        if target is None or pattern is None:
            return False
        if self._is_seeking:
            self._owed += by
            return True
        at = target.search_from
        if self._is_complete and self._count == target.search_count and self._found:
            index = bisect_left(self._found, at + 1) if by > 0 else bisect_left(self._found, at) - 1
            line = self._found[index % len(self._found)]
            if target.search_matches(line, pattern):
                target.search_show(pattern, line)
                self._tell()
                return True
        self._scan(at + by, by)
        return True

    def end(self) -> bool:
        """Leave the search; False when there was none."""
        target, self._target = self._target, None
        if target is None:
            return False
        self._screen.workers.cancel_group(self._screen, "find")
        self._pattern = None
        target.search_show(None, -1)
        self._line().end()
        self._screen.set_focus(target)
        return True

    def _scan(self, start: int, by: int) -> None:
        self._is_seeking = True
        self._screen.begin(self._find, start, by, group="find", exclusive=True)

    async def _find(self, start: int, by: int) -> None:
        """Go to the first match from a line on, round the end if need be, then count the others."""
        target, pattern = self._target, self._pattern
        if target is None or pattern is None:
            return
        self._count, self._found, self._is_complete = target.search_count, [], False
        begun = time.monotonic()
        for step in range(self._count):
            line = (start + by * step) % self._count
            if line < target.search_count and target.search_matches(line, pattern):
                self._found.append(line)
                if len(self._found) == 1:
                    self._is_seeking = bool(self._owed)
                    target.search_show(pattern, line)
                    self._tell()
            if time.monotonic() - begun > SLICE_SECONDS:
                await asyncio.sleep(0)
                begun = time.monotonic()
        self._found.sort()
        self._is_complete, self._is_seeking = True, False
        if not self._found:
            target.search_show(pattern, -1)
        self._tell()
        owed, self._owed = self._owed, 0
        for _ in range(abs(owed) if self._found else 0):
            self.go(1 if owed > 0 else -1)

    def _tell(self) -> None:
        target, keys = self._target, self._screen.console.keys
        if target is None:
            return
        at = bisect_left(self._found, target.match) + 1 if self._is_complete and self._found else None
        ways = f"{how('next_match', keys)} next, {how('previous_match', keys)} previous"
        self._line().tell(*told_of(at, len(self._found), "done" if self._is_complete else "searching", ways))
