"""Half a minute of random life with a fresh seed; what it finds is printed with what plays the episode again."""

import json
import subprocess
import sys
from pathlib import Path

from tests.random_life.invariants import SIZE, differences
from tests.random_life.screen import Screen
from tests.runbook.support import phase4
from tests.terminal import Terminal
from tests.tui.support import lay_out

ROOT = Path(__file__).parents[2]
SECONDS = 30
"""After this no episode is begun; the one that was ends, which takes some seconds more."""


def test_half_a_minute_of_random_life_breaks_nothing() -> None:
    argv = [sys.executable, "-m", "tests.random_life", "--seconds", str(SECONDS)]
    done = subprocess.run(
        argv, cwd=ROOT, capture_output=True, text=True, timeout=300
    )  # in a process of its own: it adopts
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_a_dashboard_shows_is_compared_with_the_status_and_a_lie_is_seen(tmp_path: Path) -> None:
    lay_out(tmp_path)
    with Terminal([sys.executable, "-m", "phase4_tui"], tmp_path, *SIZE) as terminal:
        terminal.wait_for("✘ P1 ")
        terminal.read(0.5)
        screen = Screen(*SIZE)
        screen.feed(bytes(terminal.output))
    document = json.loads(phase4(tmp_path, "status", "--json").communicate(timeout=60)[0])
    assert differences(document, screen.lines) == []
    document["health"]["monitoring"]["state"] = "ok"
    document["tag"] = "A"
    assert differences(document, screen.lines) == ["viewing A", "MONITORING ✔ OK"]
