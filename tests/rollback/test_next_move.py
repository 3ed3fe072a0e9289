"""The next move of each state: operation, tag, command, and a sentence in plain words."""

import shlex
from pathlib import Path

import pytest

from phase4_tui.rollback.known_good import plan_pin
from phase4_tui.rollback.next_move import next_move
from phase4_tui.rollback.read_situation import read_situation
from phase4_tui.runbook.provenance import Source, new_run_id, save_run
from phase4_tui.runbook.settings import load_settings
from phase4_tui.runbook.site import Site
from tests.rollback.layouts import explained, frozen
from tests.rollback.situations import STATES, State
from tests.rollback.support import ENVIRONMENT, give, site_of
from tests.runbook.documents import Tag


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


def test_the_tag_to_switch_to_is_the_one_on_record_and_without_one_the_newest(tmp_path: Path) -> None:
    frozen(tmp_path)
    Tag(tmp_path / "reports", "Z")
    site = site_of(tmp_path)
    for best in ("Z", "A"):
        move = next_move(read_situation(site))
        assert move is not None
        assert (move.tag, move.text) == (best, f"switch to {best}")
        assert move.command == f"phase4 known-good switch {best} --reason R"
        give(site, plan_pin(site, "A"))


def test_another_rehearsal_is_proposed_on_the_input_of_the_incident(tmp_path: Path) -> None:
    explained(tmp_path)
    reports = tmp_path / "reports"
    made = Tag(reports, "Y").ran(pipeline="passed")
    source = Source(path="late.json")
    save_run(reports, made.model_copy(update={"tag": "B", "run_id": new_run_id(), "input": source}))
    move = next_move(read_situation(site_of(tmp_path)))
    assert move is not None
    assert move.command == "phase4 run --rehearsal --tag B_rerun --input late.json"
