"""What is sent to the terminal: only what changes there, and after it the terminal shows what it should."""

import re
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import get_character_cell_size
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from phase4_tui.tui.screen_buffer import ScreenBuffer

WIDTH, HEIGHT = 16, 3
_SENT = re.compile(r"\x1b\[([0-9;]*)([A-Za-z])|(.)", re.DOTALL)
STYLES = [None, *map(Style.parse, ("bold", "red", "red on blue", "reverse green", "bold white on #102030"))]
Row = Sequence[tuple[str, Style | None]]


class Screen:
    """A terminal of some cells: each holds a character and how it is drawn."""

    def __init__(self) -> None:
        self.cells = {(y, x): ("#", "garbage") for y in range(HEIGHT) for x in range(WIDTH)}
        self._at, self._pen = (0, 0), set[str]()

    def take(self, sent: str) -> None:
        """Draw what was sent."""
        for codes, letter, character in _SENT.findall(sent):
            row, column = self._at
            if letter == "H":
                row, column = (int(code) - 1 for code in codes.split(";"))
            elif letter == "C":
                column += int(codes)
            elif letter == "X":
                ground = " ".join(code for code in self._pen if code.startswith("back"))
                self.cells |= {(row, column + more): (" ", ground) for more in range(int(codes))}
            elif letter == "m":
                self._draw_with(codes)
            else:
                assert not letter, letter
                width = get_character_cell_size(character)
                if not width:
                    before = self.cells[row, column - 1]
                    self.cells[row, column - 1] = before[0] + character, before[1]
                    continue
                self.cells[row, column] = character, " ".join(sorted(self._pen))
                self.cells |= {(row, column + more): ("", "") for more in range(1, width)}
                column += width
            self._at = row, column

    def _draw_with(self, codes: str) -> None:
        for code in re.findall(r"[34]8;[0-9;]+?(?=;[34]8;|$)|[0-9]+", codes or "0"):
            kind = {"3": "fore", "4": "back"}.get(code[0]) if len(code) > 1 else None
            if code == "0":
                self._pen.clear()
            elif kind:
                self._pen = {part for part in self._pen if not part.startswith(kind)}
                self._pen |= set() if code in ("39", "49") else {f"{kind} {code}"}
            else:
                self._pen.add(code)

    @property
    def seen(self) -> dict[tuple[int, int], tuple[str, str]]:
        """What is on it and how; of a space only what is seen of it."""
        return {
            at: (text, pen if text != " " or "7" in pen.split() else " ".join(re.findall("back [0-9;]+", pen)))
            for at, (text, pen) in self.cells.items()
        }

    @property
    def rows(self) -> list[str]:
        """What is on it, without how it is drawn."""
        return ["".join(self.cells[y, x][0] for x in range(WIDTH)) for y in range(HEIGHT)]


def strip(row: Row) -> Strip:
    """Return a row of the whole width."""
    return Strip(Segment(text, style) for text, style in row).adjust_cell_length(WIDTH)


def whole(*rows: Row) -> LayoutUpdate:
    """Return an update of the whole screen."""
    return LayoutUpdate([[strip(row)] for row in [*rows, *[()] * (HEIGHT - len(rows))]], Region(0, 0, WIDTH, HEIGHT))


def part(y: int, first: int, last: int, row: Row) -> ChopsUpdate:
    """Return an update of a part of one row."""
    chops = [{0: strip(row if at == y else ())} for at in range(HEIGHT)]
    return ChopsUpdate(chops, [(y, first, last)], [[WIDTH]] * HEIGHT)


def sent_for(buffer: ScreenBuffer, *updates: LayoutUpdate | ChopsUpdate) -> str:
    """Return what is sent after some updates."""
    for update in updates:
        buffer.take(update)
    return buffer.changes((0, 0))


def new(*, erases: bool = False) -> ScreenBuffer:
    """Return a buffer of a terminal of which nothing is known."""
    return ScreenBuffer(ColorSystem.TRUECOLOR, erases=erases)


def test_what_is_there_already_is_not_sent_again() -> None:
    buffer, page = new(), whole([("all is well", None)])
    assert "all is well" in sent_for(buffer, page)
    assert sent_for(buffer, page) == ""


def test_of_a_row_only_the_phrase_that_changed_is_sent_and_that_whole() -> None:
    buffer, style = new(), Style.parse("bold red on blue")
    sent_for(buffer, whole([("up  ", None), ("1 min", style), ("  b", None)]))
    sent = sent_for(buffer, whole([("up  ", None), ("2 min", style), ("  b", None)]))
    assert sent == "\x1b[1;5H\x1b[0;1;31;44m2 min\x1b[m\x1b[1;1H"


def test_of_what_came_before_the_terminal_was_ready_only_the_last_is_sent() -> None:
    sent = sent_for(new(), whole([("first", None)]), whole([("second", None)]))
    assert "second" in sent
    assert "first" not in sent


def test_a_terminal_that_was_taken_anew_gets_everything() -> None:
    buffer, page = new(), whole([("all is well", None)])
    sent_for(buffer, page)
    buffer.forget()
    assert "all is well" in sent_for(buffer)


def test_what_is_emptied_is_erased_where_the_terminal_does_it_in_colour() -> None:
    buffer, screen = new(erases=True), Screen()
    screen.take(sent_for(buffer, whole([("x" * WIDTH, Style.parse("red on blue"))])))
    sent = sent_for(buffer, whole([(" " * WIDTH, Style.parse("red on blue"))]))
    assert len(sent) < 40
    screen.take(sent)
    assert screen.seen[0, 9] == (" ", "back 44")


def test_a_cursor_that_moves_alone_is_told() -> None:
    buffer = new()
    sent_for(buffer, whole())
    assert buffer.changes((3, 1)) == "\x1b[2;4H"
    assert buffer.changes((3, 1)) == ""


def test_a_style_that_goes_leaves_nothing_of_itself() -> None:
    buffer, screen = new(), Screen()
    screen.take(sent_for(buffer, whole([("bold", Style.parse("bold red on blue")), ("plain", None)])))
    assert screen.cells[0, 0] == ("b", "1 back 44 fore 31")
    assert screen.cells[0, 4] == ("p", "")
    screen.take(sent_for(buffer, whole([("bold", None)])))
    assert {screen.seen[0, x][1] for x in range(WIDTH)} == {""}


TEXTS = st.lists(st.sampled_from(["a", "b", "│", "日", "a\u0301", " "]), max_size=8).map("".join)
ROWS = st.lists(st.tuples(TEXTS, st.sampled_from(STYLES)), max_size=3)
UPDATES = st.one_of(
    st.lists(ROWS, max_size=HEIGHT).map(lambda rows: whole(*rows)),
    st.builds(
        lambda y, first, length, row: part(y, first, min(first + length, WIDTH), row),
        st.integers(0, HEIGHT - 1),
        st.integers(0, WIDTH - 1),
        st.integers(1, WIDTH),
        ROWS,
    ),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(UPDATES, max_size=3), max_size=5), st.booleans())
def test_after_any_updates_the_terminal_shows_what_a_whole_painting_would(
    frames: list[list[LayoutUpdate]], erases: bool
) -> None:
    buffer, screen, again = new(erases=erases), Screen(), Screen()
    sent_for(buffer, whole())
    screen.take(sent_for(new(), whole()))
    for updates in frames:
        screen.take(sent_for(buffer, *updates))
    buffer.forget()
    again.take(sent_for(buffer))
    assert screen.rows == again.rows
    assert screen.seen == again.seen
