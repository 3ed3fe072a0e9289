"""Text that others wrote: shown literally, never read as markup, and no byte of it commands a terminal."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from phase4_tui.artifacts.names import Artifact
from phase4_tui.policy.phase4.quality import SECTIONS
from phase4_tui.rollback.known_good import plan_pin
from phase4_tui.tui.screens.questions import ChoiceScreen, PlanScreen, TextScreen
from tests.rollback.support import freeze, give, site_of
from tests.runbook.documents import ALERT, Tag, quality
from tests.runbook.support import laid_out
from tests.terminal import Terminal
from tests.tui.support import older, screen_text, told, until
from tests.tui.view_support import dashboard, is_harmless, sees

PYDANTIC = "1 validation error for Gate [type=int_type, input_value='[/x]', input_type=str] [link=a](b)[/link]"
MARKUP = ["[/nope]", "[@click=app.quit]x[/]", PYDANTIC, r"^[a-z]+\[0-9]\d{3}[/\w]$", "[$x] trailing \\", "[b]bold[/b]"]
COMMANDS = ["\x1b]52;c;RVZJTA==\x07", "\x1b]2;PWNED\x07", "\x1b[31337m", "\x9b31337m", "\u202etxt.exe", "a\0b", "\x7f",
            "\U000e0041", "\u2028"]  # fmt: skip
ALL = " ".join([*COMMANDS, *MARKUP])
NEVER = [b"\x1b]52", b"\x1b]2;", b"31337m\x07", b"\x1b[31337", b"\xc2\x9b", b"\x9b31337", b"\xe2\x80\xae", b"\0",
         b"\x7f", b"\xed\xa0\x80", b"\xf3\xa0\x81\x81", b"\xe2\x80\xa8"]  # fmt: skip
LOOKS = {"d": "DECISIONS", "a": "AUDIT", "j": "JOURNAL", "v": "VERIFY", "t": "TRENDS", "b": "RUNBOOK", "?": "KEYS",
         "k": "KNOWN-GOOD", "g": "you lead", "l": "ROOT CAUSE", "c": "re-run"}  # fmt: skip


def lay_out_hostile(work: Path, text: str = ALL) -> Path:
    """Lay out a directory with one tag that has a text in every field that is shown; return it."""
    reports = work / "reports"
    older(Tag(reports, "A"), 1000)
    tag = Tag(reports, "B")
    tag.put(Artifact.QUALITY_CHECK, quality(False, {section: [text, text] for section in SECTIONS}))
    alert = ALERT | {"metric": text, "message": text}
    kpis = {text: 1.0, "no_trade_pct": 95.0}

    def change(found: dict[str, object]) -> None:
        found.update(status="ALERT", alerts=[alert, alert | {"value": 71.0, "metric": "no_trade_pct"}], alert_count=2)
        found["snapshot"] = {"run_tag": "B", "records": 0, "kpis": kpis}

    tag.change(Artifact.MONITORING, change)
    tag.change(
        Artifact.RELEASE_CHECK,
        lambda found: found.update(passed=False, missing_files=[text], validation_errors=[text]),
    )
    tag.put(Artifact.PHASE4_SIGNOFF, f"# Sign-off\nRecommendation: NO-GO {_encodable(text)}\n")
    tag.put(Artifact.REPORT_MD, f"# Report\n{_encodable(text)}\n")
    return work


def _encodable(text: str) -> str:
    return text.encode(errors="replace").decode()


def shown(text: str) -> str:
    """Return the first part of a text that stays as it is."""
    return text.split(" ", maxsplit=1)[0][:16]


async def test_markup_is_shown_literally_and_does_nothing(tmp_path: Path) -> None:
    async with dashboard(lay_out_hostile(tmp_path)) as (app, pilot):
        for text in MARKUP:
            lay_out_hostile(tmp_path, text)
            await sees(pilot, f"· {shown(text)}", "FAILED")
            for line in range(6):
                await pilot.click(app.screen_stack[0].query_one("#quality-check"), offset=(4, line))
                if len(app.screen_stack) > 1:  # a click opens the file of the check
                    await pilot.press("escape")
                await until(pilot, lambda: len(app.screen_stack) == 1)
            assert not app._exit
            assert is_harmless(app)


async def test_commands_of_a_terminal_are_made_visible(tmp_path: Path) -> None:
    async with dashboard(lay_out_hostile(tmp_path)) as (app, pilot):
        for number, text in enumerate(COMMANDS):
            lay_out_hostile(tmp_path, f"<{number}{text}>")
            await sees(pilot, "FAILED", f"· <{number}")
            assert is_harmless(app)
            assert not [char for char in screen_text(app) if char != "\n" and not char.isprintable()]


async def test_a_text_that_is_no_unicode_is_named_as_such(tmp_path: Path) -> None:
    async with dashboard(lay_out_hostile(tmp_path, "<\ud800>")) as (app, pilot):
        await sees(pilot, "UNREADABLE", "holds a lone surrogate")
        app.tell("a \ud800 b")
        await until(pilot, lambda: "⟨U+D800⟩" in told(app))


async def test_names_reasons_and_errors_of_others_are_told_literally(tmp_path: Path) -> None:
    async with dashboard(lay_out_hostile(tmp_path)) as (app, pilot):
        await until(pilot, lambda: app.snapshot and app.snapshot.preconditions and app.snapshot.state.incident)
        name = _encodable(f"[/nope]{COMMANDS[0]}")
        freeze(tmp_path, "A", _encodable(ALL), operator=name)
        give(site_of(tmp_path, name), plan_pin(site_of(tmp_path, name), "A"))
        await until(pilot, lambda: "[/nope]" in told(app))
        app.tell(ALL, severity="error")
        assert "\x1b" not in told(app)
        assert is_harmless(app)


async def test_questions_show_what_they_are_given_literally(tmp_path: Path) -> None:
    async with dashboard(lay_out_hostile(tmp_path)) as (app, pilot):
        for screen in (
            PlanScreen(ALL, [ALL, f"! {ALL}"], ALL),
            TextScreen(ALL, ALL, ALL),
            ChoiceScreen(ALL, [(ALL, ALL), ("b", ALL)], ALL),
        ):
            app.push_screen(screen)
            await sees(pilot, "[/nope]")
            assert is_harmless(app)
            await pilot.press("escape")
            await pilot.pause()
        assert len(app.screen_stack) == 1


# On a real terminal -----------------------------------------------------------------------------------------


@pytest.fixture
def hostile_run(tmp_path: Path) -> Iterator[Path]:
    """Return a hostile directory whose pipeline writes hostile lines, without an end to the last."""
    work = lay_out_hostile(laid_out(tmp_path / "work"))
    code = f"import sys, time; sys.stdout.buffer.write({ALL.encode(errors='surrogatepass')!r} * 3); "
    code += "sys.stdout.write('\\nLAST' 'LINE\\n'); sys.stdout.flush(); time.sleep(300)"
    argv = [sys.executable, "-c", code]
    (work / "phase4.toml").write_text(f"grace_seconds = 0.2\n[steps.pipeline]\nargv = {json.dumps(argv)}\n")
    yield work


def test_no_byte_of_it_reaches_the_terminal(hostile_run: Path) -> None:
    argv = [sys.executable, "-m", "phase4_tui", "--operator", "sam[/nope]"]
    with Terminal(argv, hostile_run) as terminal:
        terminal.wait_for("52;c;RVZJTA")
        for key, title in LOOKS.items():
            since = terminal.press(key)
            terminal.wait_for(title, since=since)
            since = terminal.press("\x1b")
            terminal.wait_for("RELEASE CHECK", since=since)
        terminal.press("r")
        terminal.wait_for("Run tag of the")
        terminal.press("\r")
        terminal.wait_for("Run (y)")
        since = terminal.press("y")
        terminal.wait_for("LASTLINE", since=since)  # the plan has it as two words
        since = terminal.press("q")
        terminal.wait_for("Leave (y)", since=since)
        terminal.press("y")
        assert terminal.ended() == 0
        assert [byte for byte in NEVER if byte in terminal.output] == []
        assert terminal.is_as_before


def test_the_guard_can_fail() -> None:
    assert [byte for byte in NEVER if byte in ALL.encode(errors="surrogatepass")]
