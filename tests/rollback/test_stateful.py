"""Two operators give every operation in any sequence, die midway, and act on old views; root tampers meanwhile."""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from unittest import mock

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from phase4_tui.artifacts.frozen import is_frozen
from phase4_tui.artifacts.manifest import look_frozen
from phase4_tui.artifacts.names import RUNBOOK_ARTIFACTS, Artifact
from phase4_tui.errors import Refused
from phase4_tui.journal.events import Event
from phase4_tui.journal.writer import record
from phase4_tui.rollback import operations
from phase4_tui.rollback.active import active_of, publish_active, published_active
from phase4_tui.rollback.fallback import plan_phase3_only, plan_phase4_by_override
from phase4_tui.rollback.freeze import plan_freeze, plan_restore, plan_thaw
from phase4_tui.rollback.incidents import RANK, look_for_incident, plan_escalate, plan_no_good_tag, plan_reclassify
from phase4_tui.rollback.known_good import failed_rung, plan_pin, plan_switch, plan_unpin
from phase4_tui.rollback.operations import Effect, Plan, carry_out
from phase4_tui.rollback.reopen import plan_compare, plan_reopen
from phase4_tui.rollback.root_cause import RootCause, plan_root_cause
from phase4_tui.runbook.site import Site
from tests.rollback.hostile import (
    a_report,
    as_root,
    assert_on_record,
    copies,
    digest,
    manifest_of,
    overwrite,
    own_report,
    place,
    spoil,
    write,
)
from tests.rollback.support import site_of, state_of

TAGS = ("a", "b", "c", "d")
CAUSE = RootCause(cause="bad figures", remediation="better figures", owner="risk")
OPERATIONS: dict[str, Callable[[Site, str, str], Plan]] = {
    "freeze": lambda site, tag, _: plan_freeze(site, tag, "evidence"),
    "thaw": lambda site, tag, _: plan_thaw(site, tag, "again"),
    "restore": lambda site, tag, _: plan_restore(site, tag),
    "switch": lambda site, tag, _: plan_switch(site, tag, "rollback"),
    "pin": lambda site, tag, _: plan_pin(site, tag),
    "unpin": lambda site, tag, _: plan_unpin(site, tag),
    "phase3_only": lambda site, tag, _: plan_phase3_only(site, "stop"),
    "phase4": lambda site, tag, _: plan_phase4_by_override(site, "go"),
    "reclassify": lambda site, tag, _: plan_reclassify(site, "P1", "it is bad", tag),
    "escalate": lambda site, tag, _: plan_escalate(site, "risk", None),
    "no_good_tag": lambda site, tag, _: plan_no_good_tag(site, "none is left"),
    "root_cause": lambda site, tag, _: plan_root_cause(site, CAUSE),
    "compare": lambda site, tag, other: plan_compare(site, tag, other, None),
    "reopen": lambda site, tag, _: plan_reopen(site, tag, override=True, reason="by the desk"),
}
operators = st.sampled_from(("maria", "tom"))
tags = st.sampled_from(TAGS)
kinds = st.sampled_from(tuple(OPERATIONS))
frequent = st.sampled_from(("freeze", "switch", "thaw", "restore", "reopen"))


class Death(BaseException):
    """The process dies here."""


class Desk(RuleBasedStateMachine):
    """A reports directory, and all that can happen to it."""

    def __init__(self) -> None:
        super().__init__()
        self.base = Path(tempfile.mkdtemp())
        self.work = place(self.base)
        self.stash = self.base / "stash"
        self.stash.mkdir()
        self.published: set[str] = set()
        self.plans: dict[str, Plan] = {}
        self.died = False
        self.written = 0

    def teardown(self) -> None:
        shutil.rmtree(self.base)

    @initialize()
    def open_the_desk(self) -> None:
        for tag in TAGS[:3]:  # reports that name no tag, so that a copy of one is wrong in nothing else
            own_report(self.work, tag, a_report(of=tag))
        spoil(self.work, "c")

    def carried_out(self, operator: str, plan: Plan) -> None:
        before = state_of(self.work).active_tag
        try:
            done = carry_out(site_of(self.work, operator), plan)
        except Refused:
            self.died = False
            return
        finally:
            self.note_published()
        self.died = False
        state = done.state
        assert state.pending == ()
        if state.active_tag not in (None, before):
            tag = str(state.active_tag)
            rung = failed_rung(site_of(self.work), state, tag)
            assert rung is None, f"{plan.title}: {tag} fails {rung}"
            assert look_frozen(self.work / "reports", tag, RUNBOOK_ARTIFACTS, hashes=True) == []

    def note_published(self) -> None:
        for tag in TAGS:
            if is_frozen(self.work / "reports", tag):
                self.published |= {file.sha256 for file in manifest_of(self.work, tag).files}

    def planned(self, operator: str, kind: str, tag: str, other: str) -> Plan | None:
        try:
            return OPERATIONS[kind](site_of(self.work, operator), tag, other)
        except Refused:
            return None

    @rule(operator=operators, kind=kinds | frequent, tag=tags, other=tags)
    def operation(self, operator: str, kind: str, tag: str, other: str) -> None:
        plan = self.planned(operator, kind, tag, other)
        if plan is not None:
            self.carried_out(operator, plan)

    @rule(operator=operators, kind=kinds | frequent, tag=tags, other=tags)
    def look_and_decide_later(self, operator: str, kind: str, tag: str, other: str) -> None:
        plan = self.planned(operator, kind, tag, other)
        if plan is not None:
            self.plans[operator] = plan

    @rule(operator=operators)
    def decide_on_an_old_view(self, operator: str) -> None:
        plan = self.plans.pop(operator, None)
        if plan is not None:
            self.carried_out(operator, plan)

    @rule(
        operator=operators,
        kind=kinds | frequent,
        tag=tags,
        other=tags,
        where=st.sampled_from(("before it acts", "after it acted", "before it is published", "before its result")),
    )
    def die_in_an_operation(self, operator: str, kind: str, tag: str, other: str, where: str) -> None:
        plan = self.planned(operator, kind, tag, other)
        if plan is None or plan.nothing is not None:
            return
        act = plan.act
        acted = False

        def dying(intent: Event) -> Effect:
            nonlocal acted
            if where == "before it acts":
                raise Death
            effect = act(intent)
            acted = True
            if where == "after it acted":
                raise Death
            return effect

        def dead_publishing(*arguments: object) -> None:
            if acted and where == "before it is published":
                raise Death
            publish_active(*arguments)  # type: ignore[arg-type]

        def dead_recording(*arguments: object) -> object:
            if acted and where == "before its result":
                raise Death
            return record(*arguments)  # type: ignore[arg-type]

        with mock.patch.multiple(operations, publish_active=dead_publishing, record=dead_recording):
            try:
                carry_out(site_of(self.work, operator), replace(plan, act=dying))
            except Death:
                self.died = True
            except Refused:
                self.died = False
        self.note_published()

    @rule(operator=operators, tag=tags)
    def look_for_an_incident(self, operator: str, tag: str) -> None:
        before = state_of(self.work).incident
        found = look_for_incident(site_of(self.work, operator), tag)
        if found is None:
            return
        self.died = False
        if before is not None:  # only what is worse takes its place, and it stays the same incident
            assert (found.id, found.opened_at) == (before.id, before.opened_at)
            assert RANK[found.severity_class] <= RANK[before.severity_class]
            if found.tag != before.tag:
                assert (found.tag, found.former[-1].tag) == (tag, before.tag)
                assert RANK[found.severity_class] < RANK[before.severity_class]
                assert (found.root_causes, found.comparisons) == ((), ())

    @rule(tag=tags)
    def lose_a_text_of_a_tag(self, tag: str) -> None:
        path = self.work / "reports" / f"{tag}_report.md"
        if path.is_file() and not is_frozen(self.work / "reports", tag):
            path.unlink()

    def clear(self, tag: str) -> None:
        for path in (self.work / "reports").glob(f"{tag}_*"):
            if path.is_dir():
                path.rmdir()
            else:
                path.unlink()

    @rule(tag=tags, good=st.booleans())
    def run_a_tag_that_is_not_frozen(self, tag: str, good: bool) -> None:
        if is_frozen(self.work / "reports", tag):
            return
        self.written += 1
        self.clear(tag)
        own_report(self.work, tag, a_report(number=self.written))
        if not good:
            spoil(self.work, tag)

    @rule(tag=tags, of=tags)
    def bring_a_report_back_under_another_name(self, tag: str, of: str) -> None:
        if tag == of or is_frozen(self.work / "reports", tag):
            return
        report = self.work / "reports" / f"{of}_report.json"
        if report.is_file():
            content = report.read_bytes()
            self.clear(tag)
            own_report(self.work, tag, content)

    @rule(tag=tags, way=st.sampled_from(("edit", "delete", "add", "directory")), which=st.integers(0, 7))
    def tamper_with_an_artifact(self, tag: str, way: str, which: int) -> None:
        found = sorted((self.work / "reports").glob(f"{tag}_*"))
        if not found:
            return
        path = found[which % len(found)]
        if way == "add":
            if not (self.work / "reports" / f"{tag}{Artifact.PHASE3_SIGNOFF}").exists():
                write(self.work, tag, Artifact.PHASE3_SIGNOFF, b"# Sign-off\n")
        elif not path.is_file():
            return
        elif way == "edit":
            overwrite(path, b"{}")
        else:
            path.unlink()
            if way == "directory":
                path.mkdir()

    @rule(tag=tags)
    def take_a_copy_away(self, tag: str) -> None:
        directory = copies(self.work, tag)
        path = directory / f"{tag}_report.md"
        if not path.is_file():
            return
        with as_root(directory):
            self.written += 1
            path.rename(self.stash / str(self.written))

    @invariant()
    def journal_and_state_agree(self) -> None:
        assert_on_record(self.work)

    @invariant()
    def no_frozen_byte_is_lost(self) -> None:
        places = [self.work / "reports" / ".phase4" / name for name in ("frozen", "thawed", "evidence")]
        kept = {digest(path) for root in (*places, self.stash) for path in root.rglob("*") if path.is_file()}
        assert self.published <= kept

    @invariant()
    def what_is_frozen_is_on_record_and_others_read_the_active_tag(self) -> None:
        if self.died:
            return
        state, reports = state_of(self.work), self.work / "reports"
        assert state.pending == ()
        assert {tag for tag in TAGS if is_frozen(reports, tag)} == set(state.frozen)
        wanted, found = active_of(site_of(self.work), state), published_active(reports)
        assert (wanted and wanted.tag) == (found and found.tag)
        assert state.active_tag is None or state.active_tag in state.frozen


Desk.TestCase.settings = settings(
    max_examples=30,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestDesk = Desk.TestCase
