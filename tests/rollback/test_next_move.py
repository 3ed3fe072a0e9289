"""The next move of each state: operation, tag, command, and a sentence in plain words."""

import shlex
from pathlib import Path

import pytest

from phase4_tui.rollback.next_move import next_move
from phase4_tui.rollback.read_situation import read_situation
from phase4_tui.runbook.settings import load_settings
from phase4_tui.runbook.site import Site
from tests.rollback.situations import STATES, State
from tests.rollback.support import ENVIRONMENT


def site_in(state: State, work: Path) -> Site:
    environment = ENVIRONMENT | state.environment
    return Site(work, load_settings(work, environment, {"operator": "maria"}), environment)


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_each_state_has_its_move(tmp_path: Path, state: State) -> None:
    with state.at(tmp_path / "w") as work:
        move = next_move(read_situation(site_in(state, work), state.wanted))
    if state.operation is None:
        assert move is None
        return
    assert move is not None
    assert (move.operation, move.tag, move.command) == (state.operation, state.tag, state.command)
    assert shlex.join(shlex.split(move.command)) == move.command
    assert move.text.strip() == move.text
    assert move.text
    assert not move.text.endswith(".")
    assert not {"`", "\n"} & set(move.text)
