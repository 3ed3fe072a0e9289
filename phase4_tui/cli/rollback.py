"""`phase4 rollback`: the guided rollback as questions and answers in a plain terminal."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from phase4_tui.cli.desk import DONE, FAILED, Desk, emit, say
from phase4_tui.cli.giving_orders import ask, confirmed, need_terminal
from phase4_tui.cli.reopening import compare_tags, reopen
from phase4_tui.cli.run import execute
from phase4_tui.journal.lease import HEARTBEAT_SECONDS
from phase4_tui.journal.state import read_state
from phase4_tui.rollback.fallback import plan_phase3_only
from phase4_tui.rollback.freeze import plan_freeze, plan_restore
from phase4_tui.rollback.guided import (
    Guided,
    GuidedStep,
    keep_leading,
    last_rehearsal,
    lead,
    read_guided,
    stop_leading,
)
from phase4_tui.rollback.incidents import look_for_incident, plan_no_good_tag
from phase4_tui.rollback.known_good import candidates, plan_switch
from phase4_tui.rollback.orders import Plan
from phase4_tui.rollback.reopen import conditions
from phase4_tui.rollback.root_cause import RootCause, plan_root_cause
from phase4_tui.runbook.fallback import read_fallback
from phase4_tui.runbook.planning import Refused, Request
from phase4_tui.runbook.status import shown_tag

SYMBOLS = {"done": "✔", "next": "▶", "open": "·", "tampered": "✘"}
OWNERS = ("engineering", "risk", "product")


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
    guided = _incident(desk)
    if desk.json or desk.dry_run:
        if desk.json:
            emit(guided)
        else:
            show_guided(guided)
        return DONE
    if not desk.yes:
        need_terminal()
    lead(desk.site, take_over)
    try:
        with _heartbeat(desk) as lost:
            return _walk(desk, to, lost)
    finally:
        stop_leading(desk.site)


def _incident(desk: Desk) -> Guided:
    """Return where the rollback stands, opening an incident for what the shown tag shows if none is open."""
    guided = read_guided(desk.site)
    tag = shown_tag(desk.reports, None, read_state(desk.reports))
    if guided is None and tag is not None and not desk.dry_run:
        look_for_incident(desk.site, tag)
        guided = read_guided(desk.site)
    if guided is None:
        raise Refused(
            "no incident is open, and the shown tag shows none: `phase4 incident reclassify P1 --reason R` opens one"
        )
    return guided


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
        say(f"{SYMBOLS[step.state]} {step.number} {step.title}: {step.detail}")


def _walk(desk: Desk, to: str | None, lost: threading.Event) -> int:
    todo: list[Callable[[GuidedStep], None]] = [
        lambda step: _freeze(desk, step),
        lambda step: _switch(desk, to),
        lambda step: _fall_back(desk),
        lambda step: _explain(desk),
        lambda step: _reopen(desk),
    ]
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
            say(f"  {SYMBOLS[step.state]} {step.detail}")
            if step.state != "done" or number == 3:
                do(step)
    except Left as left:
        say(str(left) or "left; `phase4 rollback` goes on from here")
        return FAILED
    if read_state(desk.reports).incident is None:
        say("the incident is closed; `phase4 incident export` writes the post-mortem", "bold green")
    return DONE


def _give(desk: Desk, plan: Plan) -> None:
    done = confirmed(desk, plan)
    if done is None:
        raise Left
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
    reason = f"rollback of {guided.incident.id}"
    good = [row.tag for row in candidates(desk.site) if row.known_good and row.tag != guided.incident.tag]
    if not good and to is None:
        say("  no tag climbs its ladder; `phase4 known-good list` shows what each one fails", "yellow")
        _give(desk, plan_no_good_tag(desk.site, reason))
        say("  next: `phase4 escalate --owner product`")
        return
    chosen = to or _asked(desk, f"Switch to which tag? ({', '.join(good[:8])})", "--to TAG")
    _give(desk, plan_switch(desk.site, chosen, reason))


def _fall_back(desk: Desk) -> None:
    guided = _open(desk)
    if guided.evaluation_mode == "phase4":
        _give(desk, plan_phase3_only(desk.site, f"rollback of {guided.incident.id}"))
    proof = read_fallback(desk.reports, read_state(desk.reports))
    if proof is None or proof.phase3_tag is not None:
        return
    if desk.yes or ask("Run the Phase 3 sequence now?"):
        execute(desk, Request(phase=3))
    else:
        say("  `phase4 run` runs it later")


def _explain(desk: Desk) -> None:
    incident = _open(desk).incident
    cause = _asked(desk, "Cause?", "`phase4 root-cause add`")
    remediation = _asked(desk, "Remediation?", "`phase4 root-cause add`")
    owner = _asked(desk, f"Owner? ({', '.join(OWNERS)})", "`phase4 root-cause add`", incident.owner or "engineering")
    if owner not in OWNERS:
        raise Refused(f"{owner!a} is no owner; the owners are {', '.join(OWNERS)}")
    closure = _asked(desk, "Closed when?", "`phase4 root-cause add`", "a rehearsal is healthy")
    entry = RootCause.model_validate({"cause": cause, "remediation": remediation, "owner": owner, "closure": closure})
    _give(desk, plan_root_cause(desk.site, entry))


def _reopen(desk: Desk) -> None:
    guided = _open(desk)
    run = last_rehearsal(desk.site, guided.incident)
    if run is None:
        tag = _asked(desk, "Tag of the re-run?", "`phase4 run --rehearsal --tag NEW`")
        given = _asked(desk, "Input?", "`phase4 run --rehearsal --tag NEW`", desk.settings.input)
        execute(desk, Request(tag=tag, phase=4, input=given, rehearsal=True))
        run = last_rehearsal(desk.site, guided.incident)
    if run is None:
        raise Left("the re-run is not on record; `phase4 rollback` goes on from here")
    unmet = {one.name for one in conditions(desk.site, run.tag) if not one.ok}
    if "compared" in unmet:
        good = guided.active_tag if guided.active_tag not in (guided.incident.tag, run.tag) else None
        compare_tags(desk, guided.incident.tag, run.tag, good)
    reopen(desk, run.tag)


def _asked(desk: Desk, question: str, instead: str, default: str | None = None) -> str:
    """Ask for a text; with `--yes` nobody is asked, and the walk stops with what to give instead."""
    if desk.yes:
        raise Left(f"stopped at `{question}`, which `--yes` can't answer: {instead}; then `phase4 rollback` goes on")
    try:
        answer = typer.prompt(question, default=default, err=True)
    except typer.Abort:
        raise Left from None
    return str(answer).strip()
