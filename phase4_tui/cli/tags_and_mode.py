"""The commands that say which tags are frozen, good and active, and in which mode runs are made."""

from typing import Annotated

import typer

from phase4_tui.artifacts.clock import age, now_ns
from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.cli.context import DONE, Desk, Reason, SpareReason, emit, say
from phase4_tui.cli.plans import give
from phase4_tui.cli.status_text import STYLES, show_next_move
from phase4_tui.journal.state import read_state
from phase4_tui.rollback.fallback import plan_phase3_only, plan_phase4_by_override, refuse_plain_phase4
from phase4_tui.rollback.freeze import plan_freeze, plan_restore, plan_thaw
from phase4_tui.rollback.known_good import candidates, plan_pin, plan_switch, plan_unpin
from phase4_tui.rollback.next_move import next_move
from phase4_tui.rollback.read_situation import read_situation
from phase4_tui.runbook.fallback_proof import read_fallback
from phase4_tui.runbook.ladder import told_rung

Tag = Annotated[str, typer.Argument(metavar="TAG", help="The run tag.")]


def freeze(desk: Desk, tag: Tag, reason: Reason) -> int:
    """Freeze a tag's artifacts: nothing overwrites them, and copies prove it."""
    return give(desk, plan_freeze(desk.site, tag, reason))


def thaw(desk: Desk, tag: Tag, reason: Reason) -> int:
    """Let a frozen tag be written again; its copies are kept."""
    return give(desk, plan_thaw(desk.site, tag, reason))


def restore(desk: Desk, tag: Tag) -> int:
    """Put a frozen tag's files back; what was changed is kept as evidence."""
    return give(desk, plan_restore(desk.site, tag))


def known_good_list(desk: Desk) -> int:
    """List the tags, the good ones first, each other one with the first rung that it fails."""
    rows = candidates(desk.site)
    if desk.json:
        emit({"tags": rows})
        return DONE
    for row in rows:
        symbol = "★" if row.pinned else "✔" if row.known_good else "·"
        failed = row.first_failed_rung
        rung = "known-good" if failed is None else f"fails: {told_rung(failed, row.phase)}"
        since = age((now_ns() - row.modified_ns) / 1e9)
        say(f"{symbol} {row.tag}  {since} ago  {rung}", STYLES["ok" if row.known_good else "unknown"])
    if not any(row.known_good for row in rows):
        say("no tag is known-good")
        show_next_move(next_move(read_situation(desk.site)))
    return DONE


def known_good_switch(desk: Desk, tag: Tag, reason: Reason) -> int:
    """Make a known-good tag the active one; the bad one is quarantined."""
    return give(desk, plan_switch(desk.site, tag, reason))


def known_good_pin(desk: Desk, tag: Tag) -> int:
    """Pin a known-good tag, so that it is offered first."""
    return give(desk, plan_pin(desk.site, tag), asks=False)


def known_good_unpin(desk: Desk, tag: Tag) -> int:
    """Take a pin away."""
    return give(desk, plan_unpin(desk.site, tag), asks=False)


def mode_show(desk: Desk) -> int:
    """Show the evaluation mode and, in phase3_only, the proof that it holds."""
    state = read_state(desk.reports)
    fallback = read_fallback(desk.reports, state)
    if desk.json:
        found = {"evaluation_mode": state.evaluation_mode, "since": state.mode_since, "fallback": fallback}
        emit(found | {"overrides": list(state.overrides)})
    else:
        say(f"evaluation mode {state.evaluation_mode}" + (f" since {state.mode_since}" if state.mode_since else ""))
        if fallback is not None:
            say(("✔ " if fallback.holds else "! ") + str(fallback))
        for line in state.overrides:
            say(safe_line(f"! overridden: {line}"), "yellow")
    return DONE


def mode_phase3_only(desk: Desk, reason: Reason) -> int:
    """Refuse Phase 4 runs but rehearsals from now on."""
    return give(desk, plan_phase3_only(desk.site, reason))


def mode_phase4(
    desk: Desk,
    override: Annotated[
        bool, typer.Option("--override", help="Without the conditions of `reopen`; on record.")
    ] = False,
    reason: SpareReason = None,
) -> int:
    """Allow Phase 4 runs again without reopening; the regular way is `reopen`."""
    if not override:
        refuse_plain_phase4()
    return give(desk, plan_phase4_by_override(desk.site, reason or ""))
