"""A box: its title and an age in the upper border, its rows under it; of a change only the changed cells are sent."""

from collections.abc import Sequence

from textual.geometry import Region, Size

from phase4_tui.tui.text import Part, content
from phase4_tui.tui.widgets.lines import Lines, Row

QUIET = "$foreground 40%"
_LIGHT, _HEAVY = tuple("╭─╮│╰╯"), tuple("┏━┓┃┗┛")


class Box(Lines, can_focus=True):
    """Rows in a frame, which is heavy while the box has the focus; without a frame where there is little room."""

    DEFAULT_CSS = "Box { height: auto; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id, classes=classes)
        self._title: Row = ()
        self._body: tuple[Row, ...] = ()
        self._age = ""
        self._frame = QUIET
        self.framed = True

    @property
    def inner_width(self) -> int:
        """The cells of a row inside the frame."""
        return max((self.size.width or self.app.size.width) - (4 if self.framed else 2), 1)

    def fill(self, title: Row, body: Sequence[Row], frame: str = QUIET) -> None:
        """Show a title and rows, at their natural height."""
        self._title, self._body, self._frame = title, tuple(body), frame
        before = len(self._rows)
        self.show(self._drawn())
        if len(self._rows) != before:
            self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the natural height."""
        return len(self._rows)

    def show_age(self, age: str) -> None:
        """Show another age: of the border only its cells are sent, unless their number changes."""
        if age == self._age:
            return
        before, self._age = self._age, age
        if not self._rows:
            return
        self._rows = (self._head(), *self._rows[1:])
        end = self.size.width - (3 if self.framed else 1)
        cells = max(len(age), len(before)) + 1
        self.refresh(Region(max(end - cells, 0), 0, min(cells, end), 1))

    def on_focus(self) -> None:
        """Show that keys go here."""
        self.show(self._drawn())

    def on_blur(self) -> None:
        """Show that keys go elsewhere."""
        self.show(self._drawn())

    def _drawn(self) -> list[Row]:
        if not self.framed:
            return [self._head(), *(("  ", *row) for row in self._body)]
        left = right = (_HEAVY if self.has_focus else _LIGHT)[3]
        width, style = self.inner_width, self._edge
        rows: list[Row] = []
        for row in self._body:
            text = content(*row)
            shown = row if text.cell_length <= width else (text.truncate(width, ellipsis=True).plain,)
            room = " " * max(width - text.cell_length, 0)
            rows.append(((f"{left} ", style), *shown, (f"{room} {right}", style)))
        _, line, _, _, begin, end = _HEAVY if self.has_focus else _LIGHT
        return [self._head(), *rows, ((f"{begin}{line * (width + 2)}{end}", style),)]

    @property
    def _edge(self) -> str:
        return "bold $accent" if self.has_focus else self._frame

    def _head(self) -> Row:
        width = content(*self._title).cell_length
        room = self.inner_width - width - len(self._age) - 2
        age = f" {self._age} " if self._age and room >= 0 else ""
        if not self.framed:
            sign: Part = ("▌" if self.has_focus else " ", "bold $accent")
            room = max((self.size.width or self.app.size.width) - 2 - width - len(age), 1)
            return (sign, *self._title, (f"{' ' * room}{age.rstrip()}", "$text-muted"))
        begin, line, end, *_ = _HEAVY if self.has_focus else _LIGHT
        room = max(self.inner_width - width - len(age), 0)
        return (
            (f"{begin} ", self._edge), *self._title, (f" {line * max(room - 1, 0)}", self._edge),
            (age, "$text-muted"), (f"{line}{end}", self._edge),
        )  # fmt: skip
