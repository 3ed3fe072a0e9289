"""Shows one file, or the post-mortem of an incident: Markdown rendered, anything else line by line."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from textual.binding import Binding
from textual.widget import Widget
from textual.widgets import Static

from phase4_tui.artifacts.atomic_files import atomic_write
from phase4_tui.artifacts.names import state_dir
from phase4_tui.artifacts.regular_files import open_regular
from phase4_tui.artifacts.safe_text import safe_text
from phase4_tui.console.background import Stop
from phase4_tui.console.symbols import SYMBOLS
from phase4_tui.errors import Remedy, command_line
from phase4_tui.rollback.post_mortem import find_incident, post_mortem
from phase4_tui.runbook.site import Site
from phase4_tui.runbook.transcripts import LINE_LIMIT, find_gap, shown_line
from phase4_tui.tui.screens.questions import TextScreen
from phase4_tui.tui.screens.view import ViewScreen
from phase4_tui.tui.text import content
from phase4_tui.tui.widgets.file_lines import FileLines
from phase4_tui.tui.widgets.text_lines import TextLines

if TYPE_CHECKING:
    from phase4_tui.tui.widgets.markdown_lines import Line

EXPORT = Remedy("", command_line("incident", "export", "--out", "F"), "writes it")
MARKDOWN_BYTES = 128 << 10
"""Limit for rendering, which takes seconds beyond it."""
TEXT_BYTES = 4 << 20
TRANSCRIPT = ".log"


@dataclass(frozen=True)
class Shown:
    """The text shown of a file; `size` is that of the file, `shown` that of the text, in bytes."""

    text: str
    size: int
    shown: int


def read_shown(path: Path, limit: int) -> Shown:
    """Return the beginning of a file, made safe; raises FileNotFoundError, Unreadable."""
    with open_regular(path, contained=True) as file:
        size = file.seek(0, 2)
        data = _read(file, 0, limit)
    if len(data) < size:
        data = data[: data.rfind(b"\n") + 1] or data
    return Shown(_decoded(data), size, len(data))


def read_ends(path: Path, limit: int) -> Shown:
    """Return as `read_shown` does, but of a longer file its beginning and its end; of a transcript its last frames."""
    with open_regular(path, contained=True) as file:
        size = file.seek(0, 2)
        is_whole = size <= limit
        head = _read(file, 0, limit if is_whole else limit // 2)
        tail = b"" if is_whole else _read(file, size - limit // 2, limit // 2)
        gap = find_gap(file) if path.suffix == TRANSCRIPT else None
    if not is_whole:
        head, tail = head[: head.rfind(b"\n") + 1] or head, tail[tail.find(b"\n", 0, LINE_LIMIT) + 1 :]
    show = _transcript if path.suffix == TRANSCRIPT else _decoded
    text = show(head)
    if not is_whole:
        lost = f"; it has a gap, where {gap.missing} bytes are missing" if gap is not None else ""
        text = f"{text}\n[{size - len(head) - len(tail)} bytes of the file are not shown here{lost}]\n{show(tail)}"
    return Shown(text, size, len(head) + len(tail))


def _read(file: BinaryIO, begin: int, limit: int) -> bytes:
    file.seek(begin)
    data = b""
    while len(data) < limit and (part := file.read(limit - len(data))):
        data += part
    return data


def _decoded(data: bytes) -> str:
    text = data.decode("utf-8", "backslashreplace")
    return safe_text(text, len(text))


def _transcript(data: bytes) -> str:
    return "\n".join(map(shown_line, data.split(b"\n")))


class _Text(ViewScreen):
    CSS_PATH = "viewer.tcss"

    def __init__(self) -> None:
        super().__init__()
        self._markdown: str | None = None
        self._lines: list[Line] = []
        self._width = 0

    def main(self) -> Iterable[Widget]:
        """The text, and a note under it."""
        yield TextLines(lambda index: self._lines[index], id="paper")
        yield FileLines(id="lines")
        yield Static("", id="note", classes="problem", markup=False)

    def on_resize(self) -> None:
        """Render for the new width."""
        self.call_after_refresh(self._typeset)

    def show_markdown(self, text: str) -> None:
        """Render Markdown that was made safe."""
        self.query_one(FileLines).display = False
        self.query_one("#paper").focus()
        self._markdown, self._width = text, 0
        self.call_after_refresh(self._typeset)

    def _typeset(self) -> None:
        text, width = self._markdown, max(self.query_one("#paper").size.width - 2, 20)
        if text is None or width == self._width:
            return
        self._width = width
        colours = dict(self.app.theme_variables)

        def render(stop: Stop) -> "list[Line]":
            from phase4_tui.tui.widgets.markdown_lines import render_markdown  # noqa: PLC0415 - its loading would be felt

            return render_markdown(text, width, colours)

        self.in_background(render, self._rendered, "render")

    def _rendered(self, lines: "list[Line]") -> None:
        self._lines = lines
        self.query_one("#paper", TextLines).show(len(lines))

    def show_lines(self, text: str, *, is_json: bool) -> None:
        """Show a text that was made safe line by line."""
        self.query_one("#paper").display = False
        found = self.query_one(FileLines)
        found.show_text(text, is_json=is_json)
        found.focus()


class ViewerScreen(_Text):
    """One file."""

    HINT = "↑↓ pgup pgdn home end scroll · escape returns"

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def on_mount(self) -> None:
        """Read the file."""
        path = self._path
        self.title_is((f"{path.name}  ", "bold"), ("reading …", "$foreground 70%"))
        is_markdown = self._is_markdown
        self.in_background(
            lambda stop: read_shown(path, MARKDOWN_BYTES) if is_markdown else read_ends(path, TEXT_BYTES), self._take
        )

    def failed(self, message: str) -> None:
        """Say why the file can't be shown."""
        self.title_is((f"{self._path.name}  ", "bold"), (f"{SYMBOLS['failed']} {message}", "bold $error"))

    @property
    def _is_markdown(self) -> bool:
        return self._path.suffix == ".md"

    def _take(self, shown: Shown) -> None:
        self.title_is((f"{self._path.name}  ", "bold"), (f"{shown.size:,} bytes", "$foreground 70%"))
        if shown.shown < shown.size:
            part = "the first" if self._is_markdown else "beginning and end,"
            note = f"! {part} {shown.shown:,} of {shown.size:,} bytes; the whole file is {self._path}"
            self.query_one("#note", Static).update(content((note, "$warning")))
        if self._is_markdown:
            self.show_markdown(shown.text)
        else:
            self.show_lines(shown.text, is_json=self._path.suffix == ".json")


class RowScreen(_Text):
    """One row of a report, with all that it holds."""

    HINT = "↑↓ pgup pgdn home end scroll · escape returns"

    def __init__(self, name: str, row: object) -> None:
        """Show a row as JSON has it, or the text that says why it can't be read."""
        super().__init__()
        self._heading = name
        self._json = row if isinstance(row, str) else json.dumps(row, indent=2, ensure_ascii=False)

    def on_mount(self) -> None:
        """Show it."""
        self.title_is((self._heading, "bold"))
        self.show_lines(safe_text(self._json, TEXT_BYTES), is_json=True)


class PostMortemScreen(_Text):
    """The post-mortem of the open incident, else of the last one."""

    BINDINGS = [Binding("w", "write", "write", show=False)]

    def __init__(self) -> None:
        super().__init__()
        self._name = "incident"
        self._written: str | None = None

    def hint(self) -> str:
        """Return the line that says what to press."""
        return f"{self.own_key('write')} writes it to a file · ↑↓ pgup pgdn scroll · escape returns"

    def on_mount(self) -> None:
        """Make it from the journal."""
        self.title_is(("POST-MORTEM  ", "bold"), ("reading the journal …", "$foreground 70%"))
        self.in_background(self._read, self._take)

    def _read(self, stop: Stop) -> tuple[str, str]:
        site = self.console.site
        incident = find_incident(site, None)
        return incident.id, post_mortem(site, incident.id)

    def _take(self, found: tuple[str, str]) -> None:
        self._name, self._written = found
        self.title_is(("POST-MORTEM  ", "bold"), self._name)
        text = safe_text(self._written, MARKDOWN_BYTES)
        if len(self._written) > MARKDOWN_BYTES:
            note = f"! only its beginning is shown; {self.own_key('write')} writes the whole of it"
            self.query_one("#note", Static).update(content((note, "$warning")))
        self.show_markdown(text)

    def action_write(self) -> None:
        """Ask for a name and write it there."""
        if self._written is None:
            self.console.tell("there is nothing to write", severity="warning")
        elif self.console.read_only:
            self.console.tell("this dashboard is read-only", severity="warning", remedies=(EXPORT,))
        else:
            where = f"in {self.console.site.workdir}; what is there already is not replaced"
            screen = TextScreen("Write it as?", where, f"{self._name}.md", check=partial(self._write, self._written))
            self.app.push_screen(screen, self._written_as)

    async def _write(self, text: str, name: str) -> str | None:
        return await asyncio.to_thread(write_beside, self.console.site, name, text.encode())

    def _written_as(self, name: str | None) -> None:
        self.console.tell("nothing was written" if name is None else f"wrote {self.console.site.workdir / name}")


def write_beside(site: Site, name: str, data: bytes) -> str | None:
    """Write a new file into the working directory; return why not, None once it is written."""
    workdir, reports = site.workdir, site.reports
    path = (workdir / name).absolute()
    inside = path.parent.resolve()
    if Path(name).is_absolute() or not inside.is_relative_to(workdir.resolve()) or path.name.startswith("."):
        return f"{name} is no name in the working directory"
    if inside.is_relative_to(state_dir(reports).resolve()) or site.artifacts.split(path.name) is not None:
        return f"{name} is an artifact's name or a part of the record"
    if not inside.is_dir():
        return f"{path.parent} is no directory"
    try:
        atomic_write(path, data, overwrite=False)
    except FileExistsError:
        return f"{name} is there already"
    except OSError as error:
        return f"{name}: {error.strerror}"
    return None
