"""`phase4 rollback`: the guided rollback as questions and answers in a plain terminal."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from phase4_tui.artifacts.names import BadTag, check_tag
from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.cli.context import DONE, FAILED, Desk, emit, say
from phase4_tui.cli.plans import ask, confirmed, need_terminal
from phase4_tui.cli.reopen import compare_tags, reopen
from phase4_tui.cli.run import INTERRUPTED, execute
from phase4_tui.cli.status_text import show_next_move
from phase4_tui.console.symbols import SYMBOLS
from phase4_tui.errors import Refused
from phase4_tui.journal.lease import HEARTBEAT_SECONDS
from phase4_tui.journal.state import read_state
from phase4_tui.rollback.fallback import plan_phase3_only
from phase4_tui.rollback.freeze import plan_freeze, plan_restore
from phase4_tui.rollback.guided import (
    Guided,
    GuidedStep,
    keep_leading,
    lead,
    open_for_shown_tag,
    read_guided,
    stop_leading,
)
from phase4_tui.rollback.incidents import plan_escalate, plan_no_good_tag
from phase4_tui.rollback.known_good import candidates, plan_switch
from phase4_tui.rollback.next_move import next_move
from phase4_tui.rollback.operations import Done, Plan, carry_out
from phase4_tui.rollback.read_situation import is_spent, last_rehearsal, read_situation
from phase4_tui.rollback.reopen import COMPARED, conditions
from phase4_tui.rollback.root_cause import RootCause, plan_root_cause
from phase4_tui.runbook.fallback_proof import read_fallback
from phase4_tui.runbook.run_plan import Request, rerun_tag

OWNERS = ("engineering", "risk", "product")
SHOWN_TAGS = 8
LEFT = "left; `phase4 rollback` goes on from here"


class Left(Exception):
    """The operator leaves the walk; what was done stays done."""


def rollback(
    desk: Desk,
    to: Annotated[str | None, typer.Option("--to", metavar="TAG", help="The known-good tag to switch to.")] = None,
    take_over: Annotated[
        str | None, typer.Option("--take-over", metavar="REASON", help="Take it over from another operator.")
    ] = None,
) -> int:
    """Walk through the five steps of the runbook's rollback; leave at any question, and go on later."""
    if to is not None:
        check_tag(to)
    only_looks = desk.json or desk.dry_run
    if not only_looks and not desk.yes:
        need_terminal()
    guided = _incident(desk, opens=not only_looks)
    if desk.json:
        emit(guided)
        return DONE
    if desk.dry_run:
        show_guided(guided)
        return DONE
    lead(desk.site, take_over)
    try:
        with _heartbeat(desk) as lost:
            return _walk(desk, to, lost)
    finally:
        stop_leading(desk.site)


def _incident(desk: Desk, *, opens: bool) -> Guided:
    """Return where the rollback stands; `opens` an incident for what the shown tag shows if none is open."""
    guided = read_guided(desk.site)
    if guided is None and opens:
        open_for_shown_tag(desk.site)
        guided = read_guided(desk.site)
    if guided is not None:
        return guided
    if opens:
        raise Refused(
            "no incident is open, and the shown tag shows none: `phase4 incident reclassify P1 --reason R` opens one"
        )
    raise Refused("no incident is open; `phase4 rollback` opens one for what the shown tag shows")


@contextmanager
def _heartbeat(desk: Desk) -> Iterator[threading.Event]:
    """Keep the lease while the walk waits for answers; yield an event that is set when it was taken over."""
    end, lost = threading.Event(), threading.Event()

    def beat() -> None:
        while not end.wait(HEARTBEAT_SECONDS):
            if not keep_leading(desk.site, desk.site.actor):
                lost.set()
                return

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield lost
    finally:
        end.set()
        thread.join()


def show_guided(guided: Guided) -> None:
    """Print the five steps, each with its state."""
    incident = guided.incident
    say(f"{incident.id} · {incident.severity_class} {incident.rule.replace('_', ' ')} · tag {incident.tag}", "bold")
    say(f"detected {incident.opened_at} · contained {incident.contained_at or 'not yet'}")
    for step in guided.steps:
        say(safe_line(f"{SYMBOLS[step.state]} {step.number} {step.title}: {step.detail}"))
        if step.state != "done":
            say(f"    {step.command}")
    show_next_move(guided.next_move)


def _walk(desk: Desk, to: str | None, lost: threading.Event) -> int:
    todo: list[Callable[[GuidedStep], None]] = [
        lambda step: _freeze(desk, step),
        lambda step: _switch(desk, to),
        lambda step: _fall_back(desk),
        lambda step: _explain(desk),
        lambda step: _reopen(desk),
    ]
    left = LEFT
    try:
        for number, do in enumerate(todo, 1):
            if lost.is_set():
                raise Refused("another operator has taken the rollback over; `phase4 rollback` shows where it stands")
            guided = read_guided(desk.site)
            if guided is None:
                break
            step = guided.steps[number - 1]
            say()
            say(f"Step {number} of 5: {step.sentence}", "bold")
            say(safe_line(f"  {SYMBOLS[step.state]} {step.detail}"))
            if step.state != "done" or number == 3:
                do(step)
    except Left as error:
        left = str(error) or LEFT
    if read_state(desk.reports).incident is None:
        say("the incident is closed; `phase4 incident export` writes the post-mortem", "bold green")
        return DONE
    show_next_move(next_move(read_situation(desk.site)))
    say(left)
    return FAILED


def _give(desk: Desk, plan: Plan) -> None:
    done = confirmed(desk, plan)
    if done is None:
        raise Left
    _tell(done)


def _tell(done: Done) -> None:
    for line in done.lines:
        say(f"  ✔ {line}", "green")


def _freeze(desk: Desk, step: GuidedStep) -> None:
    incident = _open(desk)
    if step.state == "tampered":
        _give(desk, plan_restore(desk.site, incident.incident.tag))
    else:
        _give(desk, plan_freeze(desk.site, incident.incident.tag, f"rollback of {incident.incident.id}"))


def _open(desk: Desk) -> Guided:
    guided = read_guided(desk.site)
    if guided is None:
        raise Left("the incident was closed meanwhile")
    return guided


def _switch(desk: Desk, to: str | None) -> None:
    guided = _open(desk)
    good = [row.tag for row in candidates(desk.site) if row.known_good and row.tag != guided.incident.tag]
    if not good and to is None:
        say("  no tag climbs its ladder; `phase4 known-good list` shows what each one fails", "yellow")
        if not guided.incident.no_good_tag or guided.active_tag is not None:
            _give(desk, plan_no_good_tag(desk.site, f"rollback of {guided.incident.id}"))
        if desk.yes or ask("Call the product owner now?"):
            _tell(carry_out(desk.site, plan_escalate(desk.site, "product", "no known-good tag")))
        else:
            say("  `phase4 escalate --owner product` calls them later")
        return
    reason = f"rollback of {guided.incident.id}"
    if to is not None:
        _give(desk, plan_switch(desk.site, to, reason))
        return
    say(safe_line(f"  known-good: {', '.join(good[:SHOWN_TAGS])}{', …' if len(good) > SHOWN_TAGS else ''}"))
    while True:
        try:
            plan = plan_switch(desk.site, _asked(desk, "Switch to which tag?", "--to TAG"), reason)
        except (Refused, BadTag) as error:
            say(safe_line(f"  {error}"), "yellow")
            continue
        _give(desk, plan)
        return


def _fall_back(desk: Desk) -> None:
    guided = _open(desk)
    if guided.evaluation_mode == "phase4":
        _give(desk, plan_phase3_only(desk.site, f"rollback of {guided.incident.id}"))
    proof = read_fallback(desk.reports, read_state(desk.reports))
    if proof is None or proof.phase3_tag is not None:
        return
    if desk.yes or ask("Run the Phase 3 sequence now?"):
        _run(desk, Request(phase=3))
    else:
        say("  `phase4 run` runs it later")


def _explain(desk: Desk) -> None:
    incident = _open(desk).incident
    cause = _asked(desk, "Cause?", "`phase4 root-cause add`")
    remediation = _asked(desk, "Remediation?", "`phase4 root-cause add`")
    question = f"Owner, of {', '.join(OWNERS)}?"
    while (owner := _asked(desk, question, "`phase4 root-cause add`", incident.owner or "engineering")) not in OWNERS:
        say(f"  {owner!a} is no owner", "yellow")
    closure = _asked(desk, "Closed when?", "`phase4 root-cause add`", "a rehearsal is healthy")
    entry = RootCause.model_validate({"cause": cause, "remediation": remediation, "owner": owner, "closure": closure})
    _give(desk, plan_root_cause(desk.site, entry))


def _reopen(desk: Desk) -> None:
    guided = _open(desk)
    run = last_rehearsal(desk.site, guided.incident)
    unmet = [] if run is None else [one for one in conditions(desk.site, run.tag) if not one.ok]
    move = guided.next_move
    if run is not None and move is not None and move.operation == "resume":
        _run(desk, Request(tag=run.tag, phase=4, resume=True, rehearsal=True))
    elif run is None or is_spent(unmet):
        _rehearse(desk)
        run = last_rehearsal(desk.site, guided.incident)
    if run is None:
        raise Left("the re-run is not on record; `phase4 rollback` goes on from here")
    unmet = [one for one in conditions(desk.site, run.tag) if not one.ok]
    if is_spent(unmet):
        for one in unmet:
            say(safe_line(f"  ✘ {one.name}: {one.detail}"), "yellow")
        raise Left(f"{run.tag} can't reopen Phase 4; mend it, then `phase4 rollback` asks for another re-run")
    if any(one.name == COMPARED for one in unmet):
        good = guided.active_tag if guided.active_tag not in (guided.incident.tag, run.tag) else None
        compare_tags(desk, guided.incident.tag, run.tag, good)
    if reopen(desk, run.tag) != DONE:
        raise Left


def _rehearse(desk: Desk) -> None:
    instead = "`phase4 run --rehearsal --tag NEW`"
    while True:
        tag = _asked(desk, "Tag of the re-run?", instead, rerun_tag(desk.reports))
        given = _asked(desk, "Input?", instead, desk.settings.input)
        try:
            _run(desk, Request(tag=tag, phase=4, input=given, rehearsal=True))
        except (Refused, BadTag) as error:
            say(safe_line(f"  {error}"), "yellow")
            continue
        return


def _run(desk: Desk, request: Request) -> None:
    """Run a sequence; whoever interrupts it leaves the walk."""
    if execute(desk, request) > INTERRUPTED:
        raise Left


def _asked(desk: Desk, question: str, instead: str, default: str | None = None) -> str:
    """Ask for a text; with `--yes` nobody is asked, and the walk stops with what to give instead."""
    if desk.yes:
        raise Left(f"stopped at `{question}`, which `--yes` can't answer: {instead}; then `phase4 rollback` goes on")
    try:
        answer = typer.prompt(question, default=default, err=True, prompt_suffix=" ")
    except typer.Abort:
        raise Left from None
    return str(answer).strip()
