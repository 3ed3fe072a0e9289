"""What an operator does goes on while a step runs that holds every lock it finds and writes wherever it can."""

from pathlib import Path

from tests.cli.support import HEALTHY, ask, started
from tests.runbook.as_users import HELD_OFF, USERS
from tests.runbook.support import foreign, laid_out, script_of, until

REASON = ("--reason", "R", "--yes")
GREEDY = """
import fcntl, os, time
held = []
for directory, names, files in os.walk("reports/.phase4"):
    for path in (directory, *(os.path.join(directory, name) for name in files)):
        try:
            held.append(os.open(path, os.O_RDONLY))
            fcntl.flock(held[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            print(path, error)
open("holding", "w").close()
while not os.path.exists("go"):
    time.sleep(0.02)
"""


def test_freeze_switch_root_cause_and_a_note_go_through_while_a_step_holds_every_lock_it_finds(tmp_path: Path) -> None:
    if USERS[0] not in HELD_OFF:
        return
    laid_out(tmp_path)
    assert ask(tmp_path, "run", "--tag", "good").status == HEALTHY
    foreign(tmp_path)
    script_of(tmp_path, "pipeline").write_text(GREEDY, encoding="utf-8")
    with started(tmp_path, "run", "--tag", "greedy") as process:
        until((tmp_path / "holding").exists)
        freeze = ask(tmp_path, "freeze", "good", *REASON)
        switch = ask(tmp_path, "known-good", "switch", "good", *REASON)
        verify = ask(tmp_path, "verify")
        second = ask(tmp_path, "run", "--tag", "other")
        (tmp_path / "go").touch()
        process.wait(60)
    assert (freeze.status, switch.status, verify.status) == (HEALTHY, HEALTHY, HEALTHY), (freeze, switch, verify)
    assert "has been running greedy since" in second.err, "only a run waits for a run, and is told for whose"
    assert str(process.pid) in second.err
    assert [kept.name for kept in (tmp_path / "reports" / ".phase4" / "frozen").iterdir()] == ["good"]
