"""`phase4 rollback`: the guided rollback as questions and answers in a plain terminal."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Annotated

import typer

from phase4_tui.artifacts.clock import moment, moment_and_age
from phase4_tui.artifacts.plain_words import plain
from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.cli.asker import give, need_terminal, session_of
from phase4_tui.cli.context import DONE, EXISTING, FAILED, Desk, emit, say
from phase4_tui.cli.status_text import show_next_move
from phase4_tui.console.operations.dialogues.rollback import walk
from phase4_tui.console.symbols import SYMBOLS
from phase4_tui.errors import Refused, Remedy, as_commands, command_line
from phase4_tui.journal.incident import Incident
from phase4_tui.journal.lease import HEARTBEAT_SECONDS
from phase4_tui.journal.locks import Busy
from phase4_tui.journal.state import read_state
from phase4_tui.rollback.guided import (
    Guided,
    GuidedStep,
    keep_leading,
    lead,
    open_for_shown_tag,
    read_guided,
    stop_leading,
)
from phase4_tui.rollback.next_move import next_move
from phase4_tui.rollback.read_situation import read_situation

LEFT = "left; `phase4 rollback` goes on from here"


def rollback(
    desk: Desk,
    to: Annotated[
        str | None, typer.Option("--to", metavar="TAG", help="The known-good tag to switch to."), EXISTING
    ] = None,
    take_over: Annotated[
        str | None, typer.Option("--take-over", metavar="REASON", help="Take it over from another operator.")
    ] = None,
) -> int:
    """Walk through the five steps of the runbook's rollback; leave at any question, and go on later."""
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
    _show_beginning(guided)
    try:
        with _heartbeat(desk) as lost:
            status = give(desk, walk(session_of(desk), to, lost.is_set))
    finally:
        with suppress(Busy, OSError):  # it counts as dead once this process has ended
            stop_leading(desk.site)
    if status == DONE and read_state(desk.reports).incident is None:
        say("the incident is closed; `phase4 incident export` writes the post-mortem", "bold green")
        return DONE
    show_next_move(next_move(read_situation(desk.site)))
    say(LEFT)
    return FAILED


def _incident(desk: Desk, *, opens: bool) -> Guided:
    """Return where the rollback stands; `opens` allows opening an incident for the shown tag if none is open."""
    guided = read_guided(desk.site)
    if guided is None and opens:
        open_for_shown_tag(desk.site)
        guided = read_guided(desk.site)
    if guided is not None:
        return guided
    if opens:
        opens_one = Remedy("reclassify", command_line("incident", "reclassify", "P1", "--reason", "R"), "opens one")
        raise Refused("no incident is open, and the shown tag shows none", remedy=opens_one)
    opens_one = Remedy("guided", command_line("rollback"), "opens one for what the shown tag shows")
    raise Refused("no incident is open", remedy=opens_one)


@contextmanager
def _heartbeat(desk: Desk) -> Iterator[threading.Event]:
    """Renew the lease in the background; yield an event that is set when another operator takes it over."""
    end, lost = threading.Event(), threading.Event()

    def beat() -> None:
        while not end.wait(HEARTBEAT_SECONDS):
            with suppress(Busy, OSError):  # the next beat tries again, long before the lease counts as dead
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


def _show_beginning(guided: Guided) -> None:
    """Print which incident is led, what of its rollback is done, and which step comes."""
    _show_incident(guided.incident)
    for step in guided.steps:
        if step.state == "done":
            say(safe_line(f"{SYMBOLS[step.state]} {step.number} {step.title}: {step.detail}{_at(step)}"))
    coming = next((step for step in guided.steps if step.state != "done"), None)
    if coming is not None:
        say(f"{SYMBOLS['next']} step {coming.number} of {len(guided.steps)} comes now: {coming.title}", "bold")


def show_guided(guided: Guided) -> None:
    """Print the five steps, each with its state."""
    _show_incident(guided.incident)
    for step in guided.steps:
        detail = as_commands(step.detail, step.remedies)
        say(safe_line(f"{SYMBOLS[step.state]} {step.number} {step.title}: {detail}{_at(step)}"))
        if step.state != "done":
            say(f"    {step.command}")
    show_next_move(guided.next_move)


def _show_incident(incident: Incident) -> None:
    words = f"{incident.severity_class or 'no class'} {plain(incident.rule)} · tag {incident.tag}"
    say(f"{incident.id} · {words} · owner {incident.owner or 'none'}", "bold")
    contained = f"contained {moment(incident.contained_at)}" if incident.contained_at else "not contained"
    say(f"detected {moment_and_age(incident.opened_at)} · {contained}")


def _at(step: GuidedStep) -> str:
    return f" · {moment(step.at)}" if step.state == "done" and step.at else ""
