"""Tells keys from a terminal's answers: what is typed, clicked and pasted goes on, and an answer never is a key.

Textual's parser makes keys of each character of what it does not know, and of an answer that arrives in pieces. So it
gets whole sequences only, of those it knows. What is not whole yet waits here, for a bounded time.
The private parts of Textual's parser that this needs are named here and nowhere else.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from time import monotonic

from textual import constants, events
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._xterm_parser import (
    _MAX_SEQUENCE_SEARCH_THRESHOLD,
    BRACKETED_PASTE_END,
    BRACKETED_PASTE_START,
    SPECIAL_SEQUENCES,
    XTermParser,
    _re_cursor_position,
    _re_in_band_window_resize,
    _re_terminal_mode_response,
)
from textual.keys import Keys
from textual.message import Message

from phase4_tui.tui.output_flow import ANSWER

WAIT_SECONDS = 2.0
"""An answer or a paste without its end is given up when nothing more has come for this long."""
LONGEST_SECONDS = 6.0
"""Keys, clicks and whatever else comes in few characters put that off no longer than this."""
ESCAPED_SECONDS = 0.5
"""An Escape that stands alone gives up what waits: the rest of a sequence that it begins comes sooner."""
LATE_SECONDS = 10.0
"""For this long after a paste was given up, many characters in one read are the rest of it."""
MANY = 32
"""So many characters in one read are a part of a paste or of an answer: no key or click has as many."""
LARGEST_PASTE = 1 << 20
"""A longer paste, in characters, becomes several."""

ESC, ALT_O = "\x1b", "\x1bO"
_STRINGS = "P]_^X"
"""After ESC these begin a DCS, OSC, APC, PM or SOS: a text up to its terminator, in which no key can be."""
_STRING_END = re.compile("\x1b\\\\|[\x07\x18\x1a]|\x1b(?=[^\\\\])")
_SEQUENCE = re.compile(r"\x1b\[(?:\[.|M.{3}|[ -?]*[@-LN-Z\\-~]|[ -?]+[M\[])", re.DOTALL)
"""A key, a click or an answer: a control sequence, a function key of the Linux console, an old report of the mouse."""
_SEQUENCE_BEGUN = re.compile(r"\x1b\[(?:\[|M.{0,2}|[ -?]*)", re.DOTALL)
_REST_OF_ANSWER = re.compile(r"\[[?>=]?\d[\d:;]*\$?[a-zA-Z]|P[\d>!]*[|$+r]|\](?:\d+;|[lL])|_G")
"""What follows the ESC of an answer, and what nobody types within one read."""
_PASTE_END_BEGUN = re.compile(r"\x1b(?:\[(?:2(?:01?)?)?)?\Z")


class TerminalIsReady(Message):
    """The terminal has drawn what was sent before the question for it."""


class TerminalInput:
    """Turns what is read from a terminal into messages; `tick` gives up what has waited too long."""

    def __init__(self, parser: XTermParser, clock: Callable[[], float] = monotonic) -> None:
        self._parser = parser
        self._clock = clock
        self._held = ""
        """The beginning of a sequence, a string or a paste whose end has not come."""
        self._escaped_at = 0
        """Where in a paste that is held an Escape stands that nothing followed for a while; 0 without one."""
        self._lone_escape: tuple[int, float] | None = None
        """The same, and the time, of an Escape that was the last read of all."""
        self._give_up_at = 0.0
        self._give_up_at_last = 0.0
        self._rest_of_answer_until = 0.0
        self._rest_of_paste_until = 0.0

    @property
    def seconds_left(self) -> float | None:
        """The seconds until `tick` has something to do; None when nothing waits."""
        return max(self._give_up_at - self._clock(), 0.0) if self._held else None

    def feed(self, text: str) -> Iterator[Message]:
        """Take what was read at once, and yield what it means."""
        now = self._clock()
        if len(text) >= MANY or not self._held:
            self._give_up_at_last = now + LONGEST_SECONDS
        if self._lone_escape is not None:
            at, when = self._lone_escape
            if now - when >= constants.ESCAPE_DELAY:
                self._escaped_at = self._escaped_at or at
            self._lone_escape = None
        if text == ESC and self._held.startswith(BRACKETED_PASTE_START):
            self._lone_escape = len(self._held), now
        self._held = (self._held or self._beginning_of(text, now)) + text
        while self._held and (messages := self._next()) is not None:
            yield from messages
        may_be_key = self._held in (ESC, ALT_O) or self._held in ANSI_SEQUENCES_KEYS
        wait = constants.ESCAPE_DELAY if may_be_key else ESCAPED_SECONDS if text == ESC else WAIT_SECONDS
        self._give_up_at = min(now + wait, self._give_up_at_last)

    def tick(self) -> Iterator[Message]:
        """Yield what was held, once nothing more has come for too long: a key, a paste, nothing of an answer."""
        now = self._clock()
        if not self._held or now < self._give_up_at:
            return
        held, self._held, self._escaped_at, self._lone_escape = self._held, "", 0, None
        if held == ESC:
            self._rest_of_answer_until = now + WAIT_SECONDS
            yield events.Key("escape", ESC)
        elif held.startswith(BRACKETED_PASTE_START):
            self._rest_of_paste_until = now + LATE_SECONDS
            yield from _pasted(_PASTE_END_BEGUN.sub("", held))
        elif held == ALT_O or held in ANSI_SEQUENCES_KEYS:
            yield from self._keys(held)

    def _beginning_of(self, text: str, now: float) -> str:
        """Return what was given up too early, if the text is its rest."""
        if now < self._rest_of_paste_until and (len(text) >= MANY or BRACKETED_PASTE_END in text):
            return BRACKETED_PASTE_START
        return ESC if now < self._rest_of_answer_until and _REST_OF_ANSWER.match(text) else ""

    def _next(self) -> Iterable[Message] | None:
        """Take the first thing off what is held and return what it means; None when it is not whole yet."""
        held = self._held
        if held.startswith(BRACKETED_PASTE_START):
            return self._paste()
        if held[0] != ESC:
            return self._parser.feed(self._take(len(held.partition(ESC)[0])))
        if len(held) == 1:
            return None
        if held[1] == ESC:
            self._take(1)
            return [events.Key("escape", ESC)]
        if held[1] in _STRINGS:
            return self._string()
        if held[1] == "[":
            return self._sequence()
        if held[1] == "O":
            return None if len(held) == 2 else self._keys(self._take(3))
        return self._keys(self._take(2))

    def _take(self, count: int) -> str:
        taken, self._held = self._held[:count], self._held[count:]
        return taken

    def _paste(self) -> Iterable[Message] | None:
        end = self._held.find(BRACKETED_PASTE_END)
        if end >= 0:
            pasted, self._escaped_at = self._take(end), 0
            self._take(len(BRACKETED_PASTE_END))
            return _pasted(pasted)
        at = self._escaped_at
        if at and not BRACKETED_PASTE_END.startswith(self._held[at : at + len(BRACKETED_PASTE_END)]):
            pasted, self._escaped_at = self._take(at), 0
            self._take(1)  # the Escape: what followed late is no end of the paste, so it was a key, which gave it up
            self._rest_of_paste_until = self._clock() + LATE_SECONDS
            return _pasted(pasted)
        if len(self._held) > LARGEST_PASTE:
            pasted = self._take(len(self._held) - len(BRACKETED_PASTE_END))  # in what is left the end may have begun
            self._held, self._escaped_at = BRACKETED_PASTE_START + self._held, 0
            return _pasted(pasted)
        return None

    def _string(self) -> Iterable[Message] | None:
        end = _STRING_END.search(self._held, 2)
        if end is None:
            self._held = self._held[:2] + (ESC if self._held.endswith(ESC, 2) else "")  # the text itself is not needed
            return None
        self._take(end.start() if end.group() == ESC else end.end())
        return ()

    def _sequence(self) -> Iterable[Message] | None:
        whole = _SEQUENCE.match(self._held)
        if whole is not None:
            return self._meaning(self._take(whole.end()))
        begun = _SEQUENCE_BEGUN.match(self._held)
        assert begun is not None  # it matches the two characters that led here
        if begun.end() < len(self._held):  # another sequence begins, or a control character breaks it off
            return self._keys(self._take(begun.end()))
        self._held = self._held[: 2 * _MAX_SEQUENCE_SEARCH_THRESHOLD]  # too long to mean anything, but not yet ended
        return None

    def _meaning(self, sequence: str) -> Iterable[Message]:
        if sequence == ANSWER:
            return [TerminalIsReady()]
        if len(sequence) > _MAX_SEQUENCE_SEARCH_THRESHOLD or _re_cursor_position.fullmatch(sequence):
            return ()
        patterns = (XTermParser._re_sgr_mouse, _re_in_band_window_resize, _re_terminal_mode_response)
        if sequence in SPECIAL_SEQUENCES or any(pattern.fullmatch(sequence) for pattern in patterns):
            return self._parser.feed(sequence)
        return self._keys(sequence)

    def _keys(self, sequence: str) -> Iterable[Message]:
        """Return the key of a sequence, with Alt if it is a character after ESC; nothing if there is none."""
        try:
            keys = list(self._parser._sequence_to_key_events(sequence))
            if not keys and len(sequence) == 2:
                keys = list(self._parser._sequence_to_key_events(sequence[1], alt=True))
        except (ValueError, OverflowError):  # figures that are those of no character
            return ()
        return [key for key in keys if key.key != Keys.Ignore]


def _pasted(held: str) -> Iterable[Message]:
    text = held.removeprefix(BRACKETED_PASTE_START).replace("\x00", "")
    return [events.Paste(text)] if text else ()
