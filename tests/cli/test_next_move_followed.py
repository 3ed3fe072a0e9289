"""The next move as it is printed, given as a command time after time, leads from the incident back to Phase 4."""

import json
import shlex
from pathlib import Path

from phase4_tui.journal.state import read_state
from tests.cli.support import HEALTHY, ask
from tests.runbook.support import laid_out

ONLY_AN_OPERATOR_KNOWS = {"R": "the desk says so", "C": "a bad feed", "TAG": "good"}
MOST = 12


def test_each_printed_command_works_and_leads_on_until_phase_4_is_open_again(tmp_path: Path) -> None:
    work = laid_out(tmp_path)
    rules = json.loads((work / "monitoring_rules.json").read_text())
    (work / "tight.json").write_text(json.dumps(rules | {"max_no_trade_pct": 1.0}))
    assert ask(work, "run", "--tag", "good").status == HEALTHY
    assert ask(work, "run", "--tag", "bad", "--rules", "tight.json").status == 11
    given: list[str] = []
    while (move := ask(work, "status", "--json").document()["next_move"]) is not None:
        assert len(given) < MOST, given
        words = [ONLY_AN_OPERATOR_KNOWS.get(word, word) for word in shlex.split(move["command"])]
        answer = ask(work, *words[1:], "--yes")
        assert answer.status == HEALTHY, (words, answer)
        given.append(move["operation"])
    assert given == ["freeze", "known_good", "mode", "run", "root_cause", "rehearse", "compare", "reopen"]
    state = read_state(work / "reports")
    assert (state.incident, state.evaluation_mode) == (None, "phase4")
    assert ask(work, "status").status == HEALTHY
