"""The command `compare`: three tags side by side, as text."""

from functools import partial
from typing import Annotated

import typer

from phase4_tui.cli.asker import give, result_of, session_of
from phase4_tui.cli.context import DONE, EXISTING, REFUSED, Desk, emit
from phase4_tui.console.comparison_lines import comparison_lines
from phase4_tui.console.operations.dialogues.phase4 import compare_tags, compare_words
from phase4_tui.journal.state import read_state
from phase4_tui.rollback.comparison import DEFAULT_RTOL
from phase4_tui.rollback.reopen import plan_compare


def compare(
    desk: Desk,
    bad: Annotated[str, typer.Argument(metavar="BAD", help="The bad tag."), EXISTING],
    rerun: Annotated[str, typer.Argument(metavar="RERUN", help="The rehearsal."), EXISTING],
    known_good: Annotated[
        str | None, typer.Option("--known-good", metavar="TAG", help="A good one beside them."), EXISTING
    ] = None,
    rtol: Annotated[float, typer.Option("--rtol", metavar="X", help="Relative tolerance of numbers.")] = DEFAULT_RTOL,
    atol: Annotated[float, typer.Option("--atol", metavar="Y", help="Absolute tolerance of numbers.")] = 0.0,
) -> int:
    """Compare a bad tag with a rehearsal, three ways with a known-good tag."""
    session = session_of(desk)
    if desk.dry_run and read_state(desk.reports).incident_of(bad) is not None:
        words = compare_words(bad, rerun, known_good)
        plan = partial(plan_compare, desk.site, bad, rerun, known_good, rtol=rtol, atol=atol)
        return give(desk, session.give(plan, words))
    result = result_of(compare_tags(session, bad, rerun, known_good, rtol=rtol, atol=atol))
    if desk.json:
        emit(result)
    else:
        session.ask.show(comparison_lines(result))
    return DONE if result.comparable else REFUSED
