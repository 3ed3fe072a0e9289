"""The valid files to begin with, made by the program itself: two runs, a freeze, a switch, an incident, a lease."""

import json
from pathlib import Path

from phase4_tui.journal.actor import Actor
from phase4_tui.journal.lease import take_lease
from phase4_tui.runbook.run_holder import announce, run_lock
from phase4_tui.runbook.steps import PHASE3_SAMPLE
from tests.cli.support import ask
from tests.fuzz.readers import OTHER, READERS, TAG
from tests.runbook.own_desk import CHECK, MINUTES_CHECK, NOTE_CHECK, NOTE_STEP, STEP, own_desk

SETTINGS = (
    'operator = "ada"\ntimeout_seconds = 60.5\nprotected_artifacts = []\n\n[steps.monitor]\ntimeout_seconds = 30\n\n'
    '[phase3]\ntag = "night"\n\n[dashboard.keys]\nfreeze = "F"\n'
)


def laid_out(work: Path) -> Path:
    """Lay out a working directory with a file for each reader."""
    own_desk(work, STEP + NOTE_STEP + CHECK + NOTE_CHECK + MINUTES_CHECK)
    assert ask(work, "run", "--tag", TAG).status in (0, 13)
    ask(work, "step", "1", "--tag", OTHER)
    assert ask(work, "freeze", TAG, "--reason", "evidence", "--yes").status == 0
    assert ask(work, "known-good", "switch", TAG, "--reason", "it is good", "--yes").status == 0
    (work / "reports" / f"{OTHER}_quality_check.json").write_text('{"passed": false, "checks": {}}')
    assert ask(work, "status", "--tag", OTHER).status >= 10
    assert ask(work, "mode", "phase3-only", "--reason", "for the night", "--yes").status == 0
    assert ask(work, "run", "--tag", "night").status in (0, 13)
    take_lease(work / "reports", Actor("ada"))
    with run_lock(work / "reports"):
        announce(work / "reports", TAG, "20261127T100000Z-0123456789", "ada")
    records = json.loads((work / "sample_batch_input.json").read_text())
    (work / "lines_input.jsonl").write_text("\n".join(map(json.dumps, records)) + "\n")
    (work / "phase3_input.json").write_bytes(PHASE3_SAMPLE.read_bytes())
    (work / "out").mkdir()
    missing = [name for name, reader in READERS.items() if not reader.files(work)]
    assert not missing, f"without a file to begin with: {missing}"
    return work
