"""Whatever is known of a working directory there is a next move or none, and the one named can be made."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phase4_tui.artifacts.manifest import FrozenState
from phase4_tui.console.facts.next_move_cache import situation_of
from phase4_tui.console.facts.snapshot import Snapshot, TagView
from phase4_tui.console.operations.registry import BY_ID, why_not
from phase4_tui.journal.incident import Escalation, Finding, Incident
from phase4_tui.journal.state import Frozen, OperationsState
from phase4_tui.rollback.next_move import next_move, step_to_do, steps_done
from phase4_tui.rollback.situation import Rehearsal, Situation, StoppedRun
from phase4_tui.rollback.to_read import fields_to_read
from phase4_tui.runbook.classification import Classification
from phase4_tui.runbook.fallback_proof import Fallback
from phase4_tui.runbook.run_holder import Holder
from tests.cli.support import parse
from tests.rollback.support import site_of
from tests.runbook.documents import Tag
from tests.tui.support import view_tag

HOLDER = Holder(tag="noon", run_id="1", operator="eve", host="h", pid=1, since="2026-02-17T12:00:00.000000Z")
AT = "2026-02-17T12:00:00.000000Z"
TAGS = ("noon", "morning", "noon_rerun")
RULES = {
    "healthy": ("ok", None),
    "policy_violated": ("incident", "P0"),
    "release_gate_failed": ("incident", "P0"),
    "quality_gate_failed": ("incident", "P0"),
    "schema_broken": ("incident", "P0"),
    "step_broken": ("incident", "P2"),
    "monitoring_alert_high": ("incident", "P1"),
    "report_generation": ("incident", "P2"),
    "changed_during_run": ("unknown", None),
    "run_in_progress": ("unknown", None),
    "artifacts_not_usable": ("unknown", None),
    "monitoring_alert": ("warning", None),
    "no_go": ("warning", None),
}
KINDS = ("_report.md", "_phase4_signoff.md", "_monitoring.md", "_quality_check.json", "nothing")
tags = st.sampled_from(TAGS)
maybe = st.booleans()


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> TagView:
    """A tag as the dashboard shows it."""
    tag = Tag(tmp_path_factory.mktemp("view") / "reports", "noon")
    return view_tag(tag.reports, "noon", OperationsState())


@st.composite
def classifications(draw: st.DrawFn, tag: str) -> Classification:
    rule = draw(st.sampled_from(sorted(RULES)))
    level, severity_class = RULES[rule]
    names = draw(st.lists(st.sampled_from(KINDS), max_size=2))
    words = st.sampled_from(["absent", "stale", "writing", "unreadable", "P2: by the desk"])
    evidence = [{"file": f"/w/reports/{tag}{name}", "key": f"{tag}{name}", "value": draw(words)} for name in names]
    return Classification.model_validate(
        {"class": severity_class, "level": level, "rule": rule, "evidence": evidence, "owner": None}
    )


@st.composite
def incidents(draw: st.DrawFn, done: int) -> Incident:
    """Return an incident of which that many steps of the rollback are done."""
    called = draw(st.sampled_from([None, "risk", "product"]))
    return Incident(
        id="inc-1",
        severity_class=draw(st.sampled_from(["P0", "P1", "P2"])),
        rule="monitoring_alert_high",
        tag="noon",
        owner=draw(st.sampled_from([None, "risk", "engineering"])),
        evidence=(Finding(file="f", key="k", value=1),),
        opened_at=AT,
        opened_by="maria@desk",
        escalations=() if called is None else (Escalation(owner=called, at=AT, by="maria@desk"),),
        root_causes=(7,) if done > 3 else (),
        no_good_tag=draw(maybe),
    )


@st.composite
def states(draw: st.DrawFn, done: int) -> OperationsState:
    entry = Frozen(manifest_sha256="0" * 64, at=AT, by="maria@desk", reason="r")
    return OperationsState(
        active_tag=draw(st.sampled_from(["morning", None])) if done > 1 else draw(st.sampled_from(["noon", None])),
        evaluation_mode="phase3_only" if done > 2 else draw(st.sampled_from(["phase4", "phase3_only"])),
        mode_since=AT,
        incident=draw(st.one_of(st.none(), incidents(done))),
        frozen=dict.fromkeys(draw(st.sets(tags)), entry),
    )


@st.composite
def snapshots(draw: st.DrawFn, view: TagView) -> Snapshot:
    done = draw(st.integers(0, 4))
    state = draw(states(done))
    shown = draw(st.sampled_from([*TAGS, None]))
    fallback = Fallback(
        since=AT, holds=True, phase3_tag=draw(st.sampled_from([None, "p3"])), phase3_at=None, intruders=()
    )
    focus = None
    if shown is not None:
        frozen: FrozenState = "intact" if shown in state.frozen else "no"
        found = draw(classifications(shown))
        focus = replace(view, tag=shown, phase=draw(st.sampled_from([3, 4])), classification=found, frozen=frozen)
    comes_first = draw(st.integers(0, 15))
    return Snapshot(
        workdir="/w",
        reports="/w/reports",
        operator="maria",
        read_only=False,
        state=state,
        focus=focus,
        followed=draw(maybe),
        tags=draw(st.integers(0 if focus is None else 1, 3)),
        holder=HOLDER if comes_first == 1 else None,
        needs_freezing=state.incident is not None and done == 0,
        fallback=fallback if state.evaluation_mode == "phase3_only" else None,
        tampered=tuple(sorted(state.frozen)) if comes_first in (2, 3) else (),
        trouble="journal.jsonl: event 2 was changed" if comes_first == 4 else None,
    )


@st.composite
def stopped_runs(draw: st.DrawFn) -> StoppedRun | None:
    tag, changed = draw(tags), draw(st.sampled_from([None, "the input changed since"]))
    if draw(maybe):
        return None
    again = f"phase4 run --tag {tag}"
    if draw(maybe):
        return StoppedRun(tag, "monitor", "resume", f"phase4 run --resume --tag {tag}", again, changed)
    return StoppedRun(tag, "signoff", "step_4", f"phase4 step signoff --tag {tag}", again)


@st.composite
def read(draw: st.DrawFn, situation: Situation) -> Situation:
    """Return the situation with what is read from disk as any of it may turn out."""
    shown, phase3_only = situation.shown, situation.state.evaluation_mode == "phase3_only"
    if shown is not None:
        stopped = draw(stopped_runs())
        if stopped is not None and stopped.operation != "resume" and phase3_only:
            stopped = None  # Phase 3 has no step that was run by itself here
        shown = replace(shown, quarantined=draw(maybe), is_news=draw(maybe), stopped=stopped)
    spent = draw(st.sampled_from([None, "fails `monitoring OK`"]))
    fallback_run = draw(stopped_runs())
    unwritten = draw(st.sampled_from([None, "noon_rerun_note.md"]))
    rehearsal = Rehearsal(
        "noon_rerun", spent, draw(stopped_runs()), unwritten, draw(maybe), draw(maybe), draw(maybe), "told"
    )
    return replace(
        situation,
        shown=shown,
        beyond_restore=draw(st.sampled_from([(), situation.tampered])),
        good_tag=draw(st.sampled_from([None, True, False])),
        fallback_run=fallback_run if fallback_run is not None and fallback_run.operation == "resume" else None,
        rehearsal=rehearsal if shown is not None and draw(maybe) else None,
        live_orders=("DESK_ALLOW_LIVE_ORDERS",) if draw(st.integers(0, 15)) == 15 else (),
        rerun_tag="noon_rerun2",
    )


@settings(max_examples=300)
@given(data=st.data())
def test_there_is_a_move_or_none_and_what_it_names_can_be_done(data: st.DataObject, view: TagView) -> None:
    snapshot = data.draw(snapshots(view))
    situation = data.draw(read(situation_of(snapshot, site_of(Path("/w")))))
    move = next_move(situation)
    state = snapshot.state
    if move is None:
        assert state.incident is None
        assert state.evaluation_mode == "phase4"
        return
    assert move.text
    assert move.command
    if move.command.startswith("phase4 "):
        parse(move.command)
    if move.operation:
        assert why_not(BY_ID[move.operation], replace(snapshot, next_move=move)) is None


@given(data=st.data())
def test_the_step_to_do_is_the_first_that_leaves_anything_to_do(data: st.DataObject, view: TagView) -> None:
    snapshot = data.draw(snapshots(view))
    situation = data.draw(read(situation_of(snapshot, site_of(Path("/w")))))
    incident = snapshot.state.incident
    if incident is None:
        return
    done, to_do = steps_done(situation, incident), step_to_do(situation, incident)
    assert all(done[: to_do - 1])
    assert to_do <= done.index(False) + 1
    assert len(set(fields_to_read(situation))) == len(fields_to_read(situation))
