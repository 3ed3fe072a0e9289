"""The conditions for giving an operation: each returns None where it holds, else the obstacle with its remedies."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from shlex import quote

from phase4_tui.artifacts.manifest import restoring
from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.console.operations import defaults
from phase4_tui.errors import Remedy, command_line
from phase4_tui.journal.actor import host_name
from phase4_tui.runbook.provenance import COMPLETE, last_transcript
from phase4_tui.runbook.steps import PHASE3_STEPS

RUN = Remedy("run", command_line("run"), "runs the sequence")


@dataclass(frozen=True)
class Obstacle:
    """Why an operation can't be given now."""

    text: str
    remedies: tuple[Remedy, ...] = ()


WhyNot = Callable[[Snapshot], Obstacle | None]


def always(snapshot: Snapshot) -> Obstacle | None:
    """Nothing stands in the way, whatever the facts."""
    return None


def needs_tag(snapshot: Snapshot) -> Obstacle | None:
    """A tag is shown."""
    return None if snapshot.focus else Obstacle("there is no tag yet", (RUN,))


def needs_state(snapshot: Snapshot) -> Obstacle | None:
    """The state of operations can be read."""
    if snapshot.trouble is None:
        return None
    return Obstacle(f"the state can't be read: {snapshot.trouble}", snapshot.trouble_remedies)


def idle(snapshot: Snapshot) -> Obstacle | None:
    """No run is under way."""
    return Obstacle(f"a run is under way: {snapshot.holder}") if snapshot.holder else needs_state(snapshot)


def running_here(snapshot: Snapshot) -> Obstacle | None:
    """A run of this process is under way."""
    holder = snapshot.holder
    if holder is None:
        return Obstacle("nothing is being run")
    if (holder.host, holder.pid) == (host_name(), os.getpid()):
        return None
    return Obstacle(f"that run is another's: {holder}", (Remedy(command=kill_command(snapshot), effect="cancels it"),))


def transcribed(snapshot: Snapshot) -> Obstacle | None:
    """A step of the shown run has a transcript."""
    found = last_transcript(snapshot.run) if snapshot.run else None
    return None if found else Obstacle("no step of this tag is on record")


def resumable(snapshot: Snapshot) -> Obstacle | None:
    """The next move resumes a run, or the shown tag's last run is incomplete; no run is under way."""
    if snapshot.holder or defaults.of_next_move(snapshot, "resume") is not None:
        return idle(snapshot)
    run = snapshot.focus.last_run if snapshot.focus else None
    if run is None:
        nothing = Obstacle("no run of this tag is on record: nothing to resume")
        return nothing if snapshot.focus else needs_tag(snapshot)
    if all(step.state in COMPLETE for step in run.steps):
        return Obstacle("the last run of this tag is complete: nothing to resume")
    return needs_state(snapshot)


def freezable(snapshot: Snapshot) -> Obstacle | None:
    """The incident's tag, or else the shown one, is not frozen."""
    if snapshot.state.incident is not None and snapshot.needs_freezing:
        return needs_state(snapshot)
    focus = snapshot.focus
    if focus is not None and focus.frozen == "intact":
        return Obstacle(f"{focus.tag} is frozen already")
    if focus is not None and focus.frozen == "tampered":
        return Obstacle(f"{focus.tag} was tampered with", (restoring(focus.tag),))
    return needs_tag(snapshot) or needs_state(snapshot)


def thawable(snapshot: Snapshot) -> Obstacle | None:
    """The shown tag is frozen."""
    frozen = snapshot.focus is not None and snapshot.focus.frozen != "no"
    return needs_state(snapshot) if frozen else Obstacle("this tag is not frozen")


def restorable(snapshot: Snapshot) -> Obstacle | None:
    """The next move restores a tag, or the shown one is frozen."""
    return needs_state(snapshot) if defaults.of_next_move(snapshot, "restore") is not None else thawable(snapshot)


def guidable(snapshot: Snapshot) -> Obstacle | None:
    """An incident is open, or the next move opens one, which a read-only dashboard can't."""
    opens = not snapshot.read_only and defaults.of_next_move(snapshot, "guided") is not None
    return needs_state(snapshot) if opens else needs_incident(snapshot)


def needs_incident(snapshot: Snapshot) -> Obstacle | None:
    """An incident is open."""
    return needs_state(snapshot) if snapshot.state.incident else Obstacle("no incident is open")


def needs_cause(snapshot: Snapshot) -> Obstacle | None:
    """There is an incident, or at least a tag, whose cause can be logged."""
    return needs_state(snapshot) if snapshot.state.incident else needs_tag(snapshot) or needs_state(snapshot)


def fallen_back(snapshot: Snapshot) -> Obstacle | None:
    """The evaluation mode is phase3_only."""
    fallen = snapshot.state.evaluation_mode == "phase3_only"
    return needs_state(snapshot) if fallen else Obstacle("evaluation mode is Phase 4 already")


def reopenable(snapshot: Snapshot) -> Obstacle | None:
    """There is something to reopen, and a tag to reopen on."""
    return _closed(snapshot) or needs_tag(snapshot) or needs_state(snapshot)


def rehearsable(snapshot: Snapshot) -> Obstacle | None:
    """There is something to rehearse for, and no run is under way."""
    return _closed(snapshot, (RUN,)) or idle(snapshot)


def _closed(snapshot: Snapshot, remedies: tuple[Remedy, ...] = ()) -> Obstacle | None:
    is_open = snapshot.state.incident is None and snapshot.state.evaluation_mode == "phase4"
    return Obstacle("Phase 4 is open and there is no incident", remedies) if is_open else None


def two_tags(snapshot: Snapshot) -> Obstacle | None:
    """There are tags to compare, or the next move compares, even if nothing is left of the incident's tag."""
    named = defaults.of_next_move(snapshot, "compare") is not None
    return None if named or snapshot.tags > 1 else Obstacle("there are no two tags to compare")


def step_of_mode(number: int) -> WhyNot:
    """Return the condition of a step: the evaluation mode's sequence includes it, and no run is under way."""

    def why_not(snapshot: Snapshot) -> Obstacle | None:
        if snapshot.state.evaluation_mode == "phase3_only" and number > len(PHASE3_STEPS):
            return Obstacle(f"the Phase 3 sequence has {len(PHASE3_STEPS)} steps")
        return idle(snapshot)

    return why_not


def kill_command(snapshot: Snapshot) -> str:
    """Return the shell command that cancels the run under way, also from another host."""
    holder = snapshot.holder
    if holder is None:
        return "kill -TERM PID"
    there = "" if holder.host == host_name() else f"ssh {quote(holder.host)} "
    return f"{there}kill -TERM {holder.pid}"
