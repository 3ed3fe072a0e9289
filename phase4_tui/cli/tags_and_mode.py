"""The commands that show which tags are known-good, and the evaluation mode."""

from typing import Annotated

import typer

from phase4_tui.artifacts.clock import moment_and_age, now_ns, since, with_moments
from phase4_tui.artifacts.plain_words import plain
from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.cli.context import DONE, Desk, emit, say
from phase4_tui.cli.status_text import STYLES, show_next_move
from phase4_tui.errors import as_commands
from phase4_tui.journal.state import read_state
from phase4_tui.rollback.known_good import candidates
from phase4_tui.rollback.next_move import next_move
from phase4_tui.rollback.read_situation import read_situation
from phase4_tui.runbook.fallback_proof import read_fallback
from phase4_tui.runbook.ladder import rung_in_words

Tag = Annotated[str, typer.Argument(metavar="TAG", help="The run tag.")]


def known_good_list(desk: Desk) -> int:
    """List the tags, the good ones first, each other one with the first check that it fails."""
    rows = candidates(desk.site)
    if desk.json:
        emit({"tags": rows})
        return DONE
    for row in rows:
        symbol = "★" if row.pinned else "✔" if row.known_good else "·"
        failed = row.first_failed_rung
        rung = "known-good" if failed is None else f"fails: {rung_in_words(failed, row.phase)}"
        written = since((now_ns() - row.modified_ns) / 1e9)
        say(f"{symbol} {row.tag}  {written}  {rung}", STYLES["ok" if row.known_good else "unknown"])
    if not any(row.known_good for row in rows):
        say("no tag is known-good")
        show_next_move(next_move(read_situation(desk.site)))
    return DONE


def mode_show(desk: Desk) -> int:
    """Show the evaluation mode and, in Phase 3 only, the proof that it holds."""
    state = read_state(desk.reports)
    fallback = read_fallback(desk.site, state)
    if desk.json:
        found = {"evaluation_mode": state.evaluation_mode, "since": state.mode_since, "fallback": fallback}
        emit(found | {"overrides": list(state.overrides)})
    else:
        begun = f" since {moment_and_age(state.mode_since)}" if state.mode_since else ""
        say(f"evaluation mode {plain(state.evaluation_mode)}{begun}")
        if fallback is not None:
            say(("✔ " if fallback.holds else "! ") + as_commands(str(fallback), fallback.remedies))
        for line in state.overrides:
            say(safe_line(f"! overridden: {with_moments(line)}"), "yellow")
    return DONE
