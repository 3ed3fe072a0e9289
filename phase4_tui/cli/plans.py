"""How every command that gives an operation does it: show the plan, ask, carry that same plan out, tell the result."""

import sys

import typer

from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.cli.context import DONE, FAILED, Desk, emit, say
from phase4_tui.errors import Refused, Remedy
from phase4_tui.rollback.operations import Done, Plan, carry_out


def give(desk: Desk, plan: Plan, *, asks: bool = True) -> int:
    """Carry out a plan for a command and return its exit status; `--dry-run` only shows it."""
    if desk.dry_run:
        if desk.json:
            emit({"plan": plan.describe(), "nothing": plan.why_nothing(), "dry_run": True})
        else:
            show_plan(plan)
        return DONE
    done = confirmed(desk, plan, asks=asks)
    if done is None:
        if desk.json:
            emit({"done": [], "revision": plan.revision, "event": None})
        else:
            say("nothing was done")
        return FAILED
    tell(desk, done)
    return DONE


def confirmed(desk: Desk, plan: Plan, *, asks: bool = True, take_over: bool = False) -> Done | None:
    """Show a plan, ask, and carry it out; None when the answer was no. Raises Refused without anyone to ask."""
    if plan.nothing is None and asks and not desk.yes:
        need_terminal()
        show_plan(plan, aside=desk.json)
        if not ask("Do it?"):
            return None
    return carry_out(desk.site, plan, take_over=take_over)


def need_terminal() -> None:
    """Raise Refused when nobody can be asked."""
    if not sys.stdin.isatty():
        advice = Remedy(effect="give `--yes`, or `--dry-run` to see the plan")
        raise Refused("this asks before it acts, and there is no terminal", remedy=advice)


def ask(question: str) -> bool:
    """Ask a question on the terminal; the answer is no unless it is yes, an end of input included."""
    try:
        return typer.confirm(question, default=False, err=True)
    except typer.Abort:
        return False


def show_plan(plan: Plan, *, aside: bool = False) -> None:
    """Print a plan; `aside` where stdout is for a document."""
    for line in plan.describe():
        say(safe_line(line), "yellow" if line.startswith("  !") else "", aside=aside)
    if plan.nothing:
        say(f"  {plan.why_nothing()}", aside=aside)


def tell(desk: Desk, done: Done) -> None:
    """Print what was done."""
    if desk.json:
        seq = done.event.seq if done.event else None
        emit({"done": done.told(), "revision": done.state.revision, "event": seq})
        return
    for line in done.told():
        say(line)
