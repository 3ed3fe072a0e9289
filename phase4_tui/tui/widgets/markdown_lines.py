"""Renders Markdown into lines of parts, off the event loop: a widget per paragraph would delay every key."""

from io import StringIO

from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import CodeBlock, Heading, Markdown
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from rich.theme import Theme

from phase4_tui.tui.text import Part

CODE_INDENT = 2
Line = list[Part]


class _LeftHeading(Heading):
    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        self.text.justify = "left"
        yield Text("")
        yield self.text


class _PlainCode(CodeBlock):
    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in str(self.text).rstrip().split("\n"):
            yield Text(" " * CODE_INDENT + line, style="markdown.code_block", overflow="fold")


class _Page(Markdown):
    elements = {**Markdown.elements, "heading_open": _LeftHeading, "fence": _PlainCode, "code_block": _PlainCode}


def render_markdown(text: str, width: int, colours: dict[str, str]) -> list[Line]:
    """Return safe Markdown as lines of at most `width` cells; links are shown as text."""
    console = Console(
        file=StringIO(), width=width, color_system="truecolor", force_terminal=True, theme=_theme(colours)
    )
    options = console.options.update(width=width)
    rows = console.render_lines(_Page(text, hyperlinks=False), options, pad=False)
    lines: list[Line] = []
    for row in rows:
        line = _without_end([(segment.text, _style(segment.style)) for segment in Segment.simplify(row)])
        if line or (lines and lines[-1]):  # one empty line between paragraphs is enough
            lines.append(line)
    return lines if not lines or lines[-1] else lines[:-1]


def _without_end(parts: list[tuple[str, str]]) -> Line:
    """Return the parts of a line without trailing spaces."""
    while parts and not parts[-1][0].strip():
        parts.pop()
    if parts:
        parts[-1] = (parts[-1][0].rstrip(), parts[-1][1])
    return list(parts)


def _theme(colours: dict[str, str]) -> Theme:
    primary, accent, muted = (colours.get(name, "default") for name in ("primary", "accent", "secondary"))
    heads = {f"markdown.h{level}": f"bold {primary}" for level in range(1, 7)}
    return Theme(
        heads
        | {
            "markdown.code": accent,
            "markdown.code_block": accent,
            "markdown.item.bullet": f"bold {primary}",
            "markdown.item.number": f"bold {primary}",
            "markdown.block_quote": muted,
            "markdown.link": primary,
            "markdown.link_url": muted,
            "markdown.hr": muted,
            "markdown.table.border": muted,
            "markdown.table.header": "bold",
        }
    )


def _style(style: Style | None) -> str:
    """Return a rich style as a Textual one."""
    if style is None:
        return ""
    names = ("bold", "italic", "underline", "strike", "reverse")
    words = [name for name in names if getattr(style, name)]
    if style.color is not None and not style.color.is_default:
        words.append(style.color.get_truecolor().hex)
    return " ".join(words)
