"""Text that others wrote leaves clipboard and title of a real tmux alone."""

import sys
from pathlib import Path

from tests.runbook.support import laid_out
from tests.tui.test_hostile import lay_out_hostile
from tests.tui.tmux import Tmux


def test_neither_clipboard_nor_title_of_tmux_changes(tmp_path: Path) -> None:
    hostile = lay_out_hostile(laid_out(tmp_path / "work"))
    with Tmux(tmp_path / "s", hostile, f"{sys.executable} -m phase4_tui") as me:
        me.sees("FAILED", "QUALITY CHECK")
        for key, title in (("d", "DECISIONS"), ("j", "JOURNAL")):
            me.press(key)
            me.sees(title)
            me.press("Escape")
            me.sees("RELEASE CHECK")
        assert me.run("list-buffers") == ""
        assert "PWNED" not in me.run("display-message", "-p", "#{pane_title}")
        assert me.modes().startswith("1 ")
        me.press("q")
        me.sees("LEFT=0")


def test_a_title_that_is_set_would_be_seen(tmp_path: Path) -> None:
    with Tmux(tmp_path / "s", tmp_path, "printf '\\033]2;PWNED\\007'") as me:
        me.sees("LEFT=0")
        assert "PWNED" in me.run("display-message", "-p", "#{pane_title}")
