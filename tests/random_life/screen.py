"""What a terminal shows after some output: characters at their places, for what Textual writes and no more."""

import re

from rich.cells import get_character_cell_size

_TOKEN = re.compile(
    r"\x1b\[([0-9;?<=>]*)[ -/]*([@-~])"  # a control sequence
    r"|\x1b[P\]X^_].*?(?:\x07|\x1b\\)"  # a string: title, colour, clipboard
    r"|\x1b[()].|\x1b[^\[]"
    r"|[\x00-\x1f\x7f]",
    re.DOTALL,
)


class Screen:
    """The cells of a terminal of that size; `lines` are its rows without the spaces at their ends."""

    def __init__(self, columns: int, rows: int) -> None:
        self._columns, self._rows = columns, rows
        self._column = self._row = 0
        self._cells = [[" "] * columns for _ in range(rows)]

    @property
    def lines(self) -> list[str]:
        """The rows as they are read."""
        return ["".join(row).rstrip() for row in self._cells]

    @property
    def text(self) -> str:
        """All rows, one a line."""
        return "\n".join(self.lines)

    def feed(self, output: bytes) -> None:
        """Draw what a program wrote."""
        text, at = output.decode(errors="replace"), 0
        for token in _TOKEN.finditer(text):
            self._write(text[at : token.start()])
            at = token.end()
            if token.group(2):
                self._control(token.group(1), token.group(2))
            elif token.group() == "\r":
                self._column = 0
            elif token.group() == "\n":
                self._row = min(self._row + 1, self._rows - 1)
        self._write(text[at:])

    def _control(self, parameters: str, letter: str) -> None:
        if letter == "H":
            row, _, column = parameters.partition(";")
            self._row, self._column = int(row or 1) - 1, int(column or 1) - 1
        elif letter == "J" or (letter == "h" and parameters == "?1049"):
            self._cells = [[" "] * self._columns for _ in range(self._rows)]
        elif letter == "C":
            self._column += int(parameters or 1)
        elif letter == "X" and self._row < self._rows:
            end = min(self._column + int(parameters or 1), self._columns)
            self._cells[self._row][self._column : end] = [" "] * max(end - self._column, 0)
        elif letter == "K" and self._row < self._rows:
            self._cells[self._row][self._column :] = [" "] * max(self._columns - self._column, 0)

    def _write(self, text: str) -> None:
        for character in text:
            width = get_character_cell_size(character)
            if width and self._row < self._rows and self._column + width <= self._columns:
                self._cells[self._row][self._column] = character
                if width == 2:
                    self._cells[self._row][self._column + 1] = ""
            self._column += width
