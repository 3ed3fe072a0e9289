"""A terminal that nobody reads, as a hung connection leaves it: the run goes on, and a signal still ends it."""

import json
import signal
import time
from pathlib import Path

from tests.counts import tries
from tests.figures import Figures
from tests.runbook.support import laid_out, until
from tests.terminal import Terminal
from tests.tui.test_terminal import DASHBOARD, begin_run, last_run_state, steps_alive

STALL_SECONDS = tries(10.0, 60.0)
LIMIT_SECONDS = tries(8, 40)
FILL_SECONDS = 2.0
TICK_SECONDS = 0.05


def lay_out_ticking(work: Path) -> Path:
    """Lay out a directory whose pipeline tells a number every moment, for ever; its limit is within the stall."""
    laid_out(work)
    script = f"n=0; while :; do n=$((n+1)); echo tick $EPOCHSECONDS $n; sleep {TICK_SECONDS}; done"
    argv = [
        "bash",
        "-c",
        f"(exec -a {work}/reports/sleeper sleep 900) & exec -a {work}/reports/sleeper bash -c '{script}'",
    ]
    settings = f"grace_seconds = 0.5\n[steps.pipeline]\ntimeout_seconds = {LIMIT_SECONDS}\n"
    (work / "phase4.toml").write_text(f"{settings}argv = {json.dumps(argv)}\n")
    return work


def ticks(work: Path) -> list[int]:
    """Return the time of each line in the transcript of the step, in seconds since 1970."""
    lines = [line for path in work.rglob("*.log") for line in path.read_text().splitlines() if line.startswith("tick ")]
    return [int(line.split()[1]) for line in lines]


def test_a_step_goes_on_and_its_limit_holds_while_nobody_reads_the_terminal(tmp_path: Path, figures: Figures) -> None:
    work = lay_out_ticking(tmp_path)
    with Terminal(DASHBOARD, work) as terminal:
        begin_run(terminal, work)
        begun, stalled = time.monotonic(), time.time()
        while time.monotonic() - begun < FILL_SECONDS:
            terminal.press("?\x1b")  # nobody reads what each repaint writes, until nothing more can be written
            time.sleep(0.05)
        until(lambda: steps_alive(work) == [], LIMIT_SECONDS + 10)
        kept = [moment for moment in ticks(work) if moment > stalled + FILL_SECONDS]
        assert len(kept) > 5, "nothing of what the step wrote while the terminal stalled was kept"
        assert time.monotonic() - begun < LIMIT_SECONDS + 5
        time.sleep(max(STALL_SECONDS - (time.monotonic() - begun), 0))
        begun = time.monotonic()
        terminal.kill(signal.SIGTERM)
        assert terminal.ended(6, reads=False) == 143
        seconds = time.monotonic() - begun
        assert terminal.attributes == terminal.attributes_before
    until(lambda: last_run_state(work) == "finished", 5)
    figures.worst("stalled for {:.0f} s", STALL_SECONDS)
    figures.total("{:,} lines of the step kept meanwhile", len(kept))
    figures.worst("ended {:.1f} s after SIGTERM", seconds)
    assert seconds < 5
