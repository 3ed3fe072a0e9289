"""Whatever the state, each face says the same next move: panel, header, sequence line, guided screen, command line."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from phase4_tui.artifacts.frozen import frozen_dir
from phase4_tui.artifacts.manifest import MANIFEST_FILE
from phase4_tui.artifacts.names import Artifact
from phase4_tui.console.facts.events import SnapshotReady
from phase4_tui.console.facts.next_move_cache import NextMoveCache
from phase4_tui.console.facts.schedule import Facts
from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.console.key_settings import keys_of
from phase4_tui.console.next_move_text import as_command, as_key
from phase4_tui.console.operations.registry import BY_ID, why_not
from phase4_tui.rollback.guided import read_guided
from phase4_tui.rollback.next_move import NextMove, next_move
from phase4_tui.rollback.read_situation import read_fields, read_situation
from phase4_tui.rollback.situation import Situation
from phase4_tui.runbook.isolation import Proof
from phase4_tui.runbook.settings import Settings
from phase4_tui.runbook.site import Site
from phase4_tui.runbook.steps import find_step
from phase4_tui.tui.app import Phase4App
from phase4_tui.tui.screens.guided import GuidedScreen
from phase4_tui.tui.screens.journal import JournalScreen
from phase4_tui.tui.text import content
from phase4_tui.tui.widgets.hint_line import HintLine
from phase4_tui.tui.widgets.incident_block import NEXT, IncidentBlock, block_rows
from phase4_tui.tui.widgets.sequence_panel import step_parts
from tests.cli.support import FAILED, ask
from tests.rollback.hostile import overwrite
from tests.rollback.layouts import crashed, frozen, incident
from tests.rollback.situations import STATES, State
from tests.rollback.test_next_move import site_in
from tests.runbook.documents import Tag, quality
from tests.runbook.support import until
from tests.tui.support import SIZE, make_app, screen_text
from tests.tui.support import until as on_screen

OPEN = {name: state for name, state in STATES.items() if name in (
    "incident", "frozen", "frozen and tampered", "no good tag", "no good tag, stated", "switched", "fallen",
    "fallen, stopped", "proven", "explained", "re-run badly", "re-run, stopped", "re-run", "compared",
    "a run in an incident",
)}  # fmt: skip
"""The states in which an incident is open, so that there is a guided rollback."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither wait for the first paint nor probe the barrier: no step is run here."""
    proven = Proof(barrier="seccomp", proven=True, ways={}, reached=0, detail="it holds")
    for place in ("cli.state", "runbook.isolation"):
        monkeypatch.setattr(f"phase4_tui.{place}.probe_barrier", lambda barrier: proven)
    for place in ("schedule", "incident_watch"):
        monkeypatch.setattr(f"phase4_tui.console.facts.{place}.SETTLE_SECONDS", 0.0)


def next_line(out: str) -> list[str]:
    return [line for line in out.splitlines() if line.startswith("next:")]


def looked(work: Path, state: State) -> Snapshot:
    """Return what a dashboard knows once it has looked at all there is."""
    seen: list[Snapshot] = []
    facts = Facts(
        site_in(state, work),
        lambda message: seen.append(message.snapshot) if isinstance(message, SnapshotReady) else None,
        read_only=True,
    )
    facts.choose(state.wanted)
    facts.start()
    try:
        return until(lambda: [one for one in seen if one.preconditions and len(one.rows) == one.tags])[-1]
    finally:
        facts.stop()


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_the_dashboard_knows_the_move_that_the_command_line_says(tmp_path: Path, state: State) -> None:
    with state.at(tmp_path / "w") as work:
        move = next_move(read_situation(site_in(state, work), state.wanted))
        snapshot = looked(work, state)
        assert snapshot.next_move == move
        check_operation(replace(snapshot, read_only=False), move)
        check_panels(snapshot, move, keys_of({"freeze": "f9", "resume": "ctrl+t"}))
        check_commands(work, state, move)


def check_operation(snapshot: Snapshot, move: NextMove | None) -> None:
    """Assert that the operation can be given, and that its key does just what the move says."""
    if move is None or not move.operation:
        return
    operation = BY_ID[move.operation]
    assert why_not(operation, snapshot) is None
    command = operation.command_of(snapshot, Settings())
    if move.operation == "known_good":
        assert command == "phase4 known-good list", "no target is preselected"
    elif move.operation.startswith("step_"):
        assert find_step(command.split()[2]) == find_step(move.command.split()[2])
    else:
        assert command == move.command


def check_panels(snapshot: Snapshot, move: NextMove | None, keys: Mapping[str, str]) -> None:
    """Assert that panel and sequence line say the move by its key, and no other."""
    rows = [content(*row).plain.strip() for row in block_rows(snapshot, keys, 400, roomy=True)]
    said = [text.partition("   ")[0] for text in rows if text.startswith(NEXT)]
    assert said == ([] if move is None else [f"next: {as_key(move, keys)}"])
    stopped = [text.strip() for text, _ in step_parts(snapshot, keys) if text.startswith("stopped")]
    assert move is None or stopped in ([], [f"stopped, next: {as_key(move, keys)}"])


def check_commands(work: Path, state: State, move: NextMove | None) -> None:
    """Assert that each command that says a next move says this one, once."""
    line = [] if move is None else [f"next: {as_command(move)}"]
    document = None if move is None else move.model_dump()
    wanted = ["--tag", state.wanted] if state.wanted else []
    status = ask(work, "status", *wanted, **state.environment)
    if status.status == FAILED:  # nothing can be shown: the complaint names the move
        assert move is not None
        assert move.command in status.complaint()
        return
    assert next_line(status.out) == line
    found: dict[str, Any] = ask(work, "status", "--json", *wanted, **state.environment).document()
    assert found["next_move"] == document
    if found["incident"] is None:
        return
    assert next_line(ask(work, "incident", "show", **state.environment).out) == line
    assert ask(work, "incident", "show", "--json", **state.environment).document()["next_move"] == document
    assert next_line(ask(work, "rollback", "--dry-run", **state.environment).out) == line
    guided = ask(work, "rollback", "--json", **state.environment).document()
    assert guided["next_move"] == document
    (step,) = [step for step in guided["steps"] if step["state"] in ("next", "tampered")]
    if move is not None and move.operation:
        assert step["command"] == move.command


@pytest.mark.parametrize("state", OPEN.values(), ids=OPEN)
async def test_the_screens_say_the_move_of_an_open_incident(tmp_path: Path, state: State) -> None:
    with state.at(tmp_path / "w") as work:
        guided = read_guided(site_in(state, work))
        assert guided is not None
        assert guided.next_move is not None
        app = make_app(work)
        said = f"next: {as_key(guided.next_move, app.keys)}"
        async with app.run_test(size=SIZE, notifications=True) as pilot:
            await on_screen(pilot, lambda: said in " ".join(app.screen.query_one(IncidentBlock).text.split()))
            await pilot.press("g")
            await on_screen(pilot, lambda: isinstance(app.screen, GuidedScreen) and said in hint_of(app))


def hint_of(app: Phase4App) -> str:
    return str(app.screen.query_one(HintLine).content)


async def test_a_key_of_the_settings_is_said_in_place_of_the_usual_one(tmp_path: Path) -> None:
    incident(tmp_path)
    (tmp_path / "phase4.toml").write_text('[keys]\nfreeze = "f9"\nescalate = "ctrl+t"\n')
    app = make_app(tmp_path)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await on_screen(pilot, lambda: "next: f9 freeze B" in screen_text(app))
        await pilot.press("g")
        await on_screen(pilot, lambda: "next: f9 freeze B" in screen_text(app))
        assert "ctrl+t calls an owner" in screen_text(app)


def test_a_re_run_can_be_compared_though_nothing_else_is_left(tmp_path: Path) -> None:
    with STATES["re-run"].at(tmp_path / "w") as work:
        snapshot = replace(looked(work, STATES["re-run"]), read_only=False, tags=1)
    assert why_not(BY_ID["compare"], snapshot) is None
    assert why_not(BY_ID["compare"], replace(snapshot, next_move=None)) is not None


def test_what_is_costly_is_read_once_and_again_after_a_change_and_not_for_the_first_paint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[Situation] = []

    def counted(site: Site, situation: Situation) -> Situation:
        reads.append(situation)
        return read_fields(site, situation)

    monkeypatch.setattr("phase4_tui.rollback.read_situation.read_fields", counted)
    with STATES["re-run"].at(tmp_path / "w") as work:
        site = site_in(STATES["re-run"], work)
        snapshot = looked(work, STATES["re-run"])
        cache = NextMoveCache(site)
        reads.clear()
        assert cache.of(snapshot, is_first=True) is None
        assert reads == []
        assert cache.of(snapshot) == cache.of(replace(snapshot, looked_ns=1)) == snapshot.next_move
        assert len(reads) == 1
        Tag(site.reports, "C").put(Artifact.QUALITY_CHECK, quality(False))
        move = cache.of(snapshot)
        assert move is not None
        assert (move.operation, len(reads)) == ("rehearse", 2)
        cache.of(snapshot, unsettled=True)
        assert len(reads) == 3, "time alone can change what is being written"


def test_a_manifest_that_changes_is_noticed_though_it_reads_the_same(tmp_path: Path) -> None:
    with STATES["compared"].at(tmp_path / "w") as work:
        site, snapshot = site_in(STATES["compared"], work), looked(work, STATES["compared"])
        cache = NextMoveCache(site)
        assert cache.of(snapshot) == snapshot.next_move
        manifest = frozen_dir(site.reports, "B") / MANIFEST_FILE
        overwrite(manifest, manifest.read_bytes() + b"\n")
        move, now = cache.of(snapshot), next_move(read_situation(site))
        assert move is not None
        assert now is not None
        assert (move.operation, now.operation) == ("verify", "verify")


async def test_a_stopped_run_is_not_resumed_while_an_incident_asks_for_something_else(tmp_path: Path) -> None:
    crashed(tmp_path)
    frozen(tmp_path)
    app = make_app(tmp_path)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await on_screen(pilot, lambda: app.snapshot and app.snapshot.next_move)
        app.facts.choose("noon")
        await on_screen(pilot, lambda: "stopped, next: k switch to A" in screen_text(app))
        assert "resume" not in screen_text(app)


async def test_each_screen_says_what_to_do_about_tampering(tmp_path: Path) -> None:
    with STATES["tampered"].at(tmp_path / "w") as work:
        app = make_app(work)
        async with app.run_test(size=SIZE, notifications=True) as pilot:
            await on_screen(pilot, lambda: app.snapshot and app.snapshot.next_move)
            await pilot.press("j")
            await on_screen(pilot, lambda: isinstance(app.screen, JournalScreen))
            await on_screen(pilot, lambda: "next: ^p restore put the frozen files of noon back" in screen_text(app))


def test_alarms_that_come_first_are_followed_by_the_move_on_every_screen(tmp_path: Path) -> None:
    from phase4_tui.tui.widgets.alarm_lines import is_alarm_of_move

    for name in ("tampered", "no state", "live orders"):
        with STATES[name].at(tmp_path / name.replace(" ", "")) as work:
            assert is_alarm_of_move(looked(work, STATES[name])), name
    with STATES["incident"].at(tmp_path / "w") as work:
        snapshot = looked(work, STATES["incident"])
    assert not is_alarm_of_move(snapshot)
    assert not is_alarm_of_move(replace(snapshot, watch_trouble="polling"))
