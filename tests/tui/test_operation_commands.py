"""The command of each operation gives the very operation: it exists, it parses, and it means the same tag."""

import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import typer

from phase4_tui.artifacts.names import Artifact
from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.console.operations.registry import BY_ID, OPERATIONS
from phase4_tui.journal.actor import host_name
from phase4_tui.journal.state import read_state
from phase4_tui.rollback.fallback import plan_phase3_only
from phase4_tui.rollback.frozen_copies import needs_freezing
from phase4_tui.rollback.incidents import look_for_incident, plan_escalate
from phase4_tui.rollback.known_good import plan_pin
from phase4_tui.runbook.run_holder import Holder
from phase4_tui.runbook.settings import Settings
from phase4_tui.runbook.status import read_tags
from phase4_tui.tui.screens.audit import AuditScreen
from phase4_tui.tui.screens.known_good import KnownGoodScreen
from phase4_tui.tui.screens.questions import PlanScreen, TextScreen
from tests.cli.support import ask, parse
from tests.rollback.support import freeze, give, site_of, state_of
from tests.runbook.documents import Tag
from tests.runbook.support import laid_out
from tests.tui.operator import operator_at
from tests.tui.support import lay_out, until, view_tag

SHELL = {"exit", "kill -TERM PID", "kill -TERM 1234", "ssh elsewhere kill -TERM 1234", "${EDITOR:-vi} phase4.toml"}


def looked(work: Path, tag: str | None = None, holder: Holder | None = None) -> Snapshot:
    """Return what a dashboard knows that shows a tag."""
    reports = work / "reports"
    state = read_state(reports)
    focus = view_tag(work / "reports", tag, state) if tag is not None else None
    rows = tuple(read_tags(site_of(work)))
    known = Snapshot(str(work), str(reports), "maria", False, state, focus, rows=rows, tags=len(rows), holder=holder)
    wanted = state.incident is not None and needs_freezing(site_of(work), state.incident.tag, state)
    return replace(known, needs_freezing=wanted)


def command_of(operation: str, snapshot: Snapshot) -> str:
    return BY_ID[operation].command_of(snapshot, Settings())


def good_and_bad(work: Path) -> None:
    lay_out(work)
    look_for_incident(site_of(work), "B")


def frozen_and_called(work: Path) -> None:
    good_and_bad(work)
    freeze(work, "B")
    site = site_of(work)
    give(site, plan_pin(site, "A"))
    give(site, plan_escalate(site, "product", None))


def fallen(work: Path) -> None:
    frozen_and_called(work)
    site = site_of(work)
    give(site, plan_phase3_only(site, "rollback"))


def interrupted(work: Path) -> None:
    lay_out(work)
    Tag(work / "reports", "B").ran(pipeline="passed", release_check="cancelled")


def empty(work: Path) -> None:
    (work / "reports").mkdir()


@pytest.mark.parametrize("tag", [None, "A", "B"])
@pytest.mark.parametrize("lay", [empty, good_and_bad, frozen_and_called, fallen, interrupted])
def test_every_command_is_one_that_exists(tmp_path: Path, lay: Callable[[Path], None], tag: str | None) -> None:
    lay(tmp_path)
    here, there = (
        Holder(tag="B", run_id="1", operator="eve", host=host, pid=1234, since="now")
        for host in (host_name(), "elsewhere")
    )
    for holder in (None, here, there):
        snapshot = looked(tmp_path, tag if lay is not empty else None, holder)
        for operation in OPERATIONS:
            found = command_of(operation.id, snapshot)
            if found in SHELL:
                continue
            if "--help" in found:
                with pytest.raises(typer.Exit):
                    parse(found)
            else:
                parse(found)


def test_the_command_means_the_tag_that_the_operation_would_take(tmp_path: Path) -> None:
    good_and_bad(tmp_path)
    shows_a = looked(tmp_path, "A")
    assert command_of("freeze", shows_a) == "phase4 freeze B --reason R"
    assert command_of("reclassify", shows_a) == "phase4 incident reclassify P1 --reason R --tag B"
    assert command_of("compare", shows_a) == "phase4 compare B A"
    assert command_of("step_3", shows_a) == "phase4 step 3 --tag A"
    assert command_of("escalate", shows_a) == "phase4 escalate --owner risk"
    assert command_of("rehearse", shows_a) == "phase4 run --rehearsal --tag B_rerun"
    frozen = tmp_path / "frozen"
    frozen_and_called(frozen)
    shows_a = looked(frozen, "A")
    assert command_of("freeze", shows_a) == "phase4 freeze A --reason R"
    assert command_of("pin", shows_a) == "phase4 known-good unpin A"
    assert command_of("acknowledge", shows_a) == "phase4 escalate ack --owner product"


def test_a_run_is_proposed_under_a_tag_that_it_may_write_to(tmp_path: Path) -> None:
    lay_out(tmp_path)
    Tag(tmp_path / "reports", "phase4_demo")
    assert command_of("run", looked(tmp_path, "A")) == "phase4 run --tag phase4_demo"
    freeze(tmp_path, "phase4_demo")
    Tag(tmp_path / "reports", "phase4_demo2")
    assert command_of("run", looked(tmp_path, "A")) == "phase4 run --tag phase4_demo3"


# What y copies -----------------------------------------------------------------------------------------------


async def test_y_copies_the_very_operation_that_was_done_and_it_works_when_pasted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_out(laid_out(tmp_path))
    monkeypatch.chdir(tmp_path)
    async with operator_at(tmp_path) as me:
        await me.incident()
        await me.press("right_square_bracket")
        await until(me.pilot, lambda: me.app.snapshot and me.app.snapshot.focus and me.app.snapshot.focus.tag == "A")
        await me.press("f")
        await me.writes("it's evidence")
        await me.answers(yes=True)
        await until(me.pilot, lambda: "B" in state_of(tmp_path).frozen)
        await until(me.pilot, lambda: not me.app.queue.busy)
        await me.press("y")
        await me.sees("copied: phase4 freeze B --reason")
        copied = shlex.split(me.app.clipboard)
        assert copied == ["phase4", "freeze", "B", "--reason", "it's evidence"]
        answer = ask(tmp_path, *copied[1:], "--yes")
        assert (answer.status, "already frozen" in answer.out) == (0, True)
        monkeypatch.chdir("/")
        await me.press("y")
        await me.sees(f"copied: phase4 -C {tmp_path} freeze B")


async def test_y_copies_the_switch_that_was_made_in_the_picker(tmp_path: Path) -> None:
    lay_out(tmp_path)
    async with operator_at(tmp_path) as me:
        await me.incident()
        await me.press("k")
        await me.at(KnownGoodScreen)
        await me.press("down", "enter")
        await me.writes("good")
        await me.answers(yes=True)
        await until(me.pilot, lambda: state_of(tmp_path).active_tag == "A")
        await until(me.pilot, lambda: not me.app.queue.busy)
        await me.press("y")
        await me.sees("known-good switch A --reason good")


async def test_y_never_copies_what_was_looked_at_declined_left_or_refused(tmp_path: Path) -> None:
    lay_out(laid_out(tmp_path))
    freeze(tmp_path, "A")
    async with operator_at(tmp_path) as me:
        await me.incident()

        async def copies_nothing() -> None:
            await me.press("y")
            await me.sees("nothing was done here yet: there is no command to copy")
            await me.pilot.pause()
            assert me.app.clipboard == ""

        await me.press("a")
        await me.at(AuditScreen)
        await me.press("escape", "x")
        await me.sees("cancel: nothing is being run")
        await copies_nothing()
        await me.press("f")
        await me.writes("evidence")
        await me.answers(yes=False)
        await me.sees("nothing was done: freeze B")
        await copies_nothing()
        await me.press("r")
        await me.writes("A")
        await me.sees("A is frozen")
        await me.press("escape")
        await me.sees("was left without an answer")
        await copies_nothing()


async def test_after_the_freeze_r_proposes_a_free_tag(tmp_path: Path) -> None:
    Tag(laid_out(tmp_path) / "reports", "phase4_demo").put(Artifact.MONITORING, "{}")
    freeze(tmp_path, "phase4_demo")
    async with operator_at(tmp_path) as me:
        await me.looked()
        await me.press("r")
        await me.at(TextScreen)
        await me.sees("phase4_demo2")
        await me.press("enter")
        await me.at(PlanScreen)
        await me.sees("Run phase4_demo2?")
        await me.press("n")
