"""How every operation is given: stale plans, the lease, and what a process that died leaves to the next."""

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from phase4_tui.artifacts.frozen import is_frozen
from phase4_tui.artifacts.safe_text import safe_text
from phase4_tui.journal.actor import host_name
from phase4_tui.journal.events import Event
from phase4_tui.journal.lease import Lease, take_lease
from phase4_tui.journal.log import read_events
from phase4_tui.journal.state import OperationsState
from phase4_tui.rollback.fallback import plan_phase3_only, plan_phase4_by_override
from phase4_tui.rollback.freeze import plan_freeze, plan_restore, plan_thaw
from phase4_tui.rollback.incidents import plan_escalate, plan_reclassify
from phase4_tui.rollback.known_good import plan_pin, plan_switch, plan_unpin
from phase4_tui.rollback.operations import Done, Effect, Plan, carry_out
from phase4_tui.rollback.root_cause import RootCause, plan_root_cause
from phase4_tui.rollback.verification import repair
from phase4_tui.runbook.isolation import Proof
from phase4_tui.runbook.site import Site
from phase4_tui.runbook.status import read_status
from tests.rollback.hostile import (
    active_file,
    assert_on_record,
    do,
    overwrite,
    own_report,
    place,
    problems,
    refused,
)
from tests.rollback.support import freeze, site_of, state_of

CAUSE = RootCause(cause="bad figures", remediation="better figures", owner="risk")
PROVEN = Proof(barrier="seccomp", proven=True, ways={}, reached=0, detail="")


class Death(BaseException):
    """The process dies here."""


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A place where `old` is active, `frozen` is frozen and changed, `good` waits, and `sick` has an incident."""
    work = place(tmp_path)
    for name in ("old", "good", "frozen", "sick"):
        own_report(work, name)
    do(work, plan_switch, "old", "start")
    freeze(work, "frozen")
    overwrite(work / "reports" / "frozen_report.md", b"# changed\n")
    do(work, plan_reclassify, "P1", "it is sick", "sick")
    return work


OPERATIONS: dict[str, tuple[Callable[[Site], Plan], Callable[[OperationsState], object]]] = {
    "freeze": (lambda site: plan_freeze(site, "good", "r"), lambda state: "good" in state.frozen),
    "thaw": (lambda site: plan_thaw(site, "frozen", "r"), lambda state: "frozen" not in state.frozen),
    "restore": (lambda site: plan_restore(site, "frozen"), lambda state: None),
    "switch": (lambda site: plan_switch(site, "good", "r"), lambda state: state.active_tag == "good"),
    "mode": (lambda site: plan_phase3_only(site, "r"), lambda state: state.evaluation_mode == "phase3_only"),
    "pin": (lambda site: plan_pin(site, "good"), lambda state: "good" in state.pinned),
    "root_cause": (
        lambda site: plan_root_cause(site, CAUSE),
        lambda state: state.incident is not None and len(state.incident.root_causes) == 1,
    ),
    "reclassify": (
        lambda site: plan_reclassify(site, "P0", "r", "sick"),
        lambda state: state.reclassified["sick"].severity_class == "P0",
    ),
    "escalate": (
        lambda site: plan_escalate(site, "risk", "r"),
        lambda state: state.incident is not None and len(state.incident.escalations) == 1,
    ),
}
ON_DISK = {"freeze", "thaw"}


def die(work: Path, plan: Plan, *, after: bool) -> None:
    """Carry out and die between intent and result, before or after what the operation does."""
    act = plan.act

    def dying(intent: Event) -> Effect:
        if after:
            act(intent)
        raise Death

    with pytest.raises(Death):
        carry_out(site_of(work), replace(plan, act=dying))


@pytest.mark.parametrize("after", [False, True], ids=["before it acts", "after it acted"])
@pytest.mark.parametrize("kind", OPERATIONS)
def test_an_operation_that_died_is_pending_until_the_next_one_settles_it_right(
    work: Path, kind: str, after: bool
) -> None:
    plan, is_done = OPERATIONS[kind]
    before = state_of(work), active_file(work)
    die(work, plan(site_of(work)), after=after)
    (pending,) = state_of(work).pending
    assert (pending.kind, pending.by) == (kind, f"maria@{host_name()}")
    status, _ = read_status(site_of(work), None, PROVEN)
    assert [one.seq for one in status.pending] == [pending.seq]
    assert not is_done(state_of(work))
    do(work, plan_pin, "old", operator="tom")
    state = state_of(work)
    assert state.pending == ()
    settled = next(event for event in read_events(work / "reports") if event.detail.get("intent") == pending.seq)
    assert (settled.kind, settled.operator, settled.tag) == (kind, "tom", pending.tag)
    if after and kind in ON_DISK:
        assert is_done(state)
        assert (settled.outcome, settled.detail["recovered"]) == ("done", True)
    else:
        assert not is_done(state)
        assert settled.outcome == "failed"
        assert settled.detail["error"].startswith("interrupted; ")
    assert state.active_tag == before[0].active_tag
    assert active_file(work) == before[1]
    assert_on_record(work)


@pytest.mark.parametrize("after", [False, True], ids=["before it acts", "after it acted"])
@pytest.mark.parametrize("kind", OPERATIONS)
def test_an_operation_that_died_can_be_given_again(work: Path, kind: str, after: bool) -> None:
    plan, is_done = OPERATIONS[kind]
    die(work, plan(site_of(work)), after=after)
    if after and kind == "thaw":
        assert "not frozen" in refused(lambda: plan(site_of(work)))
        do(work, plan_unpin, "good")
        carry_out(site_of(work), plan_pin(site_of(work), "good"))
    else:
        carry_out(site_of(work), plan(site_of(work)))
    assert is_done(state_of(work)) in (True, None)
    assert state_of(work).pending == ()
    if kind == "restore":
        assert problems(work) == []
    assert_on_record(work)


def test_a_switch_that_died_after_it_froze_its_target_leaves_it_frozen_on_record(work: Path) -> None:
    die(work, plan_switch(site_of(work), "good", "r"), after=True)
    do(work, plan_phase3_only, "r")
    state = state_of(work)
    assert "good" in state.frozen
    assert state.active_tag == "old"
    assert [one for one in problems(work) if one[1] != "frozen_report.md"] == []


def test_an_operation_under_way_is_not_taken_for_a_dead_one(work: Path) -> None:
    plan = plan_freeze(site_of(work), "good", "r")
    act = plan.act
    seen: list[tuple[int, str]] = []

    def acting(intent: Event) -> Effect:
        effect = act(intent)
        other = plan_pin(site_of(work, "tom"), "old")
        seen.append((other.revision, refused(lambda: plan_freeze(site_of(work, "tom"), "good", "r"))))
        return effect

    done = carry_out(site_of(work), replace(plan, act=acting))
    assert seen[0][0] == plan.revision
    assert seen[0][1].startswith(f"good is being frozen by maria@{host_name()}")
    assert done.state.revision == plan.revision + 1


def test_what_fails_is_on_record_with_its_reason_and_changes_nothing(work: Path) -> None:
    plan = plan_pin(site_of(work), "good")

    def failing(intent: Event) -> Effect:
        raise ValueError("it broke")

    before = state_of(work)
    with pytest.raises(ValueError, match="it broke"):
        carry_out(site_of(work), replace(plan, act=failing))
    last = list(read_events(work / "reports"))[-1]
    assert (last.outcome, last.detail["error"]) == ("failed", "it broke")
    assert state_of(work).model_copy(update={"journal": before.journal}) == before
    assert_on_record(work)


def test_a_plan_made_before_another_operation_is_refused_whatever_it_was(work: Path) -> None:
    plans = {kind: plan(site_of(work)) for kind, (plan, _) in OPERATIONS.items()}
    do(work, plan_pin, "old", operator="tom")
    before = state_of(work)
    for plan in plans.values():
        assert "(pin by tom@" in refused(lambda plan=plan: carry_out(site_of(work), plan))  # type: ignore[misc]
    assert state_of(work) == before


def test_a_plan_is_carried_out_once(work: Path) -> None:
    plan = plan_phase3_only(site_of(work), "r")
    carry_out(site_of(work), plan)
    assert "changed since" in refused(lambda: carry_out(site_of(work), plan))


def test_what_was_noted_meanwhile_without_a_change_does_not_make_a_plan_stale(work: Path) -> None:
    plan = plan_pin(site_of(work), "good")
    do(work, plan_restore, "frozen", operator="tom")
    carry_out(site_of(work), plan)
    assert state_of(work).pinned == ("good",)


def test_a_plan_does_not_outlive_the_journal_though_the_revisions_are_the_same(tmp_path: Path) -> None:
    work = place(tmp_path)
    own_report(work, "a")
    own_report(work, "b")
    freeze(work, "a")
    plan = plan_thaw(site_of(work), "a", "r")
    (work / "reports" / ".phase4" / "journal.jsonl").write_text("damaged\n")
    repair(site_of(work), "damaged")
    assert state_of(work).revision == plan.revision
    assert "changed since" in refused(lambda: carry_out(site_of(work), plan))
    assert is_frozen(work / "reports", "a")


@pytest.mark.parametrize("kind", OPERATIONS)
def test_while_another_operator_leads_a_rollback_every_operation_is_refused_and_a_take_over_is_not(
    work: Path, kind: str
) -> None:
    take_lease(work / "reports", site_of(work, "tom").actor)
    plan, is_done = OPERATIONS[kind]
    before = state_of(work)
    told = refused(lambda: carry_out(site_of(work), plan(site_of(work))))
    assert told.startswith(f"tom@{host_name()}")
    assert "--take-over" in told
    assert state_of(work) == before
    carry_out(site_of(work), plan(site_of(work)), take_over=True)
    assert is_done(state_of(work)) in (True, None)


def test_the_holder_of_the_lease_and_who_finds_a_dead_one_go_on(work: Path) -> None:
    take_lease(work / "reports", site_of(work).actor)
    do(work, plan_pin, "good")
    with subprocess.Popen(["true"]) as ended:
        ended.wait(10)
    take_lease(work / "reports", replace(site_of(work, "tom").actor, pid=ended.pid), by_force=True)
    do(work, plan_unpin, "good")
    assert Lease.model_validate_json((work / "reports" / ".phase4" / "lease.json").read_bytes()).operator == "tom"


def test_mode_phase_4_by_override_stays_on_record(work: Path) -> None:
    do(work, plan_phase3_only, "r")
    plan = plan_phase4_by_override(site_of(work), "the desk says so")
    assert "stays on record" in plan.warnings[0]
    carry_out(site_of(work), plan)
    (line,) = state_of(work).overrides
    assert "the desk says so" in line
    assert safe_text(line) == line
    done: Done = do(work, plan_phase4_by_override, "again")
    assert done.lines == ("evaluation mode is already Phase 4",)
