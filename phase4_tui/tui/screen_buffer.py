"""What the terminal shows, cell by cell, so that only what differs from it is sent, in as few bytes as it takes.

Textual sends a whole screen whenever one is opened, uncovered or laid out again; over a slow link that takes seconds.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

from rich.cells import cell_len, get_character_cell_size
from rich.color import Color, ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate

Update = LayoutUpdate | ChopsUpdate
"""What Textual has drawn: the whole screen, or parts of it."""
GAPS = (" ", "─", "·", "░")
"""Two of one of these end a phrase."""
ERASED_CELLS = 12
"""So many spaces are shorter to erase."""
BORDERS = ("│", "┃", "╮", "╭", "╰", "╯")
"""One of these ends it."""


class Look(NamedTuple):
    """How a cell is drawn, as the parameters of the sequence that asks a terminal for it."""

    attributes: str
    """Bold, reverse and the like; empty for none."""
    foreground: str
    background: str
    marks_spaces: bool = False
    """True where a space shows more than its background: a line, or the foreground instead."""


UNKNOWN = Look("?", "", "", marks_spaces=True)
PLAIN = Look("", "39", "49")
SPACE = " "
_MARKS_SPACES = {"4", "5", "7", "9", "21", "51", "52", "53"}


class ScreenBuffer:
    """The cells that the terminal shows, and those that it should show."""

    def __init__(self, system: ColorSystem | None, *, erases: bool = False) -> None:
        self._system = system
        self.erases = erases
        """True for a terminal that gives what it erases the background that is set."""
        self._width = 0
        self._wanted: list[tuple[list[str], list[Look]]] = []
        self._shown: list[tuple[list[str], list[Look]]] = []
        self._cursor = (-1, -1)

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows of what it should show."""
        return self._width, len(self._wanted)

    @property
    def is_shown(self) -> bool:
        """True when the terminal shows what it should."""
        return self._shown == self._wanted

    def forget(self) -> None:
        """Take it that nothing is known of what the terminal shows."""
        self._shown = []
        self._cursor = (-1, -1)

    def take(self, update: Update) -> None:
        """Note what an update of Textual would draw."""
        if isinstance(update, LayoutUpdate):
            region = update.region
            if (region.right, region.bottom) != self.size:
                self._resize(region.right, region.bottom)
            for y, strips in enumerate(update.strips, region.y):
                x = region.x
                for strip in strips:
                    self._put(y, x, strip, x, region.right)
                    x += strip.cell_length
        else:
            for y, first, last in update.spans:
                for x, piece in update.chops[y].items():
                    if piece is not None:
                        self._put(y, x, piece, first, last)

    def _resize(self, width: int, height: int) -> None:
        self._width = width
        self._wanted = [([" "] * width, [PLAIN] * width) for _ in range(height)]
        self.forget()

    def _put(self, y: int, x: int, segments: Iterable[Segment], first: int, last: int) -> None:
        """Put segments that begin at column `x` on a row, as far as they are from column `first` to before `last`."""
        if not 0 <= y < len(self._wanted):
            return
        texts, looks = self._wanted[y]
        last = min(last, self._width)
        for text, style, control in segments:
            if control:
                continue
            cells = _cells(text)
            start, end = max(first - x, 0), min(last - x, len(cells))
            if start < end:
                _blank(texts, x + start)
                texts[x + start : x + end] = _part(cells, start, end)
                _blank(texts, x + end)
                look = look_of(style, self._system)
                looks[x + start : x + end] = [_for_space(PLAIN, look) if text.isspace() else look] * (end - start)
            x += len(cells)

    def changes(self, cursor: tuple[int, int], room: int = 1 << 30) -> str:
        """Return what brings the terminal from what it shows to what it should show, empty when it shows that.

        `cursor` is the column and row, counted from 0, where the cursor is to be. With more than `room` bytes the rows
        below are left for the next time.
        """
        if len(self._shown) != len(self._wanted):
            nothing = [""] * self._width, [UNKNOWN] * self._width
            self._shown = [nothing] * len(self._wanted)
        sent: list[str] = []
        pen, size = UNKNOWN, 0
        for y, (wanted, shown) in enumerate(zip(self._wanted, self._shown, strict=True)):
            if wanted == shown:
                continue
            if size > room:
                break
            texts, looks = wanted
            begun = len(sent)
            x = -1
            for start, end in _spans(wanted, shown):
                sent.append(f"\x1b[{y + 1};{start + 1}H" if x < 0 else f"\x1b[{start - x}C")
                for (text, look), run in groupby(zip(texts[start:end], looks[start:end], strict=True)):
                    after = _for_space(pen, look) if text == SPACE else look
                    sent.append(_turn(pen, after))
                    pen, count = after, sum(1 for _ in run)
                    erased = self.erases and text == SPACE and count >= ERASED_CELLS and not look.marks_spaces
                    sent.append(f"\x1b[{count}X\x1b[{count}C" if erased else text * count)
                x = end
            self._shown[y] = texts.copy(), looks.copy()
            size += sum(map(len, sent[begun:]))
        if not sent and cursor == self._cursor:
            return ""
        self._cursor = cursor
        return "".join([*sent, "\x1b[m" if sent else "", f"\x1b[{cursor[1] + 1};{cursor[0] + 1}H"])


def _part(cells: list[str], start: int, end: int) -> list[str]:
    """Return some cells, with spaces for a character of which only a part is among them."""
    cells = cells.copy()
    _blank(cells, start)
    _blank(cells, end)
    return cells[start:end]


def _blank(cells: list[str], at: int) -> None:
    """Put spaces for the character that lies across the beginning of a cell, if there is one."""
    if at >= len(cells) or cells[at]:
        return
    end = at
    while end < len(cells) and not cells[end]:
        end += 1
    while at and not cells[at]:
        at -= 1
    cells[at:end] = " " * (end - at)


def _spans(wanted: tuple[list[str], list[Look]], shown: tuple[list[str], list[Look]]) -> Iterator[tuple[int, int]]:
    """Yield the first column of each phrase of which a cell differs, and the column after it.

    Whole phrases are sent, up to the next gap, so that who reads along, as a recording does, reads no half words.
    """
    texts = wanted[0]
    differs = [
        text != other or (look is not other_look and look != other_look)
        for text, look, other, other_look in zip(*wanted, *shown, strict=True)
    ]
    x = end = 0
    while x < len(texts):
        if not differs[x]:
            x += 1
            continue
        start = x
        while start > end and not _is_gap(texts, start - 1):
            start -= 1
        end = x + 1
        while end < len(texts) and (differs[end] or not _is_gap(texts, end)):
            end += 1
        yield start, end
        x = end


def _is_gap(texts: list[str], at: int) -> bool:
    """True for a cell of blanks or of a line between phrases."""
    text = texts[at]
    if text in BORDERS:
        return True
    return text in GAPS and text in (texts[at - 1] if at else "", texts[at + 1] if at + 1 < len(texts) else "")


@lru_cache(1 << 12)
def _for_space(before: Look, look: Look) -> Look:
    """Return how to draw a space after something: of its look only the background is seen, so the rest may stay."""
    if before.marks_spaces or look.marks_spaces:
        return look
    return before._replace(background=look.background)


@lru_cache(1 << 12)
def _turn(before: Look, after: Look) -> str:
    """Return the sequence that changes one look into another."""
    codes: list[str] = []
    if before.attributes != after.attributes:
        before, codes = PLAIN, ["0", after.attributes] if after.attributes else ["0"]
    codes += [new for old, new in zip(before[1:3], after[1:3], strict=True) if old != new]
    return f"\x1b[{';'.join(codes)}m" if codes else ""


@lru_cache(1 << 12)
def look_of(style: Style | None, system: ColorSystem | None) -> Look:
    """Return how a style is drawn with the colours that a terminal has; `system` is None without any."""
    if not style:
        return PLAIN
    attributes = style.without_color.update_link(None).render("x", color_system=ColorSystem.TRUECOLOR).partition("x")[0]
    attributes = attributes.removeprefix("\x1b[").removesuffix("m")
    return Look(
        attributes,
        _colour(style.color, system, foreground=True) or PLAIN.foreground,
        _colour(style.bgcolor, system, foreground=False) or PLAIN.background,
        not _MARKS_SPACES.isdisjoint(attributes.split(";")),
    )


def _colour(colour: Color | None, system: ColorSystem | None, *, foreground: bool) -> str:
    if colour is None or system is None:
        return ""
    return ";".join(colour.downgrade(system).get_ansi_codes(foreground))


@lru_cache(1 << 12)  # of a widget's lines the same are drawn again and again
def _cells(text: str) -> list[str]:
    """Return the text of each cell, which is empty where the character before takes more than its own."""
    widths = [get_character_cell_size(character) for character in text]
    total = cell_len(text)
    if total != sum(widths) or 0 in widths:  # characters that are drawn as one
        return [text, *[""] * (total - 1)] if total else []
    return [cell for character, width in zip(text, widths, strict=True) for cell in (character, *[""] * (width - 1))]
