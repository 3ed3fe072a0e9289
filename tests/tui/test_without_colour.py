"""An alarm is the loudest thing on the screen: in every theme, without colour, and in ASCII."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.theme import Theme

from phase4_tui.console.symbols import SYMBOLS
from phase4_tui.signs import SIGNS, in_ascii
from phase4_tui.tui.colourless import AlarmsWithoutColour
from phase4_tui.tui.text import AsciiFilter
from phase4_tui.tui.themes import THEMES
from tests.tui.support import lay_out, screen_text
from tests.tui.user import User, user_at

NORMAL_TEXT, ENHANCED = 4.5, 7.0
"""The contrast that the accessibility guidelines (WCAG 2.2, 1.4.3 and 1.4.6) ask of text."""
TINTS = {"error": (0.12, 0.14, 0.25), "warning": (0.06, 0.25)}
"""How much of an alarm's colour the backgrounds behind it have."""


def luminance(colour: Color) -> float:
    """Return the relative luminance of a colour, as the guidelines define it."""
    parts = [part / 255 for part in colour.rgb]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Color, other: Color) -> float:
    """Return the contrast of two colours."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
@pytest.mark.parametrize("alarm", TINTS)
def test_an_alarm_has_contrast_enough_wherever_it_stands(theme: Theme, alarm: str) -> None:
    colours = {name: Color.parse(value) for name, value in vars(theme).items() if str(value).startswith("#")}
    colour, plain = colours[alarm], [colours[name] for name in ("background", "surface", "panel")]
    tinted = [plain[0].blend(colour, share) for share in TINTS[alarm]]
    assert min(contrast(colour, ground) for ground in plain + tinted) >= NORMAL_TEXT - 0.05
    if theme.name == "high-contrast":
        assert min(contrast(colour, ground) for ground in plain) >= ENHANCED - 0.05


def cells(me: User) -> Iterator[tuple[str, Style]]:
    """Yield each segment on the screen with its style, as it is sent."""
    for strip in me.app.screen._compositor.render_strips():
        yield from ((text, style) for text, style, _ in strip if style is not None and text.strip())


@pytest.mark.parametrize("theme", [theme.name for theme in THEMES])
async def test_without_colour_an_incident_is_reverse_and_no_alarm_is_dimmer_than_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, theme: str
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    lay_out(tmp_path)
    (tmp_path / "phase4.toml").write_text(f'[dashboard]\ntheme = "{theme}"\n')
    async with user_at(tmp_path) as me:
        await me.incident()
        styles = list(cells(me))
        shades = {style.color.get_truecolor() for _, style in styles if style.color is not None}
        assert all(shade.red == shade.green == shade.blue for shade in shades)
        loud = [style for text, style in styles if "P1" in text]
        assert any(style.reverse and style.bold for style in loud)
        assert {style.color for style in loud} == {style.color for text, style in styles if "PAPER" in text}


def test_an_alarm_that_is_not_bold_becomes_bold_and_other_text_stays_as_it_is() -> None:
    themed = THEMES[0].to_color_system().generate()

    def drawn(name: str, *, bold: bool | None = None) -> Style:
        style = Style(color=RichColor.parse(Color.parse(themed[name]).hex.lower()), bold=bold)
        [segment] = AlarmsWithoutColour().apply([Segment("x", style)], Color.parse("black"))
        assert segment.style is not None
        return segment.style

    assert (drawn("error").bold, drawn("error").reverse) == (True, None)
    assert drawn("error", bold=True).reverse
    assert (drawn("warning", bold=True).bold, drawn("warning", bold=True).reverse) == (True, None)
    assert drawn("success") == Style(color=RichColor.parse(Color.parse(themed["success"]).hex.lower()))


# In ASCII -----------------------------------------------------------------------------------------------------


def test_each_symbol_of_a_state_has_an_ascii_form_of_its_own() -> None:
    symbols = set(SYMBOLS.values())
    assert len({in_ascii(symbol) for symbol in symbols}) == len(symbols)


def test_a_comparison_and_an_arrow_read_as_such_and_columns_stay() -> None:
    text = "no_trade 28.6 ████▏··┆··  ≤70, a → b, ⏱ 00:53, x ≠ y, ≥20"
    assert in_ascii(text) == "no_trade 28.6 ####|..:.. <=70, a-> b, T+00:53, x!= y,>=20"
    assert len(in_ascii(text)) == len(text)


def test_a_sign_reads_as_such_where_the_space_before_it_has_another_style() -> None:
    parts = [Segment("limit ", Style(bold=True)), Segment("≤70", None), Segment(" é", None)]
    assert [text for text, _, _ in AsciiFilter("ascii").apply(parts, Color.parse("black"))] == ["limit<", "=70", " ?"]


async def test_whatever_the_screens_draw_has_an_ascii_form(tmp_path: Path) -> None:
    lay_out(tmp_path)
    async with user_at(tmp_path) as me:
        await me.incident()
        drawn = set(screen_text(me.app))
        for key in ("t", "b", "k", "question_mark"):
            await me.press(key)
            await me.pilot.pause(0.2)
            drawn |= set(screen_text(me.app))
    assert [sign for sign in drawn if not sign.isascii() and sign not in SIGNS] == []


def test_every_bar_line_and_dot_has_a_form_of_one_character() -> None:
    drawn = [*map(chr, range(0x2500, 0x25A0)), *map(chr, range(0x2800, 0x2900)), *"←↑→↓≤≥≠≈⏱☐☑✔✘○●★❄⊘"]
    assert [sign for sign in drawn if sign not in SIGNS] == []
    assert {len(plain) for plain in SIGNS.values()} == {1}
