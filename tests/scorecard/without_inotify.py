"""Where the kernel gives no watch at all: needs limits of our own, so only the scorecard tries it."""

import sys
from pathlib import Path

from tests.figures import Figures
from tests.terminal import Terminal
from tests.tui.support import lay_out

LIMIT = 'echo 0 > "/proc/sys/user/max_inotify_$0" && exec "$@"'


def test_where_the_kernel_gives_no_watch_the_screen_says_so_and_follows_the_disk(
    tmp_path: Path, figures: Figures
) -> None:
    for limit in ("instances", "watches"):
        reports = lay_out(tmp_path / limit)
        dashboard = [sys.executable, "-m", "phase4_tui", "--operator", "maria"]
        argv = ["unshare", "--user", "--map-root-user", "sh", "-c", LIMIT, limit, *dashboard]
        with Terminal(argv, reports.parent) as terminal:
            terminal.wait_for("WATCH polling")
            for _ in range(3):
                gone = reports / "B_release_check.json"
                kept = gone.read_bytes()
                since = len(terminal.output)
                gone.unlink()
                figures.worst("followed after {:.1f} s", terminal.wait_for("RELEASE CHECK  ○ MISSING", 3, since))
                since = len(terminal.output)
                gone.write_bytes(kept)
                figures.worst("followed after {:.1f} s", terminal.wait_for("RELEASE CHECK  ✔ PASSED", 3, since))
            terminal.press("q")
            assert terminal.ended() == 0
