"""The fallback to Phase 3 (runbook: Rollback Procedure, step 3), and the proof that it holds."""

from phase4_tui.artifacts.clock import iso, now_ns
from phase4_tui.artifacts.plain_words import plain
from phase4_tui.errors import Refused, Remedy, command_line
from phase4_tui.journal.events import Event
from phase4_tui.rollback.operations import Effect, Plan, need_reason, plan_on, state_to_plan_on
from phase4_tui.runbook.run_holder import running
from phase4_tui.runbook.site import Site


def plan_phase3_only(site: Site, reason: str) -> Plan:
    """Return the plan to refuse every Phase 4 run except rehearsals; raises Refused, StateUnreadable."""
    state = state_to_plan_on(site)
    reason = need_reason(reason)
    now = running(site.reports)

    def act(intent: Event) -> Effect:
        changes = {"evaluation_mode": "phase3_only", "mode_since": iso(now_ns())}
        return Effect(changes, {"from": state.evaluation_mode}, ("evaluation mode is Phase 3 only",))

    return plan_on(
        state,
        "mode",
        "evaluation mode Phase 3 only",
        act,
        reason=reason,
        lines=(f"evaluation mode: {plain(state.evaluation_mode)} → Phase 3 only",),
        expects=("a Phase 4 run is refused unless it is a rehearsal",),
        remedies=(Remedy("run", command_line("run"), "runs the Phase 3 sequence"),),
        warnings=(f"a run is under way and goes on: {now}",) if now is not None else (),
        nothing="evaluation mode is already Phase 3 only" if state.evaluation_mode == "phase3_only" else None,
    )


def plan_phase4_by_override(site: Site, reason: str) -> Plan:
    """Return the plan to end phase3_only without meeting the conditions of reopening; raises Refused."""
    state = state_to_plan_on(site)
    reason = need_reason(reason)

    def act(intent: Event) -> Effect:
        moment = iso(now_ns())
        line = f"{moment} {intent.operator}@{intent.host}: mode phase4 without reopening: {reason}"
        changes = {"evaluation_mode": "phase4", "mode_since": moment, "overrides": [*state.overrides, line]}
        return Effect(
            changes, {"from": state.evaluation_mode, "override": True}, ("evaluation mode is Phase 4, by override",)
        )

    return plan_on(
        state,
        "mode",
        "evaluation mode Phase 4, by override",
        act,
        reason=reason,
        lines=(f"evaluation mode: {plain(state.evaluation_mode)} → Phase 4",),
        expects=("Phase 4 runs are allowed; the incident stays open",)
        if state.incident
        else ("Phase 4 runs are allowed",),
        warnings=("none of the conditions of a reopening is asked for; this stays on record",),
        nothing="evaluation mode is already Phase 4" if state.evaluation_mode == "phase4" else None,
    )


def refuse_plain_phase4() -> None:
    """Raise Refused: only a reopening leads back to Phase 4."""
    raise Refused(
        "Phase 4 comes back by reopening it on a rehearsal",
        remedy=(
            Remedy("reopen", command_line("reopen", "--tag", "TAG"), "reopens it"),
            Remedy("", command_line("mode", "phase4", "--override", "--reason", "R"), "does without, on record"),
        ),
    )
