"""The one registry of actions: it feeds the keys, the footer, the palette, the help and the key sheet.

An action knows its key, what it does, its CLI twin, and why it can't act now. What it does is the method of its name
in shows.py, or for an operation in flows.py.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from shlex import quote

from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.console.operations import defaults
from phase4_tui.console.operations.defaults import Choice
from phase4_tui.journal.actor import host_name
from phase4_tui.runbook.provenance import last_transcript
from phase4_tui.runbook.settings import Settings
from phase4_tui.runbook.steps import steps_of

WhyNot = Callable[[Snapshot], str | None]
Twin = Callable[[Snapshot, Settings], str]


@dataclass(frozen=True)
class Action:
    """One thing that an operator can do; those with `footer` stand in the footer, those with `changes` write."""

    id: str
    key: str
    label: str
    description: str
    twin: Twin
    why_not: WhyNot
    changes: bool = False
    footer: bool = False


def _never(snapshot: Snapshot) -> str | None:
    return None


def _needs_tag(snapshot: Snapshot) -> str | None:
    return None if snapshot.focus else "no tag yet: `r` runs the sequence"


def _needs_state(snapshot: Snapshot) -> str | None:
    return f"the state can't be told: {snapshot.trouble}" if snapshot.trouble else None


def _idle(snapshot: Snapshot) -> str | None:
    return f"a run is under way: {snapshot.holder}" if snapshot.holder else _needs_state(snapshot)


def _running(snapshot: Snapshot) -> str | None:
    holder = snapshot.holder
    if holder is None:
        return "nothing is being run"
    if (holder.host, holder.pid) == (host_name(), os.getpid()):
        return None
    return f"that run is another's: {holder}; cancel it there, or `{_kill(snapshot)}`"


def _transcribed(snapshot: Snapshot) -> str | None:
    found = last_transcript(snapshot.run) if snapshot.run else None
    return None if found else "no step of this tag is on record"


def _resumable(snapshot: Snapshot) -> str | None:
    if snapshot.holder:
        return f"a run is under way: {snapshot.holder}"
    if defaults.of_next_move(snapshot, "resume") is not None:
        return _needs_state(snapshot)
    run = snapshot.focus.last_run if snapshot.focus else None
    if run is None:
        return "no run of this tag is on record: nothing to resume" if snapshot.focus else _needs_tag(snapshot)
    if all(step.state in ("passed", "failed_gate") for step in run.steps):
        return "the last run of this tag is complete: nothing to resume"
    return _needs_state(snapshot)


def _freezable(snapshot: Snapshot) -> str | None:
    incident = snapshot.state.incident
    if incident is not None and snapshot.needs_freezing:
        return _needs_state(snapshot)
    if snapshot.focus and snapshot.focus.frozen == "intact":
        return f"{snapshot.focus.tag} is frozen already"
    if snapshot.focus and snapshot.focus.frozen == "tampered":
        return f"{snapshot.focus.tag} was tampered with: restore it (palette)"
    return _needs_tag(snapshot) or _needs_state(snapshot)


def _thawable(snapshot: Snapshot) -> str | None:
    frozen = snapshot.focus is not None and snapshot.focus.frozen != "no"
    return _needs_state(snapshot) if frozen else "this tag is not frozen"


def _restorable(snapshot: Snapshot) -> str | None:
    if defaults.of_next_move(snapshot, "restore") is not None:
        return _needs_state(snapshot)
    return _thawable(snapshot)


def _incident(snapshot: Snapshot) -> str | None:
    return _needs_state(snapshot) if snapshot.state.incident else "no incident is open"


def _reopenable(snapshot: Snapshot) -> str | None:
    if snapshot.state.incident is None and snapshot.state.evaluation_mode == "phase4":
        return "Phase 4 is open and no incident is"
    return _needs_tag(snapshot) or _needs_state(snapshot)


def _guidable(snapshot: Snapshot) -> str | None:
    if defaults.of_next_move(snapshot, "guided") is not None:  # which opens the incident
        return _needs_state(snapshot)
    return _incident(snapshot)


def _two_tags(snapshot: Snapshot) -> str | None:
    if defaults.of_next_move(snapshot, "compare") is not None:  # of the incident's tag nothing may be left
        return None
    return None if snapshot.tags > 1 else "there are no two tags to compare"


def _rehearsable(snapshot: Snapshot) -> str | None:
    if snapshot.state.incident is None and snapshot.state.evaluation_mode == "phase4":
        return "Phase 4 is open and no incident is: `r` runs it"
    return _idle(snapshot)


def _step_of_mode(number: int) -> WhyNot:
    def why_not(snapshot: Snapshot) -> str | None:
        if snapshot.state.evaluation_mode == "phase3_only" and number > len(steps_of(3)):
            return f"the Phase 3 sequence has {len(steps_of(3))} steps"
        return _idle(snapshot)

    return why_not


def _twin(text: str, *made: Choice) -> Twin:
    """Return the command whose gaps are filled with what the action itself chooses."""
    return lambda snapshot, settings: text.format(*(quote(one(snapshot, settings) or "TAG") for one in made))


def _owner(choice: Choice) -> Choice:
    return lambda snapshot, settings: choice(snapshot, settings) or "O"


def _kill(snapshot: Snapshot) -> str:
    holder = snapshot.holder
    if holder is None:
        return "kill -TERM PID"
    there = "" if holder.host == host_name() else f"ssh {quote(holder.host)} "
    return f"{there}kill -TERM {holder.pid}"


def _mode(snapshot: Snapshot, settings: Settings) -> str:
    fallen = snapshot.state.evaluation_mode == "phase3_only"
    return "phase4 mode show" if fallen else "phase4 mode phase3-only --reason R"


def _compare(snapshot: Snapshot, settings: Settings) -> str:
    rehearsed = defaults.of_next_move(snapshot, "compare")
    tags = defaults.to_compare(snapshot, rehearsed, {})
    good = f" --known-good {quote(tags['known_good'])}" if tags["known_good"] else ""
    return f"phase4 compare {quote(tags['bad'] or 'TAG')} {quote(tags['rerun'] or 'TAG')}{good}"


def _step(number: int, what: str) -> Action:
    return Action(
        f"step_{number}", str(number), f"step {number}", f"Run step {number} alone: {what}",
        _twin(f"phase4 step {number} --tag {{}}", defaults.to_step), _step_of_mode(number), changes=True,
    )  # fmt: skip


ACTIONS: tuple[Action, ...] = (
    Action("run", "r", "run", "Run the sequence, in the evaluation mode of now",
           _twin("phase4 run --tag {}", defaults.to_run), _idle, changes=True, footer=True),
    _step(1, "generate core artifacts"),
    _step(2, "validate release artifacts"),
    _step(3, "validate quality policy gates"),
    _step(4, "generate the sign-off note"),
    _step(5, "monitoring snapshot and alerts"),
    Action("cancel", "x", "cancel", "Cancel the run that is under way here", lambda snapshot, settings: _kill(snapshot),
           _running, changes=True),
    Action("resume", "R", "resume", "Resume the last run at its first incomplete step",
           defaults.to_resume, _resumable, changes=True),
    Action("rehearse", "", "rehearsal", "Run Phase 4 under a tag of its own, to reopen on",
           _twin("phase4 run --rehearsal --tag {}", defaults.to_rehearse), _rehearsable, changes=True),
    Action("freeze", "f", "freeze", "Freeze the tag: nothing overwrites its artifacts, copies prove it",
           _twin("phase4 freeze {} --reason R", defaults.to_freeze), _freezable, changes=True, footer=True),
    Action("known_good", "k", "known-good", "Switch to a known-good tag, from the list with its evidence",
           _twin("phase4 known-good list"), _needs_state, footer=True),
    Action("mode", "p", "mode", "Fall back to Phase 3, or see what leads back to Phase 4",
           _mode, _needs_state, changes=True),
    Action("root_cause", "l", "root cause", "Log a root cause and its remediation",
           _twin("phase4 root-cause add --cause C --remediation R --owner {}", _owner(defaults.to_call)),
           _incident, changes=True, footer=True),
    Action("compare", "c", "compare", "Compare the bad tag, a re-run and a known-good tag",
           _compare, _two_tags, footer=True),
    Action("reopen", "o", "reopen", "Reopen Phase 4 on this tag; shows each unmet condition",
           _twin("phase4 reopen --tag {}", defaults.to_reopen), _reopenable, changes=True),
    Action("guided", "g", "guided rollback", "Walk through the five steps of the runbook's rollback",
           _twin("phase4 rollback"), _guidable, footer=True),
    Action("escalate", "e", "escalate", "Call an owner: engineering, risk or product",
           _twin("phase4 escalate --owner {}", _owner(defaults.to_call)), _incident, changes=True),
    Action("audit", "a", "audit", "The audit artifacts of the tag, with sha256",
           _twin("phase4 audit --tag {}", defaults.shown), _needs_tag),
    Action("verify", "v", "verify", "Verify journal, state and every frozen tag", _twin("phase4 verify"), _never),
    Action("journal", "j", "journal", "The run log: what was done, by whom, and why", _twin("phase4 journal"), _never),
    Action("runbook", "b", "runbook", "The runbook, at the section for the present state",
           _twin("phase4 runbook"), _never),
    Action("decisions", "d", "decisions", "The decisions of the tag's report",
           _twin("phase4 decisions --tag {}", defaults.shown), _needs_tag),
    Action("trends", "t", "trends", "KPIs over the last tags against their rules", _twin("phase4 trends"), _needs_tag),
    Action("filter", "slash", "filter", "Filter the list of tags", _twin("phase4 tags"), _never),
    Action("copy", "y", "copy twin", "Copy the CLI twin of the last action", _twin("phase4 --help"), _never),
    Action("pause", "space", "pause log", "Stop following the step's output, or follow it again",
           _twin("phase4 watch"), _never),
    Action("thaw", "", "thaw", "Let the frozen tag be written again; its copies are kept",
           _twin("phase4 thaw {} --reason R", defaults.shown), _thawable, changes=True),
    Action("restore", "", "restore", "Put the frozen tag's files back; the changed ones are kept as evidence",
           _twin("phase4 restore {}", defaults.to_restore), _restorable, changes=True),
    Action("pin", "", "pin", "Pin this tag as known-good, or take its pin away",
           _twin("phase4 known-good {} {}", defaults.pinning, defaults.shown), _needs_tag, changes=True),
    Action("reclassify", "", "reclassify", "Give the incident another severity class, with a reason",
           _twin("phase4 incident reclassify P1 --reason R --tag {}", defaults.to_reclassify), _needs_tag,
           changes=True),
    Action("acknowledge", "", "acknowledge", "Note that an owner has taken the escalation",
           _twin("phase4 escalate ack --owner {}", _owner(defaults.to_acknowledge)), _incident, changes=True),
    Action("transcript", "", "transcript", "All that is kept of what the last step of the shown run wrote",
           _twin("phase4 transcript --tag {}", defaults.shown), _transcribed),
    Action("export", "", "post-mortem", "Show the incident's post-mortem", _twin("phase4 incident export"), _never),
    Action("theme", "", "theme", "The next theme: calm, colour-blind, high-contrast, light",
           _twin("${{EDITOR:-vi}} phase4.toml"), _never),
    Action("follow", "", "follow", "Show the active tag again, else the newest", _twin("phase4 status"), _never),
    Action("help", "question_mark", "help", "Every key and what it does", _twin("phase4 --help"), _never, footer=True),
    Action("quit", "q", "quit", "Leave the dashboard", _twin("exit"), _never, footer=True),
)  # fmt: skip
BY_ID: Mapping[str, Action] = {action.id: action for action in ACTIONS}


def why_not(action: Action, snapshot: Snapshot | None) -> str | None:
    """Return why an action can't act now, None when it can."""
    if snapshot is None:
        return "the first look is not over yet"
    if action.changes and snapshot.read_only:
        return "this dashboard is read-only"
    return action.why_not(snapshot)
