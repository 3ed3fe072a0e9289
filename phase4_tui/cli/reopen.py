"""The commands that lead back to Phase 4: `compare`, `reopen`."""

import json
import sys
from typing import Annotated

import typer

from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.cli.context import DONE, FAILED, Desk, SpareReason, emit, say
from phase4_tui.cli.plans import ask, give
from phase4_tui.console.symbols import SYMBOLS
from phase4_tui.errors import as_commands
from phase4_tui.journal.state import read_state
from phase4_tui.rollback.comparison import DEFAULT_RTOL, ComparisonResult, Difference, compare
from phase4_tui.rollback.operations import carry_out
from phase4_tui.rollback.reopen import CHANGED, conditions, plan_compare, plan_reopen

SHOWN_DECISIONS = 20


def compare_tags(
    desk: Desk,
    bad: Annotated[str, typer.Argument(metavar="BAD", help="The bad tag.")],
    rerun: Annotated[str, typer.Argument(metavar="RERUN", help="The re-run.")],
    known_good: Annotated[
        str | None, typer.Option("--known-good", metavar="TAG", help="A good one beside them.")
    ] = None,
    rtol: Annotated[float, typer.Option("--rtol", metavar="X", help="Relative tolerance of numbers.")] = DEFAULT_RTOL,
    atol: Annotated[float, typer.Option("--atol", metavar="Y", help="Absolute tolerance of numbers.")] = 0.0,
) -> int:
    """Compare a bad tag with a re-run, three ways with a known-good tag."""
    plan = plan_compare(desk.site, bad, rerun, known_good, rtol=rtol, atol=atol)
    if desk.dry_run:
        return give(desk, plan)
    incident = read_state(desk.reports).incident
    if incident is not None and incident.tag == bad:
        result = carry_out(desk.site, plan).result
        assert isinstance(result, ComparisonResult)
    else:
        result = compare(desk.site, bad, rerun, known_good, rtol=rtol, atol=atol)
    if desk.json:
        emit(result)
    else:
        _show(result)
    return DONE


def _show(result: ComparisonResult) -> None:
    for what, same in (("input", result.same_input), ("rules", result.same_rules)):
        say(f"{'=' if same else '≠'} {what}: {'the same' if same else 'not the same'}")
    for title, differences in (("CHECKS", result.checks), ("KPIS", result.kpis), ("DECISIONS", result.decisions)):
        counted = title == "DECISIONS" and "incomparable" in result.decision_counts
        none = "incomparable" if counted else "no difference"
        say(title if differences else f"{title}  {none}", "bold")
        for one in differences[:SHOWN_DECISIONS]:
            _show_difference(one, with_good=result.known_good is not None)
        if len(differences) > SHOWN_DECISIONS:
            say(f"  … and {len(differences) - SHOWN_DECISIONS} more; `--json` lists them")
    for note in result.notes:
        say(f"note: {note}", "yellow")
    say(result.verdict, "bold green" if result.recovered else "bold red")


def _show_difference(one: Difference, *, with_good: bool) -> None:
    good = f" · known-good {_short(one.known_good)}" if with_good else ""
    say(f"  {SYMBOLS[one.label]} {one.label:<16} {one.key}: bad {_short(one.bad)}{good} · re-run {_short(one.rerun)}")


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return safe_line("–" if value is None else text, 100)


def reopen(
    desk: Desk,
    tag: Annotated[str, typer.Option("--tag", metavar="T", help="The rehearsal.")],
    accept_changed_input: Annotated[
        bool, typer.Option("--accept-changed-input", help="The rehearsal ran on other input or rules.")
    ] = False,
    override: Annotated[bool, typer.Option("--override", help="Although conditions are unmet; on record.")] = False,
    reason: SpareReason = None,
) -> int:
    """Reopen Phase 4 on a rehearsal; lists each condition that is unmet."""
    found = conditions(desk.site, tag, accept_changed_input=accept_changed_input)
    if not desk.json:
        for one in found:
            say(
                safe_line(f"{'✔' if one.ok else '✘'} {one.name}: {as_commands(one.detail, one.remedies)}"),
                "" if one.ok else "yellow",
            )
    unmet = [one.name for one in found if not one.ok]
    if unmet == [CHANGED] and not override and not desk.yes and not desk.json and sys.stdin.isatty():
        accept_changed_input = ask("Input or rules are not those of the incident's run. Accept the change?")
        if not accept_changed_input:
            return FAILED
    plan = plan_reopen(desk.site, tag, accept_changed_input=accept_changed_input, override=override, reason=reason)
    return give(desk, plan)
