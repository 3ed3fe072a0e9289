"""A dashboard in a real terminal, one of whose screens is defective: its run goes on, then it leaves as it came."""

import sys
from pathlib import Path

from phase4_tui.tui.defect_file import PREFIX
from tests.rollback.support import site_of
from tests.runbook.documents import Tag
from tests.terminal import Terminal, plain
from tests.tui.operator import SLOW
from tests.tui.support import lay_out

DEFECTIVE = """
from phase4_tui.tui.screens.journal import JournalScreen
def fails(*_): raise KeyError("\\x1b]0;title\\x07")
JournalScreen.on_resize = fails
from phase4_tui.cli.app import main
main()
"""
DASHBOARD = [sys.executable, "-c", DEFECTIVE, "dash"]


def test_the_run_goes_on_after_the_first_and_the_second_leaves_with_what_to_do_next(tmp_path: Path) -> None:
    work, place = tmp_path / "desk", tmp_path / "defects"
    lay_out(work)
    place.mkdir()
    Tag(work / "reports", "A")
    (work / "sample_batch_input.json").write_text("[]")
    (work / "phase4.toml").write_text(SLOW)
    with Terminal(DASHBOARD, work, TMPDIR=str(place)) as terminal:
        terminal.wait_for("passed")
        terminal.press("5")
        terminal.wait_for("(y)")
        terminal.press("y")
        terminal.wait_for("▶ monitor", seconds=20)
        terminal.press("j")
        terminal.wait_for("the journal screen failed")
        terminal.wait_for("cancels the")
        assert site_of(work).reports.joinpath("done").exists() is False
        since = len(terminal.output)
        terminal.press("?")
        terminal.wait_for("KEYS", since=since)
        terminal.press("j")
        status = terminal.ended(30)
        words = plain(bytes(terminal.output)).decode()[-1200:]
        assert terminal.is_as_before, terminal.modes
    assert status == 1
    assert words.count("error: the journal screen failed, KeyError:") == 2, words
    assert "Traceback" not in words
    assert "the run of this dashboard was cancelled: `phase4 run --resume` goes on with it" in words
    assert "`phase4` opens the dashboard again" in words
    assert len(list(place.glob(f"{PREFIX}*"))) == 2


def test_leaving_tells_again_what_failed_meanwhile(tmp_path: Path) -> None:
    lay_out(tmp_path)
    with Terminal(DASHBOARD, tmp_path, TMPDIR=str(tmp_path)) as terminal:
        terminal.wait_for("passed")
        terminal.press("j")
        terminal.wait_for("the journal screen failed")
        terminal.press("q")
        assert terminal.ended() == 0
        words = plain(bytes(terminal.output)).decode()[-600:]
    assert "note: the journal screen failed, KeyError:" in words
    assert "report it to engineering with" in words
