"""The bar of a run: which step of how many, for how long, how many of its records; gone at the end, and on a pipe."""

import re
from pathlib import Path

from phase4_tui.cli.run_progress import LiveObserver
from phase4_tui.runbook.steps import PHASE4_STEPS, command_for, place_of
from tests.cli.support import ENVIRONMENT, HEALTHY, ask
from tests.cli.terminal import operator
from tests.rollback.support import site_of

ESCAPES = re.compile(r"\x1b\[[\d;?]*[a-zA-Z]")


def test_on_a_terminal_the_bar_knows_the_five_steps_and_leaves_only_what_ended(work: Path) -> None:
    with operator(work, "run", "--tag", "t1", columns=100, term="xterm") as ada:
        assert ada.status() == HEALTHY
    seen = ESCAPES.sub("", ada.shown)
    for number, name in enumerate(("pipeline", "release check", "quality check", "sign-off", "monitor"), 1):
        assert re.search(rf"{number} of 5 · {name} .* \d+ s", seen), name
    hidden, _, after = ada.shown.rpartition("\x1b[?25h")  # the cursor is shown again
    assert "5 of 5" in hidden
    assert "of 5" not in after
    assert "PHASE 4 · PAPER · t1" in ESCAPES.sub("", after)


def test_on_a_pipe_there_is_a_line_a_step_and_no_bar(work: Path) -> None:
    out = ask(work, "run", "--tag", "t1").out
    assert len(re.findall(r"^✔ \d ", out, re.MULTILINE)) == 5
    assert "of 5" not in out
    assert "\r" not in out


def test_the_bar_moves_within_a_step_by_what_it_has_read(work: Path) -> None:
    site = site_of(work)
    place = place_of(site.settings, work, 4, None, None)
    commands = [command_for(step, 4, "t1", place, site.settings, ENVIRONMENT) for step in PHASE4_STEPS]
    observer = LiveObserver(step.name for step in PHASE4_STEPS)
    observer.step_started(commands[2])
    observer.progress(commands[2], {"records": 1200, "bytes": 25, "total_bytes": 100})
    assert observer.shown() == (2.25, 5, "3 of 5 · quality check", "1,200 records · 25 %")
    observer.progress(commands[2], {"records": -5, "bytes": 99999, "total_bytes": -1})
    assert observer.shown() == (2.0, 5, "3 of 5 · quality check", "")
